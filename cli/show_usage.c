/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_usage.c - processor time and memory of service sets, and what each worker of a services interface has done.
 */
#include "cli/render.h"

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

/* The header, once. */
static void
header_put(struct render *r, const char *text)
{
	if (r->group[0] == '\0')
		text_put(r->out, text);
	r->group[0] = 'x';
}

void
show_cpu_row(struct render *r, const struct elem *row)
{
	header_put(r, "            Service set                CPU\n"
		      "Interface   (system category)          utilization %\n");
	text_printf(r->out, "%-11s %-23s %11s\n", value(row, "interface-name"),
	    value(row, "service-set-name"), value(row, "cpu-utilization-percent"));
}

void
show_set_memory_row(struct render *r, const struct elem *row)
{
	header_put(r, "Interface   Service set              Bytes used\n");
	text_printf(r->out, "%-11s %-23s %11s\n", value(row, "interface-name"),
	    value(row, "service-set-name"), value(row, "bytes-used"));
}

void
show_set_summary_row(struct render *r, const struct elem *row)
{
	header_put(r,
	    "            Service sets                                      CPU\n"
	    "Interface     configured     Bytes used  Policy bytes used    utilization\n");
	text_printf(r->out, "%-11s %12s %14s %18s %14s\n", value(row, "interface-name"),
	    value(row, "service-sets-configured"), value(row, "service-set-bytes-used"),
	    value(row, "service-set-policy-bytes-used"), value(row, "service-set-cpu-utilization"));
}

/* What stands in one line of a worker: three counters at most. */
static const struct {
	const char *title;
	struct {
		const char *name;
		const char *label;
	} counters[4];
} lines[] = {
	{ "Protected", { { "out-packets", "Packets" }, { "out-bytes", "Bytes" } } },
	{ "Opened", { { "in-packets", "Packets" }, { "in-bytes", "Bytes" } } },
	{ "Device reads", { { "reads", "Reads" }, { "read-superpackets", "Superpackets" },
			      { "cut-segments", "Cut into" } } },
	{ "Device writes", { { "writes", "Writes" }, { "write-superpackets", "Superpackets" },
			       { "merged-segments", "Merged from" } } },
	{ "Socket receives",
	    { { "receives", "Calls" }, { "received", "Datagrams" },
		{ "receive-superpackets", "Merged" }, { "receive-segments", "Packets in them" } } },
	{ "Socket sends",
	    { { "sends", "Calls" }, { "trains", "Trains" }, { "train-segments", "Packets in them" },
		{ "frames", "By AF_XDP" } } },
	{ "Handed over", { { "handed-over", "To others" }, { "taken-over", "From others" } } },
	{ "Help", { { "helps-taken", "Taken" }, { "helps-given", "Given" } } },
	{ "Loop",
	    { { "turns", "Turns" }, { "wakes", "Wakes" }, { "ike-returned", "IKE passed on" } } },
};

static void
bursts_put(struct render *r, const struct elem *row, const char *name, const char *title)
{
	text_printf(r->out, "  %-16s", title);
	elem_each (burst, row, name)
		text_printf(r->out, " %10s", value(burst, "burst-count"));
	render_newline(r->out);
}

void
show_workers_row(struct render *r, const struct elem *row)
{
	if (r->n_rows > 0)
		text_putc(r->out, '\n');
	text_printf(r->out, "Interface: %s, Worker: %s, State: ", value(row, "interface-name"),
	    value(row, "worker-number"));
	render_capital(r->out, value(row, "worker-state"));
	text_printf(r->out, ", CPU utilization: %s %%\n", value(row, "cpu-utilization-percent"));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		text_printf(r->out, "  %s:", lines[i].title);
		for (unsigned k = 0; k < 4 && lines[i].counters[k].name != NULL; k++)
			text_printf(r->out, "%s %s: %s", k > 0 ? "," : "",
			    lines[i].counters[k].label, value(row, lines[i].counters[k].name));
		render_newline(r->out);
	}
	text_printf(r->out, "  %-16s", "Burst size");
	elem_each (burst, row, "out-burst")
		text_printf(r->out, " %10s", value(burst, "burst-packets"));
	render_newline(r->out);
	bursts_put(r, row, "out-burst", "  protected");
	bursts_put(r, row, "in-burst", "  opened");
}
