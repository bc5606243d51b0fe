/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log_sink_test.c - which lines a place takes, and how it writes them.
 */
#include "lib/os/log_sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

/* Makes a sink of "FACILITY LEVEL;FACILITY LEVEL" and leaves "NAME VALUE" or "NAME". */
static bool
sink_make(struct log_sink *s, const char *kind, const char *contents, const char *leaves)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "sink");
	char words[256];
	char *save;
	elem_leaf(a, e, "kind", kind);
	elem_leaf(a, e, "name", "place");
	snprintf(words, sizeof(words), "%s", contents);
	for (char *w = strtok_r(words, ";", &save); w != NULL; w = strtok_r(NULL, ";", &save)) {
		char *blank = strchr(w, ' ');
		struct elem *c = elem_add(a, e, "contents");
		elem_leaf(a, c, "name", arena_strndup(a, w, (size_t)(blank - w)));
		elem_leaf(a, c, "level", arena_strdup(a, blank + 1));
	}
	snprintf(words, sizeof(words), "%s", leaves);
	for (char *w = strtok_r(words, ";", &save); w != NULL; w = strtok_r(NULL, ";", &save)) {
		char *blank = strchr(w, ' ');
		if (blank == NULL)
			elem_flag(a, e, arena_strdup(a, w));
		else
			elem_leaf(a, e, arena_strndup(a, w, (size_t)(blank - w)),
			    arena_strdup(a, blank + 1));
	}
	bool is_good = log_sink_init(s, e);
	arena_free(a);
	return is_good;
}

static void
one_facility_counts_before_any(void **state)
{
	static const struct {
		const char *contents;
		enum log_facility facility;
		enum log_level level;
		bool is_taken;
	} cases[] = {
		{ "any notice", LOG_DAEMONS, LOG_LEVEL_NOTICE, true },
		{ "any notice", LOG_DAEMONS, LOG_LEVEL_INFO, false },
		{ "any any", LOG_KERNEL, LOG_LEVEL_DEBUG, true },
		{ "any none", LOG_KERNEL, LOG_LEVEL_EMERGENCY, false },
		{ "daemon error", LOG_DAEMONS, LOG_LEVEL_CRITICAL, true },
		{ "daemon error", LOG_DAEMONS, LOG_LEVEL_WARNING, false },
		{ "daemon error", LOG_KERNEL, LOG_LEVEL_EMERGENCY, false },
		{ "any notice;authorization none", LOG_AUTHORIZATION, LOG_LEVEL_ALERT, false },
		{ "any notice;authorization none", LOG_FIREWALL, LOG_LEVEL_NOTICE, true },
		{ "authorization info;any error", LOG_AUTHORIZATION, LOG_LEVEL_INFO, true },
		{ "authorization info;any error", LOG_DAEMONS, LOG_LEVEL_INFO, false },
		{ "interactive-commands any", LOG_INTERACTIVE_COMMANDS, LOG_LEVEL_INFO, true },
		{ "interactive-commands any", LOG_CHANGE_LOG, LOG_LEVEL_INFO, false },
		{ "", LOG_DAEMONS, LOG_LEVEL_EMERGENCY, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_sink s;
		assert_true(sink_make(&s, "file", cases[i].contents, ""));
		if (log_sink_takes(&s, cases[i].facility, cases[i].level) != cases[i].is_taken)
			fail_msg("case %zu: %s", i, cases[i].contents);
		log_sink_done(&s);
	}
}

static void
tags_have_facilities(void **state)
{
	(void)state;
	assert_int_equal(log_facility_of("UI_CMDLINE_READ_LINE"), LOG_INTERACTIVE_COMMANDS);
	assert_int_equal(log_facility_of("UI_CFG_AUDIT_SET"), LOG_CHANGE_LOG);
	assert_int_equal(log_facility_of("UI_AUTH_REFUSED"), LOG_AUTHORIZATION);
	assert_int_equal(log_facility_of("UI_LOGIN_EVENT"), LOG_INTERACTIVE_COMMANDS);
	assert_int_equal(log_facility_of("NETD_APPLIED"), LOG_DAEMONS);
	assert_int_equal(log_facility_find("change-log"), LOG_CHANGE_LOG);
	assert_int_equal(log_facility_find("any"), LOG_FACILITIES);
}

static struct log_entry
entry(void)
{
	return (struct log_entry){
		.facility = LOG_INTERACTIVE_COMMANDS,
		.level = LOG_LEVEL_NOTICE,
		.when = { .tv_sec = 1227139200, .tv_nsec = 7000000 },
		.host = "gw",
		.process = "mgd",
		.pid = 12,
		.tag = "UI_COMMIT",
		.text = "commit 3",
	};
}

static void
a_line_is_written_as_the_place_has_it(void **state)
{
	static const struct {
		const char *kind;
		const char *leaves;
		const char *line;
	} cases[] = {
		{ "file", "", "Nov 20 00:00:00 gw mgd[12]: UI_COMMIT: commit 3\n" },
		{ "file", "explicit-priority",
		    "Nov 20 00:00:00 gw mgd[12]: %INTERACT-5-UI_COMMIT: commit 3\n" },
		{ "file", "year;millisecond",
		    "Nov 20 00:00:00.007 2008 gw mgd[12]: UI_COMMIT: commit 3\n" },
		{ "file", "structured-data",
		    "<189>1 2008-11-20T00:00:00.007Z gw mgd 12 UI_COMMIT - commit 3\n" },
		{ "host", "", "place\n<189>Nov 20 00:00:00 gw mgd[12]: UI_COMMIT: commit 3\n" },
		{ "host", "facility-override local2;log-prefix lab",
		    "place\n<149>Nov 20 00:00:00 gw lab: mgd[12]: UI_COMMIT: commit 3\n" },
		{ "user", "", "place\nNov 20 00:00:00 gw mgd[12]: UI_COMMIT: commit 3\n" },
		{ "trace", "", "Nov 20 00:00:00 mgd[12]: commit 3\n" },
	};
	struct log_entry e = entry();
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_sink s;
		char line[256];
		assert_true(sink_make(&s, cases[i].kind, "any any", cases[i].leaves));
		size_t n = log_sink_print(&s, &e, line, sizeof(line));
		assert_string_equal(line, cases[i].line);
		assert_int_equal(n, strlen(cases[i].line));
		log_sink_done(&s);
	}
	struct log_sink s;
	char line[40];
	assert_true(sink_make(&s, "file", "any any", ""));
	size_t n = log_sink_print(&s, &e, line, sizeof(line));
	assert_int_equal(n, sizeof(line) - 1);
	assert_int_equal(line[n - 1], '\n');
}

static void
an_expression_is_about_process_tag_and_text(void **state)
{
	struct log_entry e = entry();
	struct log_sink s;
	(void)state;
	assert_true(sink_make(&s, "file", "any any", "match UI_COMMIT|UI_LOAD"));
	assert_true(log_sink_wants(&s, &e));
	e.tag = "UI_LOGIN_EVENT";
	assert_false(log_sink_wants(&s, &e));
	log_sink_done(&s);
	assert_true(sink_make(&s, "file", "any any", "match ^mgd.*: commit [0-9]$"));
	assert_true(log_sink_wants(&s, &e));
	log_sink_done(&s);
	assert_false(sink_make(&s, "file", "any any", "match (a{255}){255}"));
	assert_false(sink_make(&s, "file", "any loud", ""));
	assert_false(sink_make(&s, "file", "uucp any", ""));
	assert_false(sink_make(&s, "pipe", "any any", ""));
}

static void
a_trace_has_flags(void **state)
{
	struct log_sink s;
	(void)state;
	assert_true(sink_make(&s, "trace", "any info", "flag database;flag parse"));
	assert_true(log_sink_traces(&s, "database", LOG_LEVEL_INFO));
	assert_true(log_sink_traces(&s, "parse", LOG_LEVEL_ERROR));
	assert_false(log_sink_traces(&s, "parse", LOG_LEVEL_DEBUG));
	assert_false(log_sink_traces(&s, "data", LOG_LEVEL_ERROR));
	assert_false(log_sink_takes(&s, LOG_DAEMONS, LOG_LEVEL_ERROR));
	log_sink_done(&s);
	assert_true(sink_make(&s, "trace", "any any", "flag all"));
	assert_true(log_sink_traces(&s, "general", LOG_LEVEL_DEBUG));
	log_sink_done(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_facility_counts_before_any),
		cmocka_unit_test(tags_have_facilities),
		cmocka_unit_test(a_line_is_written_as_the_place_has_it),
		cmocka_unit_test(an_expression_is_about_process_tag_and_text),
		cmocka_unit_test(a_trace_has_flags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
