/* SPDX-License-Identifier: BSD-2-Clause
 *
 * answer.c - what mgd says while a line is under way: text and rows to show, questions, and what it has us do.
 *
 * Called by client.c. lib/msg/cli.h has the messages.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/act.h"
#include "cli/give.h"
#include "cli/input.h"
#include "cli/line.h"
#include "cli/monitor.h"
#include "cli/output.h"
#include "cli/pager.h"
#include "cli/pcap.h"
#include "cli/pipe.h"
#include "cli/wait.h"
#include "lib/base/arena.h"
#include "lib/msg/cli.h"
#include "lib/os/ipc.h"

static void
copy_leaf(char *to, size_t size, const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	snprintf(to, size, "%s", v != NULL ? v : "");
}

/* Reads a line from a person; false: there is none. HIDDEN: what is typed is not shown. */
static bool
typed_read(const struct client *c, bool hidden, char **line, size_t *cap)
{
	struct termios before;
	bool is_hidden = hidden && tcgetattr(STDIN_FILENO, &before) == 0;
	if (is_hidden) {
		struct termios silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &silent);
	}
	ssize_t n = getline(line, cap, c->in);
	if (is_hidden)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	if (n > 0 && (*line)[n - 1] == '\n')
		(*line)[n - 1] = '\0';
	if (n <= 0)
		clearerr(c->in);
	if (n <= 0 || is_hidden)
		putchar('\n');
	return n > 0;
}

static bool
is_yes_or_no(const char *line)
{
	size_t n = strlen(line);
	return n > 0 && (strncasecmp(line, "yes", n) == 0 || strncasecmp(line, "no", n) == 0);
}

/* A script answers with its next line. One that forgets to gets what is meant without an answer, and its line stays a
 * command; only a question for something secret takes whatever comes. */
static bool
script_read(struct client *c, bool hidden, char **line, size_t *cap)
{
	if (!c->is_script || !client_next_line(c, line, cap))
		return false;
	if (hidden || is_yes_or_no(*line))
		return true;
	client_line_back(c, *line);
	return false;
}

static int
send_answer(struct client *c, const struct elem *ask)
{
	const char *question = elem_value(ask, "question");
	bool hidden = elem_has(ask, "hidden");
	char *line = NULL;
	size_t cap = 0;
	/* who sends a request means it */
	if (c->sink != NULL)
		return client_send_leaf(c, CLI_ANSWER, "answer", "text", "yes");
	if (c->is_terminal) {
		fputs(question != NULL ? question : "", stdout);
		fflush(stdout);
	}
	bool has = c->is_terminal ? typed_read(c, hidden, &line, &cap)
				  : script_read(c, hidden, &line, &cap);
	/* ^C is no answer: the line is given up */
	int err = client_is_interrupted()
		      ? 0
		      : client_send_leaf(c, CLI_ANSWER, "answer", "text", has ? line : "");
	if (line != NULL)
		explicit_bzero(line, cap);
	free(line);
	return err;
}

/* Says why what mgd had us do failed, in XML to who wants that. */
static void
run_refuse(struct line *l)
{
	const struct client_sink *sink = l->c->sink;
	const char *text = text_str(&l->run_error);
	struct arena *a = arena_new();
	if (sink != NULL)
		output_refuse(sink, NULL, text);
	else if (text[0] == '\0' || !render_problem(&l->render, output_problem(a, NULL, text)))
		output_error(l->c, l->typed, text, NULL);
	arena_free(a);
}

static void capture_end(struct line *l);

static int
on_done(struct line *l, const struct elem *e)
{
	struct client *c = l->c;
	capture_end(l);
	const char *status = elem_value(e, "status");
	l->status = status != NULL && strcmp(status, "ok") == 0 && !l->has_run_error ? 0 : 1;
	bool is_xml_error = l->has_run_error && l->render.format == FORMAT_XML;
	if (is_xml_error)
		run_refuse(l);
	if (l->status == 0)
		render_silent(&l->render);
	render_end(&l->render);
	/* a line that was not understood has no output, of which there would be 0 lines */
	output_end(l, elem_value(e, "caret") != NULL);
	l->done = true;
	int err = output_drain(l);
	const char *text = elem_value(e, "text");
	if (text != NULL && c->sink == NULL && !l->has_problems)
		output_error(c, l->typed, text, l->is_own ? NULL : elem_value(e, "caret"));
	if (l->has_run_error && !is_xml_error)
		run_refuse(l);
	const char *mode = elem_value(e, "mode");
	if (mode != NULL && strcmp(mode, "configuration") == 0)
		c->mode = MODE_CONFIGURATION;
	else if (mode != NULL && strcmp(mode, "end") == 0)
		c->mode = MODE_END;
	else
		c->mode = MODE_OPERATIONAL;
	copy_leaf(c->edit, sizeof(c->edit), e, "edit");
	copy_leaf(c->banner, sizeof(c->banner), e, "banner");
	if (elem_has(e, "host-name"))
		copy_leaf(c->host, sizeof(c->host), e, "host-name");
	return err;
}

static void
on_setting(struct line *l, const struct elem *e)
{
	struct text said = { 0 };
	const char *name = elem_value(e, "name");
	const char *value = elem_value(e, "value");
	if (name != NULL && strcmp(name, "xml-mode") == 0)
		l->has_xml_mode = l->c->sink == NULL;
	else if (name != NULL && value != NULL)
		setting_apply(&l->c->settings, name, value, &said);
	else if (name == NULL || strcmp(name, "history") != 0)
		setting_show(&l->c->settings, &said);
	else if (l->c->history != NULL)
		l->c->history(&said);
	render_text(&l->render, text_str(&said));
	text_done(&said);
}

/* --- what mgd has us do --- */

/* Lets the user see what there is, as far as there is a full screen of it; false: he has seen enough. */
static bool
run_flush(void *arg)
{
	struct line *l = arg;
	output_filter(l);
	while (
	    l->pager != NULL && pager_state(l->pager) == PAGER_PROMPT && !client_is_interrupted()) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		pager_prompt(l->pager);
		if (poll(&p, 1, -1) > 0)
			output_page_key(&l->c->settings, l->pager);
	}
	while (l->pager == NULL && l->pipes->out.len > 0 && !client_is_interrupted())
		if (output_write(l, l->pipes->out.len) < 0)
			return false;
	return !client_is_interrupted() && (l->pager == NULL || !pager_has_quit(l->pager));
}

static int
run_give_terminal(void *arg, char *const argv[])
{
	struct line *l = arg;
	(void)run_flush(l);
	return give_terminal(argv);
}

/* `monitor`: the logs are followed at the prompt. Returns 0, or 1 with what is wrong in the line. */
static int
run_monitor(struct line *l, const char *rpc, const struct elem *request, int fd)
{
	const char *name = request != NULL ? elem_value(request, "filename") : NULL;
	struct text list = { 0 };
	const char *error = NULL;
	if (!l->c->is_terminal)
		error = "error: logs are monitored on a terminal";
	else if (strcmp(rpc, "monitor-start") == 0)
		error = name != NULL && fd >= 0 ? monitor_start(name, fd, l->typed)
						: "error: not a log";
	else if (strcmp(rpc, "monitor-stop") == 0)
		error = monitor_stop(name) ? NULL : "error: that log is not being monitored";
	else
		monitor_list(&list);
	render_text(&l->render, text_str(&list));
	text_done(&list);
	if (error != NULL)
		text_put(&l->run_error, error);
	return error != NULL;
}

static void
on_run(struct line *l, const struct ipc_msg *m)
{
	const char *rpc = elem_value(m->body, "rpc");
	const struct elem *request = elem_find(m->body, "request");
	struct act a = {
		.run = m->body,
		.fd = m->fd,
		.rundir = l->c->rundir,
		.render = &l->render,
		.error = &l->run_error,
		.flush = run_flush,
		.give_terminal = l->c->is_terminal ? run_give_terminal : NULL,
		.arg = l,
	};
	if (l->is_broken) /* before it began */
		return;
	if (rpc != NULL && strncmp(rpc, "monitor-", 8) == 0)
		l->has_run_error =
		    run_monitor(l, rpc, request != NULL ? request->child : NULL, m->fd) != 0;
	else
		l->has_run_error = act_run(&a) != 0;
	/* what failed and has been shown, such as a ping that nobody answered, is no error to a program */
	if (l->c->sink != NULL && l->run_error.len == 0)
		l->has_run_error = false;
}

/* --- packets go to a file --- */

static void
capture_begin(struct line *l, const char *name)
{
	l->capture = pcap_open(name);
	if (l->capture != NULL)
		return;
	text_printf(&l->run_error, "error: %s: %s", name, strerror(errno));
	l->has_run_error = true;
	client_interrupt(); /* there is nothing to wait for */
}

/* Says how it went. */
static void
capture_end(struct line *l)
{
	uint64_t n;
	bool is_open = l->capture != NULL;
	int err = pcap_close(l->capture, &n);
	l->capture = NULL;
	struct text said = { 0 };
	if (err != 0) {
		text_printf(&l->run_error, "error: the file of packets: %s", strerror(-err));
		l->has_run_error = true;
	} else if (is_open && l->render.format == FORMAT_TEXT) {
		text_printf(&said, "%llu packets written\n", (unsigned long long)n);
		text_put(&l->out, text_str(&said));
		output_filter(l);
	}
	text_done(&said);
}

static int
on_message(struct line *l, const struct ipc_msg *m)
{
	const struct elem *e = m->body;
	const char *v;
	int err = 0;
	switch (m->type) {
	case CLI_TEXT:
		v = elem_value(e, "text");
		if (v != NULL)
			render_text(&l->render, v);
		break;
	case CLI_REPLY: {
		const char *root = elem_value(e, "root");
		v = elem_value(e, "style");
		if (root != NULL)
			render_begin(&l->render, root, v != NULL ? v : "");
		break;
	}
	case CLI_ROW:
		if (e != NULL && l->c->sink != NULL && l->c->sink->row != NULL)
			l->c->sink->row(l->c->sink->arg, e);
		else if (e != NULL && l->capture != NULL && elem_has(e, "packet-octets"))
			pcap_put(l->capture, e);
		else if (e != NULL)
			render_row(&l->render, e);
		break;
	case CLI_ASK:
		output_filter(l);
		err = output_drain(l);
		if (err == 0)
			err = send_answer(l->c, e);
		break;
	case CLI_WANT:
		v = elem_value(e, "source");
		output_filter(l);
		err = output_drain(l);
		if (err != 0)
			break;
		if (v != NULL && strcmp(v, "sealed") == 0) {
			err = input_sealed(l->c, e);
		} else if (v != NULL && strcmp(v, "file") == 0) {
			v = elem_value(e, "name");
			err = input_file(l->c, v != NULL ? v : "");
		} else if (v != NULL && strcmp(v, "filter") == 0) {
			v = elem_value(e, "name");
			err = input_filter(l->c, v != NULL ? v : "");
		} else if (l->c->sink != NULL) {
			err = input_sink(l->c);
		} else {
			err = input_terminal(l->c);
		}
		break;
	case CLI_SETTING:
		on_setting(l, e);
		break;
	case CLI_SAVE:
		v = elem_value(e, "name");
		if (v == NULL)
			return -EPROTO;
		if (elem_has(e, "packets"))
			capture_begin(l, v);
		else if (!pipes_save(l->pipes, v))
			return -EPROTO;
		break;
	case CLI_RUN:
		on_run(l, m);
		break;
	case CLI_PROBLEM:
		if (l->c->sink != NULL && e != NULL)
			l->c->sink->problem(l->c->sink->arg, e);
		else if (e != NULL)
			l->has_problems |= render_problem(&l->render, e);
		break;
	case CLI_DONE:
		return on_done(l, e);
	default:
		return -EPROTO;
	}
	output_filter(l);
	return err;
}

enum {
	PROMPT_MS = 50
}; /* what is still coming may make the prompt needless, or know how much there is */

/* One round of waiting: shows what the screen takes, lets the pager have a key. Returns 1 if there is a message, 0, or -errno. */
static int
wait_once(struct line *l)
{
	struct client *c = l->c;
	bool is_full = l->pager != NULL && pager_state(l->pager) == PAGER_PROMPT;
	struct pollfd p[] = {
		{ .fd = c->fd, .events = POLLIN },
		{ .fd = l->pager == NULL && l->pipes->out.len > 0 ? STDOUT_FILENO : -1,
		    .events = POLLOUT },
		{ .fd = l->is_prompting ? STDIN_FILENO : -1, .events = POLLIN },
	};
	int n =
	    wait_poll(p, 3, is_full && !l->is_prompting ? PROMPT_MS : -1, client_is_interrupted);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0) {
		pager_prompt(l->pager);
		l->is_prompting = true;
	}
	if (p[2].revents != 0) {
		output_page_key(&l->c->settings, l->pager);
		l->is_prompting = false;
	}
	int err = p[1].revents != 0 ? output_write(l, PIPE_BUF) : 0;
	return err != 0 ? err : p[0].revents != 0;
}

/* Waits for the next message and meanwhile shows what the screen takes, a little at a time, because a reader of our
 * output who takes his time (a pager) must not make mgd wait. ^C sends CLI_BREAK once. */
static int
wait_readable(struct line *l)
{
	for (;;) {
		bool has_quit = l->pager != NULL && pager_has_quit(l->pager) && !l->has_quit;
		if (client_is_interrupted() || has_quit) {
			l->is_broken = true;
			client_interrupt_forget();
			l->has_quit = l->has_quit || has_quit;
			int err = ipc_send_blocking(l->c->fd, CLI_BREAK, l->c->seq, NULL);
			if (err != 0)
				return err;
		}
		int n = wait_once(l);
		if (n != 0)
			return n < 0 ? n : 0;
	}
}

int
answer_read(struct line *l)
{
	struct client *c = l->c;
	while (!l->done) {
		int err = wait_readable(l);
		if (err != 0)
			return err;
		struct arena *a = arena_new();
		struct ipc_msg m = { .fd = -1 };
		err = ipc_recv_blocking(c->fd, a, &m);
		if (err == 0 && m.type == CLI_NOTICE) {
			err = output_drain(l);
			client_notice(c, m.body);
		} else if (err == 0 && m.seq == c->seq) {
			err = on_message(l, &m);
		}
		if (m.fd >= 0)
			close(m.fd);
		arena_free(a);
		if (err != 0)
			return err;
	}
	return 0;
}
