/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_if.c - the tables of `show interfaces terse` and `descriptions`.
 *
 * Rows are physical interfaces and units; the units of an interface follow it or stand in it. An address has a line of its own, and
 * only the first line of a family and of an interface repeats their names. What other levels print is in show_ifs.c.
 */
#include <string.h>

#include "cli/render.h"
#include "cli/show_if.h"

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

static void
descriptions_row(struct render *r, const struct elem *row)
{
	text_printf(r->out, "%-15s %-5s %-4s %s\n", value(row, "name"), value(row, "admin-status"),
	    value(row, "oper-status"), value(row, "description"));
}

static void
terse_row(struct render *r, const struct elem *row)
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

void
show_interfaces_begin(struct render *r)
{
	if (strcmp(r->style, "terse") == 0)
		text_put(r->out,
		    "Interface               Admin Link Proto    Local                 Remote\n");
	else if (strcmp(r->style, "descriptions") == 0)
		text_put(r->out, "Interface       Admin Link Description\n");
}

void
show_interfaces_row(struct render *r, const struct elem *row)
{
	if (strcmp(r->style, "terse") == 0)
		terse_row(r, row);
	else if (strcmp(r->style, "descriptions") == 0)
		descriptions_row(r, row);
	else
		show_interfaces_block(r, row);
}
