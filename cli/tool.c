/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tool.c - ping and traceroute: programs of the host that run with the rights of the user. Called by client.c.
 */
#include "cli/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/ping_text.h"
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
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
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

struct tool *
tool_start(const struct elem *request, struct text *why)
{
	const char *argv[TOOL_ARGS_MAX];
	int ends[2];
	struct arena *a = arena_new();
	struct tool *t = calloc(1, sizeof(*t));
	if (t == NULL)
		abort();
	if (!tool_arguments(request, a, argv, why))
		goto fail;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		text_printf(why, "error: %s\n", strerror(errno));
		goto fail;
	}
	t->pid = fork();
	if (t->pid == 0)
		run(argv, ends[1]);
	close(ends[1]);
	t->fd = ends[0];
	if (t->pid < 0) {
		text_printf(why, "error: %s\n", strerror(errno));
		close(ends[0]);
		goto fail;
	}
	const char *count = elem_value(request, "count");
	t->is_ping = strcmp(argv[0], "ping") == 0;
	t->ping.is_rapid = elem_has(request, "rapid");
	t->ping.count = count != NULL ? (unsigned)strtoul(count, NULL, 10) : 5;
	arena_free(a);
	return t;
fail:
	arena_free(a);
	free(t);
	return NULL;
}

int
tool_fd(const struct tool *t)
{
	return t->fd;
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

bool
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

void
tool_interrupt(struct tool *t)
{
	/* how many are still to come is not known any more */
	t->ping.count = 0;
	kill(t->pid, SIGINT);
}

bool
tool_end(struct tool *t)
{
	int status = 0;
	close(t->fd);
	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	text_done(&t->line);
	free(t);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
