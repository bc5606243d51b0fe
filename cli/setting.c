/* SPDX-License-Identifier: BSD-2-Clause
 *
 * setting.c - the settings of the command line and the size of the screen. Called by client.c and typing.c.
 */
#include "cli/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/text.h"

enum { ROWS_DEFAULT = 24, COLUMNS_DEFAULT = 80 };

#define TIMESTAMP_DEFAULT "%b %d %T"

/* A size of the environment, for a terminal that does not know its own. */
static unsigned
environment_size(const char *name, unsigned fallback)
{
	const char *v = getenv(name);
	unsigned long n = v != NULL ? strtoul(v, NULL, 10) : 0;
	return n > 0 && n < 10000 ? (unsigned)n : fallback;
}

unsigned
setting_rows(const struct settings *s)
{
	struct winsize ws = { 0 };
	if (s->has_length)
		return s->length;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_row == 0)
		return environment_size("LINES", ROWS_DEFAULT);
	return ws.ws_row;
}

unsigned
setting_columns(const struct settings *s)
{
	struct winsize ws = { 0 };
	if (s->has_width && s->width > 0)
		return s->width;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_col == 0)
		return environment_size("COLUMNS", COLUMNS_DEFAULT);
	return ws.ws_col;
}

static void
timestamp_apply(struct settings *s, const char *value, struct text *said)
{
	if (strcmp(value, "disable") == 0) {
		s->timestamp[0] = '\0';
		text_put(said, "CLI timestamp disabled\n");
		return;
	}
	snprintf(
	    s->timestamp, sizeof(s->timestamp), "%s", value[0] != '\0' ? value : TIMESTAMP_DEFAULT);
	text_printf(said, "CLI timestamp set to: %s\n", s->timestamp);
}

void
setting_apply(struct settings *s, const char *name, const char *value, struct text *said)
{
	unsigned n = (unsigned)strtoul(value, NULL, 10);
	if (strcmp(name, "screen-length") == 0) {
		s->has_length = true;
		s->length = n;
		text_printf(said, "Screen length set to %u\n", n);
	} else if (strcmp(name, "screen-width") == 0) {
		s->has_width = true;
		s->width = n;
		text_printf(said, "Screen width set to %u\n", n);
	} else if (strcmp(name, "idle-timeout") == 0) {
		s->idle_minutes = n;
		if (n > 0)
			text_printf(said, "Idle timeout set to %u minutes\n", n);
		else
			text_put(said, "Idle timeout disabled\n");
	} else if (strcmp(name, "complete-on-space") == 0) {
		s->no_space = strcmp(value, "off") == 0;
		text_printf(said, "%s complete-on-space\n", s->no_space ? "Disabling" : "Enabling");
	} else if (strcmp(name, "prompt") == 0) {
		snprintf(s->prompt, sizeof(s->prompt), "%s", value);
		text_printf(said, "CLI prompt set to '%s'\n", s->prompt);
	} else if (strcmp(name, "restart-on-upgrade") == 0) {
		s->no_restart = strcmp(value, "off") == 0;
		text_printf(
		    said, "%s restart-on-upgrade\n", s->no_restart ? "Disabling" : "Enabling");
	} else if (strcmp(name, "terminal") == 0) {
		snprintf(s->terminal, sizeof(s->terminal), "%s", value);
		setenv("TERM", s->terminal, 1);
		text_printf(said, "CLI terminal set to '%s'\n", s->terminal);
	} else if (strcmp(name, "timestamp") == 0) {
		timestamp_apply(s, value, said);
	}
}

void
setting_show(const struct settings *s, struct text *out)
{
	const char *term = getenv("TERM");
	char cwd[4096];
	text_printf(out, "CLI complete-on-space set to %s\n", s->no_space ? "off" : "on");
	if (s->idle_minutes > 0)
		text_printf(out, "CLI idle-timeout set to %u minutes\n", s->idle_minutes);
	else
		text_put(out, "CLI idle-timeout disabled\n");
	text_printf(out, "CLI restart-on-upgrade set to %s\n", s->no_restart ? "off" : "on");
	if (s->prompt[0] != '\0')
		text_printf(out, "CLI prompt set to '%s'\n", s->prompt);
	text_printf(out, "CLI screen-length set to %u\n", setting_rows(s));
	text_printf(out, "CLI screen-width set to %u\n", setting_columns(s));
	text_printf(out, "CLI terminal is '%s'\n", term != NULL ? term : "");
	if (s->timestamp[0] != '\0')
		text_printf(out, "CLI timestamp set to: %s\n", s->timestamp);
	else
		text_put(out, "CLI timestamp disabled\n");
	if (getcwd(cwd, sizeof(cwd)) != NULL)
		text_printf(out, "CLI working directory is '%s'\n", cwd);
}

void
setting_timestamp(const struct settings *s)
{
	char buf[128];
	time_t now = time(NULL);
	struct tm tm;
	if (s->timestamp[0] == '\0')
		return;
	/* the format is the user's: that is what it is for */
	_Pragma("GCC diagnostic push");
	_Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"");
	if (strftime(buf, sizeof(buf), s->timestamp, localtime_r(&now, &tm)) > 0)
		puts(buf);
	_Pragma("GCC diagnostic pop");
	fflush(stdout);
}
