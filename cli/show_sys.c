/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_sys.c - show version, show system commit: the rows that mgd makes itself.
 */
#include "cli/render.h"

#include <string.h>

static void
line_put(struct text *out, const char *label, const char *v)
{
	if (v != NULL)
		text_printf(out, "%s: %s\n", label, v);
}

/* One element of software-information per row. */
void
show_version_row(struct render *r, const struct elem *row)
{
	static const struct {
		const char *name;
		const char *label;
	} lines[] = {
		{ "host-name", "Hostname" },
		{ "product-model", "Model" },
		{ "junos-version", "Junos" },
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(row->name, lines[i].name) == 0)
			line_put(r->out, lines[i].label, row->value);
	const char *comment = elem_value(row, "comment");
	if (comment != NULL)
		text_printf(r->out, "%s\n", comment);
}

/* commit-history: pending, or sequence-number, user, client, date-time, comment (how), log (the user's comment). */
void
show_commit_row(struct render *r, const struct elem *row)
{
	const char *pending = elem_value(row, "pending");
	const char *number = elem_value(row, "sequence-number");
	const char *date = elem_value(row, "date-time");
	const char *user = elem_value(row, "user");
	const char *client = elem_value(row, "client");
	const char *how = elem_value(row, "comment");
	const char *comment = elem_value(row, "log");
	if (pending != NULL) {
		text_printf(r->out, "%s\n", pending);
		return;
	}
	text_printf(r->out, "%-3s %s by %s via %s%s%s\n", number != NULL ? number : "",
	    date != NULL ? date : "", user != NULL ? user : "", client != NULL ? client : "",
	    how != NULL ? " " : "", how != NULL ? how : "");
	if (comment != NULL)
		text_printf(r->out, "    %s\n", comment);
}

/* configuration-information: a piece of a configuration or of a difference. */
void
show_configuration_row(struct render *r, const struct elem *row)
{
	const char *text = elem_value(row, "configuration-output");
	if (text != NULL)
		text_put(r->out, text);
}
