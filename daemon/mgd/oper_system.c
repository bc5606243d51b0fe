/* SPDX-License-Identifier: BSD-2-Clause
 *
 * oper_system.c - commands of operational mode about the system that are no RPCs.
 *
 * What makes sense on a router of its own and none on a host that runs more than a gateway is answered with what to do
 * instead. Called by oper.c.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/mgd/as_rpc.h"
#include "daemon/mgd/command.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"

enum system_id {
	SYSTEM_AUTHORIZATION = OPER_SYSTEM_FIRST,
	SYSTEM_HELP,
	SYSTEM_MONITOR_LIST,
	SYSTEM_MONITOR_START,
	SYSTEM_MONITOR_STOP,
	SYSTEM_REFUSED,
	SYSTEM_RESTART,
	SYSTEM_SHELL,
	SYSTEM_SHOW_CLI,
	SYSTEM_END,
};

static const struct command commands[] = {
	{ "help apropos", "Find help information about a topic", NULL, SYSTEM_HELP, false },
	{ "help reference", "Reference material", NULL, SYSTEM_HELP, false },
	{ "help topic", "Help for high level topics", NULL, SYSTEM_HELP, false },
	{ "monitor list", "Show logs that are being monitored", NULL, SYSTEM_MONITOR_LIST, false },
	{ "monitor start", "Start showing log file in real time", NULL, SYSTEM_MONITOR_START,
	    false },
	{ "monitor stop", "Stop showing log file in real time", NULL, SYSTEM_MONITOR_STOP, false },
	{ "request system halt", "Halt the system", NULL, SYSTEM_REFUSED, false },
	{ "request system power-off", "Power off the system", NULL, SYSTEM_REFUSED, false },
	{ "request system reboot", "Reboot the system", NULL, SYSTEM_REFUSED, false },
	{ "request system snapshot", "Archive data and executable areas", NULL, SYSTEM_REFUSED,
	    false },
	{ "request system software", "Perform system software extension or upgrade", NULL,
	    SYSTEM_REFUSED, false },
	{ "request system zeroize", "Erase all data", NULL, SYSTEM_REFUSED, false },
	{ "restart adaptive-services", "Adaptive services process", NULL, SYSTEM_RESTART, false },
	{ "restart interface-control", "Interface control process", NULL, SYSTEM_RESTART, false },
	{ "restart ipsec-key-management", "IPSec Key Management daemon", NULL, SYSTEM_RESTART,
	    false },
	{ "restart management", "Management daemon", NULL, SYSTEM_RESTART, false },
	{ "restart pki-service", "PKI service daemon", NULL, SYSTEM_RESTART, false },
	{ "restart routing", "Routing protocols process", NULL, SYSTEM_RESTART, false },
	{ "set cli logical-system", "Set default logical system", NULL, SYSTEM_REFUSED, false },
	{ "set date", "Set system date and time", NULL, SYSTEM_REFUSED, false },
	{ "show cli authorization", "Show user's authorization", NULL, SYSTEM_AUTHORIZATION,
	    false },
	{ "show cli history", "Show command history", NULL, SYSTEM_SHOW_CLI, false },
	{ "start shell", "Start shell", NULL, SYSTEM_SHELL, false },
};

enum { COMMANDS_N = sizeof(commands) / sizeof(commands[0]) };

/* What to do instead. */
static const struct {
	const char *command;
	const char *text;
} refusals[] = {
	{ "request system halt",
	    "error: this gateway does not halt its host; use the host's own means "
	    "(\"systemctl halt\" in a shell)" },
	{ "request system power-off",
	    "error: this gateway does not switch its host off; use the host's own means "
	    "(\"systemctl poweroff\" in a shell)" },
	{ "request system reboot",
	    "error: this gateway does not reboot its host; use \"restart DAEMON\" for one of its "
	    "processes, the host's own means (\"systemctl reboot\" in a shell) for the host" },
	{ "request system snapshot",
	    "error: there is no second medium to copy to; the host's own backup covers the "
	    "configurations" },
	{ "request system software",
	    "error: software is installed by the package manager of the host" },
	{ "request system zeroize",
	    "error: this gateway does not erase its host; delete the configuration with "
	    "\"delete\" and \"commit\" in configuration mode" },
	{ "set cli logical-system", "error: there are no logical systems" },
	{ "set date", "error: the clock is the host's; set it there (\"timedatectl\" in a shell)" },
};

/* What programs call them. */
static const struct {
	const char *rpc;
	const char *command;
} requests[] = {
	{ "get-cli-authorization-information", "show cli authorization" },
	{ "request-halt", "request system halt" },
	{ "request-package-add", "request system software" },
	{ "request-package-delete", "request system software" },
	{ "request-package-rollback", "request system software" },
	{ "request-power-off", "request system power-off" },
	{ "request-reboot", "request system reboot" },
	{ "request-snapshot", "request system snapshot" },
	{ "request-system-zeroize", "request system zeroize" },
	{ "routing-restart", "restart routing" },
	{ "set-logical-system", "set cli logical-system" },
};

/* Which of our daemons does what these of JUNOS do. */
static const struct {
	const char *command;
	const char *kind;
} daemons[] = {
	{ "restart adaptive-services", "picd" },
	{ "restart interface-control", "netd" },
	{ "restart ipsec-key-management", "kmd" },
	{ "restart management", "mgd" },
	{ "restart pki-service", "pkid" },
	{ "restart routing", "netd" },
};

const struct command *
oper_system_commands(size_t *n)
{
	*n = COMMANDS_N;
	return commands;
}

/* --- what they do --- */

/* What to say instead of doing C; NULL: nothing. */
static const char *
refusal_of(const struct command *c)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strcmp(refusals[i].command, c->words) == 0)
			return refusals[i].text;
	return NULL;
}

/* Which of our daemons C, a `restart`, means; NULL: none. */
static const char *
daemon_of(const struct command *c)
{
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (strcmp(daemons[i].command, c->words) == 0)
			return daemons[i].kind;
	return NULL;
}

bool
oper_system_has(const struct command *c)
{
	if (c->id == SYSTEM_REFUSED)
		return refusal_of(c) != NULL;
	if (c->id == SYSTEM_RESTART)
		return daemon_of(c) != NULL;
	return c->id >= OPER_SYSTEM_FIRST && c->id < SYSTEM_END;
}

/* Gives the command line a request NAME with one argument, or without where VALUE is NULL. */
static void
run_there(struct session *s, const char *name, const char *leaf, const char *value)
{
	struct arena *a = arena_new();
	struct elem *request = elem_new(a, name);
	if (value != NULL)
		elem_leaf(a, request, leaf, value);
	session_run(s, request, NULL, -1);
	session_done(s);
	arena_free(a);
}

static bool
restart(struct session *s, const struct command *c, const struct words *rest, struct refusal *e)
{
	static const char *const hows[] = { "gracefully", "immediately", "soft" };
	const char *how = rest->n == 0 ? hows[0] : NULL;
	for (size_t i = 0; rest->n > 0 && i < 3; i++)
		if (word_abbreviates(&rest->w[0], hows[i]) != 0)
			how = hows[i];
	if (how == NULL)
		return refuse(e, rest->w[0].at, "syntax error.");
	system_restart(s, daemon_of(c), c->help, how);
	return true;
}

static bool
shell(struct session *s, const struct words *rest, struct refusal *e)
{
	const char *which = NULL;
	if (rest->n > 0 && word_abbreviates(&rest->w[0], "csh") != 0)
		which = "csh";
	else if (rest->n > 0 && word_abbreviates(&rest->w[0], "sh") != 0)
		which = "sh";
	else if (rest->n > 0)
		return refuse(e, rest->w[0].at, "syntax error.");
	run_there(s, "start-shell", "shell", which);
	return true;
}

static void
authorization_show(struct session *s)
{
	struct text out = { 0 };
	permit_print(session_permit(s), s->user.name, &out);
	session_text(s, text_str(&out));
	session_done(s);
	text_done(&out);
}

static const char *
permission_of(int id)
{
	switch (id) {
	case SYSTEM_SHELL:
		return "shell";
	case SYSTEM_RESTART:
		return "reset";
	case SYSTEM_REFUSED:
		return "maintenance";
	case SYSTEM_MONITOR_START:
		return "trace";
	default:
		return "view";
	}
}

/* How many words may follow a command. */
static size_t
words_max(int id)
{
	switch (id) {
	case SYSTEM_HELP:
	case SYSTEM_REFUSED:
		return SIZE_MAX;
	case SYSTEM_MONITOR_START:
	case SYSTEM_MONITOR_STOP:
	case SYSTEM_RESTART:
	case SYSTEM_SHELL:
		return 1;
	default:
		return 0;
	}
}

static bool
run(struct session *s, const struct command *c, const struct words *rest, struct refusal *e)
{
	const char *first = rest->n > 0 ? rest->w[0].s : NULL;
	if (rest->n > words_max(c->id))
		return refuse(e, rest->w[words_max(c->id)].at, "syntax error.");
	switch (c->id) {
	case SYSTEM_AUTHORIZATION:
		authorization_show(s);
		break;
	case SYSTEM_HELP:
		help_run(s, c->words + strlen("help "), rest);
		break;
	case SYSTEM_MONITOR_LIST:
		run_there(s, "monitor-list", NULL, NULL);
		break;
	case SYSTEM_MONITOR_START:
		if (first == NULL)
			return refuse(e, rest->end + 1, "missing argument.");
		system_monitor(s, first);
		break;
	case SYSTEM_MONITOR_STOP:
		run_there(s, "monitor-stop", "filename", first);
		break;
	case SYSTEM_REFUSED:
		session_fail(s, refusal_of(c));
		break;
	case SYSTEM_RESTART:
		return restart(s, c, rest, e);
	case SYSTEM_SHELL:
		return shell(s, rest, e);
	case SYSTEM_SHOW_CLI:
		session_setting(s, c->words + strlen("show cli "), NULL);
		session_done(s);
		break;
	default:
		session_done(s);
		break;
	}
	return true;
}

/* `| display xml rpc` */
static void
request_show(struct session *s, const struct command *c)
{
	static const char restart_words[] = "restart ";
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(requests[i].command, c->words) == 0) {
			as_rpc_named(s, requests[i].rpc, NULL, NULL);
			return;
		}
	if (c->id == SYSTEM_RESTART)
		as_rpc_named(
		    s, "restart-daemon", "daemon-name", c->words + sizeof(restart_words) - 1);
	else
		as_rpc_none(s);
}

/* The command that a program means by RPC NAME, NULL: none. */
static const struct command *
command_of(const char *name, const struct elem *arguments)
{
	const char *daemon = elem_value(arguments, "daemon-name");
	const char *words = NULL;
	char line[64] = "";
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(requests[i].rpc, name) == 0)
			words = requests[i].command;
	if (strcmp(name, "restart-daemon") == 0 && daemon != NULL) {
		snprintf(line, sizeof(line), "restart %s", daemon);
		words = line;
	}
	for (size_t i = 0; words != NULL && i < COMMANDS_N; i++)
		if (strcmp(commands[i].words, words) == 0)
			return &commands[i];
	return NULL;
}

bool
oper_system_call(struct session *s, const char *name, const struct elem *arguments)
{
	const struct command *c = command_of(name, arguments);
	const char *how = elem_value(arguments, "how-to-reset");
	struct word word = { .s = how };
	struct words rest = { .w = &word, .n = how != NULL };
	if (c == NULL && strcmp(name, "restart-daemon") == 0) {
		session_fail(s, "  'daemon-name'\n    syntax error, expecting <daemon-name>\n");
		return true;
	}
	if (c == NULL)
		return false;
	struct text typed = { 0 };
	text_printf(&typed, "%s%s%s", c->words, how != NULL ? " " : "", how != NULL ? how : "");
	if (permit_command(session_permit(s), text_str(&typed), NULL))
		oper_system_run(s, c, &rest);
	else
		session_fail(s, "error: permission denied");
	text_done(&typed);
	return true;
}

void
oper_system_run(struct session *s, const struct command *c, const struct words *rest)
{
	struct refusal e = { 0 };
	if (s->is_rpc)
		request_show(s, c);
	else if (!permit_command(session_permit(s), c->words, permission_of(c->id)))
		session_fail(s, "error: permission denied");
	else if (!run(s, c, rest, &e))
		session_refuse(s, &e);
	refusal_done(&e);
}
