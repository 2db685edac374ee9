/* SPDX-License-Identifier: MIT */
/*
 * The block of memory. MAP_ANONYMOUS is not in POSIX, nor is madvise(), whose
 * wishes are Linux's and may all be refused.
 */
#define _DEFAULT_SOURCE

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "block.h"

enum {
	HUGE_PAGE = 2 << 20
};

#if defined(MADV_HUGEPAGE)
/* Whether the system was set up to give none: the call succeeds all the same.
 * The file has every choice, the one in force in brackets. */
static bool
never(void)
{
	static const char path[] =
	    "/sys/kernel/mm/transparent_hugepage/enabled";
	char words[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return false;
	}
	ssize_t n = read(fd, words, sizeof words - 1);

	close(fd);
	return n > 0 && strstr(words, "[never]") != NULL;
}

static enum sts_block_huge
ask_for_huge(uint8_t *block, size_t size)
{
	if (madvise(block, size, MADV_HUGEPAGE) != 0) {
		return STS_BLOCK_HUGE_NONE;
	}
	return never() ? STS_BLOCK_HUGE_NEVER : STS_BLOCK_HUGE_YES;
}
#else
static enum sts_block_huge
ask_for_huge(uint8_t *block, size_t size)
{
	(void)block;
	(void)size;
	return STS_BLOCK_HUGE_NONE;
}
#endif

static uint8_t *
map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Of a mapping that is larger by a huge page, the part that begins at one. */
static uint8_t *
map_aligned(size_t size)
{
	uint8_t *p = map(size + HUGE_PAGE);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (size + page - 1) / page * page;

	if (p == NULL) {
		return NULL;
	}
	size_t before = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;

	if (before > 0) {
		munmap(p, before);
	}
	munmap(p + before + whole, size + HUGE_PAGE - before - whole);
	return p + before;
}

uint8_t *
sts_block_map(size_t size, bool huge, enum sts_block_huge *got)
{
	STS_ASSERT(size >= 1);
	uint8_t *block = huge ? map_aligned(size) : map(size);

	*got = STS_BLOCK_HUGE_UNASKED;
	if (block != NULL && huge) {
		*got = ask_for_huge(block, size);
	}
	return block;
}

void
sts_block_unmap(uint8_t *block, size_t size)
{
	munmap(block, size);
}

void
sts_block_touch(uint8_t *block, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile uint8_t *p = block;

	for (size_t i = 0; i < size; i += page) {
		p[i] = p[i];
	}
	p[size - 1] = p[size - 1];
}

const char *
sts_block_huge_text(enum sts_block_huge got)
{
	static const char *const texts[] = {
		[STS_BLOCK_HUGE_UNASKED] = NULL,
		[STS_BLOCK_HUGE_YES] =
		    "huge pages, where the system finds them free",
		[STS_BLOCK_HUGE_NEVER] =
		    "ordinary pages: huge ones are switched off "
		    "(transparent_hugepage is never)",
		[STS_BLOCK_HUGE_NONE] =
		    "ordinary pages: this system has no huge ones to ask for",
	};

	STS_ASSERT(got < sizeof texts / sizeof *texts);
	return texts[got];
}
