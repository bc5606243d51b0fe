/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_drops.c - why packets were dropped, one line per reason and service set.
 */
#include "cli/render.h"

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

/* Before the first line; nothing dropped shows nothing. */
static void
header_put(struct render *r)
{
	text_printf(r->out, "%-12s%-24s%-24s%10s  %s\n", "Interface", "Service set", "Reason",
	    "Packets", "Meaning");
	r->group[0] = 'x';
}

/* service-set-packet-drops: pic-name, service-set-name, then the reasons with their counts. */
void
show_drops_row(struct render *r, const struct elem *row)
{
	elem_each (drop, row, "packet-drop") {
		if (r->group[0] == '\0')
			header_put(r);
		text_printf(r->out, "%-11s %-23s %-23s %10s  %s", value(row, "pic-name"),
		    value(row, "service-set-name"), value(drop, "drop-reason"),
		    value(drop, "drop-packets"), value(drop, "drop-text"));
		render_newline(r->out);
	}
}
