/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_if.c - the table of `show interfaces terse`.
 *
 * One row is a physical-interface with its logical interfaces; an address stands on a line of its own, and
 * only the first line of a family and of an interface repeats their names.
 */
#include <string.h>

#include "cli/render.h"

enum { COLUMN_PROTO = 35, COLUMN_LOCAL = 44 };

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

static void
column(struct text *out, size_t line_start, size_t at)
{
	size_t used = out->len - line_start;
	text_fill(out, ' ', used < at ? at - used : 1);
}

void
show_interfaces_begin(struct render *r)
{
	text_put(
	    r->out, "Interface               Admin Link Proto    Local                 Remote\n");
}

static void
status_put(struct text *out, const struct elem *e)
{
	text_printf(out, "%-23s %-5s %-4s", value(e, "name"), value(e, "admin-status"),
	    value(e, "oper-status"));
}

static void
address_put(struct text *out, const struct elem *address)
{
	const char *remote = elem_value(address, "ifa-destination");
	if (remote == NULL)
		text_put(out, value(address, "ifa-local"));
	else
		text_printf(out, "%-20s--> %s", value(address, "ifa-local"), remote);
}

static void
unit_put(struct text *out, const struct elem *unit)
{
	size_t start = out->len;
	status_put(out, unit);
	bool fresh = true; /* the line already says which interface it is about */
	elem_each (family, unit, "address-family") {
		bool named = false;
		const struct elem *address = elem_find(family, "interface-address");
		do {
			if (!fresh) {
				render_newline(out);
				start = out->len;
			}
			fresh = false;
			if (!named) {
				column(out, start, COLUMN_PROTO);
				text_put(out, value(family, "address-family-name"));
			}
			named = true;
			if (address != NULL) {
				column(out, start, COLUMN_LOCAL);
				address_put(out, address);
				address = elem_next(address);
			}
		} while (address != NULL);
	}
	render_newline(out);
}

void
show_interfaces_row(struct render *r, const struct elem *row)
{
	if (strcmp(row->name, "logical-interface") == 0) {
		unit_put(r->out, row);
		return;
	}
	status_put(r->out, row);
	render_newline(r->out);
	elem_each (unit, row, "logical-interface")
		unit_put(r->out, unit);
}
