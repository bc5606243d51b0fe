/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_do.h - the commands of act.c, and what they share.
 */
#ifndef ACT_DO_H
#define ACT_DO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/act.h"

/* Each does REQUEST and returns 0, or 1 with a line in a->error. */
int act_tool(struct act *a, const struct elem *request);

/* Says why and returns 1. */
__attribute__((format(printf, 2, 3))) int act_fail(struct act *a, const char *fmt, ...);

/* What mgd said beside the request; NULL: nothing of that name. */
const char *act_fact(const struct act *a, const char *name);

#endif
