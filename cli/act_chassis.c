/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_chassis.c - show chassis routing-engine, show chassis hardware, show system storage, memory, directory-usage.
 *
 * All of it is what the kernel tells anybody: /proc, /sys, statvfs(). What is not to be had is left out. Called by act.c.
 */
#include <errno.h>
#include <ftw.h>
#include <mntent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "cli/act_do.h"
#include "cli/render.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

enum {
	SAMPLE_MS = 100, /* between two looks at the processor's counters */
	WALK_FDS = 16,   /* directories open at once */
};

/* --- small files --- */

/* Reads the first line of the file PATH, without blanks at its end. Returns NULL if there is none. */
static const char *
line_of(struct arena *a, const char *path)
{
	char buf[256] = "";
	FILE *f = fopen(path, "re");
	bool ok = f != NULL && fgets(buf, sizeof(buf), f) != NULL;
	if (f != NULL)
		fclose(f);
	size_t n = strlen(buf);
	while (n > 0 && strchr(" \t\n", buf[n - 1]) != NULL)
		buf[--n] = '\0';
	return ok && n > 0 ? arena_strdup(a, buf) : NULL;
}

/* Reads what follows "NAME<blanks>:" in the file PATH, such as /proc/cpuinfo. */
static const char *
field_of(struct arena *a, const char *path, const char *name)
{
	char buf[512];
	const char *found = NULL;
	FILE *f = fopen(path, "re");
	size_t len = strlen(name);
	while (f != NULL && found == NULL && fgets(buf, sizeof(buf), f) != NULL) {
		char *p = buf + len;
		if (strncmp(buf, name, len) != 0)
			continue;
		p += strspn(p, " \t");
		if (*p != ':')
			continue;
		p++;
		p += strspn(p, " \t");
		p[strcspn(p, "\n")] = '\0';
		found = arena_strdup(a, p);
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static uint64_t
kilobytes_of(struct arena *a, const char *name)
{
	const char *v = field_of(a, "/proc/meminfo", name);
	return v != NULL ? strtoull(v, NULL, 10) : 0;
}

static unsigned
percent(uint64_t part, uint64_t whole)
{
	return whole > 0 ? (unsigned)((part * 100 + whole / 2) / whole) : 0;
}

static void
row_end(struct act *a, struct arena *mem, const struct elem *row)
{
	act_begin(a);
	render_row(a->render, row);
	arena_free(mem);
}

/* --- routing engine --- */

enum { CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_WAIT, CPU_IRQ, CPU_SOFTIRQ, CPU_COUNTERS };

static bool
cpu_read(uint64_t out[CPU_COUNTERS])
{
	char buf[512];
	FILE *f = fopen("/proc/stat", "re");
	bool ok = f != NULL && fgets(buf, sizeof(buf), f) != NULL && strncmp(buf, "cpu ", 4) == 0;
	if (f != NULL)
		fclose(f);
	char *p = buf + 4;
	for (size_t i = 0; ok && i < CPU_COUNTERS; i++)
		out[i] = strtoull(p, &p, 10);
	return ok;
}

/* What the processor did just now. */
static void
cpu_put(struct arena *mem, struct elem *row)
{
	uint64_t a[CPU_COUNTERS];
	uint64_t b[CPU_COUNTERS];
	struct timespec pause = { .tv_nsec = SAMPLE_MS * 1000000L };
	uint64_t all = 0;
	if (!cpu_read(a))
		return;
	nanosleep(&pause, NULL);
	if (!cpu_read(b))
		return;
	for (size_t i = 0; i < CPU_COUNTERS; i++) {
		b[i] = b[i] > a[i] ? b[i] - a[i] : 0;
		all += b[i];
	}
	elem_leaff(mem, row, "cpu-user", "%u", percent(b[CPU_USER], all));
	elem_leaff(mem, row, "cpu-background", "%u", percent(b[CPU_NICE], all));
	elem_leaff(mem, row, "cpu-system", "%u", percent(b[CPU_SYSTEM], all));
	elem_leaff(mem, row, "cpu-interrupt", "%u", percent(b[CPU_IRQ] + b[CPU_SOFTIRQ], all));
	elem_leaff(mem, row, "cpu-idle", "%u", percent(b[CPU_IDLE] + b[CPU_WAIT], all));
}

static void
since_put(struct arena *mem, struct elem *row, const struct sysinfo *si)
{
	char text[64];
	struct tm tm;
	long up = si->uptime;
	time_t start = time(NULL) - up;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&start, &tm));
	elem_leaf(mem, row, "start-time", text);
	struct text t = { 0 };
	if (up >= 86400)
		text_printf(&t, "%ld day%s, ", up / 86400, up < 2 * 86400 ? "" : "s");
	if (up >= 3600)
		text_printf(&t, "%ld hour%s, ", up / 3600 % 24, up / 3600 % 24 == 1 ? "" : "s");
	text_printf(&t, "%ld minute%s, %ld second%s", up / 60 % 60, up / 60 % 60 == 1 ? "" : "s",
	    up % 60, up % 60 == 1 ? "" : "s");
	elem_leaf(mem, row, "up-time", text_str(&t));
	text_done(&t);
}

int
act_route_engine(struct act *a, const struct elem *request)
{
	static const char *const loads[] = { "load-average-one", "load-average-five",
		"load-average-fifteen" };
	struct sysinfo si = { 0 };
	struct arena *mem = arena_new();
	struct elem *row = elem_new(mem, "route-engine");
	uint64_t total = kilobytes_of(mem, "MemTotal");
	uint64_t available = kilobytes_of(mem, "MemAvailable");
	const char *model = field_of(mem, "/proc/cpuinfo", "model name");
	(void)request;
	elem_leaf(mem, row, "slot", "0");
	elem_leaf(mem, row, "mastership-state", "master");
	elem_leaf(mem, row, "status", "OK");
	elem_leaff(mem, row, "memory-dram-size", "%llu MB", (unsigned long long)total / 1024);
	elem_leaff(mem, row, "memory-buffer-utilization", "%u",
	    percent(total > available ? total - available : 0, total));
	cpu_put(mem, row);
	elem_leaf(mem, row, "model", model != NULL ? model : "unknown");
	if (sysinfo(&si) == 0) {
		since_put(mem, row, &si);
		elem_leaf(mem, row, "last-reboot-reason", "unknown");
		for (size_t i = 0; i < 3; i++)
			elem_leaff(
			    mem, row, loads[i], "%.2f", (double)si.loads[i] / (1 << SI_LOAD_SHIFT));
	}
	row_end(a, mem, row);
	return 0;
}

/* --- hardware --- */

int
act_inventory(struct act *a, const struct elem *request)
{
	struct arena *mem = arena_new();
	struct elem *row = elem_new(mem, "chassis");
	const char *serial = line_of(mem, "/sys/class/dmi/id/product_serial");
	const char *product = line_of(mem, "/sys/class/dmi/id/product_name");
	const char *cpu = field_of(mem, "/proc/cpuinfo", "model name");
	(void)request;
	/* who may not read the one gets the other, which is as good a name of this host */
	if (serial == NULL)
		serial = line_of(mem, "/etc/machine-id");
	if (serial == NULL)
		serial = line_of(mem, "/proc/sys/kernel/random/boot_id");
	elem_leaf(mem, row, "name", "Chassis");
	elem_leaf(mem, row, "serial-number", serial != NULL ? serial : "unknown");
	elem_leaf(mem, row, "description", product != NULL ? product : "sallyport");
	struct elem *module = elem_add(mem, row, "chassis-module");
	elem_leaf(mem, module, "name", "Routing Engine 0");
	elem_leaf(mem, module, "part-number", "BUILTIN");
	elem_leaf(mem, module, "serial-number", "BUILTIN");
	elem_leaf(mem, module, "description", cpu != NULL ? cpu : "unknown");
	row_end(a, mem, row);
	return 0;
}

/* --- storage --- */

static void
storage_row(struct act *a, const struct mntent *m)
{
	struct statvfs s;
	if (statvfs(m->mnt_dir, &s) < 0 || s.f_blocks == 0)
		return; /* proc, sysfs, ...: not storage */
	struct arena *mem = arena_new();
	struct elem *row = elem_new(mem, "filesystem");
	uint64_t unit = s.f_frsize;
	uint64_t used = s.f_blocks - s.f_bfree;
	elem_leaf(mem, row, "filesystem-name", m->mnt_fsname);
	elem_leaff(
	    mem, row, "total-blocks", "%llu", (unsigned long long)(s.f_blocks * unit / 1024));
	elem_leaff(mem, row, "used-blocks", "%llu", (unsigned long long)(used * unit / 1024));
	elem_leaff(
	    mem, row, "available-blocks", "%llu", (unsigned long long)(s.f_bavail * unit / 1024));
	elem_leaff(mem, row, "used-percent", "%u", percent(used, used + s.f_bavail));
	elem_leaf(mem, row, "mounted-on", m->mnt_dir);
	render_row(a->render, row);
	arena_free(mem);
}

int
act_storage(struct act *a, const struct elem *request)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent m;
	char buf[4096];
	(void)request;
	if (f == NULL)
		return act_fail(a, "error: cannot read mounts: %s", strerror(errno));
	act_begin(a);
	while (getmntent_r(f, &m, buf, sizeof(buf)) != NULL)
		storage_row(a, &m);
	endmntent(f);
	return 0;
}

static uint64_t walk_octets; /* nftw() hands its caller nothing */

static int
walk_add(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)path;
	(void)at;
	if (kind != FTW_NS)
		walk_octets += (uint64_t)st->st_blocks * 512;
	return 0;
}

int
act_directory_usage(struct act *a, const struct elem *request)
{
	const char *given = elem_value(request, "path");
	char *path = act_path(given != NULL ? given : ".");
	struct arena *mem = arena_new();
	struct elem *row = elem_new(mem, "directory");
	walk_octets = 0;
	int rc = path != NULL ? nftw(path, walk_add, WALK_FDS, FTW_PHYS | FTW_MOUNT) : -1;
	if (rc == 0) {
		elem_leaf(mem, row, "directory-name", path);
		elem_leaff(mem, row, "used-space", "%llu", (unsigned long long)walk_octets);
		row_end(a, mem, row);
	} else {
		act_fail(a, "error: %s: %s", given != NULL ? given : "", strerror(errno));
		arena_free(mem);
	}
	free(path);
	return rc == 0 ? 0 : 1;
}

/* --- memory --- */

int
act_memory(struct act *a, const struct elem *request)
{
	static const struct {
		const char *leaf;
		const char *field; /* of /proc/meminfo */
	} lines[] = {
		{ "total", "MemTotal" },
		{ "active", "Active" },
		{ "inactive", "Inactive" },
		{ "cache", "Cached" },
		{ "free", "MemFree" },
	};
	struct arena *mem = arena_new();
	struct elem *row = elem_new(mem, "system-memory-summary-information");
	uint64_t total = kilobytes_of(mem, "MemTotal");
	(void)request;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		uint64_t n = kilobytes_of(mem, lines[i].field);
		const char *name = arena_printf(mem, "system-memory-%s", lines[i].leaf);
		elem_leaff(mem, row, name, "%llu", (unsigned long long)n);
		name = arena_printf(mem, "system-memory-%s-percent", lines[i].leaf);
		elem_leaff(mem, row, name, "%u", percent(n, total));
	}
	row_end(a, mem, row);
	return 0;
}
