/* SPDX-License-Identifier: BSD-2-Clause
 *
 * output.h - a key for a page that waits at the screen.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

struct pager;
struct settings;

/* Waits for a key for P, whose screen may have another size since the last one, and does what it says. */
void output_page_key(const struct settings *s, struct pager *p);

#endif
