/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_fw.c - the counters of `show firewall`. One row is a filter with its counters.
 */
#include <string.h>

#include "cli/render.h"

enum { NAME_WIDTH = 36, COUNT_WIDTH = 21 };

static void
counter_put(struct text *out, const char *name, const char *bytes, const char *packets)
{
	int used = (int)strlen(name);
	int room = used < NAME_WIDTH + COUNT_WIDTH - 1 ? NAME_WIDTH + COUNT_WIDTH - used : 1;
	text_printf(out, "%s%*s%*s\n", name, room, bytes, COUNT_WIDTH, packets);
}

void
show_firewall_row(struct render *r, const struct elem *row)
{
	const char *name = elem_value(row, "filter-name");
	text_printf(r->out, "\nFilter: %s\n", name != NULL ? name : "");
	if (!elem_has(row, "counter"))
		return;
	text_put(r->out, "Counters:\n");
	counter_put(r->out, "Name", "Bytes", "Packets");
	elem_each (c, row, "counter") {
		const char *counter = elem_value(c, "counter-name");
		const char *bytes = elem_value(c, "byte-count");
		const char *packets = elem_value(c, "packet-count");
		counter_put(r->out, counter != NULL ? counter : "", bytes != NULL ? bytes : "0",
		    packets != NULL ? packets : "0");
	}
}
