/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_traffic.c - packets as `monitor traffic` shows them, and the steps of `monitor services packet-trace`.
 *
 * A packet is one line, in the style that readers of packet dumps know. Names are not looked up.
 */
#include "cli/render.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_ICMP6 = 58,
};

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

static unsigned long
number(const struct elem *e, const char *name)
{
	return strtoul(value(e, name), NULL, 10);
}

/* "12:25:01.123456 ", in UTC. */
static void
time_put(struct text *out, const struct elem *e)
{
	const char *text = value(e, "packet-time");
	const char *dot = strchr(text, '.');
	time_t t = (time_t)strtoll(text, NULL, 10);
	struct tm tm;
	if (gmtime_r(&t, &tm) != NULL)
		text_printf(out, "%02d:%02d:%02d%.7s ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		    dot != NULL ? dot : "");
}

static void
end_put(struct text *out, const struct elem *e, const char *address, const char *port)
{
	text_put(out, value(e, address));
	if (elem_has(e, port))
		text_printf(out, ".%s", value(e, port));
}

static void
tcp_put(struct text *out, unsigned long flags)
{
	static const char letters[] = "FSRP.UEW"; /* from the lowest bit on */
	text_put(out, "tcp, Flags [");
	for (unsigned i = 0; i < 8; i++)
		if ((flags & 1UL << i) != 0)
			text_putc(out, letters[i]);
	text_put(out, "]");
}

static void
icmp_put(struct text *out, const struct elem *e)
{
	unsigned long type = number(e, "icmp-type");
	bool is_v6 = number(e, "ip-protocol") == PROTO_ICMP6;
	text_put(out, is_v6 ? "ICMP6" : "ICMP");
	if (elem_has(e, "icmp-id"))
		text_printf(out, " echo %s, id %s, seq %s",
		    type == (is_v6 ? 128 : 8) ? "request" : "reply", value(e, "icmp-id"),
		    value(e, "icmp-sequence"));
	else
		text_printf(out, " type %lu code %s", type, value(e, "icmp-code"));
}

static void
protocol_put(struct text *out, const struct elem *e)
{
	unsigned long protocol = number(e, "ip-protocol");
	if (elem_has(e, "ip-fragment-offset"))
		text_printf(out, "fragment at %s%s, ", value(e, "ip-fragment-offset"),
		    elem_has(e, "ip-more-fragments") ? "+" : "");
	if (elem_has(e, "sa-spi") &&
	    (protocol == PROTO_ESP || protocol == PROTO_AH || protocol == PROTO_UDP))
		text_printf(out, "%s%s(spi=0x%08lx,seq=0x%lx)",
		    protocol == PROTO_UDP ? "UDP-encap: " : "", protocol == PROTO_AH ? "AH" : "ESP",
		    number(e, "sa-spi"), number(e, "sequence-number"));
	else if (elem_has(e, "tcp-flags"))
		tcp_put(out, number(e, "tcp-flags"));
	else if (elem_has(e, "icmp-type"))
		icmp_put(out, e);
	else if (protocol == PROTO_UDP)
		text_put(out, "UDP");
	else
		text_printf(out, "ip-proto-%lu", protocol);
}

/* "IP 10.1.0.1.1024 > 10.2.0.1.80: tcp, Flags [S], length 60" */
static void
packet_put(struct text *out, const struct elem *e)
{
	if (elem_has(e, "source-address")) {
		bool is_v6 = strchr(value(e, "source-address"), ':') != NULL;
		text_put(out, is_v6 ? "IP6 " : "IP ");
		end_put(out, e, "source-address", "source-port");
		text_put(out, " > ");
		end_put(out, e, "destination-address", "destination-port");
		text_put(out, ": ");
		protocol_put(out, e);
		text_put(out, ", ");
	}
	text_printf(out, "length %s", value(e, "packet-length"));
	if (elem_has(e, "segment-size"))
		text_printf(out, " in segments of %s", value(e, "segment-size"));
}

static void
begin_put(struct render *r, const struct elem *row)
{
	text_printf(r->out, "Listening on %s, capture size %s bytes\n\n",
	    value(row, "interface-name"), value(row, "capture-size"));
}

static void
end_row_put(struct render *r, const struct elem *row, const char *what)
{
	text_printf(r->out, "\n%s packets %s\n%s records lost\n", value(row, "packets-shown"), what,
	    value(row, "packets-lost"));
}

void
show_traffic_row(struct render *r, const struct elem *row)
{
	if (strcmp(row->name, "monitor-begin") == 0) {
		begin_put(r, row);
	} else if (strcmp(row->name, "monitor-end") == 0) {
		end_row_put(r, row, "shown");
	} else {
		bool is_outer = strcmp(value(row, "packet-layer"), "outer") == 0;
		time_put(r->out, row);
		text_printf(r->out, "%s %s ",
		    strcmp(value(row, "packet-direction"), "out") == 0 ? "Out" : " In",
		    is_outer ? "outer" : "inner");
		packet_put(r->out, row);
		text_putc(r->out, '\n');
	}
}

static void
step_put(struct render *r, const struct elem *row)
{
	const char *step = value(row, "trace-step");
	bool has_packet = elem_has(row, "source-address");
	if (has_packet) {
		packet_put(r->out, row);
		text_put(r->out, elem_has(row, "interface-name") ? ", " : "");
	}
	if (elem_has(row, "interface-name"))
		text_printf(r->out, "interface %s", value(row, "interface-name"));
	if (strcmp(step, "matched") == 0 || strcmp(step, "delivered") == 0) {
		if (elem_has(row, "svc-set-name"))
			text_printf(r->out, ", service set %s, rule %s, term %s, tunnel %s",
			    value(row, "svc-set-name"), value(row, "sa-rule-name"),
			    value(row, "sa-term-name"), value(row, "sa-tunnel-index"));
		if (elem_has(row, "sa-name"))
			text_printf(r->out, ", SA %s", value(row, "sa-name"));
		if (elem_has(row, "sa-spi"))
			text_printf(r->out, ", SPI %s", value(row, "sa-spi"));
	}
	if (elem_has(row, "owner-number"))
		text_printf(r->out, ", to worker %s", value(row, "owner-number"));
	if (elem_has(row, "drop-reason"))
		text_printf(r->out, "%s%s: %s", elem_has(row, "interface-name") ? ", " : "",
		    value(row, "drop-reason"), value(row, "drop-text"));
	if (elem_has(row, "told-mtu"))
		text_printf(r->out, ", sender is told %s", value(row, "told-mtu"));
}

void
show_trace_row(struct render *r, const struct elem *row)
{
	if (strcmp(row->name, "packet-trace-begin") == 0) {
		begin_put(r, row);
	} else if (strcmp(row->name, "packet-trace-end") == 0) {
		end_row_put(r, row, "traced");
	} else {
		time_put(r->out, row);
		text_printf(r->out, "#%s worker %s %s: ", value(row, "packet-number"),
		    value(row, "worker-number"), value(row, "trace-step"));
		step_put(r, row);
		text_putc(r->out, '\n');
	}
}
