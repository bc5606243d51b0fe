/* SPDX-License-Identifier: BSD-2-Clause
 *
 * client.c - one line of the user to mgd, and what comes back to the screen.
 *
 * Sending, the state that the prompt shows, and what mgd says while no line is under way are here; answer.c reads the answer
 * to a line and output.c shows it as it arrives. lib/msg/cli.h has the messages.
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

#include "cli/line.h"
#include "cli/netconf.h"
#include "cli/pager.h"
#include "cli/pipe.h"
#include "cli/screen.h"
#include "cli/wait.h"
#include "lib/base/arena.h"
#include "lib/msg/cli.h"
#include "lib/os/ipc.h"

static volatile sig_atomic_t interrupted;

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

int
client_send_leaf(
    struct client *c, uint16_t type, const char *root, const char *name, const char *value)
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
	if (p->is_final)
		elem_flag(a, e, "final");
	if (p->shows_omitted)
		elem_flag(a, e, "omitted");
	int err = ipc_send_blocking(c->fd, CLI_LINE, ++c->seq, e);
	arena_free(a);
	return err;
}

/* --- what comes back --- */

void
client_caret(const struct client *c, size_t at)
{
	char prompt[512];
	unsigned columns = setting_columns(&c->settings);
	at += strlen(client_prompt(c, prompt, sizeof(prompt)));
	printf("%*s^\n", (int)(at % columns), "");
}

/* A notice may be about another configuration in force: what the prompt shows of it. */
static void
notice_take(struct client *c, const struct elem *e)
{
	if (!elem_has(e, "host-name"))
		return;
	c->banner[0] = '\0';
	const char *host = elem_value(e, "host-name");
	snprintf(c->host, sizeof(c->host), "%s", host != NULL ? host : "");
}

void
client_notice(struct client *c, const struct elem *e)
{
	const char *text = elem_value(e, "text");
	notice_take(c, e);
	if (!c->is_terminal || text == NULL)
		return;
	screen_put(text, stdout);
	fflush(stdout);
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

/* What `| request message` kept goes to the terminals of others, by the command that does that. */
static int
message_send(struct client *c, const struct pipes *p)
{
	struct pipes none = { 0 };
	struct text command = { 0 };
	struct line l = { .c = c, .typed = "", .pipes = &none, .is_own = true };
	if (c->mode == MODE_CONFIGURATION)
		text_put(&command, "run ");
	if (!pipes_message(p, &command)) {
		text_done(&command);
		return 0;
	}
	int err = 0;
	if (command.len >= CLI_LINE_MAX) {
		output_error(c, "", "error: too much output for a message", NULL);
		l.status = 1;
	} else {
		render_init(&l.render, FORMAT_TEXT, "", &l.out);
		err = send_line(c, text_str(&command), &none);
		err = err == 0 ? answer_read(&l) : err;
	}
	text_done(&command);
	text_done(&l.out);
	text_done(&l.run_error);
	pipes_done(&none);
	return err != 0 ? err : l.status;
}

/* Carries out one line. *REFRESH: seconds until it is to be carried out again, 0: never. */
static int
line_once(struct client *c, const char *typed, unsigned *refresh)
{
	struct pipes pipes;
	struct pipe_error perr;
	struct line l = { .c = c, .typed = typed, .pipes = &pipes };
	if (strlen(typed) >= CLI_LINE_MAX) {
		output_error(c, typed, "error: line too long", NULL);
		return 1;
	}
	char *command = strdup(typed);
	if (command == NULL)
		return lost(c, -ENOMEM);
	if (!pipes_parse(command, &pipes, &perr)) {
		char at[24];
		snprintf(at, sizeof(at), "%zu", perr.at);
		output_error(c, typed, perr.text, at);
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
	if (err == 0 && l.status == 0 && c->sink == NULL)
		err = message_send(c, &pipes);
	if (err > 0) {
		l.status = err;
		err = 0;
	}
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

/* --- lines of a script --- */

bool
client_next_line(struct client *c, char **line, size_t *cap)
{
	if (c->ahead != NULL) {
		free(*line);
		*line = c->ahead;
		*cap = strlen(c->ahead) + 1;
		c->ahead = NULL;
		return true;
	}
	ssize_t n = getline(line, cap, c->in);
	if (n < 0)
		return false;
	while (n > 0 && ((*line)[n - 1] == '\n' || (*line)[n - 1] == '\r'))
		(*line)[--n] = '\0';
	return true;
}

void
client_line_back(struct client *c, const char *line)
{
	free(c->ahead);
	c->ahead = strdup(line);
	if (c->ahead == NULL)
		abort();
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
			client_notice(c, m.body);
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
	size_t n = strlen(c->settings.prompt);
	if (n > 0) {
		snprintf(buf, size, "%s%s", c->settings.prompt,
		    c->settings.prompt[n - 1] != ' ' ? " " : "");
		return buf;
	}
	snprintf(buf, size, "%s%s%s%s", c->user, c->host[0] != '\0' ? "@" : "", c->host,
	    c->mode == MODE_CONFIGURATION ? "# " : "> ");
	return buf;
}
