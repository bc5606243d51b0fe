/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_drops.c - why packets were dropped, one line per reason and service set.
 */
#include "cli/render.h"

void
show_drops_begin(struct render *r)
{
	text_printf(r->out, "%-12s%-24s%-32s%s\n", "Interface", "Service set", "Reason", "Drops");
}

/* service-set-packet-drops: interface-name, service-set-name, then reasons with their counts. */
void
show_drops_row(struct render *r, const struct elem *row)
{
	const char *pic = elem_value(row, "interface-name");
	const char *set = elem_value(row, "service-set-name");
	elem_each (drop, row, "drop") {
		const char *reason = elem_value(drop, "reason");
		const char *n = elem_value(drop, "packets");
		text_printf(r->out, "%-11s %-23s %-31s %s\n", pic != NULL ? pic : "",
		    set != NULL ? set : "", reason != NULL ? reason : "", n != NULL ? n : "0");
	}
}
