/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check.h - `sallyport check FILE`: a full commit check without a gateway.
 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

/* Reads FILE (curly text or set lines) and prints, on standard output, every error and warning with its place, the
 * statements that have no effect or are not supported, the number of statements of each class, and the verdict.
 * Returns the exit status: 0 if the configuration could be committed, else 1. Needs no privilege and
 * no running gateway. */
int check_main(const char *file);

#endif
