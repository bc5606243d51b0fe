/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act_tool.c - ping and traceroute: programs of the host that run with the rights of the user. Called by act.c.
 *
 * The program is in a process group of its own: ^C comes here and is passed on, and then it says what it knows and ends.
 */
#include "cli/act_do.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/ping_text.h"
#include "cli/render.h"
#include "cli/tool.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

enum { LINE_MAX_LEN = 1 << 16 };

struct tool {
	pid_t pid;
	int fd; /* what it says */
	bool is_ping;
	struct ping_text ping;
	struct text line; /* what it has said of a line so far */
};

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t ending; /* the signal that ends us: the terminal is gone */

static void
on_interrupt(int sig)
{
	interrupted = 1;
	if (sig != SIGINT)
		ending = sig;
}

/* What the program is to hear of. */
static const int signals[] = { SIGINT, SIGHUP, SIGTERM };

enum { SIGNALS_N = sizeof(signals) / sizeof(signals[0]) };

/* Where the programs are, on hosts with and without a merged /usr. */
static const char *const folders[] = { "/usr/bin", "/bin", "/usr/sbin", "/sbin" };

static void
run(const char *const *argv, int out)
{
	static char locale[] = "LC_ALL=C";
	static char *const environment[] = { locale, NULL };
	char path[64];
	int in = open("/dev/null", O_RDONLY);
	setpgid(0, 0);
	sigset_t none;
	sigemptyset(&none);
	for (size_t i = 0; i < SIGNALS_N; i++)
		signal(signals[i], SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	/* one that has come already ends us now */
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], argv[0]);
		execve(path, (char *const *)(uintptr_t)argv, environment);
	}
	dprintf(STDOUT_FILENO, "error: %s is not installed on this system\n", argv[0]);
	_exit(127);
}

/* Returns 0, or 1 with a line in a->error. */
static int
tool_start(struct act *act, const struct elem *request, struct tool *t)
{
	const char *argv[TOOL_ARGS_MAX];
	int ends[2];
	struct arena *a = arena_new();
	int rc = 1;
	if (!tool_arguments(request, elem_find(act->run, "facts"), a, argv, act->error))
		goto out;
	rc = pipe2(ends, O_CLOEXEC) < 0 ? act_fail(act, "error: %s", strerror(errno)) : 0;
	if (rc != 0)
		goto out;
	t->pid = fork();
	if (t->pid == 0)
		run(argv, ends[1]);
	close(ends[1]);
	t->fd = ends[0];
	if (t->pid < 0) {
		close(ends[0]);
		rc = act_fail(act, "error: %s", strerror(errno));
		goto out;
	}
	const char *count = elem_value(request, "count");
	t->is_ping = strcmp(argv[0], "ping") == 0;
	t->ping.is_rapid = elem_has(request, "rapid");
	t->ping.count = count != NULL ? (unsigned)strtoul(count, NULL, 10) : 5;
out:
	arena_free(a);
	return rc;
}

static void
line_end(struct tool *t, struct text *out)
{
	if (t->is_ping)
		ping_text_line(&t->ping, text_str(&t->line), out);
	else
		text_printf(out, "%s\n", text_str(&t->line));
	text_reset(&t->line);
}

/* traceroute shows each answer of a line as it comes; ping's lines are changed as a whole. */
static void
said(struct tool *t, const char *s, size_t n, struct text *out)
{
	if (!t->is_ping) {
		text_putn(out, s, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\n' || t->line.len >= LINE_MAX_LEN)
			line_end(t, out);
		else if (s[i] != '\0')
			text_putc(&t->line, s[i]);
}

/* Adds what has come to OUT. False: it was the last. */
static bool
tool_read(struct tool *t, struct text *out)
{
	char buf[4096];
	ssize_t n = read(t->fd, buf, sizeof(buf));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n > 0) {
		said(t, buf, (size_t)n, out);
		return true;
	}
	if (t->line.len > 0)
		line_end(t, out);
	return false;
}

static void
tool_interrupt(struct tool *t)
{
	/* how many are still to come is not known any more */
	t->ping.count = 0;
	kill(t->pid, SIGINT);
}

/* Waits until it says something, or for ^C. */
static void
tool_wait(struct tool *t, const sigset_t *mask)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	do {
		if (interrupted)
			tool_interrupt(t);
		interrupted = 0;
	} while (ppoll(&p, 1, NULL, mask) < 0 && errno == EINTR);
}

/* Shows what it says until it ends. Returns its exit status. */
static int
tool_follow(struct act *a, struct tool *t, const sigset_t *mask)
{
	struct text said = { 0 };
	bool is_wanted = true;
	int status = 0;
	for (bool more = true; more;) {
		tool_wait(t, mask);
		text_reset(&said);
		more = tool_read(t, &said);
		if (!is_wanted)
			continue;
		render_text(a->render, text_str(&said));
		is_wanted = a->flush(a->arg);
		if (!is_wanted)
			tool_interrupt(t);
	}
	close(t->fd);
	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	text_done(&t->line);
	text_done(&said);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
act_tool(struct act *a, const struct elem *request)
{
	struct sigaction on_signal = { .sa_handler = on_interrupt };
	struct sigaction old[SIGNALS_N];
	struct tool t = { 0 };
	sigset_t before;
	sigset_t ours;
	/* signals are let in only while we wait, so that none is missed; the program must not meet our handlers */
	sigemptyset(&ours);
	interrupted = ending = 0;
	for (size_t i = 0; i < SIGNALS_N; i++)
		sigaddset(&ours, signals[i]);
	sigprocmask(SIG_BLOCK, &ours, &before);
	for (size_t i = 0; i < SIGNALS_N; i++)
		sigaction(signals[i], &on_signal, &old[i]);
	int rc = tool_start(a, request, &t);
	if (rc == 0)
		rc = tool_follow(a, &t, &before);
	for (size_t i = 0; i < SIGNALS_N; i++)
		sigaction(signals[i], &old[i], NULL);
	if (ending != 0)
		raise(ending);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc != 0;
}
