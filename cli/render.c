/* SPDX-License-Identifier: BSD-2-Clause
 *
 * render.c - picks the table for a reply and drives it row by row. Called by line.c.
 */
#include "cli/render.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void
generic_elem(struct text *out, const struct elem *e, unsigned indent)
{
	text_fill(out, ' ', indent);
	text_put(out, e->name);
	if (e->value != NULL)
		text_printf(out, ": %s", e->value);
	text_putc(out, '\n');
	for (const struct elem *c = e->child; c != NULL; c = c->next)
		if (!row_is_attribute(c))
			generic_elem(out, c, indent + 2); /* depth is bounded by the decoder */
}

static void
generic_row(struct render *r, const struct elem *row)
{
	generic_elem(r->out, row, 2 * r->depth);
}

static const struct render_table tables[] = {
	{ "services-security-associations-information", "junos-ipsec", NULL, show_services_sa_row,
	    NULL },
	{ "ipsec-total-statistics-information", "junos-ipsec", NULL, show_services_statistics_row,
	    NULL },
	{ "security-associations-information", "junos-ipsec", NULL, show_ipsec_sa_row, NULL },
	{ "ike-security-associations-information", "junos-ike", NULL, show_ike_sa_row, NULL },
	{ "ike-security-associations-statistics", "junos-ike", NULL, show_ike_statistics_row,
	    NULL },
	{ "ipsec-tunnel-redundancy-information", "junos-ipsec", NULL, show_redundancy_row, NULL },
	{ "ipsec-pic-redundancy-information", "junos-ipsec", NULL, show_pic_redundancy_row, NULL },
	{ "ipsec-switch-information", "junos-ipsec", NULL, show_switch_row, NULL },
	{ "services-ipsec-match-information", "junos-ipsec", NULL, show_match_row, NULL,
	    "Result: Not protected, no service set and no security association is met by such a "
	    "packet\n" },
	{ "interface-information", "junos-interface", show_interfaces_begin, show_interfaces_row,
	    NULL },
	{ "route-information", "junos-routing", NULL, show_route_row, NULL },
	{ "route-summary-information", "junos-routing", NULL, show_route_summary_row, NULL },
	{ "forwarding-table-information", "junos-rtinfo", NULL, show_forwarding_row, NULL },
	{ "arp-table-information", "junos-arp", NULL, show_arp_row, NULL },
	{ "clear-arp-table-results", "junos-arp", NULL, show_arp_cleared_row, NULL },
	{ "ipv6-nd-information", "junos-ipv6-nd", NULL, show_nd_row, NULL },
	{ "firewall-information", "junos-filter", NULL, show_firewall_row, NULL },
	{ "service-set-cpu-statistics-information", "junos-adaptive-services", NULL, show_cpu_row,
	    NULL },
	{ "service-set-memory-statistics-information", "junos-adaptive-services", NULL,
	    show_set_memory_row, NULL },
	{ "service-set-summary-information", "junos-adaptive-services", NULL, show_set_summary_row,
	    NULL },
	{ "service-worker-information", "junos-services", NULL, show_workers_row, NULL },
	{ "monitor-traffic-information", "junos-services", NULL, show_traffic_row, NULL,
	    "error: there is no such services interface\n" },
	{ "packet-trace-information", "junos-services", NULL, show_trace_row, NULL,
	    "error: there is no such services interface\n" },
	{ "packet-io-information", "junos-services", NULL, show_io_row, NULL },
	{ "service-set-packet-drop-statistics-information", "junos-services", NULL, show_drops_row,
	    NULL },
	{ "software-information", "junos", NULL, show_version_row, NULL },
	{ "commit-information", "junos", NULL, show_commit_row, NULL },
	{ "rollback-information", "junos", NULL, show_configuration_row, NULL },
	{ "rescue-information", "junos", NULL, show_configuration_row, NULL },
	{ "route-engine-information", "junos-chassis", NULL, show_route_engine_row, NULL },
	{ "chassis-inventory", "junos-chassis", NULL, show_inventory_row, NULL },
	{ "fpc-information", "junos-chassis", NULL, show_fpc_row, NULL },
	{ "system-storage-information", "junos", show_storage_begin, show_storage_row, NULL },
	{ "system-memory-information", "junos", NULL, show_memory_row, NULL },
	{ "directory-usage-information", "junos", NULL, show_directory_usage_row, NULL },
	{ "system-uptime-information", "junos", NULL, show_uptime_row, NULL },
	{ "system-users-information", "junos", NULL, show_uptime_row, NULL },
	{ "system-process-information", "junos", NULL, show_processes_row, NULL },
	{ "user-log-information", "junos", NULL, show_user_log_row, NULL },
	{ "directory-list", "junos", NULL, show_files_row, NULL },
	{ "cli", "junos", NULL, show_directory_row, NULL },
	{ "x509-pki-certificate-info-list", "junos-pki", NULL, show_pki_row, NULL },
	{ "checksum-information", "junos", NULL, show_checksum_row, NULL },
};

static const struct render_table generic = { "", "junos", NULL, generic_row, NULL };

static const struct render_table *
table_find(const char *root)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(tables[i].root, root) == 0)
			return &tables[i];
	return &generic;
}

bool
render_is_extensive(const struct render *r)
{
	return strcmp(r->style, "extensive") == 0;
}

bool
render_is_detail(const struct render *r)
{
	return strcmp(r->style, "detail") == 0 || render_is_extensive(r);
}

void
render_capital(struct text *out, const char *s)
{
	if (*s == '\0')
		return;
	text_putc(out, (char)toupper((unsigned char)*s));
	text_put(out, s + 1);
}

void
render_newline(struct text *out)
{
	while (out->len > 0 && out->s[out->len - 1] == ' ')
		out->s[--out->len] = '\0';
	text_putc(out, '\n');
}

void
render_init(struct render *r, enum pipe_format format, const char *banner, struct text *out)
{
	*r = (struct render){ .out = out, .format = format };
	snprintf(r->banner, sizeof(r->banner), "%s", banner);
}

/* Ends the element that was opened last, if there is one. */
static void
row_close(struct render *r)
{
	if (r->depth == 0)
		return;
	r->depth--;
	if (r->format == FORMAT_XML)
		xml_row_close(r);
	else if (r->format == FORMAT_JSON)
		json_row_close(r);
}

/* Ends the reply under way, if there is one. */
static void
reply_end(struct render *r)
{
	if (r->text_kind == RENDER_PLAIN)
		text_put(r->out, "</output>\n");
	r->text_kind = RENDER_NONE;
	if (r->table == NULL)
		return;
	while (r->depth > 0)
		row_close(r);
	if (r->format == FORMAT_XML)
		xml_close(r);
	else if (r->format == FORMAT_JSON)
		json_close(r);
	else if (r->table->end != NULL && r->n_rows > 0)
		r->table->end(r);
	r->table = NULL;
	r->is_content = false;
	r->attribute[0] = '\0';
}

void
render_attribute(struct render *r, const char *name, const char *value)
{
	reply_end(r);
	snprintf(r->attribute, sizeof(r->attribute), "%s", name);
	snprintf(r->attribute_value, sizeof(r->attribute_value), "%s", value);
}

void
render_content(struct render *r, const char *root, const char *s, size_t n)
{
	if (!r->is_content) {
		reply_end(r);
		r->is_content = true;
		render_begin(r, root, "");
	}
	if (r->format == FORMAT_XML)
		xml_content(r, s, n);
	else if (r->format == FORMAT_JSON)
		json_content(r, s, n);
	else
		text_putn(r->out, s, n);
}

void
render_begin(struct render *r, const char *root, const char *style)
{
	reply_end(r);
	r->has_said = true;
	r->table = table_find(root);
	r->n_rows = 0;
	r->group[0] = '\0';
	r->last[0][0] = '\0';
	snprintf(r->root, sizeof(r->root), "%s", root);
	snprintf(r->style, sizeof(r->style), "%s", style);
	if (r->format == FORMAT_XML)
		xml_open(r, root, r->table->space);
	else if (r->format == FORMAT_JSON)
		json_open(r, root);
}

/* A row that is one element, or (IS_OPEN) the beginning of one. */
static void
elem_render(struct render *r, const struct elem *e, bool is_open)
{
	if (r->format == FORMAT_XML) {
		(is_open ? xml_row_open : xml_row)(r, e);
	} else if (r->format == FORMAT_JSON) {
		(is_open ? json_row_open : json_row)(r, e);
	} else {
		if (r->n_rows == 0 && r->table->begin != NULL)
			r->table->begin(r);
		r->table->row(r, e);
	}
	r->n_rows++;
}

void
render_row(struct render *r, const struct elem *row)
{
	if (r->table == NULL)
		return; /* a row without a reply is nothing that we can name */
	if (row_is_close(row)) {
		row_close(r);
		return;
	}
	const struct elem *opened = row_opened(row);
	bool is_open = opened != NULL && r->depth < ROW_DEPTH_MAX;
	elem_render(r, opened != NULL ? opened : row, is_open);
	if (is_open)
		snprintf(r->open[r->depth++], sizeof(r->open[0]), "%s", opened->name);
}

/* Text that is not JSON: the value of one member "output". */
static void
json_text(struct render *r, const char *s)
{
	if (r->is_content && strcmp(r->root, "output") != 0)
		reply_end(r);
	render_content(r, "output", s, strlen(s));
}

void
render_text(struct render *r, const char *s)
{
	r->has_said = true;
	if (r->format == FORMAT_JSON && r->text_kind == RENDER_NONE && s[strspn(s, " \n")] != '{') {
		json_text(r, s);
		return;
	}
	if (r->format != FORMAT_XML) {
		reply_end(r);
		r->text_kind = r->format == FORMAT_JSON ? RENDER_MARKUP : RENDER_NONE;
		text_put(r->out, s);
		return;
	}
	if (r->text_kind == RENDER_NONE) {
		reply_end(r);
		xml_frame_open(r);
		r->text_kind = s[strspn(s, " \n")] == '<' ? RENDER_MARKUP : RENDER_PLAIN;
		if (r->text_kind == RENDER_PLAIN)
			text_put(r->out, "<output>\n");
	}
	if (r->text_kind == RENDER_PLAIN)
		xml_escape(r->out, s);
	else
		text_put(r->out, s);
}

bool
render_problem(struct render *r, const struct elem *problem)
{
	if (r->format != FORMAT_XML)
		return false;
	reply_end(r);
	r->has_said = true;
	xml_frame_open(r);
	xml_problem(r, problem);
	return true;
}

void
render_silent(struct render *r)
{
	bool is_text = r->format != FORMAT_XML && r->format != FORMAT_JSON;
	if (is_text && r->table != NULL && r->n_rows == 0 && r->table->none != NULL)
		text_put(r->out, r->table->none);
	if (r->has_said || r->is_bare)
		return;
	if (r->format == FORMAT_XML)
		xml_frame_open(r);
	else if (r->format == FORMAT_JSON)
		text_put(r->out, "{\n}\n");
}

void
render_end(struct render *r)
{
	reply_end(r);
	if (r->format == FORMAT_XML)
		xml_frame_close(r);
}
