/* SPDX-License-Identifier: BSD-2-Clause
 *
 * when.c - the time of a `commit at`: as it is typed, as it is kept in a file, as it is shown.
 *
 * In the file the time is a line of its own among those that store.c writes. The comment of the commit stands there
 * as well, and it can hold anything but a newline: only whole lines count. Called by schedule.c and commit.c.
 */
#include "daemon/mgd/when.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

static const char line_begin[] = "## Commit at: ";
static const char line_reboot[] = "reboot after ";

/* --- as it is typed --- */

/* Reads N digits. */
static bool
digits(const char **p, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (*(*p)++ - '0');
	}
	return true;
}

/* hh:mm[:ss] and nothing else. */
static bool
clock_parse(const char *p, struct tm *tm)
{
	bool ok = digits(&p, 2, &tm->tm_hour) && *p++ == ':' && digits(&p, 2, &tm->tm_min);
	tm->tm_sec = 0;
	if (ok && *p == ':') {
		p++;
		ok = digits(&p, 2, &tm->tm_sec);
	}
	return ok && *p == '\0' && tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* yyyy-mm-dd and a blank; moves P behind them. */
static bool
day_parse(const char **p, struct tm *tm)
{
	bool ok = digits(p, 4, &tm->tm_year) && *(*p)++ == '-' && digits(p, 2, &tm->tm_mon) &&
		  *(*p)++ == '-' && digits(p, 2, &tm->tm_mday) && *(*p)++ == ' ';
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return ok && tm->tm_year >= 0 && tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	       tm->tm_mday <= 31;
}

const char *
when_parse(const char *typed, time_t now, struct when *out)
{
	struct tm tm;
	localtime_r(&now, &tm);
	if (strcmp(typed, "reboot") == 0) {
		out->at = 0;
		out->at_reboot = true;
		return NULL;
	}
	const char *p = typed;
	bool has_day = strchr(typed, '-') != NULL;
	if ((has_day && !day_parse(&p, &tm)) || !clock_parse(p, &tm))
		return "invalid time: use hh:mm[:ss], yyyy-mm-dd hh:mm[:ss] or reboot";
	int day = tm.tm_mday;
	tm.tm_isdst = -1; /* as on that day */
	time_t at = mktime(&tm);
	if (at == (time_t)-1 || tm.tm_mday != day)
		return "invalid time: there is no such day";
	if (at <= now)
		return "the time must be in the future";
	out->at = at;
	out->at_reboot = false;
	return NULL;
}

/* --- as it is kept --- */

void
when_print(const struct when *w, struct text *out)
{
	if (w->at_reboot)
		text_printf(out, "%s%s%s\n", line_begin, line_reboot, w->life);
	else
		text_printf(out, "%s%" PRId64 "\n", line_begin, (int64_t)w->at);
}

/* Reads what stands behind the words of the line, N bytes. */
static bool
value_read(const char *s, size_t n, struct when *out)
{
	size_t head = strlen(line_reboot);
	char buf[WHEN_LIFE_LEN];
	bool at_reboot = n > head && strncmp(s, line_reboot, head) == 0;
	if (at_reboot) {
		s += head;
		n -= head;
	}
	if (n == 0 || n >= sizeof(buf))
		return false;
	memcpy(buf, s, n);
	buf[n] = '\0';
	if (at_reboot) {
		*out = (struct when){ .at_reboot = true };
		memcpy(out->life, buf, n + 1);
		return strpbrk(buf, " \t") == NULL;
	}
	char *end;
	errno = 0;
	long long at = strtoll(buf, &end, 10);
	*out = (struct when){ .at = (time_t)at };
	return buf[0] >= '0' && buf[0] <= '9' && *end == '\0' && errno == 0 && at > 0;
}

bool
when_read(const char *file, struct when *out)
{
	size_t head = strlen(line_begin);
	for (const char *p = file; p[0] == '#' && p[1] == '#';) {
		size_t n = strcspn(p, "\n");
		if (n > head && strncmp(p, line_begin, head) == 0)
			return value_read(p + head, n - head, out);
		p += n;
		p += *p == '\n';
	}
	return false;
}

/* --- as it is shown --- */

const char *
when_date(time_t t, char buf[WHEN_DATE_LEN])
{
	struct tm tm;
	if (strftime(buf, WHEN_DATE_LEN, "%Y-%m-%d %H:%M:%S %Z", localtime_r(&t, &tm)) == 0)
		buf[0] = '\0';
	return buf;
}
