/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_host.c - tables of commands about the host: show system uptime, users, processes; file list, file checksum;
 * show log user.
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

/* The first attribute of child NAME. */
static const char *
attribute(const struct elem *e, const char *name)
{
	const struct elem *c = elem_find(e, name);
	const struct elem *a = c != NULL ? row_attribute(c) : NULL;
	return a != NULL && a->value != NULL ? a->value : "";
}

/* --- time and users --- */

static void
users_put(struct text *out, const struct elem *table)
{
	text_put(out, "USER     TTY      FROM                              LOGIN@  IDLE WHAT\n");
	elem_each (u, table, "user-entry")
		text_printf(out, "%-8s %-8s %-33s %-7s %4s %s\n", value(u, "user"), value(u, "tty"),
		    value(u, "from"), value(u, "login-time"), value(u, "idle-time"),
		    value(u, "command"));
}

static void
uptime_put(struct text *out, const struct elem *row)
{
	const char *n = value(row, "active-user-count");
	text_printf(out, "%s  up %s, %s user%s, load averages: %s, %s, %s\n",
	    value(row, "date-time"), value(row, "up-time"), n, strcmp(n, "1") == 0 ? "" : "s",
	    value(row, "load-average-1"), value(row, "load-average-5"),
	    value(row, "load-average-15"));
	if (elem_has(row, "user-table"))
		users_put(out, elem_find(row, "user-table"));
}

void
show_uptime_row(struct render *r, const struct elem *row)
{
	static const struct {
		const char *name;
		const char *label;
	} lines[] = {
		{ "current-time", "Current time" },
		{ "last-configured-time", "Last configured" },
		{ "protocols-started-time", "Protocols started" },
		{ "system-booted-time", "System booted" },
	};
	if (strcmp(row->name, "uptime-information") == 0) {
		uptime_put(r->out, row);
		return;
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strcmp(lines[i].name, row->name) != 0)
			continue;
		text_printf(r->out, "%s: %s", lines[i].label, value(row, "date-time"));
		if (elem_has(row, "time-length"))
			text_printf(r->out, " (%s ago)", value(row, "time-length"));
		if (elem_has(row, "user"))
			text_printf(r->out, " by %s", value(row, "user"));
		text_putc(r->out, '\n');
	}
}

void
show_user_log_row(struct render *r, const struct elem *row)
{
	text_printf(r->out, "%-8s %-8s %-16s %s", value(row, "user"), value(row, "tty"),
	    value(row, "from"), value(row, "login-time"));
	if (elem_has(row, "logout-time"))
		text_printf(
		    r->out, " - %s  (%s)\n", value(row, "logout-time"), value(row, "time-length"));
	else
		text_put(r->out, "   still logged in\n");
}

/* --- processes --- */

/* KB as top(1) writes them. */
static const char *
size_print(const char *kb, char out[32])
{
	unsigned long long n = strtoull(kb, NULL, 10);
	if (n >= 100 * 1024)
		snprintf(out, 32, "%lluM", n / 1024);
	else
		snprintf(out, 32, "%lluK", n);
	return out;
}

static void
summary_put(struct text *out, const struct elem *row)
{
	char a[32];
	char b[32];
	char c[32];
	unsigned long long up = strtoull(value(row, "up-seconds"), NULL, 10);
	text_printf(out, "last pid: %s;  load averages: %s, %s, %s  up %llu+%02llu:%02llu:%02llu\n",
	    value(row, "last-pid"), value(row, "load-average-1"), value(row, "load-average-5"),
	    value(row, "load-average-15"), up / 86400, up / 3600 % 24, up / 60 % 60, up % 60);
	text_printf(out, "%s processes: %s running, %s sleeping\n", value(row, "total"),
	    value(row, "running"), value(row, "sleeping"));
	text_printf(out, "Mem: %s Total, %s Buf, %s Free\n",
	    size_print(value(row, "memory-total"), a), size_print(value(row, "memory-buffers"), b),
	    size_print(value(row, "memory-free"), c));
	text_printf(out, "Swap: %s Total, %s Free\n", size_print(value(row, "swap-total"), a),
	    size_print(value(row, "swap-free"), b));
}

static void
process_put(struct render *r, const struct elem *p)
{
	char size[32];
	char resident[32];
	bool is_first = strcmp(r->group, "process") != 0;
	snprintf(r->group, sizeof(r->group), "process");
	if (strcmp(r->style, "detail") == 0) {
		if (is_first)
			text_put(r->out,
			    "  PID   UID  PPID    CPU PRI  NI      VSZ      RSS WCHAN       "
			    "       STAT  TT        TIME COMMAND\n");
		text_printf(r->out, "%5s %5s %5s %6s %3s %3s %8s %8s %-18s %-4s %3s %10s %s\n",
		    value(p, "pid"), value(p, "uid"), value(p, "ppid"), value(p, "cpu"),
		    value(p, "priority"), value(p, "nice"), value(p, "size"), value(p, "resident"),
		    value(p, "wait-channel"), value(p, "state"), value(p, "tty"), value(p, "time"),
		    value(p, "command"));
	} else if (r->style[0] != '\0') {
		if (is_first)
			text_put(r->out,
			    "\n  PID USERNAME           THR PRI NICE   SIZE    RES STATE "
			    "      TIME   WCPU COMMAND\n");
		text_printf(r->out, "%5s %-18s %3s %3s %4s %6s %6s %-5s %10s %5s%% %s\n",
		    value(p, "pid"), value(p, "user"), value(p, "threads"), value(p, "priority"),
		    value(p, "nice"), size_print(value(p, "size"), size),
		    size_print(value(p, "resident"), resident), value(p, "state"), value(p, "time"),
		    value(p, "cpu"), value(p, "command"));
	} else {
		if (is_first)
			text_put(r->out, "  PID  TT  STAT        TIME COMMAND\n");
		text_printf(r->out, "%5s %3s  %-4s  %10s %s\n", value(p, "pid"), value(p, "tty"),
		    value(p, "state"), value(p, "time"), value(p, "command"));
	}
}

void
show_processes_row(struct render *r, const struct elem *row)
{
	if (strcmp(row->name, "process-summary") == 0)
		summary_put(r->out, row);
	else
		process_put(r, row);
}

/* --- files --- */

static void
file_put(struct text *out, const struct elem *f)
{
	bool is_detail = elem_has(f, "file-permissions");
	const char *date = attribute(f, "file-date");
	if (is_detail)
		text_printf(out, "%s %3s %-8s %-8s %10s %s ", attribute(f, "file-permissions"),
		    value(f, "file-links"), value(f, "file-owner"), value(f, "file-group"),
		    value(f, "file-size"), date);
	text_put(out, value(f, "file-name"));
	if (elem_has(f, "file-directory"))
		text_putc(out, '/');
	if (elem_has(f, "file-symlink-target"))
		text_printf(out, "@ -> %s", value(f, "file-symlink-target"));
	text_putc(out, '\n');
}

/* A folder comes as the beginning of an element and then as its children. */
void
show_files_row(struct render *r, const struct elem *row)
{
	const struct elem *name = row_attribute(row);
	const char *v = row->value != NULL ? row->value : "";
	if (strcmp(row->name, "directory") == 0 && name != NULL && name->value != NULL)
		text_printf(r->out, "%s%s:\n", r->n_rows > 0 ? "\n" : "", name->value);
	else if (strcmp(row->name, "file-information") == 0)
		file_put(r->out, row);
	else if (strcmp(row->name, "total-file-blocks") == 0)
		text_printf(
		    r->out, strcmp(r->style, "log") == 0 ? "total %s\n" : "total blocks: %s\n", v);
	else if (strcmp(row->name, "total-files") == 0)
		text_printf(r->out, "total files: %s\n", v);
	else if (strcmp(row->name, "output") == 0)
		text_printf(r->out, "%s\n", v);
}

void
show_checksum_row(struct render *r, const struct elem *row)
{
	text_printf(r->out, "%s (%s) = %s\n", value(row, "computation-method"),
	    value(row, "input-file"), value(row, "checksum"));
}

void
show_directory_row(struct render *r, const struct elem *row)
{
	text_printf(r->out, "Current directory: %s\n", row->value != NULL ? row->value : "");
}
