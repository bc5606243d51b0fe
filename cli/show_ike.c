/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_ike.c - the tables of negotiation: IKE SAs, their counters, primary and backup gateways.
 *
 * Columns, indents and capital letters are those of JUNOS 9.3; statistics, and the line `Last failure`, are laid out in the same way.
 * Values arrive in lower case as in XML.
 */
#include <stdio.h>
#include <ctype.h>
#include <string.h>

#include "cli/render.h"

#define SA_COLUMNS "%-16s%-14s%-18s%-18s%s"

enum { COUNTER_WIDTH = 21 };

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

/* Copies NAME's value with its first letter in upper case. */
static const char *
capital(const struct elem *e, const char *name, char out[32])
{
	snprintf(out, 32, "%s", value(e, name));
	if (out[0] >= 'a' && out[0] <= 'z')
		out[0] = (char)(out[0] - 'a' + 'A');
	return out;
}

/* --- security associations --- */

/* A column that is full is followed by a blank all the same: an IPv6 address needs more than there is. */
static void
sa_brief(struct render *r, const struct elem *row)
{
	char state[32];
	char exchange[32];
	char address[64];
	if (r->n_rows == 0)
		text_printf(r->out, SA_COLUMNS "\n", "Remote Address", "State", "Initiator cookie",
		    "Responder cookie", "Exchange type");
	snprintf(address, sizeof(address), "%-15s ", value(row, "ike-sa-remote-address"));
	text_printf(r->out, SA_COLUMNS, address, capital(row, "ike-sa-state", state),
	    value(row, "ike-sa-initiator-cookie"), value(row, "ike-sa-responder-cookie"),
	    capital(row, "ike-sa-exchange-type", exchange));
	render_newline(r->out);
}

static void
field_put(
    struct text *out, const char *before, const char *label, const struct elem *e, const char *name)
{
	if (!elem_has(e, name))
		return;
	text_printf(out, "%s%s: ", before, label);
	render_capital(out, value(e, name));
}

/* "Pre-shared-keys", but "RSA-signatures". */
static void
method_put(struct text *out, const struct elem *e)
{
	const char *method = elem_value(e, "ike-sa-authentication-method");
	size_t n = method != NULL ? strcspn(method, "-") : 0;
	if (method == NULL)
		return;
	text_put(out, ", Authentication method: ");
	if (strcmp(method + n, "-signatures") != 0) {
		render_capital(out, method);
		return;
	}
	for (size_t i = 0; i < n; i++)
		text_putc(out, (char)toupper((unsigned char)method[i]));
	text_put(out, method + n);
}

static void
ends_put(struct text *out, const struct elem *e, const char *remote, unsigned indent)
{
	if (!elem_has(e, "ike-sa-local-address"))
		return;
	text_fill(out, ' ', indent);
	text_printf(out, "Local: %s:%s, Remote: %s:%s\n", value(e, "ike-sa-local-address"),
	    value(e, "ike-sa-local-port"), remote, value(e, "ike-sa-remote-port"));
}

static void
cookies_put(struct text *out, const struct elem *e)
{
	if (elem_has(e, "ike-sa-initiator-cookie"))
		text_printf(out, "  Initiator cookie: %s, Responder cookie: %s\n",
		    value(e, "ike-sa-initiator-cookie"), value(e, "ike-sa-responder-cookie"));
}

static void
algorithms_put(struct text *out, const struct elem *e)
{
	static const struct {
		const char *label;
		const char *name;
	} lines[] = {
		{ "Authentication", "ike-sa-authentication-algorithm" },
		{ "Encryption", "ike-sa-encryption-algorithm" },
		{ "Pseudo random function", "ike-sa-prf-algorithm" },
		{ "Diffie-Hellman group", "ike-sa-dhgroup" },
	};
	if (e == NULL)
		return;
	text_put(out, "  Algorithms:\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (elem_has(e, lines[i].name))
			text_printf(out, "   %-22s: %s\n", lines[i].label, value(e, lines[i].name));
}

static void
traffic_put(struct text *out, const struct elem *e)
{
	static const struct {
		const char *label;
		const char *name;
	} lines[] = {
		{ "Input  bytes  ", "ike-sa-input-bytes" },
		{ "Output bytes  ", "ike-sa-output-bytes" },
		{ "Input  packets", "ike-sa-input-packets" },
		{ "Output packets", "ike-sa-output-packets" },
	};
	if (e == NULL)
		return;
	text_put(out, "  Traffic statistics:\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		text_printf(
		    out, "   %s:%*s\n", lines[i].label, COUNTER_WIDTH, value(e, lines[i].name));
}

static void
misc_put(struct text *out, const struct elem *e)
{
	if (e == NULL)
		return;
	if (elem_has(e, "ike-sa-flags"))
		text_printf(out, "  Flags: %s\n", value(e, "ike-sa-flags"));
	text_printf(out, "  IPSec security associations: %s created, %s deleted\n",
	    value(e, "ike-sa-num-ipsec-sas-created"), value(e, "ike-sa-num-ipsec-sas-deleted"));
	if (elem_has(e, "ike-sa-num-phase2-negotiations"))
		text_printf(out, "  Phase 2 negotiations in progress: %s\n",
		    value(e, "ike-sa-num-phase2-negotiations"));
}

static void
phase2_put(struct text *out, const struct elem *e)
{
	text_put(out, "\n    Negotiation type: ");
	render_capital(out, value(e, "ike-sa-phase2-type"));
	field_put(out, ", ", "Role", e, "ike-sa-role");
	text_printf(out, ", Message ID: %s\n", value(e, "ike-sa-msg-id"));
	ends_put(out, e, value(e, "ike-sa-remote-address"), 4);
	if (elem_has(e, "ike-sa-local-id"))
		text_printf(out, "    Local identity: %s\n    Remote identity: %s\n",
		    value(e, "ike-sa-local-id"), value(e, "ike-sa-remote-id"));
	text_printf(out, "    Flags: %s\n", value(e, "ike-sa-flags"));
}

/* `IKE peer A`, and what is common to SAs and statistics: the children of the block's SA. */
static const struct elem *
block_begin(struct render *r, const struct elem *row)
{
	if (r->n_rows > 0)
		text_putc(r->out, '\n');
	text_printf(r->out, "IKE peer %s\n", value(row, "ike-sa-remote-address"));
	return elem_find(row, "ike-security-associations");
}

static void
sa_detail(struct render *r, const struct elem *row)
{
	struct text *out = r->out;
	const struct elem *e = block_begin(r, row);
	field_put(out, "  ", "Role", e, "ike-sa-role");
	field_put(out, elem_has(e, "ike-sa-role") ? ", " : "  ", "State", e, "ike-sa-state");
	text_putc(out, '\n');
	cookies_put(out, e);
	field_put(out, "  ", "Exchange type", e, "ike-sa-exchange-type");
	method_put(out, e);
	if (elem_has(e, "ike-sa-exchange-type"))
		text_putc(out, '\n');
	ends_put(out, e, value(row, "ike-sa-remote-address"), 2);
	if (elem_has(e, "ike-sa-lifetime")) {
		field_put(out, "  ", "Lifetime", e, "ike-sa-lifetime");
		text_putc(out, '\n');
	}
	algorithms_put(out, elem_find(e, "ike-sa-algorithms"));
	traffic_put(out, elem_find(e, "ike-sa-traffic-statistics"));
	misc_put(out, elem_find(e, "ike-sa-misc"));
	if (elem_has(e, "ike-sa-last-failure"))
		text_printf(out, "  Last failure: %s\n", value(e, "ike-sa-last-failure"));
	elem_each (p, e, "ike-sa-phase2-information")
		phase2_put(out, p);
}

/* One IKE SA: ike-security-associations at level brief, ike-security-associations-block at detail. */
void
show_ike_sa_row(struct render *r, const struct elem *row)
{
	if (elem_has(row, "ike-security-associations"))
		sa_detail(r, row);
	else
		sa_brief(r, row);
}

/* --- statistics --- */

static void
payloads_put(struct text *out, const struct elem *e)
{
	text_printf(out, "  Delete payloads: %s received, %s sent\n",
	    value(e, "ike-sa-delete-payloads-received"), value(e, "ike-sa-delete-payloads-sent"));
	text_printf(out, "  R-U-THERE payloads: %s received, %s sent\n",
	    value(e, "ike-sa-r-u-there-payloads-received"),
	    value(e, "ike-sa-r-u-there-payloads-sent"));
	text_printf(out, "  R-U-THERE-ACK payloads: %s received, %s sent, %s missed\n",
	    value(e, "ike-sa-r-u-there-ack-payloads-received"),
	    value(e, "ike-sa-r-u-there-ack-payloads-sent"),
	    value(e, "ike-sa-r-u-there-ack-payloads-missed"));
	text_printf(out, "  Invalid SPI notifications: %s received, %s sent\n",
	    value(e, "ike-sa-invalid-spi-notifications-received"),
	    value(e, "ike-sa-invalid-spi-notifications-sent"));
}

/* One IKE SA: ike-security-associations-block. */
void
show_ike_statistics_row(struct render *r, const struct elem *row)
{
	struct text *out = r->out;
	const struct elem *e = block_begin(r, row);
	const struct elem *payloads = elem_find(e, "ike-sa-payload-statistics");
	cookies_put(out, e);
	ends_put(out, e, value(row, "ike-sa-remote-address"), 2);
	traffic_put(out, elem_find(e, "ike-sa-traffic-statistics"));
	misc_put(out, elem_find(e, "ike-sa-misc"));
	if (payloads != NULL)
		payloads_put(out, payloads);
}

/* --- redundancy --- */

static void
gateway_put(
    struct text *out, const char *label, const struct elem *e, const char *name, const char *state)
{
	text_printf(out, "  %s: %s, State: ", label, value(e, name));
	render_capital(out, value(e, state));
	text_putc(out, '\n');
}

/* One SA of the ES style: ipsec-tunnel-redundancy. */
void
show_redundancy_row(struct render *r, const struct elem *row)
{
	struct text *out = r->out;
	if (r->n_rows > 0)
		text_putc(out, '\n');
	text_printf(out, "Security association: %s, Failover counter: %s\n", value(row, "sa-name"),
	    value(row, "ipsec-redundancy-counter"));
	text_printf(
	    out, "  Local address: %s\n", value(row, "ipsec-tunnel-redundancy-local-address"));
	gateway_put(out, "Primary remote gateway", row,
	    "ipsec-tunnel-redundancy-primary-remote-address", "ipsec-redundancy-primary-state");
	if (elem_has(row, "ipsec-redundancy-tunnel-no-information"))
		text_put(out, "  Backup remote gateway: Not configured\n");
	else
		gateway_put(out, "Backup remote gateway", row,
		    "ipsec-tunnel-redundancy-backup-remote-address",
		    "ipsec-redundancy-backup-state");
}

/* One encryption interface: ipsec-pic-redundancy. */
void
show_pic_redundancy_row(struct render *r, const struct elem *row)
{
	struct text *out = r->out;
	if (r->n_rows > 0)
		text_putc(out, '\n');
	text_printf(out, "Failover counter: %s\n", value(row, "ipsec-redundancy-counter"));
	gateway_put(out, "Primary interface", row, "ipsec-pic-redundancy-primary-interface",
	    "ipsec-redundancy-primary-state");
	if (elem_has(row, "ipsec-redundancy-pic-no-information"))
		text_put(out, "  Backup interface: Not configured\n");
}

/* What `request ... switch` did: ipsec-switch-status. */
void
show_switch_row(struct render *r, const struct elem *row)
{
	const char *n = value(row, "switched-tunnels");
	text_printf(r->out, "Switched the remote gateway of %s tunnel%s\n", n,
	    strcmp(n, "1") == 0 ? "" : "s");
}
