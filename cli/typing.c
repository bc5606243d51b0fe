/* SPDX-License-Identifier: BSD-2-Clause
 *
 * typing.c - line editing with readline, and the three keys that ask mgd: blank, Tab and `?`.
 *
 * A blank completes a keyword and shows at once what is wrong with it; Tab completes names as well; `?` lists what can
 * follow. A blank with more input behind it comes from a program or a paste and stays what it is, so that
 * what was sent is what is echoed. Programs also read the echo, so nothing is written to the terminal but plain
 * characters where readline can do without. Called by main.c.
 */
#include "cli/typing.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "cli/client.h"
#include "cli/monitor.h"
#include "cli/output.h"
#include "cli/pager.h"
#include "cli/pipe.h"
#include "cli/screen.h"
#include "cli/wait.h"
#include "lib/base/arena.h"
#include "lib/base/tame.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

enum { HISTORY_MAX = 100, HELP_COLUMN = 20 };

/* What can follow at the cursor. */
struct choice {
	const char *name;
	const char *help;
	const char *mark;
	bool is_word; /* a keyword */
	bool is_name; /* of something configured */
};

struct choices {
	struct arena *a;
	struct choice *list;
	size_t n;
	size_t from;        /* where the word that is being typed starts */
	const char *typed;  /* that word, as typed */
	const char *common; /* of all names; NULL: none */
	const char *more;   /* names that are not in the list; NULL: none */
	const char *error;  /* what is wrong, NULL: nothing */
	size_t caret;
	bool can_end;
	bool is_lost; /* mgd is gone */
};

static struct client *client; /* readline's callbacks have no argument */
static volatile sig_atomic_t interrupted;
static bool is_closed; /* nobody types any more, or mgd is gone */

static void
on_sigint(int sig)
{
	(void)sig;
	interrupted = 1;
	client_interrupt();
}

static void
interrupt_forget(void)
{
	interrupted = 0;
	client_interrupt_forget();
}

/* --- asking --- */

static void
choices_of_elem(struct choices *c, const struct elem *e)
{
	const char *from = elem_value(e, "from");
	const char *caret = elem_value(e, "caret");
	size_t from_at = from != NULL ? strtoul(from, NULL, 10) : c->from;
	size_t n = 0;
	c->from = from_at < c->from ? from_at : c->from;
	c->error = elem_value(e, "text");
	c->caret = caret != NULL ? strtoul(caret, NULL, 10) : 0;
	c->common = elem_value(e, "common");
	c->more = elem_value(e, "more");
	c->can_end = elem_has(e, "end");
	elem_each (item, e, "item")
		n++;
	c->list = arena_array(c->a, n + 1, sizeof(*c->list));
	elem_each (item, e, "item") {
		const char *name = elem_value(item, "name");
		const char *help = elem_value(item, "help");
		const char *mark = elem_value(item, "mark");
		const char *kind = elem_value(item, "kind");
		if (name == NULL || kind == NULL)
			continue;
		c->list[c->n++] = (struct choice){ .name = name,
			.help = help != NULL ? help : "",
			.mark = mark != NULL ? mark : "",
			.is_word = strcmp(kind, "word") == 0,
			.is_name = strcmp(kind, "name") == 0 };
	}
}

static void
choices_of_pipe(struct choices *c, const char *text, const char *bar)
{
	struct pipe_choice found[PIPE_CHOICES_MAX];
	size_t from;
	size_t n = pipe_complete(bar + 1, found, &from, &c->can_end);
	c->from = (size_t)(bar + 1 - text) + from;
	c->list = arena_array(c->a, n + 1, sizeof(*c->list));
	for (; c->n < n; c->n++)
		c->list[c->n] = (struct choice){ .name = found[c->n].word,
			.help = found[c->n].help,
			.mark = "",
			.is_word = found[c->n].word[0] != '<' };
	if (n == 0 && !c->can_end && c->from < strlen(text)) {
		c->error = "syntax error, expecting <pipe>.";
		c->caret = c->from;
	}
}

static struct choices
choices_ask(struct arena *a, bool judge)
{
	char *text = arena_strndup(a, rl_line_buffer, (size_t)rl_point);
	struct choices c = { .a = a, .from = (size_t)rl_point };
	const char *bar = pipe_last(text);
	const struct elem *e = NULL;
	if (bar != NULL)
		choices_of_pipe(&c, text, bar);
	else if (client_complete(client, text, judge, a, &e) == 0)
		choices_of_elem(&c, e);
	else
		c.is_lost = true;
	c.typed = text + c.from;
	return c;
}

/* The connection is gone: readline shall return, and the loop end. */
static void
give_up(void)
{
	rl_replace_line("", 0);
	rl_done = 1;
}

/* --- showing --- */

static bool
is_in_quotes(void)
{
	bool quoted = false;
	for (int i = 0; i < rl_point; i++) {
		if (rl_line_buffer[i] == '\\' && quoted && i + 1 < rl_point)
			i++;
		else if (rl_line_buffer[i] == '"')
			quoted = !quoted;
	}
	return quoted;
}

static void
banner_show(void)
{
	if (client->mode == MODE_CONFIGURATION && client->banner[0] != '\0')
		printf("%s\n", client->banner);
	if (client->mode == MODE_CONFIGURATION)
		printf("[edit%s%s]\n", client->edit[0] != '\0' ? " " : "", client->edit);
	fflush(stdout);
}

/* Leaves the line that is being typed, to print below it. */
static void
line_leave(const char *echo)
{
	int point = rl_point;
	rl_point = rl_end;
	rl_redisplay();
	rl_point = point;
	fputs(echo, stdout);
	putchar('\n');
	fflush(stdout);
}

/* Shows the prompt and the line again. */
static void
line_again(void)
{
	banner_show();
	rl_forced_update_display();
}

static void
row_put(struct text *out, const char *mark, const char *name, const char *help)
{
	size_t n = strlen(name);
	text_printf(out, "%s %s", mark[0] != '\0' ? mark : " ", name);
	if (help[0] != '\0') {
		text_fill(out, ' ', n < HELP_COLUMN ? HELP_COLUMN - n : 0);
		text_printf(out, " %s", help);
	}
	text_putc(out, '\n');
}

/* Shows text a screen at a time. */
static void
page_show(char *text, size_t len)
{
	unsigned rows = setting_rows(&client->settings);
	fflush(stdout);
	/* without a screen length there is no end of the page */
	struct pager *p =
	    pager_new(rows > 0 ? rows : UINT_MAX, setting_columns(&client->settings), false);
	struct tame tame = { 0 };
	screen_tame(&tame, text, len);
	pager_put(p, text, len);
	pager_end(p);
	while (pager_state(p) == PAGER_PROMPT) {
		pager_prompt(p);
		output_page_key(&client->settings, p);
	}
	pager_free(p);
}

static void
choices_show(const struct choices *c)
{
	struct text out = { 0 };
	bool can_end = c->can_end && c->typed[0] == '\0';
	if (c->n == 0 && !can_end) {
		text_put(&out, "No valid completions\n");
	} else {
		text_put(&out, "Possible completions:\n");
		if (can_end)
			row_put(&out, "", "<[Enter]>", "Execute this command");
		for (size_t i = 0; i < c->n; i++)
			row_put(&out, c->list[i].mark, c->list[i].name, c->list[i].help);
		if (c->more != NULL)
			text_printf(&out, "  ... and %s more names\n", c->more);
		if (can_end)
			row_put(&out, "", "|", "Pipe through a command");
	}
	page_show(out.s, out.len);
	text_done(&out);
}

static void
error_show(const struct choices *c)
{
	line_leave("");
	client_caret(client, c->caret);
	printf("%s\n", c->error);
	line_again();
}

/* --- keys --- */

static int
on_help(int count, int key)
{
	if (is_in_quotes())
		return rl_insert(count, key);
	struct arena *a = arena_new();
	struct choices c = choices_ask(a, false);
	if (c.is_lost) {
		give_up();
	} else if (c.error != NULL) {
		error_show(&c);
	} else {
		line_leave("?");
		choices_show(&c);
		line_again();
	}
	arena_free(a);
	return 0;
}

/* Puts WORD in the place of what has been typed of it. */
static void
typed_replace(const struct choices *c, const char *word, bool is_whole)
{
	size_t n = strlen(c->typed);
	if (strncmp(word, c->typed, n) == 0) {
		rl_insert_text(word + n);
	} else {
		rl_delete_text((int)c->from, rl_point);
		rl_point = (int)c->from;
		rl_insert_text(word);
	}
	if (is_whole)
		rl_insert_text(" ");
}

/* What the typed word means: the only choice, or the one that it is exactly. NULL if there is none or more, whose number is N. */
static const struct choice *
choice_only(const struct choices *c, bool with_names, size_t *n)
{
	const struct choice *found = NULL;
	*n = 0;
	for (size_t i = 0; i < c->n; i++) {
		const struct choice *x = &c->list[i];
		if (!x->is_word && !(with_names && x->is_name))
			continue;
		if (strcmp(x->name, c->typed) == 0) {
			*n = 1;
			return x;
		}
		found = x;
		++*n;
	}
	return *n == 1 ? found : NULL;
}

static void
ambiguous_show(const struct choices *c)
{
	rl_ding();
	line_leave("");
	if (c->typed[0] != '\0') {
		client_caret(client, c->from);
		printf("'%s' is ambiguous.\n", c->typed);
	}
	choices_show(c);
	line_again();
}

static bool
is_input_waiting(void)
{
	struct pollfd p = { .fd = fileno(rl_instream), .events = POLLIN };
	return poll(&p, 1, 0) > 0;
}

static int
on_space(int count, int key)
{
	bool is_after_blank = rl_point == 0 || strchr(" \t|", rl_line_buffer[rl_point - 1]) != NULL;
	if (is_after_blank || client->settings.no_space || is_in_quotes() || is_input_waiting())
		return rl_insert(count, key);
	struct arena *a = arena_new();
	struct choices c = choices_ask(a, true);
	size_t n;
	const struct choice *only = choice_only(&c, false, &n);
	if (c.is_lost)
		give_up();
	else if (c.error != NULL)
		error_show(&c);
	else if (c.typed[0] == '\0')
		rl_insert(count, key); /* behind a bracket or a quote */
	else if (n > 1)
		ambiguous_show(&c);
	else if (only != NULL)
		typed_replace(&c, only->name, true);
	else
		rl_insert(count, key);
	arena_free(a);
	return 0;
}

/* Tab with several choices: what they have in common, or the list. */
static void
tab_extend(const struct choices *c, size_t n_words)
{
	if (n_words == 0 && c->common != NULL && strlen(c->common) > strlen(c->typed) &&
	    strncmp(c->common, c->typed, strlen(c->typed)) == 0)
		typed_replace(c, c->common, false);
	else
		ambiguous_show(c);
}

static int
on_tab(int count, int key)
{
	(void)count;
	(void)key;
	struct arena *a = arena_new();
	struct choices c = choices_ask(a, true);
	size_t n;
	size_t n_words;
	const struct choice *only = choice_only(&c, true, &n);
	choice_only(&c, false, &n_words);
	if (c.is_lost)
		give_up();
	else if (c.error != NULL)
		error_show(&c);
	else if (only != NULL)
		typed_replace(&c, only->name, true);
	else if (n > 1)
		tab_extend(&c, n_words);
	else if (c.typed[0] != '\0')
		rl_insert_text(" "); /* a value that is right */
	else
		ambiguous_show(&c);
	arena_free(a);
	return 0;
}

/* ^C while a line is typed: a fresh prompt. Behind the Enter it is meant for the command. */
static int
on_typing_interrupted(void)
{
	if (!interrupted || rl_done)
		return 0;
	interrupt_forget();
	line_leave("");
	if (client->mode == MODE_CONFIGURATION)
		putchar('\n');
	rl_replace_line("", 0);
	line_again();
	return 0;
}

/* --- waiting for a key --- */

/* Shows TEXT above the line that is being typed. */
static void
above_show(const struct text *text)
{
	if (text->len == 0)
		return;
	struct tame tame = { 0 };
	screen_tame(&tame, text->s, text->len);
	line_leave("");
	fputs(text->s, stdout);
	line_again();
}

/* Lines that followed logs have got; a log whose file was put aside is opened again. */
static void
logs_show(void)
{
	char turned[64];
	struct text text = { 0 };
	monitor_read(&text, turned);
	above_show(&text);
	text_done(&text);
	if (turned[0] == '\0')
		return;
	char line[128];
	snprintf(line, sizeof(line), "%smonitor start %s",
	    client->mode == MODE_CONFIGURATION ? "run " : "", turned);
	(void)client_line(client, line);
}

static bool
has_signal(void)
{
	return interrupted || rl_pending_signal() != 0;
}

/* Waits up to MS (-1: for ever) for a key, and shows what comes from elsewhere meanwhile. Returns 1 if there is one, 0, or -1 if
 * the channel is lost. */
static int
key_wait(FILE *in, int ms)
{
	struct timespec start;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		struct timespec now;
		struct pollfd p[] = {
			{ .fd = fileno(in), .events = POLLIN },
			{ .fd = client->fd, .events = POLLIN },
		};
		clock_gettime(CLOCK_MONOTONIC, &now);
		long long past =
		    (now.tv_sec - start.tv_sec) * 1000LL + (now.tv_nsec - start.tv_nsec) / 1000000;
		int left = ms < 0 ? -1 : ms > past ? (int)(ms - past) : 0;
		bool is_short = monitor_is_on() && (left < 0 || left > MONITOR_POLL_MS);
		int n = wait_poll(p, 2, is_short ? MONITOR_POLL_MS : left, has_signal);
		/* the end of a terminal can be seen before its signal comes, or without one; it ends us the same way */
		if (n > 0 && (p[0].revents & POLLHUP) != 0)
			raise(SIGHUP);
		rl_check_signals(); /* readline keeps them back while it reads */
		on_typing_interrupted();
		if (n > 0 && p[0].revents != 0)
			return 1;
		if (n > 0 && p[1].revents != 0) {
			struct text text = { 0 };
			int err = client_notices(client, &text);
			above_show(&text);
			text_done(&text);
			if (err != 0)
				return -1;
		}
		if (n == 0 && !is_short)
			return 0;
		if (monitor_is_on())
			logs_show();
	}
}

/* --- idling --- */

static void
idle_warn(const char *when)
{
	line_leave("");
	printf("Warning: session will be closed in %s if there is no activity\n", when);
	line_again();
}

/* Waits for a key as long as the idle timeout allows. Returns as key_wait(). */
static int
idle_wait(FILE *in)
{
	static const struct {
		int before_s;
		const char *text;
	} warnings[] = { { 300, "5 minutes" }, { 10, "10 seconds" }, { 0, NULL } };
	int left_s = (int)client->settings.idle_minutes * 60;
	for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
		if (warnings[i].before_s >= left_s)
			continue;
		int n = key_wait(in, (left_s - warnings[i].before_s) * 1000);
		if (n != 0)
			return n;
		left_s = warnings[i].before_s;
		if (warnings[i].text != NULL)
			idle_warn(warnings[i].text);
	}
	return 0;
}

static int
key_get(FILE *in)
{
	int n = client->settings.idle_minutes > 0 ? idle_wait(in) : key_wait(in, -1);
	if (n <= 0) {
		is_closed = true;
		line_leave("");
		puts(n < 0 ? "error: connection to mgd lost"
			   : "Idle timeout exceeded: closing session");
		rl_replace_line("", 0);
		return EOF;
	}
	return rl_getc(in);
}

/* --- the session --- */

static void
readline_start(void)
{
	struct sigaction sa = { .sa_handler = on_sigint }; /* no SA_RESTART: poll() must return */
	sigaction(SIGINT, &sa, NULL);
	rl_readline_name = "sallyport";
	rl_initialize(); /* reads the user's inputrc; ours comes after it */
	rl_variable_bind("editing-mode", "emacs");
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_variable_bind("enable-meta-key", "off");
	rl_variable_bind("enable-active-region", "off");
	rl_bind_key('\t', on_tab);
	rl_bind_key(' ', on_space);
	rl_bind_key('?', on_help);
	rl_getc_function = key_get;
	rl_signal_event_hook = on_typing_interrupted;
	stifle_history(HISTORY_MAX);
}

/* Each mode has its own history. */
static void
history_switch(enum client_mode mode)
{
	static HISTORY_STATE *states[MODE_END];
	static enum client_mode now = MODE_OPERATIONAL;
	if (mode == now || mode == MODE_END)
		return;
	states[now] = history_get_history_state();
	if (states[mode] != NULL) {
		history_set_history_state(states[mode]);
		free(states[mode]);
		states[mode] = NULL;
	} else {
		HISTORY_STATE empty = { .flags = states[now]->flags };
		history_set_history_state(&empty);
	}
	now = mode;
}

/* A ^C that came while readline was ending is passed on by it now; it takes the terminal again for that. */
static void
command_begin(void)
{
	rl_check_signals();
	if (interrupted) {
		rl_deprep_terminal();
		rl_clear_signals();
	}
}

static bool
is_blank(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == '\0' || *line == '#';
}

static void
history_add(const char *line)
{
	char stamp[32];
	snprintf(stamp, sizeof(stamp), "#%lld", (long long)time(NULL));
	add_history(line);
	add_history_time(stamp);
}

/* `show cli history` */
static void
history_show(struct text *out)
{
	HIST_ENTRY **list = history_list();
	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		char when[16];
		struct tm tm;
		time_t t = history_get_time(list[i]);
		strftime(when, sizeof(when), "%T", gmtime_r(&t, &tm));
		text_printf(out, "  %s -- %s\n", when, list[i]->line);
	}
}

static int
line_run(const char *line)
{
	HIST_ENTRY *last =
	    history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
	if (is_blank(line))
		return 0;
	if (last == NULL || strcmp(last->line, line) != 0)
		history_add(line);
	return client_line(client, line);
}

int
typing_run(struct client *c)
{
	int status = 0;
	client = c;
	c->history = history_show;
	readline_start();
	while (c->mode != MODE_END && status == 0) {
		char prompt[512];
		history_switch(c->mode);
		if (c->settings.has_width && c->settings.width > 0)
			rl_set_screen_size((int)setting_rows(&c->settings), (int)c->settings.width);
		if (c->mode == MODE_CONFIGURATION)
			putchar('\n');
		banner_show();
		char *line = readline(client_prompt(c, prompt, sizeof(prompt)));
		bool is_end = line == NULL; /* ^D on an empty line */
		if (is_end && (is_closed || c->mode != MODE_CONFIGURATION))
			break;
		if (is_end)
			putchar('\n');
		command_begin();
		if ((is_end ? client_line(c, "exit") : line_run(line)) < 0)
			status = 1;
		interrupt_forget(); /* it was meant for the line that is over */
		free(line);
		if (c->mode == MODE_OPERATIONAL)
			putchar('\n');
	}
	return status;
}
