/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log_sink.c - a place that lines of the log go to, and which of them.
 *
 * Facilities that RFC 3164 does not know have the numbers of local ones that JUNOS gives them.
 */
#include "lib/os/log_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/pattern.h"
#include "lib/msg/elem.h"

static const struct {
	const char *name;
	const char *mark; /* of explicit-priority */
	int code;         /* of RFC 3164 */
} facilities[LOG_FACILITIES] = {
	[LOG_AUTHORIZATION] = { "authorization", "AUTH", 4 },
	[LOG_CHANGE_LOG] = { "change-log", "CHANGE", 22 },
	[LOG_CONFLICT_LOG] = { "conflict-log", "CONFLICT", 21 },
	[LOG_DAEMONS] = { "daemon", "DAEMON", 3 },
	[LOG_DFC] = { "dfc", "DFC", 17 },
	[LOG_EXTERNAL] = { "external", "EXTERNAL", 16 },
	[LOG_FIREWALL] = { "firewall", "FIREWALL", 19 },
	[LOG_FTP_SERVER] = { "ftp", "FTP", 11 },
	[LOG_INTERACTIVE_COMMANDS] = { "interactive-commands", "INTERACT", 23 },
	[LOG_KERNEL] = { "kernel", "KERN", 0 },
	[LOG_NTP] = { "ntp", "NTP", 12 },
	[LOG_PFE] = { "pfe", "PFE", 20 },
	[LOG_SECURITY] = { "security", "SECURITY", 13 },
	[LOG_USERS] = { "user", "USER", 1 },
};

static const struct {
	const char *name;
	signed char least;
} levels[] = {
	{ "any", LOG_LEVEL_DEBUG },
	{ "alert", LOG_LEVEL_ALERT },
	{ "all", LOG_LEVEL_DEBUG },
	{ "critical", LOG_LEVEL_CRITICAL },
	{ "emergency", LOG_LEVEL_EMERGENCY },
	{ "error", LOG_LEVEL_ERROR },
	{ "info", LOG_LEVEL_INFO },
	{ "none", -1 },
	{ "notice", LOG_LEVEL_NOTICE },
	{ "verbose", LOG_LEVEL_DEBUG },
	{ "warning", LOG_LEVEL_WARNING },
};

/* The first that a tag begins with; all else is of the processes. */
static const struct {
	const char *tag;
	enum log_facility facility;
} tags[] = {
	{ "UI_AUTH_", LOG_AUTHORIZATION },
	{ "UI_CFG_AUDIT_", LOG_CHANGE_LOG },
	{ "UI_CHILD_", LOG_INTERACTIVE_COMMANDS },
	{ "UI_CLEAR_LOG", LOG_INTERACTIVE_COMMANDS },
	{ "UI_CMDLINE_", LOG_INTERACTIVE_COMMANDS },
	{ "UI_COMMIT", LOG_INTERACTIVE_COMMANDS },
	{ "UI_DBASE_LOGIN_EVENT", LOG_INTERACTIVE_COMMANDS },
	{ "UI_DBASE_LOGOUT_EVENT", LOG_INTERACTIVE_COMMANDS },
	{ "UI_LOAD_EVENT", LOG_INTERACTIVE_COMMANDS },
	{ "UI_LOGIN_EVENT", LOG_INTERACTIVE_COMMANDS },
	{ "UI_LOGOUT_", LOG_INTERACTIVE_COMMANDS },
	{ "UI_NETCONF_CMD", LOG_INTERACTIVE_COMMANDS },
	{ "UI_RESCUE_", LOG_INTERACTIVE_COMMANDS },
	{ "UI_RESTART_EVENT", LOG_INTERACTIVE_COMMANDS },
};

enum log_facility
log_facility_of(const char *tag)
{
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strncmp(tags[i].tag, tag, strlen(tags[i].tag)) == 0)
			return tags[i].facility;
	return LOG_DAEMONS;
}

enum log_facility
log_facility_find(const char *name)
{
	unsigned f = 0;
	while (f < LOG_FACILITIES && strcmp(facilities[f].name, name) != 0)
		f++;
	return (enum log_facility)f;
}

/* --- reading --- */

/* The levels of a name, or -2 if there is no such one. */
static int
level_find(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].name, name) == 0)
			return levels[i].least;
	return -2;
}

/* What is said of `any` first, whatever the order. */
static bool
selection_read(struct log_sink *s, const struct elem *e)
{
	memset(s->least, -1, sizeof(s->least));
	elem_each (c, e, "contents") {
		const char *name = elem_value(c, "name");
		int least = level_find(elem_value(c, "level"));
		if (name == NULL || least < -1)
			return false;
		if (strcmp(name, "any") == 0)
			memset(s->least, least, sizeof(s->least));
	}
	elem_each (c, e, "contents") {
		const char *name = elem_value(c, "name");
		enum log_facility f = log_facility_find(name);
		if (f < LOG_FACILITIES)
			s->least[f] = (signed char)level_find(elem_value(c, "level"));
		else if (strcmp(name, "any") != 0)
			return false;
	}
	return true;
}

static bool
kind_read(struct log_sink *s, const char *kind)
{
	static const char *const kinds[] = { "file", "host", "user", "trace" };
	for (size_t i = 0; kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], kind) == 0) {
			s->kind = (enum log_sink_kind)i;
			return true;
		}
	return false;
}

/* `local0` to `local7` are names here, too. */
static int
code_find(const char *name)
{
	if (strncmp(name, "local", 5) == 0 && name[5] >= '0' && name[5] <= '7')
		return 16 + (name[5] - '0');
	enum log_facility f = log_facility_find(name);
	return f < LOG_FACILITIES ? facilities[f].code : -1;
}

static void
flags_read(struct log_sink *s, const struct elem *e)
{
	size_t at = 0;
	elem_each (flag, e, "flag") {
		if (flag->value == NULL || at + strlen(flag->value) + 3 > sizeof(s->flags))
			continue;
		at += (size_t)snprintf(s->flags + at, sizeof(s->flags) - at, " %s ", flag->value);
	}
}

bool
log_sink_init(struct log_sink *s, const struct elem *e)
{
	const char *name = elem_value(e, "name");
	const char *match = elem_value(e, "match");
	const char *prefix = elem_value(e, "log-prefix");
	const char *override = elem_value(e, "facility-override");
	const char *port = elem_value(e, "port");
	const char *source = elem_value(e, "source-address");
	const struct elem *structured = elem_find(e, "structured-data");
	*s = (struct log_sink){ .code = -1 };
	if (name == NULL || strlen(name) >= sizeof(s->name) || strchr(name, '\n') != NULL ||
	    !kind_read(s, elem_value(e, "kind")) || !selection_read(s, e))
		return false;
	strcpy(s->name, name);
	s->has_priority = elem_has(e, "explicit-priority");
	s->is_structured = structured != NULL;
	s->is_brief = elem_has(structured, "brief");
	s->has_year = elem_has(e, "year");
	s->has_ms = elem_has(e, "millisecond");
	s->code = override != NULL ? code_find(override) : -1;
	snprintf(s->prefix, sizeof(s->prefix), "%s", prefix != NULL ? prefix : "");
	s->port = port != NULL ? (unsigned)strtoul(port, NULL, 10) & 0xffff : 514;
	snprintf(s->source, sizeof(s->source), "%s", source != NULL ? source : "");
	flags_read(s, e);
	s->has_match = match != NULL;
	return match == NULL || pattern_compile(&s->match, match) == NULL;
}

void
log_sink_done(struct log_sink *s)
{
	if (s->has_match)
		regfree(&s->match);
	s->has_match = false;
}

/* --- choosing --- */

bool
log_sink_takes(const struct log_sink *s, enum log_facility facility, enum log_level level)
{
	return s->kind != LOG_SINK_TRACE && s->least[facility] >= (int)level;
}

bool
log_sink_wants(const struct log_sink *s, const struct log_entry *e)
{
	char line[1200];
	if (s->kind != LOG_SINK_TRACE && !log_sink_takes(s, e->facility, e->level))
		return false;
	if (!s->has_match)
		return true;
	snprintf(line, sizeof(line), "%s[%d]: %s: %s", e->process, e->pid, e->tag, e->text);
	return regexec(&s->match, line, 0, NULL, 0) == 0;
}

bool
log_sink_traces(const struct log_sink *s, const char *flag, enum log_level level)
{
	char word[64];
	if (s->kind != LOG_SINK_TRACE || s->least[LOG_DAEMONS] < (int)level)
		return false;
	snprintf(word, sizeof(word), " %s ", flag);
	return strstr(s->flags, word) != NULL || strstr(s->flags, " all ") != NULL;
}

/* --- writing --- */

static void
stamp_print(const struct log_sink *s, const struct log_entry *e, char out[64])
{
	struct tm tm;
	size_t n = strftime(out, 64, "%b %e %T", gmtime_r(&e->when.tv_sec, &tm));
	if (s->has_ms)
		n += (size_t)snprintf(out + n, 64 - n, ".%03d", (int)(e->when.tv_nsec / 1000000));
	if (s->has_year)
		snprintf(out + n, 64 - n, " %d", tm.tm_year + 1900);
}

/* RFC 5424: version, time, host, process, pid, tag, no parameters. */
static int
structured_print(
    const struct log_sink *s, const struct log_entry *e, int priority, char *out, size_t size)
{
	char stamp[64];
	struct tm tm;
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", gmtime_r(&e->when.tv_sec, &tm));
	return snprintf(out, size, "<%d>1 %s.%03dZ %s %s %d %s -%s%s\n", priority, stamp,
	    (int)(e->when.tv_nsec / 1000000), e->host, e->process, e->pid, e->tag,
	    s->is_brief ? "" : " ", s->is_brief ? "" : e->text);
}

static int
plain_print(const struct log_sink *s, const struct log_entry *e, char *out, size_t size)
{
	char stamp[64];
	char mark[32] = "";
	stamp_print(s, e, stamp);
	if (s->has_priority)
		snprintf(
		    mark, sizeof(mark), "%%%s-%d-", facilities[e->facility].mark, (int)e->level);
	if (s->kind == LOG_SINK_TRACE)
		return snprintf(out, size, "%s %s[%d]: %s\n", stamp, e->process, e->pid, e->text);
	return snprintf(out, size, "%s %s %s%s%s[%d]: %s%s: %s\n", stamp, e->host, s->prefix,
	    s->prefix[0] != '\0' ? ": " : "", e->process, e->pid, mark, e->tag, e->text);
}

size_t
log_sink_print(const struct log_sink *s, const struct log_entry *e, char *out, size_t size)
{
	int code = s->code >= 0 ? s->code : facilities[e->facility].code;
	int priority = code * 8 + (int)e->level;
	size_t at = 0;
	if (s->kind == LOG_SINK_HOST || s->kind == LOG_SINK_USER)
		at = (size_t)snprintf(out, size, "%s\n", s->name);
	if (s->kind == LOG_SINK_HOST && !s->is_structured)
		at += (size_t)snprintf(out + at, size - at, "<%d>", priority);
	int n = s->is_structured ? structured_print(s, e, priority, out + at, size - at)
				 : plain_print(s, e, out + at, size - at);
	if (n < 0)
		return 0;
	if ((size_t)n < size - at)
		return at + (size_t)n;
	out[size - 2] = '\n'; /* cut, and still a line */
	return size - 1;
}
