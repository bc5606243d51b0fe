/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pages.c - whole pages from the system, for memory that is large and comes and goes at once.
 *
 * What the kernel does not know of the hints is only slower. Called by arena.c, text.c and lib/junos/pool.c.
 */
#include "lib/base/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

void *
pages_reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		abort();
	if (size >= PAGES_LARGE)
		(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void *
pages_get(size_t size)
{
	void *p = pages_reserve(size);
	(void)madvise(p, size, MADV_POPULATE_WRITE);
	return p;
}

void *
pages_grow(void *p, size_t size, size_t larger)
{
	void *moved = mremap(p, size, larger, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED)
		abort();
	return moved;
}

void
pages_put(void *p, size_t size)
{
	(void)munmap(p, size);
}
