/* SPDX-License-Identifier: BSD-2-Clause
 *
 * act.c - which function does the command of a CLI_RUN. Called by client.c, in the process and with the rights of the
 * person; nothing here has judged a permission: mgd has.
 */
#include "cli/act.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "cli/act_do.h"
#include "cli/render.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

static const struct {
	const char *rpc;
	int (*run)(struct act *a, const struct elem *request);
} table[] = {
	{ "file-compare", act_file_compare },
	{ "file-copy", act_file_copy },
	{ "file-delete", act_file_delete },
	{ "file-list", act_file_list },
	{ "file-rename", act_file_rename },
	{ "file-show", act_file_show },
	{ "get-chassis-inventory", act_inventory },
	{ "get-checksum-information", act_checksum },
	{ "get-directory-usage-information", act_directory_usage },
	{ "get-cli-working-directory", act_directory },
	{ "get-log", act_log },
	{ "get-route-engine-information", act_route_engine },
	{ "get-sha1-checksum-information", act_checksum },
	{ "get-sha256-checksum-information", act_checksum },
	{ "get-system-memory-information", act_memory },
	{ "get-system-process-information", act_processes },
	{ "get-system-storage", act_storage },
	{ "get-system-uptime-information", act_uptime },
	{ "get-system-users-information", act_users },
	{ "get-user-log", act_user_log },
	{ "ping", act_tool },
	{ "set-cli-working-directory", act_directory },
	{ "start-shell", act_shell },
	{ "traceroute", act_tool },
};

bool
act_has(const char *rpc)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].rpc, rpc) == 0)
			return true;
	return false;
}

int
act_run(struct act *a)
{
	const char *rpc = elem_value(a->run, "rpc");
	const struct elem *request = elem_find(a->run, "request");
	request = request != NULL ? request->child : NULL;
	for (size_t i = 0; rpc != NULL && request != NULL && i < sizeof(table) / sizeof(table[0]);
	     i++)
		if (strcmp(table[i].rpc, rpc) == 0)
			return table[i].run(a, request);
	return act_fail(a, "error: command is not available here");
}

int
act_fail(struct act *a, const char *fmt, ...)
{
	char text[4600];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_put(a->error, text);
	return 1;
}

void
act_begin(struct act *a)
{
	const char *root = elem_value(a->run, "root");
	render_begin(a->render, root != NULL ? root : "output", "");
}

bool
act_content(struct act *a, const char *root, char *s, size_t n)
{
	render_content(a->render, root, s, n);
	return a->flush(a->arg);
}

const char *
act_fact(const struct act *a, const char *name)
{
	return elem_value(elem_find(a->run, "facts"), name);
}
