/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_neigh.c - the tables of `show arp` and `show ipv6 neighbors`, and what `clear arp` says.
 */
#include <string.h>

#include "cli/render.h"

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

/* A name has a column of its own if there are names. */
void
show_arp_row(struct render *r, const struct elem *row)
{
	const char *name = elem_value(row, "hostname");
	if (strcmp(row->name, "arp-entry-count") == 0) {
		text_printf(r->out, "Total entries: %s\n", row->value != NULL ? row->value : "0");
		return;
	}
	if (r->n_rows == 0)
		text_printf(r->out, "MAC Address       Address         %s%-19s Flags\n",
		    name != NULL ? "Name                      " : "", "Interface");
	text_printf(r->out, "%-17s %-15s ", value(row, "mac-address"), value(row, "ip-address"));
	if (name != NULL)
		text_printf(r->out, "%-25s ", name);
	const struct elem *flags = elem_find(row, "arp-table-entry-flags");
	text_printf(r->out, "%-19s %s\n", value(row, "interface-name"),
	    flags != NULL && flags->child != NULL ? flags->child->name : "none");
}

void
show_arp_cleared_row(struct render *r, const struct elem *row)
{
	text_printf(r->out, "%-15s deleted\n", value(row, "ip-address"));
}

void
show_nd_row(struct render *r, const struct elem *row)
{
	const char *address = value(row, "ipv6-nd-neighbor-address");
	if (r->n_rows == 0)
		text_put(r->out,
		    "IPv6 Address                 Linklayer Address  State       Exp Rtr "
		    "Interface\n");
	text_put(r->out, address);
	/* a long one has a line of its own */
	if (strlen(address) >= 29)
		text_put(r->out, "\n                             ");
	else
		text_fill(r->out, ' ', 29 - strlen(address));
	text_printf(r->out, "%-17s  %-11s %-3s %-3s %s\n",
	    value(row, "ipv6-nd-neighbor-l2-address"), value(row, "ipv6-nd-state"),
	    value(row, "ipv6-nd-expire"), value(row, "ipv6-nd-isrouter"),
	    value(row, "ipv6-nd-interface-name"));
}
