/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_if.h - what the two files of `show interfaces` have in common.
 */
#ifndef SHOW_IF_H
#define SHOW_IF_H

struct elem;
struct render;

/* show_ifs.c: a physical interface or a unit as the levels brief, media, statistics, detail and extensive show it. */
void show_interfaces_block(struct render *r, const struct elem *row);

#endif
