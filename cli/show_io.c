/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_io.c - by which means of the kernel packets come and go: one line for each unit, socket and way.
 */
#include "cli/render.h"

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

/* packet-io: pic-name, packet-io-side, packet-io-name, packet-io-mode, packet-io-queues, packet-io-reason. */
void
show_io_row(struct render *r, const struct elem *row)
{
	if (r->group[0] == '\0') {
		text_printf(r->out, "%-12s%-8s%-34s%-28s%6s  %s\n", "Interface", "Side", "Name",
		    "Mode", "Queues", "Reason");
		r->group[0] = 'x';
	}
	text_printf(r->out, "%-11s %-7s %-33s %-27s %6s  %s", value(row, "pic-name"),
	    value(row, "packet-io-side"), value(row, "packet-io-name"),
	    value(row, "packet-io-mode"), value(row, "packet-io-queues"),
	    value(row, "packet-io-reason"));
	render_newline(r->out);
}
