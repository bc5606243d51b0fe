/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_ipsec.c - the tables of IPsec: SAs of service sets and of the ES style, and their statistics.
 *
 * Columns, indents and capital letters are those of JUNOS 9.3. Values arrive in lower case as in XML.
 */
#include <stdio.h>
#include <string.h>

#include "cli/render.h"

#define SA_COLUMNS "%-10s%-12s%-12s%-11s%-9s%s"

enum { STATISTICS_EDGE = 35 }; /* column in which a counter ends */

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

/* Starts a new group under `LABEL: NAME`, unless the last row was of the same one. Returns true if it did. */
static bool
group_begin(struct render *r, const char *name)
{
	if (r->n_rows > 0 && strcmp(r->group, name) == 0)
		return false;
	if (r->n_rows > 0)
		text_putc(r->out, '\n');
	snprintf(r->group, sizeof(r->group), "%s", name);
	return true;
}

/* --- security associations --- */

static void
sa_brief(struct text *out, const struct elem *block, unsigned indent)
{
	if (!elem_has(block, "security-associations"))
		return;
	text_fill(out, ' ', indent);
	text_printf(
	    out, SA_COLUMNS "\n", "Direction", "SPI", "AUX-SPI", "Mode", "Type", "Protocol");
	elem_each (sa, block, "security-associations") {
		text_fill(out, ' ', indent);
		text_printf(out, SA_COLUMNS, value(sa, "sa-direction"), value(sa, "sa-spi"),
		    value(sa, "sa-aux-spi"), value(sa, "sa-mode"), value(sa, "sa-type"),
		    value(sa, "sa-protocol"));
		render_newline(out);
	}
}

static void
algorithm_put(struct text *out, const char *label, const char *name)
{
	text_printf(out, ", %s: ", label);
	if (name == NULL || strcmp(name, "none") == 0)
		text_put(out, "None");
	else
		text_put(out, name);
}

static void
lifetime_put(struct text *out, const struct elem *sa, const char *label, const char *name)
{
	elem_each (life, sa, name) {
		text_printf(out, "    %s lifetime: ", label);
		render_capital(out, life->value != NULL ? life->value : "");
		text_putc(out, '\n');
	}
}

static void
sa_detail(struct text *out, const struct elem *sa)
{
	text_printf(out, "    Direction: %s, SPI: %s, AUX-SPI: %s\n", value(sa, "sa-direction"),
	    value(sa, "sa-spi"), value(sa, "sa-aux-spi"));
	text_printf(
	    out, "    Mode: %s, Type: %s, State: ", value(sa, "sa-mode"), value(sa, "sa-type"));
	render_capital(out, value(sa, "sa-state"));
	text_printf(out, "\n    Protocol: %s", value(sa, "sa-protocol"));
	algorithm_put(out, "Authentication", elem_value(sa, "sa-authentication-algorithm"));
	algorithm_put(out, "Encryption", elem_value(sa, "sa-encryption-algorithm"));
	text_putc(out, '\n');
	lifetime_put(out, sa, "Soft", "sa-soft-lifetime");
	lifetime_put(out, sa, "Hard", "sa-hard-lifetime");
	const char *replay = value(sa, "sa-anti-replay-service");
	text_put(out, "    Anti-replay service: ");
	render_capital(out, replay);
	const char *window = elem_value(sa, "sa-replay-window-size");
	if (window != NULL && strcasecmp(replay, "disabled") != 0)
		text_printf(out, ", Replay window size: %s", window);
	text_putc(out, '\n');
}

static void
sa_details(struct text *out, const struct elem *block)
{
	elem_each (sa, block, "security-associations") {
		text_putc(out, '\n');
		sa_detail(out, sa);
	}
}

static void
identity_put(struct text *out, const struct elem *tunnel, const char *label, const char *name)
{
	const char *id = elem_value(tunnel, name);
	if (id != NULL)
		text_printf(out, "  %s identity: %s\n", label, id);
}

static void
tunnel_put(struct render *r, const struct elem *tunnel)
{
	struct text *out = r->out;
	text_printf(out, "\n  Rule: %s, Term: %s, Tunnel index: %s\n",
	    value(tunnel, "sa-rule-name"), value(tunnel, "sa-term-name"),
	    value(tunnel, "sa-tunnel-index"));
	text_printf(out, "  Local gateway: %s, Remote gateway: %s\n",
	    value(tunnel, "sa-local-gateway"), value(tunnel, "sa-remote-gateway"));
	const char *inside = elem_value(tunnel, "sa-inside-interface");
	const char *mtu = render_is_detail(r) ? elem_value(tunnel, "sa-tunnel-mtu") : NULL;
	if (inside != NULL)
		text_printf(out, "  IPSec inside interface: %s", inside);
	if (mtu != NULL)
		text_printf(out, "%sTunnel MTU: %s", inside != NULL ? ", " : "  ", mtu);
	if (inside != NULL || mtu != NULL)
		text_putc(out, '\n');
	if (!render_is_detail(r))
		return;
	const char *udp = elem_value(tunnel, "sa-udp-encapsulate");
	if (udp != NULL) {
		text_put(out, "  UDP encapsulate: ");
		render_capital(out, udp);
		text_printf(out, ", UDP Destination port: %s\n", value(tunnel, "sa-udp-dst-port"));
	}
	identity_put(out, tunnel, "Local", "sa-local-identity");
	identity_put(out, tunnel, "Remote", "sa-remote-identity");
}

static void
redundancy_put(struct text *out, const struct elem *block)
{
	const struct elem *e = elem_find(block, "tunnel-redundancy-extensive");
	const char *primary = elem_value(e, "ipsec-tunnel-redundancy-primary-remote-address");
	if (primary == NULL) {
		if (elem_has(e, "ipsec-redundancy-tunnel-no-information"))
			text_put(out, "  Backup remote gateway: Not configured\n");
		return;
	}
	text_printf(out, "  Primary remote gateway: %s, State: ", primary);
	render_capital(out, value(e, "ipsec-redundancy-primary-state"));
	const char *backup = elem_value(e, "ipsec-tunnel-redundancy-backup-remote-address");
	if (backup != NULL) {
		text_printf(out, "\n  Backup remote gateway: %s, State: ", backup);
		render_capital(out, value(e, "ipsec-redundancy-backup-state"));
	}
	text_printf(out, "\n  Failover counter: %s\n", value(e, "ipsec-redundancy-counter"));
}

/* One tunnel of one service set: services-security-associations-block. */
void
show_services_sa_row(struct render *r, const struct elem *row)
{
	struct text *out = r->out;
	const char *set = value(row, "svc-set-name");
	if (group_begin(r, set)) {
		const char *instance =
		    elem_value(row, "outside-service-interface-routing-instance");
		text_printf(out, "Service set: %s", set);
		if (instance != NULL)
			text_printf(out, ", IKE Routing-instance: %s", instance);
		text_putc(out, '\n');
	}
	const struct elem *tunnel = elem_find(row, "sa-tunnel-information");
	if (tunnel != NULL)
		tunnel_put(r, tunnel);
	if (render_is_extensive(r))
		redundancy_put(out, row);
	if (!elem_has(row, "security-associations"))
		text_put(out, "    --- No IPSec SA information available ---\n");
	else if (render_is_detail(r))
		sa_details(out, row);
	else
		sa_brief(out, row, 4);
}

/* One SA of the ES style: security-associations-block. */
void
show_ipsec_sa_row(struct render *r, const struct elem *row)
{
	struct text *out = r->out;
	if (r->n_rows > 0)
		text_putc(out, '\n');
	text_printf(out, "Security association: %s", value(row, "sa-name"));
	const char *state = elem_value(row, "sa-block-state");
	if (state != NULL) {
		text_put(out, ", Interface family: ");
		render_capital(out, state);
	}
	text_putc(out, '\n');
	if (!render_is_detail(r)) {
		sa_brief(out, row, 2);
		return;
	}
	const struct elem *tunnel = elem_find(row, "sa-tunnel-information");
	const char *local = elem_value(tunnel, "sa-local-gateway");
	if (local != NULL) {
		text_printf(out, "\n  Local gateway: %s, Remote gateway: %s\n", local,
		    value(tunnel, "sa-remote-gateway"));
		identity_put(out, tunnel, "Local", "sa-local-identity");
		identity_put(out, tunnel, "Remote", "sa-remote-identity");
	}
	sa_details(out, row);
}

/* --- which rule takes a packet --- */

static void
match_sa_put(struct text *out, const struct elem *row)
{
	if (elem_value(row, "sa-spi") == NULL)
		return;
	text_printf(out, "  SPI: %s, AUX-SPI: %s, Protocol: %s", value(row, "sa-spi"),
	    value(row, "sa-aux-spi"), value(row, "sa-protocol"));
	algorithm_put(out, "Authentication", elem_value(row, "sa-authentication-algorithm"));
	algorithm_put(out, "Encryption", elem_value(row, "sa-encryption-algorithm"));
	text_putc(out, '\n');
}

/* One direction of one service set, or one SA of the ES style: services-ipsec-match. */
void
show_match_row(struct render *r, const struct elem *row)
{
	struct text *out = r->out;
	const char *set = elem_value(row, "svc-set-name");
	const char *interface = elem_value(row, "match-interface");
	const char *text = elem_value(row, "match-text");
	const char *hint = elem_value(row, "match-hint");
	if (r->n_rows > 0)
		text_putc(out, '\n');
	if (set != NULL)
		text_printf(out, "Service set: %s, Direction: ", set);
	else
		text_printf(out, "Security association: %s, Direction: ", value(row, "sa-name"));
	render_capital(out, value(row, "match-direction"));
	text_putc(out, '\n');
	if (elem_value(row, "sa-rule-name") != NULL)
		text_printf(out, "  Rule: %s, Term: %s, Tunnel index: %s\n",
		    value(row, "sa-rule-name"), value(row, "sa-term-name"),
		    value(row, "sa-tunnel-index"));
	if (elem_value(row, "sa-local-gateway") != NULL)
		text_printf(out, "  Local gateway: %s, Remote gateway: %s\n",
		    value(row, "sa-local-gateway"), value(row, "sa-remote-gateway"));
	if (interface != NULL)
		text_printf(out, "  Interface: %s\n", interface);
	match_sa_put(out, row);
	text_put(out, "  Result: ");
	render_capital(out, value(row, "match-verdict"));
	if (text != NULL)
		text_printf(out, ", %s", text);
	text_putc(out, '\n');
	if (hint != NULL)
		text_printf(out, "  Note: %s\n", hint);
}

/* --- statistics --- */

struct counter {
	const char *name;
	const char *label;
};

static void
counters_put(
    struct text *out, const struct elem *e, const char *title, const struct counter *c, size_t n)
{
	if (e == NULL)
		return;
	text_printf(out, "%s:\n", title);
	for (size_t i = 0; i < n; i++) {
		const char *v = elem_value(e, c[i].name);
		int used = (int)strlen(c[i].label) + 3;
		text_printf(out, "  %s:%*s\n", c[i].label,
		    used < STATISTICS_EDGE ? STATISTICS_EDGE - used : 0, v != NULL ? v : "0");
	}
}

/* A line of two error counters; left out if the row has neither. */
static void
errors_put(struct text *out, const struct elem *e, const struct counter c[2])
{
	if (!elem_has(e, c[0].name) && !elem_has(e, c[1].name))
		return;
	const char *a = elem_value(e, c[0].name);
	const char *b = elem_value(e, c[1].name);
	text_printf(out, "  %s: %s, %s: %s\n", c[0].label, a != NULL ? a : "0", c[1].label,
	    b != NULL ? b : "0");
}

static const struct counter esp_counters[] = {
	{ "esp-encrypted-bytes", "Encrypted bytes" },
	{ "esp-decrypted-bytes", "Decrypted bytes" },
	{ "esp-encrypted-packets", "Encrypted packets" },
	{ "esp-decrypted-packets", "Decrypted packets" },
};

static const struct counter ah_counters[] = {
	{ "ah-input-bytes", "Input bytes" },
	{ "ah-output-bytes", "Output bytes" },
	{ "ah-input-packets", "Input packets" },
	{ "ah-output-packets", "Output packets" },
};

static const struct counter error_counters[][2] = {
	{ { "ah-authentication-failures", "AH authentication failures" },
	    { "replay-errors", "Replay errors" } },
	{ { "esp-authentication-failures", "ESP authentication failures" },
	    { "esp-decryption-failures", "Decryption errors" } },
	{ { "bad-headers", "Bad headers" }, { "bad-trailers", "Bad trailers" } },
	{ { "replay-before-window-drops", "Replay before window drops" },
	    { "replay-pkts", "Replayed pkts" } },
	{ { "ip-integrity-errors", "IP integrity errors" },
	    { "exceeds-tunnel-mtu", "Exceeds tunnel MTU" } },
	{ { "rule-lookup-fail", "Rule lookup failures" }, { "no-sa-errors", "No SA errors" } },
	{ { "flow-errors", "Flow errors" }, { "misc-errors", "Misc errors" } },
};

static void
statistics_put(struct text *out, const struct elem *e)
{
	const char *local = elem_value(e, "local-gateway");
	if (local != NULL)
		text_printf(out, "  Local gateway: %s, Remote gateway: %s, Tunnel index: %s\n",
		    local, value(e, "remote-gateway"), value(e, "tunnel-index"));
	counters_put(out, elem_find(e, "esp-statistics"), "ESP Statistics", esp_counters, 4);
	counters_put(out, elem_find(e, "ah-statistics"), "AH Statistics", ah_counters, 4);
	const struct elem *errors = elem_find(e, "error-statistics");
	if (errors == NULL)
		return;
	text_put(out, "Errors:\n");
	for (size_t i = 0; i < sizeof(error_counters) / sizeof(error_counters[0]); i++)
		errors_put(out, errors, error_counters[i]);
}

/* One service set, or at detail one or more tunnels of it: ipsec-service-set-statistics. */
void
show_services_statistics_row(struct render *r, const struct elem *row)
{
	struct text *out = r->out;
	char name[sizeof(r->group)];
	const char *set = elem_value(row, "service-set-name");
	if (set == NULL || *set == '\0') /* dropped before a set was known */
		snprintf(name, sizeof(name), "PIC: %s, No service set", value(row, "pic-name"));
	else
		snprintf(name, sizeof(name), "PIC: %s, Service set: %s", value(row, "pic-name"),
		    value(row, "service-set-name"));
	if (group_begin(r, name))
		text_printf(out, "%s\n", name);
	elem_each (e, row, "ipsec-statistics") {
		text_putc(out, '\n');
		statistics_put(out, e);
	}
}
