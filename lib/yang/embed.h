/* SPDX-License-Identifier: BSD-2-Clause
 *
 * embed.h - the YANG modules as they stand in the program.
 *
 * tools/embed_yang.py writes the table from the files of yang/ when the program is built. Read by
 * schema.c. Constant.
 */
#ifndef EMBED_H
#define EMBED_H

struct embed_module {
	const char *name; /* "sallyport-conf-services" */
	const char *text;
};

/* Ends with a row whose name is NULL. */
extern const struct embed_module embed_modules[];

#endif
