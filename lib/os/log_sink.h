/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log_sink.h - a place that lines of the log go to, and which of them: one `file`, `host` or `user` of [edit system syslog].
 *
 * Every line has a facility and a level. A sink takes the lines of the facilities that it names, down to the level that it
 * names for each; what it says of one facility counts before what it says of all (`any`), so that `any notice;
 * authorization none` is what it looks like. Of these it takes those that match its expression. Pure but for regexec(); one
 * thread at a time.
 */
#ifndef LOG_SINK_H
#define LOG_SINK_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct elem;

/* As JUNOS counts them; the number of a level is that of RFC 3164. */
enum log_level {
	LOG_LEVEL_EMERGENCY,
	LOG_LEVEL_ALERT,
	LOG_LEVEL_CRITICAL,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_facility {
	LOG_AUTHORIZATION,
	LOG_CHANGE_LOG,
	LOG_CONFLICT_LOG,
	LOG_DAEMONS,
	LOG_DFC,
	LOG_EXTERNAL,
	LOG_FIREWALL,
	LOG_FTP_SERVER,
	LOG_INTERACTIVE_COMMANDS,
	LOG_KERNEL,
	LOG_NTP,
	LOG_PFE,
	LOG_SECURITY,
	LOG_USERS,
	LOG_FACILITIES,
};

enum log_sink_kind { LOG_SINK_FILE, LOG_SINK_HOST, LOG_SINK_USER, LOG_SINK_TRACE };

enum { LOG_SINK_NAME_MAX = 64, LOG_SINK_PREFIX_MAX = 128, LOG_FLAGS_MAX = 256 };

struct log_sink {
	enum log_sink_kind kind;
	char name[LOG_SINK_NAME_MAX]; /* file, address or user ("*": all) */
	signed char
	    least[LOG_FACILITIES]; /* the highest number of a level that is taken; -1: none */
	bool has_match;
	regex_t match;
	bool has_priority; /* %FACILITY-N- before the tag */
	bool is_structured;
	bool is_brief;
	bool has_year;
	bool has_ms;
	int code; /* of RFC 3164 instead of the facility's own; -1: none */
	char prefix[LOG_SINK_PREFIX_MAX];
	unsigned port;             /* HOST */
	char source[48];           /* HOST: address that it comes from; "": any */
	char flags[LOG_FLAGS_MAX]; /* TRACE: what is traced: " general database " */
};

/* One line, before a sink gives it its form. */
struct log_entry {
	enum log_facility facility;
	enum log_level level;
	struct timespec when;
	const char *host;
	const char *process;
	int pid;
	const char *tag; /* "UI_COMMIT" */
	const char *text;
};

/* Reads `sink { kind, name, ... }` (msg.h). Returns false, with nothing to be freed, if it makes no sense. */
bool log_sink_init(struct log_sink *s, const struct elem *e);
void log_sink_done(struct log_sink *s);

/* Does S want lines of this kind at all? */
bool log_sink_takes(const struct log_sink *s, enum log_facility facility, enum log_level level);
/* And this one? */
bool log_sink_wants(const struct log_sink *s, const struct log_entry *e);
/* TRACE: is FLAG traced? */
bool log_sink_traces(const struct log_sink *s, const char *flag, enum log_level level);

/* Writes the line as S has it, with its newline, into OUT; returns its length, less than SIZE. A user's line and a host's have
 * their name and a newline first, so that who passes them on knows whose they are. */
size_t log_sink_print(const struct log_sink *s, const struct log_entry *e, char *out, size_t size);

/* Of which facility lines with TAG are. */
enum log_facility log_facility_of(const char *tag);
/* "interactive-commands"; LOG_FACILITIES: none of that name. */
enum log_facility log_facility_find(const char *name);

#endif
