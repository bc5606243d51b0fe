/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_syslog.c - rules about [edit system syslog] and traceoptions: expressions that can be compiled, addresses, names.
 *
 * What the statements mean is told in lib/os/log_sink.h. Called by conf_load() on its thread.
 */
#include "lib/base/addr.h"
#include "lib/base/pattern.h"
#include "lib/conf/builder.h"

#include <string.h>

static void
match_check(struct builder *b, const struct elem *e)
{
	const struct elem *leaf = elem_find(e, "match");
	regex_t re;
	const char *why =
	    leaf != NULL && leaf->value != NULL ? pattern_compile(&re, leaf->value) : NULL;
	if (why != NULL)
		builder_error(b, leaf, "%s", why);
	else if (leaf != NULL && leaf->value != NULL)
		regfree(&re);
}

/* Every process has a log of its own, to which nobody else writes; only that of kmd is also for traces. */
static void
name_check(struct builder *b, const struct elem *e, const char *name)
{
	static const char *const own[] = { "mgd", "netd", "sallyportd" };
	bool is_own = name != NULL && strncmp(name, "picd-", 5) == 0;
	for (size_t i = 0; name != NULL && i < sizeof(own) / sizeof(own[0]); i++)
		is_own = is_own || strcmp(own[i], name) == 0;
	if (is_own)
		builder_error(b, e, "%s is the log of a process of this gateway", name);
}

static void
host_check(struct builder *b, const struct elem *e)
{
	const char *name = elem_value(e, "name");
	struct addr a;
	match_check(b, e);
	if (name != NULL && !addr_parse(name, &a))
		builder_warn(b, e,
		    "names of hosts are not looked up: nothing is sent there, configure "
		    "an address");
}

/* Areas that a process of this gateway has something to say about. */
static bool
is_traced(const char *flag)
{
	static const char *const flags[] = { "all", "certificates", "database", "general", "ike",
		"parse", "policy-manager", "timer" };
	for (size_t i = 0; flag != NULL && i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(flags[i], flag) == 0)
			return true;
	return false;
}

static void
trace_check(struct builder *b, const struct elem *trace)
{
	const struct elem *file = elem_find(trace, "file");
	match_check(b, file);
	name_check(b, file, elem_value(file, "filename"));
	elem_each (flag, trace, "flag")
		if (!is_traced(flag->is_container ? elem_value(flag, "name") : flag->value))
			builder_warn(b, flag, "no process of this gateway traces that yet");
}

void
check_syslog(struct builder *b)
{
	const struct elem *syslog = elem_path(b->root, "system/syslog");
	elem_each (e, syslog, "file") {
		match_check(b, e);
		name_check(b, e, elem_value(e, "name"));
	}
	elem_each (e, syslog, "user")
		match_check(b, e);
	elem_each (e, syslog, "host")
		host_check(b, e);
	trace_check(b, elem_path(b->root, "services/ipsec-vpn/traceoptions"));
	trace_check(b, elem_path(b->root, "security/traceoptions"));
}
