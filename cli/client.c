/* SPDX-License-Identifier: BSD-2-Clause
 *
 * client.c - one line of the user to mgd, and what comes back to the screen.
 *
 * Text and rows are rendered into a buffer that is emptied through the pipes whenever a message has been
 * handled, so a long answer appears as it arrives. lib/msg/cli.h has the messages.
 */
#include "cli/client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/act.h"
#include "cli/give.h"
#include "cli/input.h"
#include "cli/monitor.h"
#include "cli/netconf.h"
#include "cli/pager.h"
#include "cli/pipe.h"
#include "cli/render.h"
#include "cli/screen.h"
#include "cli/wait.h"
#include "lib/base/arena.h"
#include "lib/base/tame.h"
#include "lib/msg/cli.h"
#include "lib/os/ipc.h"

static volatile sig_atomic_t interrupted;

/* What is under way while a line is answered. */
struct line {
	struct client *c;
	const char *typed;
	struct pipes *pipes;
	struct pager *pager; /* NULL: none */
	bool has_quit;       /* the pager was left, and mgd knows */
	bool is_prompting;   /* the pager waits for a key */
	bool is_broken;      /* given up by the user */
	bool has_xml_mode;   /* `xml-mode netconf`: to be done when the line is over */
	struct render render;
	struct text out;       /* rendered, not yet through the pipes */
	struct tame tame;      /* of what came through them */
	size_t n_shown;        /* of pipes->out */
	struct text run_error; /* why what mgd had us do failed */
	bool has_run_error;
	bool has_problems; /* what is wrong has been rendered */
	int status;
	bool done;
};

void
client_interrupt(void)
{
	interrupted = 1;
}

void
client_interrupt_forget(void)
{
	interrupted = 0;
}

bool
client_is_interrupted(void)
{
	return interrupted != 0;
}

/* --- sending --- */

static int
send_leaf(struct client *c, uint16_t type, const char *root, const char *name, const char *value)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, root);
	elem_leaf(a, e, name, value);
	int err = ipc_send_blocking(c->fd, type, c->seq, e);
	arena_free(a);
	return err;
}

static int
send_line(struct client *c, const char *text, const struct pipes *p)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "line");
	elem_leaf(a, e, "text", text);
	elem_leaf(a, e, "format", pipe_format_name(p->format));
	if (p->is_relative)
		elem_flag(a, e, "relative");
	if (p->is_rpc)
		elem_flag(a, e, "rpc");
	if (p->inherit != INHERIT_OFF)
		elem_leaf(a, e, "inherit", pipe_inherit_name(p->inherit));
	if (p->has_compare)
		elem_leaff(a, e, "compare", "%u", p->compare);
	if (p->compare_file != NULL)
		elem_leaf(a, e, "compare-file", p->compare_file);
	if (p->is_detail)
		elem_flag(a, e, "detail");
	if (p->is_changed)
		elem_flag(a, e, "changed");
	int err = ipc_send_blocking(c->fd, CLI_LINE, ++c->seq, e);
	arena_free(a);
	return err;
}

static int
send_answer(struct client *c, const struct elem *ask)
{
	const char *question = elem_value(ask, "question");
	/* who sends a request means it */
	if (c->sink != NULL)
		return send_leaf(c, CLI_ANSWER, "answer", "text", "yes");
	if (!c->is_terminal)
		return send_leaf(c, CLI_ANSWER, "answer", "text", "");
	fputs(question != NULL ? question : "", stdout);
	fflush(stdout);
	char *line = NULL;
	size_t cap = 0;
	ssize_t n = getline(&line, &cap, c->in);
	if (n > 0 && line[n - 1] == '\n')
		line[n - 1] = '\0';
	if (n <= 0) {
		clearerr(c->in);
		putchar('\n');
	}
	/* ^C is no answer: the line is given up */
	int err = interrupted ? 0 : send_leaf(c, CLI_ANSWER, "answer", "text", n > 0 ? line : "");
	free(line);
	return err;
}

/* --- what comes back --- */

static void
copy_leaf(char *to, size_t size, const struct elem *e, const char *name)
{
	const char *v = elem_value(e, name);
	snprintf(to, size, "%s", v != NULL ? v : "");
}

void
client_caret(const struct client *c, size_t at)
{
	char prompt[512];
	unsigned columns = setting_columns(&c->settings);
	at += strlen(client_prompt(c, prompt, sizeof(prompt)));
	printf("%*s^\n", (int)(at % columns), "");
}

/* TEXT, an error, as a CLI_PROBLEM about the line from WORD on (NULL: all of it). */
static struct elem *
problem_of(struct arena *a, const char *word, const char *text)
{
	struct elem *e = elem_new(a, "problem");
	text += strncmp(text, "error: ", 7) == 0 ? 7 : 0;
	size_t n = strlen(text);
	elem_leaf(a, e, "severity", "error");
	if (word != NULL)
		elem_leaff(a, e, "bad-element", "%.*s", (int)strcspn(word, " \t"), word);
	elem_leaff(a, e, "message", "%.*s", (int)(n - (n > 0 && text[n - 1] == '\n')), text);
	return e;
}

static void
sink_refuse(const struct client_sink *sink, const char *word, const char *text)
{
	struct arena *a = arena_new();
	sink->problem(sink->arg, problem_of(a, word, text));
	arena_free(a);
}

/* Shows why a line failed: under the word itself on a terminal, else with the line repeated. */
static void
error_show(const struct client *c, const char *typed, const char *text, const char *caret)
{
	fflush(stdout);
	FILE *to = c->is_terminal ? stdout : stderr;
	unsigned long at = caret != NULL ? strtoul(caret, NULL, 10) : 0;
	if (at > CLI_LINE_MAX)
		at = 0;
	if (c->sink != NULL) {
		sink_refuse(c->sink, caret != NULL && at < strlen(typed) ? typed + at : NULL, text);
		return;
	}
	if (caret != NULL && c->is_terminal)
		client_caret(c, at);
	else if (caret != NULL)
		fprintf(to, "%s\n%*s^\n", typed, (int)at, "");
	size_t n = strlen(text);
	if (n == 0)
		return;
	screen_put(text, to);
	fputs(text[n - 1] == '\n' ? "" : "\n", to);
	fflush(to);
}

static void
pager_feed(struct line *l)
{
	struct text *t = &l->pipes->out;
	if (l->pager == NULL || t->len == 0)
		return;
	pager_put(l->pager, t->s, t->len);
	text_reset(t);
}

static void
sink_feed(struct line *l)
{
	const struct client_sink *sink = l->c->sink;
	struct text *t = &l->pipes->out;
	if (sink == NULL || t->len == 0)
		return;
	sink->text(sink->arg, t->s, t->len);
	text_reset(t);
}

/* What is in pipes->out FROM there on is new. */
static void
out_feed(struct line *l, size_t from)
{
	if (l->c->sink == NULL && l->pipes->out.len > from)
		screen_tame(&l->tame, l->pipes->out.s + from, l->pipes->out.len - from);
	pager_feed(l);
	sink_feed(l);
}

/* Sends what has been rendered through the pipes; it waits in pipes->out until the screen takes it. */
static void
out_filter(struct line *l)
{
	if (l->out.len == 0)
		return;
	size_t from = l->pipes->out.len;
	pipes_put(l->pipes, l->out.s, l->out.len);
	text_reset(&l->out);
	out_feed(l, from);
}

/* Writes up to N bytes of what waits. */
static int
out_write(struct line *l, size_t n)
{
	struct text *t = &l->pipes->out;
	size_t left = t->len - l->n_shown;
	ssize_t k = write(STDOUT_FILENO, t->s + l->n_shown, n < left ? n : left);
	if (k < 0 && errno != EINTR && errno != EAGAIN)
		return -errno;
	l->n_shown += k > 0 ? (size_t)k : 0;
	if (l->n_shown == t->len) {
		text_reset(t);
		l->n_shown = 0;
	}
	return 0;
}

/* A key for the pager, whose screen may have another size since the last one. */
static void
pager_key(struct line *l)
{
	const struct settings *s = &l->c->settings;
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	while (wait_poll(&p, 1, -1, client_is_interrupted) < 0 && errno == EINTR && !interrupted)
		;
	unsigned rows = setting_rows(s);
	if (rows > 0)
		pager_resize(l->pager, rows, setting_columns(s));
	pager_on_key(l->pager);
}

/* Shows everything; waits for the screen. */
static int
out_drain(struct line *l)
{
	int err = 0;
	while (l->pager != NULL && pager_state(l->pager) == PAGER_PROMPT) {
		pager_prompt(l->pager);
		pager_key(l);
	}
	while (err == 0 && l->pipes->out.len > 0)
		err = out_write(l, l->pipes->out.len);
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
		sink_refuse(sink, NULL, text);
	else if (text[0] == '\0' || !render_problem(&l->render, problem_of(a, NULL, text)))
		error_show(l->c, l->typed, text, NULL);
	arena_free(a);
}

static int
on_done(struct line *l, const struct elem *e)
{
	struct client *c = l->c;
	const char *status = elem_value(e, "status");
	l->status = status != NULL && strcmp(status, "ok") == 0 && !l->has_run_error ? 0 : 1;
	bool is_xml_error = l->has_run_error && l->render.format == FORMAT_XML;
	if (is_xml_error)
		run_refuse(l);
	if (l->status == 0)
		render_silent(&l->render);
	render_end(&l->render);
	out_filter(l);
	size_t from = l->pipes->out.len;
	/* a line that was not understood has no output, of which there would be 0 lines */
	if (elem_value(e, "caret") == NULL)
		pipes_flush(l->pipes);
	if (l->pipes->has_failed)
		l->status = 1;
	out_feed(l, from);
	if (l->pager != NULL)
		pager_end(l->pager);
	l->done = true;
	int err = out_drain(l);
	const char *text = elem_value(e, "text");
	if (text != NULL && c->sink == NULL && !l->has_problems)
		error_show(c, l->typed, text, elem_value(e, "caret"));
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
	out_filter(l);
	while (l->pager != NULL && pager_state(l->pager) == PAGER_PROMPT && !interrupted) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		pager_prompt(l->pager);
		if (poll(&p, 1, -1) > 0)
			pager_key(l);
	}
	while (l->pager == NULL && l->pipes->out.len > 0 && !interrupted)
		if (out_write(l, l->pipes->out.len) < 0)
			return false;
	return !interrupted && (l->pager == NULL || !pager_has_quit(l->pager));
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
		else if (e != NULL)
			render_row(&l->render, e);
		break;
	case CLI_ASK:
		out_filter(l);
		err = out_drain(l);
		if (err == 0)
			err = send_answer(l->c, e);
		break;
	case CLI_WANT:
		v = elem_value(e, "source");
		out_filter(l);
		err = out_drain(l);
		if (err != 0)
			break;
		if (v != NULL && strcmp(v, "sealed") == 0) {
			err = input_sealed(l->c, e);
		} else if (v != NULL && strcmp(v, "file") == 0) {
			v = elem_value(e, "name");
			err = input_file(l->c, v != NULL ? v : "");
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
		if (v == NULL || !pipes_save(l->pipes, v))
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
	out_filter(l);
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
		pager_key(l);
		l->is_prompting = false;
	}
	int err = p[1].revents != 0 ? out_write(l, PIPE_BUF) : 0;
	return err != 0 ? err : p[0].revents != 0;
}

/* Waits for the next message and meanwhile shows what the screen takes, a little at a time, because a reader of our
 * output who takes his time (a pager) must not make mgd wait. ^C sends CLI_BREAK once. */
static int
wait_readable(struct line *l)
{
	for (;;) {
		bool has_quit = l->pager != NULL && pager_has_quit(l->pager) && !l->has_quit;
		if (interrupted || has_quit) {
			l->is_broken = true;
			interrupted = 0;
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

/* A notice may be about another configuration in force: what the prompt shows of it. */
static void
notice_take(struct client *c, const struct elem *e)
{
	if (!elem_has(e, "host-name"))
		return;
	c->banner[0] = '\0';
	copy_leaf(c->host, sizeof(c->host), e, "host-name");
}

/* What mgd says unasked goes to the terminal at once, past the pipes. */
static void
notice_show(struct client *c, const struct elem *e)
{
	const char *text = elem_value(e, "text");
	notice_take(c, e);
	if (!c->is_terminal || text == NULL)
		return;
	screen_put(text, stdout);
	fflush(stdout);
}

static int
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
			err = out_drain(l);
			notice_show(c, m.body);
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

static int
lost(struct client *c, int err)
{
	fflush(stdout);
	fprintf(stderr, "error: connection to mgd lost: %s\n", strerror(-err));
	c->mode = MODE_END;
	return -1;
}

/* Says when a line with `| refresh` is carried out. */
static void
refreshed_show(const struct pipes *p)
{
	char buf[64];
	time_t now = time(NULL);
	struct tm tm;
	if (p->refresh == 0)
		return;
	strftime(buf, sizeof(buf), "%F %T %Z", localtime_r(&now, &tm));
	printf("---(refreshed at %s)---\n", buf);
	fflush(stdout);
}

int
client_call(struct client *c, const struct elem *call)
{
	char none[1] = "";
	struct pipes pipes;
	struct pipe_error perr;
	struct line l = { .c = c, .typed = "", .pipes = &pipes };
	if (!pipes_parse(none, &pipes, &perr))
		return lost(c, -EPROTO);
	render_init(&l.render, c->sink->format, "", &l.out);
	l.render.is_bare = true;
	int err = ipc_send_blocking(c->fd, CLI_CALL, ++c->seq, call);
	if (err == 0)
		err = answer_read(&l);
	text_done(&l.out);
	text_done(&l.run_error);
	pipes_done(&pipes);
	return err != 0 ? lost(c, err) : l.status;
}

/* Carries out one line. *REFRESH: seconds until it is to be carried out again, 0: never. */
static int
line_once(struct client *c, const char *typed, unsigned *refresh)
{
	struct pipes pipes;
	struct pipe_error perr;
	struct line l = { .c = c, .typed = typed, .pipes = &pipes };
	if (strlen(typed) >= CLI_LINE_MAX) {
		error_show(c, typed, "error: line too long", NULL);
		return 1;
	}
	char *command = strdup(typed);
	if (command == NULL)
		return lost(c, -ENOMEM);
	if (!pipes_parse(command, &pipes, &perr)) {
		char at[24];
		snprintf(at, sizeof(at), "%zu", perr.at);
		error_show(c, typed, perr.text, at);
		free(command);
		return 1;
	}
	char banner[sizeof(c->edit) + 16] = "";
	if (c->mode == MODE_CONFIGURATION)
		snprintf(
		    banner, sizeof(banner), "[edit%s%s]", c->edit[0] != '\0' ? " " : "", c->edit);
	/* lines that a pipe has chosen are XML no more */
	if (c->sink != NULL && pipes.format == FORMAT_TEXT && pipes.n == 0)
		pipes.format = c->sink->format;
	if (c->sink != NULL && (pipes.format != FORMAT_XML || pipes.n > 0))
		c->sink->plain(c->sink->arg);
	render_init(&l.render, pipes.format, banner, &l.out);
	l.render.is_bare = c->sink != NULL;
	refreshed_show(&pipes);
	unsigned rows = setting_rows(&c->settings);
	if (c->is_terminal && rows > 0 && !pipes.no_more && pipes.refresh == 0)
		l.pager = pager_new(rows, setting_columns(&c->settings), pipes.hold);
	if (c->is_terminal)
		setting_timestamp(&c->settings);
	int err = send_line(c, command, &pipes);
	if (err == 0)
		err = answer_read(&l);
	if (c->is_terminal && !l.is_broken && l.status == 0)
		*refresh = pipes.refresh;
	pager_free(l.pager);
	text_done(&l.out);
	text_done(&l.run_error);
	pipes_done(&pipes);
	free(command);
	if (err == 0 && l.has_xml_mode) {
		l.status = netconf_run(c->rundir, false);
		c->mode = MODE_END;
	}
	return err != 0 ? lost(c, err) : l.status;
}

/* A line with `| refresh` comes again and again until ^C. */
int
client_line(struct client *c, const char *typed)
{
	for (;;) {
		unsigned refresh = 0;
		int status = line_once(c, typed, &refresh);
		if (status < 0 || refresh == 0)
			return status;
		wait_poll(NULL, 0, (int)refresh * 1000, client_is_interrupted);
		if (interrupted) {
			interrupted = 0;
			putchar('\n');
			fflush(stdout);
			return status;
		}
	}
}

/* --- a line that is being typed --- */

int
client_complete(
    struct client *c, const char *text, bool judge, struct arena *a, const struct elem **out)
{
	struct elem *e = elem_new(a, "complete");
	elem_leaf(a, e, "text", text);
	if (judge)
		elem_flag(a, e, "judge");
	int err = ipc_send_blocking(c->fd, CLI_COMPLETE, ++c->seq, e);
	struct ipc_msg m = { .fd = -1 };
	do {
		if (err == 0)
			err = ipc_recv_blocking(c->fd, a, &m);
		if (m.fd >= 0)
			close(m.fd);
		m.fd = -1;
		if (err == 0 && m.type == CLI_NOTICE)
			notice_show(c, m.body);
	} while (err == 0 && m.seq != c->seq);
	if (err == 0 && (m.type != CLI_COMPLETIONS || m.body == NULL))
		err = -EPROTO;
	*out = m.body;
	return err != 0 ? lost(c, err) : 0;
}

int
client_notices(struct client *c, struct text *text)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int err = 0;
	while (err == 0 && poll(&p, 1, 0) > 0) {
		struct arena *a = arena_new();
		struct ipc_msg m = { .fd = -1 };
		err = ipc_recv_blocking(c->fd, a, &m);
		const char *said = err == 0 ? elem_value(m.body, "text") : NULL;
		if (err == 0 && m.type == CLI_NOTICE)
			notice_take(c, m.body);
		if (err == 0 && m.type == CLI_NOTICE && said != NULL)
			text_put(text, said);
		if (m.fd >= 0)
			close(m.fd);
		arena_free(a);
	}
	return err != 0 ? -1 : 0;
}

const char *
client_prompt(const struct client *c, char *buf, size_t size)
{
	if (c->settings.prompt[0] != '\0') {
		snprintf(buf, size, "%s ", c->settings.prompt);
		return buf;
	}
	snprintf(buf, size, "%s%s%s%s", c->user, c->host[0] != '\0' ? "@" : "", c->host,
	    c->mode == MODE_CONFIGURATION ? "# " : "> ");
	return buf;
}
