/* SPDX-License-Identifier: MIT */
/* Feeds the files named on the command line to one fuzz target. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	static uint8_t bytes[1 << 20];

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *exact;
		size_t n;

		if (f == NULL) {
			fprintf(stderr, "%s: cannot be opened\n", argv[i]);
			return 1;
		}
		n = fread(bytes, 1, sizeof bytes, f);
		fclose(f);
		/* An exact allocation lets the sanitizer see an overrun. */
		exact = malloc(n > 0 ? n : 1);
		if (exact == NULL) {
			return 1;
		}
		for (size_t k = 0; k < n; k++) {
			exact[k] = bytes[k];
		}
		LLVMFuzzerTestOneInput(exact, n);
		free(exact);
	}
	printf("%s: %d inputs replayed\n", argv[0], argc - 1);
	return 0;
}
