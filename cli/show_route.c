/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_route.c - `show route` with its levels, `show route summary`, `show route forwarding-table`.
 *
 * A route-table is opened by one row; its destinations are rows of their own, however many there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/render.h"

enum { COLUMN_ROUTE = 19, COLUMN_HOP = 20 };

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

static void
counts_put(struct text *out, const struct elem *t)
{
	text_printf(out, "%s: %s destinations, %s routes (%s active, %s holddown, %s hidden)\n",
	    value(t, "table-name"), value(t, "destination-count"), value(t, "total-route-count"),
	    value(t, "active-route-count"), value(t, "holddown-route-count"),
	    value(t, "hidden-route-count"));
}

static void
table_put(struct render *r, const struct elem *t)
{
	text_putc(r->out, '\n');
	counts_put(r->out, t);
	if (strcmp(r->style, "terse") != 0 && strcmp(r->style, "brief") != 0)
		return;
	text_put(r->out, "+ = Active Route, - = Last Active, * = Both\n\n");
	if (strcmp(r->style, "terse") == 0)
		text_put(r->out,
		    "A Destination        P Prf   Metric 1   Metric 2  Next hop        AS "
		    "path\n");
}

/* --- brief --- */

static void
hop_put(struct text *out, const struct elem *nh)
{
	const char *to = elem_value(nh, "to");
	if (to != NULL)
		text_printf(out, "to %s ", to);
	text_printf(out, "via %s\n", value(nh, "via"));
}

static void
hops_put(struct text *out, const struct elem *entry)
{
	const char *type = elem_value(entry, "nh-type");
	if (type != NULL) {
		text_fill(out, ' ', COLUMN_HOP + 2);
		const char *local = value(elem_find(entry, "nh"), "nh-local-interface");
		text_printf(out, "%s%s%s\n", type, *local != '\0' ? " via " : "", local);
		return;
	}
	elem_each (nh, entry, "nh") {
		text_fill(out, ' ', COLUMN_HOP);
		text_put(out, elem_has(nh, "selected-next-hop") ? "> " : "  ");
		hop_put(out, nh);
	}
}

static void
entry_put(struct text *out, const struct elem *entry)
{
	const char *metric = elem_value(entry, "metric");
	const char *tag = elem_value(entry, "active-tag");
	text_printf(out, "%s[%s/%s] %s", tag != NULL ? tag : " ", value(entry, "protocol-name"),
	    value(entry, "preference"), value(entry, "age"));
	if (metric != NULL)
		text_printf(out, ", metric %s", metric);
	text_putc(out, '\n');
	hops_put(out, entry);
}

static void
brief_put(struct text *out, const struct elem *rt)
{
	const char *destination = value(rt, "rt-destination");
	size_t n = strlen(destination);
	text_put(out, destination);
	/* a long one has a line of its own */
	if (n >= COLUMN_ROUTE) {
		text_putc(out, '\n');
		n = 0;
	}
	elem_each (entry, rt, "rt-entry") {
		text_fill(out, ' ', COLUMN_ROUTE - n);
		entry_put(out, entry);
		n = 0;
	}
}

/* --- terse --- */

static char
protocol_letter(const char *name)
{
	if (strcmp(name, "Access-internal") == 0)
		return 'a';
	if (strcmp(name, "Direct") == 0 || strcmp(name, "Local") == 0 || *name == '\0')
		return *name != '\0' ? *name : '?';
	return *name;
}

static void
terse_hops_put(struct text *out, const struct elem *entry)
{
	const char *type = elem_value(entry, "nh-type");
	size_t n = 0;
	if (type != NULL) {
		text_printf(out, "  %s\n", type);
		return;
	}
	elem_each (nh, entry, "nh") {
		const char *to = elem_value(nh, "to");
		if (n++ > 0)
			text_fill(out, ' ', 48);
		text_printf(out, " %c%s\n", elem_has(nh, "selected-next-hop") ? '>' : ' ',
		    to != NULL ? to : value(nh, "via"));
	}
	if (n == 0)
		text_putc(out, '\n');
}

static void
terse_put(struct text *out, const struct elem *rt)
{
	const char *destination = value(rt, "rt-destination");
	elem_each (entry, rt, "rt-entry") {
		const char *tag = elem_value(entry, "active-tag");
		text_printf(out, "%s %s", tag != NULL ? tag : " ", destination);
		/* a long one has a line of its own */
		size_t n = strlen(destination);
		if (n >= COLUMN_ROUTE)
			text_putc(out, '\n');
		text_fill(out, ' ', n >= COLUMN_ROUTE ? COLUMN_ROUTE + 2 : COLUMN_ROUTE - n);
		text_printf(out, "%c %3s %10s %10s", protocol_letter(value(entry, "protocol-name")),
		    value(entry, "preference"), value(entry, "metric"), "");
		terse_hops_put(out, entry);
		destination = "";
	}
}

/* --- detail, extensive --- */

static void
detail_hops_put(struct text *out, const struct elem *entry)
{
	const char *type = elem_value(entry, "nh-type");
	const struct elem *first = elem_find(entry, "nh");
	bool is_direct = first != NULL && elem_value(first, "to") == NULL;
	if (type != NULL || is_direct)
		text_printf(
		    out, "                Next hop type: %s\n", type != NULL ? type : "Interface");
	elem_each (nh, entry, "nh") {
		const char *to = elem_value(nh, "to");
		const char *local = elem_value(nh, "nh-local-interface");
		if (local != NULL) {
			text_printf(out, "                Interface: %s\n", local);
			continue;
		}
		text_printf(out, "                Next hop: %s%svia %s%s\n", to != NULL ? to : "",
		    to != NULL ? " " : "", value(nh, "via"),
		    elem_has(nh, "selected-next-hop") ? ", selected" : "");
	}
}

static void
detail_put(struct render *r, const struct elem *rt)
{
	struct text *out = r->out;
	const char *count = value(rt, "rt-entry-count");
	text_printf(out, "%s%s/%s (%s %s, %s announced)\n", render_is_extensive(r) ? "\n" : "",
	    value(rt, "rt-destination"), value(rt, "rt-prefix-length"), count,
	    strcmp(count, "1") == 0 ? "entry" : "entries", value(rt, "rt-announced-count"));
	elem_each (entry, rt, "rt-entry") {
		const char *metric = elem_value(entry, "metric");
		const char *tag = elem_value(entry, "active-tag");
		const char *as_path = elem_value(entry, "as-path");
		text_printf(out, "        %s%-6s Preference: %s\n", tag != NULL ? tag : " ",
		    value(entry, "protocol-name"), value(entry, "preference"));
		detail_hops_put(out, entry);
		text_printf(out, "                State: %s\n                Age: %s",
		    value(entry, "rt-entry-state"), value(entry, "age"));
		if (metric != NULL)
			text_printf(out, "       Metric: %s", metric);
		text_printf(out, "\n                Task: %s\n", value(entry, "task-name"));
		if (as_path != NULL)
			text_printf(out, "                %s\n", as_path);
	}
}

/* The beginning of a table, or one destination of it. */
void
show_route_row(struct render *r, const struct elem *row)
{
	if (strcmp(row->name, "route-table") == 0)
		table_put(r, row);
	else if (render_is_detail(r))
		detail_put(r, row);
	else if (strcmp(r->style, "terse") == 0)
		terse_put(r->out, row);
	else
		brief_put(r->out, row);
}

/* --- summary --- */

void
show_route_summary_row(struct render *r, const struct elem *row)
{
	if (strcmp(row->name, "router-id") == 0) {
		text_printf(r->out, "Router ID: %s\n", row->value != NULL ? row->value : "");
		return;
	}
	text_putc(r->out, '\n');
	counts_put(r->out, row);
	elem_each (p, row, "protocols")
		text_printf(r->out, "%20s: %6s routes, %6s active\n", value(p, "protocol-name"),
		    value(p, "protocol-route-count"), value(p, "active-route-count"));
}

/* --- forwarding table --- */

static void
forwarding_head_put(struct render *r, const struct elem *t)
{
	if (r->n_rows > 0)
		text_putc(r->out, '\n');
	text_printf(r->out,
	    "Routing table: %s\n%s:\n"
	    "Destination        Type RtRef Next hop           Type Index NhRef Netif\n",
	    value(t, "table-name"), value(t, "address-family"));
}

void
show_forwarding_row(struct render *r, const struct elem *row)
{
	if (strcmp(row->name, "route-table") == 0) {
		forwarding_head_put(r, row);
		return;
	}
	const char *destination = value(row, "rt-destination");
	size_t n = 0;
	text_printf(r->out, "%-18s %-4s %5s ", destination, value(row, "destination-type"),
	    value(row, "route-reference-count"));
	elem_each (nh, row, "nh") {
		if (n++ > 0)
			text_fill(r->out, ' ', 30);
		text_printf(r->out, "%-18s %-4s %5s %5s %s", value(nh, "to"), value(nh, "nh-type"),
		    value(nh, "nh-index"), value(nh, "nh-reference-count"), value(nh, "via"));
		render_newline(r->out);
	}
	if (n == 0)
		render_newline(r->out);
}
