/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_chassis.c - tables about the host as hardware: show chassis routing-engine, show chassis hardware, show chassis
 * fpc pic-status, show system storage, show system memory.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/render.h"

static const char *
value(const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	return v != NULL ? v : "";
}

void
show_route_engine_row(struct render *r, const struct elem *row)
{
	static const struct {
		const char *name;
		const char *label;
	} times[] = {
		{ "cpu-user", "User" },
		{ "cpu-background", "Background" },
		{ "cpu-system", "Kernel" },
		{ "cpu-interrupt", "Interrupt" },
		{ "cpu-idle", "Idle" },
	};
	struct text *out = r->out;
	text_put(out, "Routing Engine status:\n");
	text_printf(out, "    %-22s %8s\n", "DRAM", value(row, "memory-dram-size"));
	text_printf(out, "    %-22s %4s percent\n", "Memory utilization",
	    value(row, "memory-buffer-utilization"));
	text_put(out, "    CPU utilization:\n");
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		text_printf(
		    out, "      %-20s %4s percent\n", times[i].label, value(row, times[i].name));
	text_printf(out, "    %-30s %s\n", "Model", value(row, "model"));
	text_printf(out, "    %-30s %s\n", "Start time", value(row, "start-time"));
	text_printf(out, "    %-30s %s\n", "Uptime", value(row, "up-time"));
	text_printf(out, "    %-30s %s\n", "Load averages:", "1 minute   5 minute  15 minute");
	text_printf(out, "%43s %10s %10s\n", value(row, "load-average-one"),
	    value(row, "load-average-five"), value(row, "load-average-fifteen"));
}

static void
part_put(struct text *out, const struct elem *e)
{
	text_printf(out, "%-16s %-8s %-12s %-33s %s", value(e, "name"), value(e, "version"),
	    value(e, "part-number"), value(e, "serial-number"), value(e, "description"));
	render_newline(out);
}

void
show_inventory_row(struct render *r, const struct elem *row)
{
	text_put(r->out, "Hardware inventory:\n");
	text_printf(r->out, "%-16s %-8s %-12s %-33s %s\n", "Item", "Version", "Part number",
	    "Serial number", "Description");
	part_put(r->out, row);
	elem_each (part, row, "chassis-module")
		part_put(r->out, part);
}

void
show_fpc_row(struct render *r, const struct elem *row)
{
	text_printf(r->out, "Slot %-4s%-13s%s\n", value(row, "slot"), value(row, "state"),
	    value(row, "description"));
	elem_each (pic, row, "pic")
		text_printf(r->out, "  PIC %-3s%-13s%s\n", value(pic, "pic-slot"),
		    value(pic, "pic-state"), value(pic, "pic-type"));
}

/* "1.5G" of so many kilobytes. */
static const char *
size_print(const char *kilobytes, char out[32])
{
	static const char units[] = "KMGTP";
	double n = strtod(kilobytes, NULL);
	size_t unit = 0;
	while (n >= 1024 && units[unit + 1] != '\0') {
		n /= 1024;
		unit++;
	}
	snprintf(out, 32, n < 10 && unit > 0 ? "%.1f%c" : "%.0f%c", n, units[unit]);
	return out;
}

void
show_storage_begin(struct render *r)
{
	text_printf(r->out, "%-20s %10s %10s %10s  %-9s %s\n", "Filesystem", "Size", "Used",
	    "Avail", "Capacity", "Mounted on");
}

void
show_storage_row(struct render *r, const struct elem *row)
{
	char size[32];
	char used[32];
	char left[32];
	text_printf(r->out, "%-20s %10s %10s %10s  %7s%%  %s\n", value(row, "filesystem-name"),
	    size_print(value(row, "total-blocks"), size),
	    size_print(value(row, "used-blocks"), used),
	    size_print(value(row, "available-blocks"), left), value(row, "used-percent"),
	    value(row, "mounted-on"));
}

void
show_memory_row(struct render *r, const struct elem *row)
{
	static const char *const kinds[] = { "total", "active", "inactive", "cache", "free" };
	text_put(r->out, "System memory usage distribution:\n");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char name[64];
		struct text label = { 0 };
		snprintf(name, sizeof(name), "system-memory-%s", kinds[i]);
		const char *n = value(row, name);
		render_capital(&label, kinds[i]);
		snprintf(name, sizeof(name), "system-memory-%s-percent", kinds[i]);
		text_printf(r->out, "%13s memory: %10s Kbytes (%3s%%)\n", text_str(&label), n,
		    value(row, name));
		text_done(&label);
	}
}

void
show_directory_usage_row(struct render *r, const struct elem *row)
{
	text_printf(r->out, "%10s %s\n", value(row, "used-space"), value(row, "directory-name"));
}
