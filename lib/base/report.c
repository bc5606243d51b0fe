/* SPDX-License-Identifier: BSD-2-Clause
 *
 * report.c - what the user is told about a configuration.
 *
 * A growing array of lines and one printer. Called by readers and checks in mgd and in
 * `sallyport check`.
 */
#include "lib/base/report.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

static char *
copy(const char *s)
{
	if (s == NULL)
		return NULL;
	char *p = strdup(s);
	if (p == NULL)
		abort();
	return p;
}

void
report_done(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->lines[i].edit);
		free(r->lines[i].statement);
		free(r->lines[i].message);
	}
	free(r->lines);
	*r = (struct report){ 0 };
}

void
report_add(struct report *r, const struct report_line *line)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 16;
		r->lines = realloc(r->lines, r->cap * sizeof(*r->lines));
		if (r->lines == NULL)
			abort();
	}
	r->lines[r->n] = *line;
	r->lines[r->n].edit = copy(line->edit);
	r->lines[r->n].statement = copy(line->statement);
	r->lines[r->n].message = copy(line->message);
	r->n++;
	r->n_errors += line->is_error;
}

static void
line_print(const struct report_line *l, const char *file, struct text *out)
{
	if (file != NULL && l->line != 0)
		text_printf(out, "%s:%u:(%u) %s%s%s\n", file, l->line, l->column, l->message,
		    l->statement ? ": " : "", l->statement ? l->statement : "");
	if (l->edit != NULL)
		text_printf(out, "%s[edit%s%s]\n", file != NULL && l->line != 0 ? "  " : "",
		    l->edit[0] ? " " : "", l->edit);
	if (file != NULL && l->line != 0)
		return;
	if (l->statement != NULL)
		text_printf(out, "  '%s'\n", l->statement);
	text_printf(out, "%s%s\n", l->edit || l->statement ? "    " : "", l->message);
}

void
report_print(const struct report *r, const char *file, struct text *out)
{
	for (size_t i = 0; i < r->n; i++)
		line_print(&r->lines[i], file, out);
}
