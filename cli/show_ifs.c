/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_ifs.c - `show interfaces` with the levels brief, media (the default), statistics, detail and extensive.
 *
 * Which lines a level has is what JUNOS prints; lines about what a row does not tell are left out. Called by show_if.c.
 */
#include <stdio.h>
#include <string.h>

#include "cli/render.h"
#include "cli/show_if.h"

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

static bool
has_style(const struct render *r, const char *style)
{
	return strcmp(r->style, style) == 0;
}

/* "Label: value", the first on its line without a comma before it. */
static void
item_put(struct text *out, const char *label, const char *v, bool *is_first)
{
	if (v == NULL)
		return;
	text_printf(out, "%s%s: %s", *is_first ? "  " : ", ", label, v);
	*is_first = false;
}

static void
line_put(struct text *out, const char *label, const char *v)
{
	if (v != NULL)
		text_printf(out, "%s: %s\n", label, v);
}

/* --- counters --- */

static void
traffic_put(struct text *out, const struct elem *e, const char *indent)
{
	static const struct {
		const char *name;
		const char *label;
	} lines[] = {
		{ "input-bytes", "Input  bytes  " },
		{ "output-bytes", "Output bytes  " },
		{ "input-packets", "Input  packets" },
		{ "output-packets", "Output packets" },
	};
	const struct elem *t = elem_find(e, "traffic-statistics");
	if (t == NULL)
		return;
	text_printf(out, "%sTraffic statistics:\n", indent);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		text_printf(out, "%s %s: %20s\n", indent, lines[i].label, value(t, lines[i].name));
}

struct error_label {
	const char *name;
	const char *label;
};

static const struct error_label errors_in[] = {
	{ "input-errors", "Errors" },
	{ "input-drops", "Drops" },
	{ "framing-errors", "Framing errors" },
	{ "input-runts", "Runts" },
	{ "input-discards", "Policed discards" },
	{ "input-l3-incompletes", "L3 incompletes" },
	{ "input-l2-channel-errors", "L2 channel errors" },
	{ "input-l2-mismatch-timeouts", "L2 mismatch timeouts" },
	{ "input-fifo-errors", "FIFO errors" },
	{ "input-resource-errors", "Resource errors" },
	{ NULL, NULL },
};
static const struct error_label errors_out[] = {
	{ "carrier-transitions", "Carrier transitions" },
	{ "output-errors", "Errors" },
	{ "output-drops", "Drops" },
	{ "output-collisions", "Collisions" },
	{ "aged-packets", "Aged packets" },
	{ "output-fifo-errors", "FIFO errors" },
	{ "hs-link-crc-errors", "HS link CRC errors" },
	{ "mtu-errors", "MTU errors" },
	{ "output-resource-errors", "Resource errors" },
	{ NULL, NULL },
};

static void
errors_put(struct text *out, const struct elem *e, const char *title, const struct error_label *t)
{
	if (e == NULL)
		return;
	text_printf(out, "  %s:\n    ", title);
	for (const char *comma = ""; t->name != NULL; t++) {
		const char *v = elem_value(e, t->name);
		if (v == NULL)
			continue;
		text_printf(out, "%s%s: %s", comma, t->label, v);
		comma = ", ";
	}
	text_putc(out, '\n');
}

/* --- a physical interface --- */

static void
link_put(struct text *out, const struct elem *e)
{
	const char *speed = elem_value(e, "speed");
	bool is_first = true;
	item_put(out, "Type", elem_value(e, "if-type"), &is_first);
	item_put(out, "Link-level type", elem_value(e, "link-level-type"), &is_first);
	item_put(out, "MTU", elem_value(e, "mtu"), &is_first);
	item_put(out, "Speed", speed != NULL ? speed : "Unspecified", &is_first);
	text_putc(out, '\n');
}

static void
physical_statistics_put(struct render *r, const struct elem *e)
{
	if (!has_style(r, "statistics") && !render_is_detail(r))
		return;
	line_put(r->out, "  Statistics last cleared", elem_value(e, "statistics-cleared"));
	const struct elem *in = elem_find(e, "input-error-list");
	const struct elem *out = elem_find(e, "output-error-list");
	if (!render_is_detail(r)) {
		if (in != NULL && out != NULL)
			text_printf(r->out, "  Input errors: %s, Output errors: %s\n",
			    value(in, "input-errors"), value(out, "output-errors"));
		return;
	}
	traffic_put(r->out, e, "  ");
	if (!render_is_extensive(r))
		return;
	errors_put(r->out, in, "Input errors", errors_in);
	errors_put(r->out, out, "Output errors", errors_out);
}

static void
physical_put(struct render *r, const struct elem *e)
{
	struct text *out = r->out;
	bool is_enabled = strcmp(value(e, "admin-status"), "up") == 0;
	bool is_up = strcmp(value(e, "oper-status"), "up") == 0;
	bool is_first = true;
	if (r->n_rows > 0)
		text_putc(out, '\n');
	text_printf(out, "Physical interface: %s, %s, Physical link is %s\n", value(e, "name"),
	    is_enabled ? "Enabled" : "Administratively down", is_up ? "Up" : "Down");
	if (!has_style(r, "brief")) {
		item_put(out, "Interface index", elem_value(e, "local-index"), &is_first);
		item_put(out, "SNMP ifIndex", elem_value(e, "snmp-index"), &is_first);
		if (!is_first)
			text_putc(out, '\n');
	}
	line_put(out, "  Description", elem_value(e, "description"));
	link_put(out, e);
	text_printf(out, "  Device flags   : Present Running%s\n", is_up ? "" : " Down");
	text_put(out, "  Interface flags: SNMP-Traps\n  Link flags     : None\n");
	if (has_style(r, "brief"))
		return;
	const char *mac = elem_value(e, "current-physical-address");
	if (mac != NULL)
		text_printf(out, "  Current address: %s, Hardware address: %s\n", mac,
		    value(e, "hardware-physical-address"));
	physical_statistics_put(r, e);
}

/* --- a unit --- */

static const char *
flags_text(const struct elem *e, char *buf, size_t size)
{
	static const struct {
		const char *name;
		const char *word;
	} words[] = {
		{ "iff-device-down", "Device-Down " },
		{ "iff-point-to-point", "Point-To-Point " },
		{ "iff-snmp-traps", "SNMP-Traps " },
	};
	size_t n = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (elem_has(e, words[i].name) && n < size)
			n += (size_t)snprintf(buf + n, size - n, "%s", words[i].word);
	return buf;
}

/* "192.0.2.1/24" of a destination "192.0.2/24" and an address. */
static void
brief_address_put(struct text *out, const struct elem *address)
{
	const char *local = value(address, "ifa-local");
	const char *destination = value(address, "ifa-destination");
	const char *slash = strchr(destination, '/');
	if (slash != NULL)
		text_printf(out, "%s%s", local, slash);
	else if (destination[0] != '\0')
		text_printf(out, "%-20s--> %s", local, destination);
	else
		text_put(out, local);
}

static void
brief_family_put(struct text *out, const struct elem *family)
{
	const char *name = value(family, "address-family-name");
	const struct elem *address = elem_find(family, "interface-address");
	do {
		text_printf(out, "    %-5s ", name);
		if (address != NULL)
			brief_address_put(out, address);
		render_newline(out);
		name = "";
		address = address != NULL ? elem_next(address) : NULL;
	} while (address != NULL);
}

static void
address_put(struct text *out, const struct elem *address)
{
	const struct elem *flags = elem_find(address, "ifa-flags");
	const char *destination = elem_value(address, "ifa-destination");
	const char *broadcast = elem_value(address, "ifa-broadcast");
	text_printf(out, "      Addresses, Flags:%s%s\n",
	    elem_has(flags, "ifaf-current-preferred") ? " Is-Preferred" : "",
	    elem_has(flags, "ifaf-current-primary") ? " Is-Primary" : "");
	text_put(out, "        ");
	if (destination != NULL)
		text_printf(out, "Destination: %s, ", destination);
	text_printf(out, "Local: %s", value(address, "ifa-local"));
	if (broadcast != NULL)
		text_printf(out, ", Broadcast: %s", broadcast);
	text_putc(out, '\n');
}

static void
family_put(struct text *out, const struct elem *family)
{
	const char *mtu = elem_value(family, "mtu");
	text_printf(out, "    Protocol %s", value(family, "address-family-name"));
	if (mtu != NULL)
		text_printf(out, ", MTU: %s", mtu);
	text_put(out, "\n      Flags: None\n");
	elem_each (address, family, "interface-address")
		address_put(out, address);
}

static void
unit_traffic_put(struct render *r, const struct elem *e)
{
	const struct elem *t = elem_find(e, "traffic-statistics");
	if (render_is_detail(r))
		traffic_put(r->out, e, "    ");
	else if (t != NULL)
		text_printf(r->out, "    Input packets : %s\n    Output packets: %s\n",
		    value(t, "input-packets"), value(t, "output-packets"));
}

static void
unit_put(struct render *r, const struct elem *e)
{
	struct text *out = r->out;
	char flags[128];
	const char *index = elem_value(e, "local-index");
	if (r->n_rows > 0)
		text_putc(out, '\n');
	text_printf(out, "  Logical interface %s", value(e, "name"));
	if (index != NULL && !has_style(r, "brief"))
		text_printf(out, " (Index %s) (SNMP ifIndex %s)", index, value(e, "snmp-index"));
	text_putc(out, '\n');
	line_put(out, "    Description", elem_value(e, "description"));
	text_printf(out, "    Flags: %sEncapsulation: %s\n",
	    flags_text(elem_find(e, "if-config-flags"), flags, sizeof(flags)),
	    value(e, "encapsulation"));
	if (has_style(r, "brief")) {
		elem_each (family, e, "address-family")
			brief_family_put(out, family);
		return;
	}
	unit_traffic_put(r, e);
	elem_each (family, e, "address-family")
		family_put(out, family);
}

void
show_interfaces_block(struct render *r, const struct elem *row)
{
	if (strcmp(row->name, "logical-interface") == 0) {
		unit_put(r, row);
		return;
	}
	physical_put(r, row);
	elem_each (unit, row, "logical-interface") {
		r->n_rows++;
		unit_put(r, unit);
	}
}
