/* SPDX-License-Identifier: BSD-2-Clause
 *
 * report.h - what the user is told about a configuration: all errors of a file or commit at once.
 *
 * A reader or check adds lines and goes on. The report owns its strings. One thread at a time.
 * The texts follow JUNOS: a place (`[edit services ...]`), the offending statement, the message.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct text;

enum report_class {
	REPORT_SYNTAX, /* the text cannot be read; an error */
	REPORT_INVALID, /* a known statement with a wrong value, or a failed commit check; an error */
	REPORT_UNSUPPORTED, /* a statement that Sallyport does not know; an error only where is_error */
	REPORT_IGNORED,     /* accepted without effect; never an error */
	REPORT_WARNING,     /* works, but the user should know; never an error */
};

struct report_line {
	enum report_class class;
	bool is_error;   /* stops a load or a commit */
	bool is_unknown; /* REPORT_UNSUPPORTED: not even a statement of JUNOS that we know of */
	unsigned line;   /* 1-based place in the file; 0 = none */
	unsigned column; /* 1-based; 0 = none */
	char *edit;      /* "services ipsec-vpn rule r1 term t1"; "" = top; NULL = none */
	char *statement; /* the statement or word, "spi 5"; NULL = none */
	char *message;   /* never NULL; no trailing newline */
};

struct report {
	struct report_line *lines; /* in the order added */
	size_t n;
	size_t cap;
	size_t n_errors;
	bool is_enough_one; /* who reads for this report shall stop at the first error */
};

void report_done(struct report *r);

/* Adds a line; copies all strings, NULL allowed for edit and statement. */
void report_add(struct report *r, const struct report_line *line);

/* Prints every line in JUNOS's frame (place, indented statement, indented message); with FILE not
 * NULL, lines that have a place in the file start with `FILE:LINE:(COLUMN) `. */
void report_print(const struct report *r, const char *file, struct text *out);

#endif
