/* SPDX-License-Identifier: BSD-2-Clause
 *
 * protect.h - what `protect` forbids, and how that is said.
 *
 * A protected statement and all in it stay as they are until `unprotect`: whoever wants to change them gets a
 * warning instead. What is only around it may go, but it stays. Pure; one thread at a time.
 */
#ifndef PROTECT_H
#define PROTECT_H

#include "lib/junos/tree.h"

#include <stdbool.h>

struct text;

/* Returns the protected node that N is in (N itself, too), or NULL. */
const struct node *protect_around(const struct node *n);

/* Writes "[services] is protected, 'services' cannot be modified" about N, which is protected. */
void protect_print(const struct node *n, struct text *out);

/* Removes N with all below it but for what is protected, and what that stands in. TOLD is called for each protected
 * node that stays. Returns true if nothing of N is left. */
bool protect_delete(
    struct tree *t, struct node *n, void (*told)(void *arg, const struct node *kept), void *arg);

#endif
