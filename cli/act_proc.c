/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_proc.c - show system processes, from /proc: as much of it as the person may see. Called by act.c.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cli/act_do.h"
#include "cli/render.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"

enum { KTHREADD = 2 };

struct process {
	int pid;
	int ppid;
	uid_t uid;
	char state;
	char command[64];
	unsigned tty;
	long priority;
	long nice;
	long threads;
	unsigned long long ticks; /* of the processor */
	unsigned long long start; /* ticks after the start of the host */
	unsigned long long size;  /* bytes */
	long resident;            /* pages */
	char wait[24];
};

struct processes {
	struct process *list;
	size_t n;
	size_t cap;
	unsigned n_running;
	int last_pid;
};

/* Reads a small file of folder DIR; "" if it cannot be. */
static void
small_read(int dir, const char *name, char *out, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, size - 1) : 0;
	out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Reads one process; false if it is gone. proc(5) has the fields. */
static bool
process_read(int proc, const char *name, struct process *p)
{
	char text[1024];
	struct stat st;
	int dir = openat(proc, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	*p = (struct process){ .pid = atoi(name) };
	if (dir < 0)
		return false;
	small_read(dir, "stat", text, sizeof(text));
	char *open = strchr(text, '(');
	char *close_at = strrchr(text, ')');
	unsigned long long user = 0;
	unsigned long long system = 0;
	int n = 0;
	if (open != NULL && close_at != NULL && close_at > open) {
		*close_at = '\0';
		snprintf(p->command, sizeof(p->command), "%s", open + 1);
		n = sscanf(close_at + 1,
		    " %c %d %*d %*d %u %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %ld %ld %ld %*d "
		    "%llu %llu %ld",
		    &p->state, &p->ppid, &p->tty, &user, &system, &p->priority, &p->nice,
		    &p->threads, &p->start, &p->size, &p->resident);
	}
	p->ticks = user + system;
	if (fstat(dir, &st) == 0)
		p->uid = st.st_uid;
	small_read(dir, "wchan", p->wait, sizeof(p->wait));
	close(dir);
	return n == 11;
}

static void
processes_read(struct processes *all)
{
	DIR *d = opendir("/proc");
	if (d == NULL)
		return;
	for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (all->n == all->cap) {
			all->cap = all->cap > 0 ? all->cap * 2 : 256;
			all->list = reallocarray(all->list, all->cap, sizeof(*all->list));
			if (all->list == NULL)
				abort();
		}
		struct process *p = &all->list[all->n];
		if (!process_read(dirfd(d), e->d_name, p))
			continue;
		all->n++;
		all->n_running += p->state == 'R';
		all->last_pid = p->pid > all->last_pid ? p->pid : all->last_pid;
	}
	closedir(d);
}

/* Percent of one processor since it was started. */
static double
share(const struct process *p, double up_s)
{
	double hz = (double)sysconf(_SC_CLK_TCK);
	double lived_s = up_s - (double)p->start / hz;
	return lived_s > 1 ? (double)p->ticks / hz / lived_s * 100 : 0;
}

static int
by_time(const void *a, const void *b)
{
	const struct process *p = a;
	const struct process *q = b;
	if (p->ticks != q->ticks)
		return p->ticks < q->ticks ? 1 : -1;
	return p->pid - q->pid;
}

static void
summary_row(struct act *a, const struct processes *all)
{
	struct sysinfo info = { 0 };
	double load[3] = { 0 };
	struct arena *arena = arena_new();
	struct elem *row = elem_new(arena, "process-summary");
	(void)sysinfo(&info);
	(void)getloadavg(load, 3);
	unsigned long long unit = info.mem_unit;
	elem_leaff(arena, row, "last-pid", "%d", all->last_pid);
	elem_leaff(arena, row, "load-average-1", "%.2f", load[0]);
	elem_leaff(arena, row, "load-average-5", "%.2f", load[1]);
	elem_leaff(arena, row, "load-average-15", "%.2f", load[2]);
	elem_leaff(arena, row, "up-seconds", "%ld", info.uptime);
	elem_leaff(arena, row, "total", "%zu", all->n);
	elem_leaff(arena, row, "running", "%u", all->n_running);
	elem_leaff(arena, row, "sleeping", "%zu", all->n - all->n_running);
	elem_leaff(arena, row, "memory-total", "%llu", info.totalram * unit / 1024);
	elem_leaff(arena, row, "memory-free", "%llu", info.freeram * unit / 1024);
	elem_leaff(arena, row, "memory-buffers", "%llu", info.bufferram * unit / 1024);
	elem_leaff(arena, row, "swap-total", "%llu", info.totalswap * unit / 1024);
	elem_leaff(arena, row, "swap-free", "%llu", info.freeswap * unit / 1024);
	render_row(a->render, row);
	arena_free(arena);
}

static void
process_row(struct act *a, const struct process *p, double up_s)
{
	struct arena *arena = arena_new();
	struct elem *row = elem_new(arena, "process");
	const struct passwd *pw = getpwuid(p->uid);
	unsigned long long hz = (unsigned long long)sysconf(_SC_CLK_TCK);
	unsigned long long page_kb = (unsigned long long)sysconf(_SC_PAGESIZE) / 1024;
	unsigned long long cs = p->ticks * 100 / hz;
	elem_leaff(arena, row, "pid", "%d", p->pid);
	elem_leaff(arena, row, "ppid", "%d", p->ppid);
	elem_leaff(arena, row, "uid", "%u", p->uid);
	if (pw != NULL)
		elem_leaf(arena, row, "user", pw->pw_name);
	else
		elem_leaff(arena, row, "user", "%u", p->uid);
	if (p->tty == 0)
		elem_leaf(arena, row, "tty", "??");
	else
		elem_leaff(
		    arena, row, "tty", "%s%u", major(p->tty) == 4 ? "v" : "p", minor(p->tty));
	elem_leaff(arena, row, "state", "%c%s", p->state,
	    p->nice < 0   ? "<"
	    : p->nice > 0 ? "N"
			  : "");
	elem_leaff(arena, row, "threads", "%ld", p->threads);
	elem_leaff(arena, row, "priority", "%ld", p->priority);
	elem_leaff(arena, row, "nice", "%ld", p->nice);
	elem_leaff(arena, row, "size", "%llu", p->size / 1024);
	elem_leaff(arena, row, "resident", "%llu", (unsigned long long)p->resident * page_kb);
	elem_leaf(arena, row, "wait-channel", p->wait[0] > '0' ? p->wait : "-");
	elem_leaff(arena, row, "time", "%llu:%02llu.%02llu", cs / 6000, cs / 100 % 60, cs % 100);
	elem_leaff(arena, row, "cpu", "%.2f", share(p, up_s));
	elem_leaf(arena, row, "command", p->command);
	render_row(a->render, row);
	arena_free(arena);
}

int
act_processes(struct act *a, const struct elem *request)
{
	static const char *const styles[] = { "brief", "detail", "extensive", "summary" };
	const char *style = "";
	const char *root = elem_value(a->run, "root");
	struct processes all = { 0 };
	struct sysinfo info = { 0 };
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]) && style[0] == '\0'; i++)
		if (elem_has(request, styles[i]))
			style = styles[i];
	bool is_brief = strcmp(style, "brief") == 0;
	bool is_summary = strcmp(style, "summary") == 0;
	bool is_extensive = strcmp(style, "extensive") == 0;
	processes_read(&all);
	(void)sysinfo(&info);
	render_begin(a->render, root != NULL ? root : "system-process-information", style);
	if (is_brief || is_summary || is_extensive)
		summary_row(a, &all);
	if ((is_summary || is_extensive) && all.n > 0)
		qsort(all.list, all.n, sizeof(*all.list), by_time);
	for (size_t i = 0; i < all.n && !is_brief; i++) {
		const struct process *p = &all.list[i];
		if (is_summary && (p->pid == KTHREADD || p->ppid == KTHREADD))
			continue;
		process_row(a, p, (double)info.uptime);
		if (i % 64 == 63 && !a->flush(a->arg))
			break;
	}
	free(all.list);
	return 0;
}
