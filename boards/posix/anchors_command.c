/* SPDX-License-Identifier: MIT */
/* mtasts anchors: a PEM bundle as a C table for a board. */
#define _DEFAULT_SOURCE

#include <stdio.h>
#include <sys/mman.h>

#include "commands.h"
#include "roots.h"

enum {
	BLOCK = 4 << 20,
	COLUMNS = 12
};

static void
print_table(const struct sts_roots *r)
{
	printf("/* %u trust anchors, made by: mtasts anchors */\n"
	       "#include \"tls/x509/anchors.h\"\n\n"
	       "static const uint8_t bytes[%lu] = {",
	    r->set.count, (unsigned long)r->set.len);
	for (size_t i = 0; i < r->set.len; i++) {
		printf(i % COLUMNS == 0 ? "\n\t%u," : " %u,",
		    (unsigned)r->set.base[i]);
	}
	printf("\n};\n\n"
	       "extern const struct sts_anchors sts_board_anchors;\n"
	       "const struct sts_anchors sts_board_anchors = {\n"
	       "\tbytes, sizeof bytes, %u\n};\n",
	    r->set.count);
}

int
sts_command_anchors(const struct sts_args *args)
{
	static struct sts_roots roots;
	char note[STS_ROOTS_NOTE_MAX];
	size_t reading = (sts_anchors_load_size() + 63) / 64 * 64;
	void *block = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED) {
		return sts_fail(STS_EXIT_FAILURE, "no memory");
	}
	const char *problem = sts_roots_load(args->word[0],
	    (uint8_t *)block + reading, BLOCK - reading, block, &roots);

	for (unsigned i = 0; sts_roots_note(&roots, i, note); i++) {
		fprintf(
		    stderr, "mtasts: %s: left out: %s\n", args->word[0], note);
	}
	if (problem != NULL) {
		return sts_fail(
		    STS_EXIT_CONFIG, "%s: %s", args->word[0], problem);
	}
	print_table(&roots);
	return STS_EXIT_YES;
}
