/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pages.h - whole pages from the system, for memory that is large and comes and goes at once.
 *
 * A large configuration is tens of megabytes that are filled to the end, used once and given back. The pages are there
 * when the call returns, large ones where the system has them, so that filling them costs no faults. Any thread.
 */
#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

enum { PAGES_LARGE = 2 << 20 }; /* a multiple of this is what the system serves best */

/* Returns SIZE zeroed bytes, a multiple of 4096; aborts when out of memory. */
void *pages_get(size_t size);

/* The same, of which nothing is in memory until it is used. */
void *pages_reserve(size_t size);

/* Makes SIZE bytes at P, which came from here, LARGER; they may move, and nothing of them stays where they were. */
void *pages_grow(void *p, size_t size, size_t larger);

/* Gives back SIZE bytes. They are not wiped. */
void pages_put(void *p, size_t size);

#endif
