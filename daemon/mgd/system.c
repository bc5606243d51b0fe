/* SPDX-License-Identifier: BSD-2-Clause
 *
 * system.c - commands about the host, its logs and processes: who does them, and what is asked of sallyportd for them.
 *
 * mgd may open neither a log nor a process. What the user's own rights are enough for is done by the command line
 * (CLI_RUN). Logs belong to root: sallyportd opens one for reading and mgd passes the descriptor on, so that permission
 * `view` is what counts, no daemon handles the text, and the reader of a long log only waits for itself. Called by
 * oper.c, oper_system.c and main.c.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/mgd.h"
#include "lib/msg/row.h"
#include "lib/yang/schema.h"

enum ask_kind { ASK_LOG, ASK_LOG_LIST, ASK_LOG_CLEAR, ASK_MONITOR, ASK_RESTART };

/* One question that sallyportd has not answered. */
struct super_ask {
	struct super_ask *next;
	struct session *s; /* NULL: nobody waits any more */
	uint32_t seq;
	enum ask_kind kind;
	struct arena *a;
	struct elem *request; /* for the command line; NULL: none */
	const char *label;    /* RESTART: what JUNOS calls the daemon */
};

/* --- asking --- */

static struct super_ask *
ask_new(struct session *s, enum ask_kind kind)
{
	struct super_ask *ask = calloc(1, sizeof(*ask));
	if (ask == NULL)
		abort();
	*ask = (struct super_ask){
		.next = s->m->asks, .s = s, .seq = ++s->m->seq, .kind = kind, .a = arena_new()
	};
	s->m->asks = ask;
	return ask;
}

static void
ask_free(struct mgd *m, struct super_ask *ask)
{
	for (struct super_ask **at = &m->asks; *at != NULL; at = &(*at)->next)
		if (*at == ask) {
			*at = ask->next;
			break;
		}
	arena_free(ask->a);
	free(ask);
}

static void
ask_send(struct super_ask *ask, enum msg_type type, const struct elem *body)
{
	struct session *s = ask->s;
	if (ipc_send(s->m->d.super, (uint16_t)type, ask->seq, body, -1) == 0)
		return;
	ask_free(s->m, ask);
	session_fail(s, "error: the gateway does not answer");
}

static void
log_ask(struct session *s, enum ask_kind kind, const char *name, bool all)
{
	struct super_ask *ask = ask_new(s, kind);
	struct elem *e = elem_new(ask->a, "log-ask");
	if (name != NULL)
		elem_leaf(ask->a, e, "name", name);
	if (kind == ASK_LOG_CLEAR)
		elem_flag(ask->a, e, "clear");
	if (all)
		elem_flag(ask->a, e, "all");
	if (kind == ASK_LOG || kind == ASK_MONITOR) {
		ask->request = elem_new(ask->a, kind == ASK_MONITOR ? "monitor-start" : "get-log");
		elem_leaf(ask->a, ask->request, "filename", name);
	}
	ask_send(ask, MSG_LOG_ASK, e);
}

void
system_monitor(struct session *s, const char *name)
{
	log_ask(s, ASK_MONITOR, name, false);
}

void
system_restart(struct session *s, const char *kind, const char *label, const char *how)
{
	struct super_ask *ask = ask_new(s, ASK_RESTART);
	struct elem *e = elem_new(ask->a, "restart");
	ask->label = label;
	elem_leaf(ask->a, e, "kind", kind);
	elem_leaf(ask->a, e, "how", how);
	log_line(LOG_LEVEL_NOTICE, "UI_RESTART_EVENT", "user '%s' restarting daemon '%s' (%s)",
	    s->user.name, kind, how);
	if (strcmp(kind, "mgd") == 0) {
		/* nobody will be here to tell of it */
		session_text(s, "Management daemon is being restarted; this session ends\n");
		ask->s = NULL;
		session_done(s);
		ipc_send(s->m->d.super, MSG_RESTART, ask->seq, e, -1);
		return;
	}
	ask_send(ask, MSG_RESTART, e);
}

void
system_detach(struct session *s)
{
	for (struct super_ask *ask = s->m->asks; ask != NULL; ask = ask->next)
		if (ask->s == s)
			ask->s = NULL; /* it is freed when the answer comes */
}

/* --- answers --- */

/* As `ls -l` writes a date: the year of what is older than half a year. */
static const char *
list_date(time_t when, char out[32])
{
	struct tm tm;
	bool is_old = time(NULL) - when > 180 * 86400;
	strftime(out, 32, is_old ? "%b %e  %Y" : "%b %e %H:%M", gmtime_r(&when, &tm));
	return out;
}

/* "-rw-r-----" */
static void
mode_print(unsigned mode, char out[11])
{
	static const char bits[] = "rwxrwxrwx";
	out[0] = '-'; /* sallyportd tells of plain files */
	for (unsigned i = 0; i < 9; i++)
		out[i + 1] = (mode >> (8 - i) & 1) != 0 ? bits[i] : '-';
	out[10] = '\0';
}

static struct elem *
log_row(struct arena *a, const struct elem *file)
{
	const char *mode = elem_value(file, "mode");
	const char *links = elem_value(file, "links");
	const char *when = elem_value(file, "seconds");
	const char *size = elem_value(file, "size");
	const char *name = elem_value(file, "name");
	char text[32];
	if (name == NULL || size == NULL || when == NULL)
		return NULL;
	struct elem *row = elem_new(a, "file-information");
	elem_leaf(a, row, "file-name", name);
	elem_leaf(a, row, "file-permissions", mode != NULL ? mode : "640");
	mode_print(mode != NULL ? (unsigned)strtoul(mode, NULL, 8) : 0640, text);
	elem_leaf(a, row, "junos:format", arena_strdup(a, text));
	elem_leaf(a, row, "file-owner", "root");
	elem_leaf(a, row, "file-group", "root");
	elem_leaf(a, row, "file-links", links != NULL ? links : "1");
	elem_leaf(a, row, "file-size", size);
	elem_leaf(a, row, "file-date", when);
	list_date((time_t)strtoll(when, NULL, 10), text);
	elem_leaf(a, row, "junos:format", arena_strdup(a, text));
	return row;
}

static void
log_rows(struct session *s, const struct elem *body)
{
	struct arena *a = arena_new();
	struct elem *directory;
	long long blocks = 0;
	elem_each (file, body, "file") {
		const char *n = elem_value(file, "blocks");
		blocks += n != NULL ? strtoll(n, NULL, 10) : 0;
	}
	session_reply(s, "get-log", "directory-list", "log");
	session_row(s, row_open_new(a, "directory", &directory));
	session_row(
	    s, elem_leaff(a, elem_new(a, "holder"), "total-file-blocks", "%lld", blocks / 2));
	elem_each (file, body, "file") {
		struct elem *row = log_row(a, file);
		if (row != NULL)
			session_row(s, row);
	}
	arena_free(a);
}

static void
on_restarted(struct session *s, const char *label, const struct elem *body)
{
	struct text out = { 0 };
	elem_each (d, body, "daemon") {
		const char *name = elem_value(d, "name");
		const char *pid = elem_value(d, "pid");
		const char *instance = name != NULL ? strchr(name, '-') : NULL;
		if (pid != NULL && instance != NULL)
			text_printf(&out, "%s (%s) started, pid %s\n", label, instance + 1, pid);
		else if (pid != NULL)
			text_printf(&out, "%s started, pid %s\n", label, pid);
		else
			text_printf(&out, "%s signalled but still running\n", label);
	}
	if (out.len == 0)
		text_printf(&out, "%s is not running\n", label);
	session_text(s, text_str(&out));
	text_done(&out);
}

bool
system_on_super(struct mgd *m, struct ipc_msg *msg)
{
	struct super_ask *ask = m->asks;
	if (msg->type != MSG_LOG && msg->type != MSG_RESTARTED)
		return false;
	while (ask != NULL && ask->seq != msg->seq)
		ask = ask->next;
	if (ask == NULL)
		return false;
	struct session *s = ask->s;
	const char *error = elem_value(msg->body, "error");
	bool wants_fd = ask->kind == ASK_LOG || ask->kind == ASK_MONITOR;
	if (s == NULL || error != NULL || (wants_fd && msg->fd < 0)) {
		if (s != NULL)
			session_fail(s, error != NULL ? error : "error: could not open the log");
		ask_free(m, ask);
		return true;
	}
	if (wants_fd)
		session_run(s, ask->request, "file-content", msg->fd);
	else if (ask->kind == ASK_LOG_LIST)
		log_rows(s, msg->body);
	else if (ask->kind == ASK_RESTART)
		on_restarted(s, ask->label, msg->body);
	ask_free(m, ask);
	session_done(s);
	return true;
}

/* --- other sessions --- */

/* True if REQUEST means S by user, terminal or process. */
static bool
is_meant(const struct session *s, const struct elem *request)
{
	const char *user = elem_value(request, "user");
	const char *terminal = elem_value(request, "terminal");
	const char *pid = elem_value(request, "pid");
	if (!s->is_welcome || (user == NULL && terminal == NULL && pid == NULL))
		return false;
	return (user == NULL || strcmp(user, s->user.name) == 0) &&
	       (terminal == NULL || strcmp(terminal, s->terminal) == 0) &&
	       (pid == NULL || strtoul(pid, NULL, 10) == (unsigned long)s->user.pid);
}

static void
logout_rpc(struct session *s, const struct elem *request)
{
	struct session *next;
	unsigned n = 0;
	for (struct session *x = s->m->sessions; x != NULL; x = next) {
		next = x->next;
		if (x == s || !is_meant(x, request))
			continue;
		log_line(LOG_LEVEL_NOTICE, "UI_LOGOUT_FORCED", "user '%s' ends session of '%s'",
		    s->user.name, x->user.name);
		session_notice(x, "\nconnection closed by administrator\n");
		session_end(x);
		n++;
	}
	if (n > 0)
		session_done(s);
	else if (request->child == NULL)
		session_fail(s, "error: whose session? Name a user, a terminal or a pid");
	else
		session_fail(s, "error: no such session");
}

static void
message_rpc(struct session *s, const struct elem *request)
{
	char date[32];
	unsigned n = 0;
	struct text out = { 0 };
	text_printf(&out, "\nMessage from %s@%s on %s at %s\n%s\nEOF\n", s->user.name,
	    db_host_name(&s->m->db) != NULL ? db_host_name(&s->m->db) : "",
	    s->terminal[0] != '\0' ? s->terminal : "no tty", store_date(time(NULL), date),
	    elem_value(request, "message"));
	for (struct session *x = s->m->sessions; x != NULL; x = x->next) {
		if (!elem_has(request, "all") && !is_meant(x, request))
			continue;
		if (x->is_welcome && x->terminal[0] != '\0') {
			session_notice(x, text_str(&out));
			n++;
		}
	}
	text_done(&out);
	if (n > 0)
		session_done(s);
	else
		session_fail(s, "error: no such user or terminal");
}

/* --- the RPCs --- */

static void
log_rpc(struct session *s, const struct elem *request)
{
	const char *name = elem_value(request, "filename");
	log_ask(s, name != NULL ? ASK_LOG : ASK_LOG_LIST, name, false);
}

static void
clear_log_rpc(struct session *s, const struct elem *request)
{
	const char *name = elem_value(request, "filename");
	log_line(LOG_LEVEL_NOTICE, "UI_CLEAR_LOG", "user '%s' clears log '%s'", s->user.name,
	    name != NULL ? name : "");
	log_ask(s, ASK_LOG_CLEAR, name != NULL ? name : "", elem_has(request, "all"));
}

static const struct {
	const char *name;
	void (*run)(struct session *s, const struct elem *request);
} rpcs[] = {
	{ "clear-log", clear_log_rpc },
	{ "get-log", log_rpc },
	{ "request-logout-user", logout_rpc },
	{ "request-message", message_rpc },
};

bool
system_has(const char *name)
{
	for (size_t i = 0; i < sizeof(rpcs) / sizeof(rpcs[0]); i++)
		if (strcmp(rpcs[i].name, name) == 0)
			return true;
	return false;
}

bool
system_rpc(struct session *s, const struct srpc *rpc, const struct elem *request)
{
	for (size_t i = 0; i < sizeof(rpcs) / sizeof(rpcs[0]); i++)
		if (strcmp(rpcs[i].name, rpc->name) == 0) {
			rpcs[i].run(s, request);
			return true;
		}
	return false;
}

void
system_run_there(struct session *s, const struct srpc *rpc, const struct elem *request)
{
	bool has_root = rpc->output != NULL && rpc->output->n_children > 0;
	session_run(s, request, has_root ? rpc->output->children[0]->name : NULL, -1);
	session_done(s);
}
