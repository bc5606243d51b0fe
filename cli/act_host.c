/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_host.c - show system uptime, show system users, show log user; start shell.
 *
 * The clock and the load are the kernel's, users are those of utmp and wtmp. Times are UTC, as everywhere. Called by act.c.
 */
#include <errno.h>
#include <paths.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#include "cli/act_do.h"
#include "cli/render.h"
#include "lib/base/arena.h"
#include "lib/msg/elem.h"

enum { LOGINS_MAX = 1000 };

/* "1d 02:03", "02:03:04", "2w6d 16:12" */
static const char *
age_print(long long s, char out[48])
{
	long long days = s / 86400;
	int hour = (int)(s / 3600 % 24);
	int minute = (int)(s / 60 % 60);
	if (days >= 7)
		snprintf(out, 48, "%lldw%lldd %02d:%02d", days / 7, days % 7, hour, minute);
	else if (days > 0)
		snprintf(out, 48, "%lldd %02d:%02d", days, hour, minute);
	else
		snprintf(out, 48, "%02d:%02d:%02d", hour, minute, (int)(s % 60));
	return out;
}

/* "1 day, 2:03", "2:03", "5 mins" */
static const char *
up_print(long long s, char out[48])
{
	long long days = s / 86400;
	int hour = (int)(s / 3600 % 24);
	int minute = (int)(s / 60 % 60);
	int n = 0;
	out[0] = '\0';
	if (days > 0)
		n = snprintf(out, 48, "%lld day%s, ", days, days == 1 ? "" : "s");
	if (hour > 0)
		snprintf(out + n, 48 - (size_t)n, "%d:%02d", hour, minute);
	else
		snprintf(out + n, 48 - (size_t)n, "%d min%s", minute, minute == 1 ? "" : "s");
	return out;
}

/* A leaf with its number of seconds as an attribute. */
static void
timed_leaf(struct arena *a, struct elem *e, const char *name, const char *text, long long seconds)
{
	elem_leaf(a, e, name, text);
	elem_leaff(a, e, "junos:seconds", "%lld", seconds);
}

static struct elem *
moment_row(struct arena *a, const char *name, time_t when, bool with_age)
{
	char text[64];
	struct tm tm;
	struct elem *row = elem_new(a, name);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&when, &tm));
	timed_leaf(a, row, "date-time", text, (long long)when);
	long long age = (long long)(time(NULL) - when);
	char age_text[48];
	if (with_age)
		timed_leaf(a, row, "time-length", age_print(age > 0 ? age : 0, age_text), age);
	return row;
}

/* --- users --- */

/* "9:30AM" today (the caller drops the first zero), "19Nov2008" before. */
static void
login_time_print(time_t when, char out[32])
{
	struct tm tm;
	bool is_today = time(NULL) - when < 86400;
	strftime(out, 32, is_today ? "%I:%M%p" : "%d%b%Y", gmtime_r(&when, &tm));
}

/* The name of the process that has the terminal of process PID; "-" if it cannot be seen. */
static void
foreground_print(int pid, char out[64])
{
	char path[64];
	int group = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *f = fopen(path, "re");
	if (f != NULL) {
		/* the name in parentheses may hold anything but ends at the last one */
		char line[1024] = "";
		if (fgets(line, sizeof(line), f) != NULL && strrchr(line, ')') != NULL)
			(void)sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %d", &group);
		fclose(f);
	}
	snprintf(out, 64, "-");
	snprintf(path, sizeof(path), "/proc/%d/comm", group > 0 ? group : pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(out, 64, f) != NULL)
		out[strcspn(out, "\n")] = '\0';
	fclose(f);
}

static void
user_add(struct arena *a, struct elem *table, const struct utmpx *u)
{
	char text[64];
	struct stat st;
	struct elem *e = elem_add(a, table, "user-entry");
	elem_leaff(a, e, "user", "%.*s", (int)sizeof(u->ut_user), u->ut_user);
	elem_leaff(a, e, "tty", "%.*s", (int)sizeof(u->ut_line), u->ut_line);
	elem_leaff(a, e, "from", "%.*s", (int)sizeof(u->ut_host),
	    u->ut_host[0] != '\0' ? u->ut_host : "-");
	login_time_print(u->ut_tv.tv_sec, text);
	timed_leaf(a, e, "login-time", text + (text[0] == '0'), (long long)u->ut_tv.tv_sec);
	char tty[64];
	snprintf(tty, sizeof(tty), "/dev/%.*s", (int)sizeof(u->ut_line), u->ut_line);
	long long idle = stat(tty, &st) == 0 ? (long long)(time(NULL) - st.st_atime) : 0;
	if (idle < 60)
		snprintf(text, sizeof(text), "-");
	else if (idle < 3600)
		snprintf(text, sizeof(text), "%lld", idle / 60);
	else
		snprintf(text, sizeof(text), "%lld:%02lld", idle / 3600, idle / 60 % 60);
	timed_leaf(a, e, "idle-time", text, idle);
	foreground_print(u->ut_pid, text);
	elem_leaf(a, e, "command", text);
}

/* The line of uptime(1); WITH_USERS: and a row for each user. */
static struct elem *
uptime_row(struct arena *a, bool with_users)
{
	char text[48];
	struct sysinfo info;
	struct tm tm;
	time_t now = time(NULL);
	double load[3] = { 0 };
	struct elem *row = elem_new(a, "uptime-information");
	strftime(text, sizeof(text), "%I:%M%p", gmtime_r(&now, &tm));
	timed_leaf(a, row, "date-time", text + (text[0] == '0'), (long long)now);
	if (sysinfo(&info) < 0)
		info.uptime = 0;
	timed_leaf(a, row, "up-time", up_print(info.uptime, text), info.uptime);
	struct elem *table = elem_new(a, "user-table");
	unsigned n = 0;
	setutxent();
	for (const struct utmpx *u = getutxent(); u != NULL; u = getutxent()) {
		if (u->ut_type != USER_PROCESS || u->ut_user[0] == '\0')
			continue;
		n++;
		user_add(a, table, u);
	}
	endutxent();
	elem_leaff(a, row, "active-user-count", "%u", n);
	(void)getloadavg(load, 3);
	elem_leaff(a, row, "load-average-1", "%.2f", load[0]);
	elem_leaff(a, row, "load-average-5", "%.2f", load[1]);
	elem_leaff(a, row, "load-average-15", "%.2f", load[2]);
	if (with_users && n > 0) {
		row->last->next = table;
		table->parent = row;
		row->last = table;
	}
	return row;
}

int
act_users(struct act *a, const struct elem *request)
{
	struct arena *arena = arena_new();
	(void)request;
	act_begin(a);
	render_row(a->render, uptime_row(arena, true));
	arena_free(arena);
	return 0;
}

/* --- times --- */

/* When the gateway was started: its pid file is written then. 0: not known. */
static time_t
gateway_started(const struct act *a)
{
	char path[4096];
	struct stat st;
	snprintf(path, sizeof(path), "%s/pid/sallyportd", a->rundir);
	return stat(path, &st) == 0 ? st.st_mtime : 0;
}

int
act_uptime(struct act *a, const struct elem *request)
{
	struct arena *arena = arena_new();
	struct sysinfo info;
	time_t now = time(NULL);
	time_t started = gateway_started(a);
	const char *commit = act_fact(a, "commit-seconds");
	const char *user = act_fact(a, "commit-user");
	(void)request;
	act_begin(a);
	render_row(a->render, moment_row(arena, "current-time", now, false));
	if (sysinfo(&info) == 0)
		render_row(
		    a->render, moment_row(arena, "system-booted-time", now - info.uptime, true));
	if (started != 0)
		render_row(a->render, moment_row(arena, "protocols-started-time", started, true));
	if (commit != NULL) {
		struct elem *row = moment_row(
		    arena, "last-configured-time", (time_t)strtoll(commit, NULL, 10), true);
		elem_leaf(arena, row, "user", user != NULL ? user : "");
		render_row(a->render, row);
	}
	render_row(a->render, uptime_row(arena, false));
	arena_free(arena);
	return 0;
}

/* --- the log of logins --- */

struct login {
	char user[sizeof(((struct utmpx *)0)->ut_user) + 1];
	char tty[sizeof(((struct utmpx *)0)->ut_line) + 1];
	char from[sizeof(((struct utmpx *)0)->ut_host) + 1];
	time_t in;
	time_t out; /* 0: still there, or nobody knows */
};

static void
login_end(struct login *logins, size_t n, const struct utmpx *u)
{
	for (size_t i = n; i-- > 0;)
		if (strncmp(logins[i].tty, u->ut_line, sizeof(u->ut_line)) == 0) {
			if (logins[i].out == 0)
				logins[i].out = u->ut_tv.tv_sec;
			return;
		}
}

/* Reads wtmp; keeps the newest LOGINS_MAX of USER (NULL: of everybody). */
static size_t
logins_read(struct login *logins, const char *user)
{
	size_t n = 0;
	utmpxname(_PATH_WTMP);
	setutxent();
	for (const struct utmpx *u = getutxent(); u != NULL; u = getutxent()) {
		bool is_other = user != NULL && strncmp(user, u->ut_user, sizeof(u->ut_user)) != 0;
		if (u->ut_type == DEAD_PROCESS)
			login_end(logins, n, u);
		if (u->ut_type != USER_PROCESS || is_other)
			continue;
		if (n == LOGINS_MAX)
			memmove(logins, logins + 1, --n * sizeof(*logins));
		struct login *l = &logins[n++];
		*l = (struct login){ .in = u->ut_tv.tv_sec };
		memcpy(l->user, u->ut_user, sizeof(u->ut_user));
		memcpy(l->tty, u->ut_line, sizeof(u->ut_line));
		memcpy(l->from, u->ut_host, sizeof(u->ut_host));
	}
	endutxent();
	utmpxname(_PATH_UTMP);
	return n;
}

/* "00:28", "2+03:15" behind a day. */
static const char *
stay_print(long long seconds, char out[64])
{
	long long minutes = seconds > 0 ? seconds / 60 : 0;
	char days[32] = "";
	if (minutes >= 24 * 60)
		snprintf(days, sizeof(days), "%lld+", minutes / (24 * 60));
	snprintf(out, 64, "%s%02lld:%02lld", days, minutes / 60 % 24, minutes % 60);
	return out;
}

int
act_user_log(struct act *a, const struct elem *request)
{
	struct login *logins = calloc(LOGINS_MAX, sizeof(*logins));
	if (logins == NULL)
		abort();
	size_t n = logins_read(logins, elem_value(request, "user"));
	act_begin(a);
	for (size_t i = n; i-- > 0;) {
		char text[64];
		struct tm tm;
		struct arena *arena = arena_new();
		struct elem *row = elem_new(arena, "login");
		elem_leaf(arena, row, "user", logins[i].user);
		elem_leaf(arena, row, "tty", logins[i].tty);
		elem_leaf(arena, row, "from", logins[i].from);
		strftime(text, sizeof(text), "%a %b %e %H:%M", gmtime_r(&logins[i].in, &tm));
		timed_leaf(arena, row, "login-time", text, (long long)logins[i].in);
		strftime(text, sizeof(text), "%H:%M", gmtime_r(&logins[i].out, &tm));
		if (logins[i].out != 0) {
			long long stay = (long long)(logins[i].out - logins[i].in);
			timed_leaf(arena, row, "logout-time", text, (long long)logins[i].out);
			timed_leaf(arena, row, "time-length", stay_print(stay, text), stay);
		}
		render_row(a->render, row);
		arena_free(arena);
	}
	free(logins);
	return 0;
}

/* --- a shell --- */

/* The user's own shell, unless that is us. */
static const char *
own_shell(void)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *shell = pw != NULL && pw->pw_shell[0] == '/' ? pw->pw_shell : "/bin/sh";
	const char *slash = strrchr(shell, '/');
	return strcmp(slash + 1, "sallyport") == 0 || access(shell, X_OK) < 0 ? "/bin/sh" : shell;
}

int
act_shell(struct act *a, const struct elem *request)
{
	const char *which = elem_value(request, "shell");
	const char *program = own_shell();
	if (which != NULL)
		program = strcmp(which, "csh") == 0 ? "/bin/csh" : "/bin/sh";
	if (a->give_terminal == NULL)
		return act_fail(a, "error: a shell needs a terminal");
	if (access(program, X_OK) < 0)
		return act_fail(a, "error: %s: %s", program, strerror(errno));
	/* programs that log in wait for the prompt of JUNOS's shells */
	(void)setenv("PS1", geteuid() == 0 ? "# " : "% ", 1);
	char *argv[] = { (char *)program, NULL };
	(void)a->give_terminal(a->arg, argv);
	return 0;
}
