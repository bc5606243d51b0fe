/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schedule.c - `commit at`: a configuration that was checked now and is committed later.
 *
 * It waits in a file of its own, so that it outlives mgd and the gateway. `at reboot` means the next start of the gateway
 * or the machine; that mgd alone starts again is none. Called by commit.c, candidate.c and main.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

#define SCHEDULE_FILE "commit.at"

enum {
	LOOK_MS = 20 * 1000, /* the clock may be set meanwhile */
	BUSY_MS = 1000,      /* another commit is under way */
	LIFE_LEN = 128,
};

struct schedule {
	struct mgd *m;
	bool is_pending;
	bool is_running; /* it is being committed */
	bool at_reboot;
	time_t at;
	struct store_meta meta; /* who wants it; commit: the one that was in force then */
	unsigned n_edits;       /* of the shared candidate then */
	char life[LIFE_LEN];    /* tells this life of the gateway from others */
	uv_timer_t timer;
};

/* --- the time --- */

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
schedule_parse(const char *when, time_t now, struct commit_options *options)
{
	struct tm tm;
	gmtime_r(&now, &tm);
	if (strcmp(when, "reboot") == 0) {
		options->at_reboot = true;
		return NULL;
	}
	const char *p = when;
	bool has_day = strchr(when, '-') != NULL;
	if ((has_day && !day_parse(&p, &tm)) || !clock_parse(p, &tm))
		return "invalid time: use hh:mm[:ss], yyyy-mm-dd hh:mm[:ss] or reboot";
	int day = tm.tm_mday;
	time_t at = timegm(&tm);
	if (tm.tm_mday != day)
		return "invalid time: there is no such day";
	if (at <= now)
		return "the time must be in the future";
	options->at = at;
	return NULL;
}

/* --- the file --- */

static void
head_print(const struct schedule *s, struct text *out)
{
	store_header_print(&s->meta, out);
	if (s->at_reboot)
		text_printf(out, "## Commit at: reboot after %s\n", s->life);
	else
		text_printf(out, "## Commit at: %" PRId64 "\n", (int64_t)s->at);
}

/* Reads the line that is ours. IS_LATER: the gateway has been started since. */
static bool
head_parse(struct schedule *s, const char *text, bool *is_later)
{
	const char *line = strstr(text, "## Commit at: ");
	char life[LIFE_LEN] = "";
	int64_t at;
	*is_later = false;
	if (line == NULL)
		return false;
	if (sscanf(line, "## Commit at: reboot after %127s", life) == 1) {
		s->at_reboot = true;
		*is_later = strcmp(life, s->life) != 0;
		return true;
	}
	if (sscanf(line, "## Commit at: %" SCNd64, &at) != 1)
		return false;
	s->at = (time_t)at;
	return true;
}

/* Reads NAME of /proc, up to its first blank after FIELDS others. */
static void
proc_read(const char *name, unsigned fields, char *out, size_t size)
{
	char buf[1024] = "";
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, sizeof(buf) - 1) : -1;
	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	/* a name in brackets may hold blanks */
	const char *p = strrchr(buf, ')');
	p = p != NULL ? p + 1 : buf;
	for (unsigned i = 0; i < fields; i++) {
		p += strcspn(p, " ");
		p += *p == ' ';
	}
	snprintf(out, size, "%.*s", (int)strcspn(p, " \n"), p);
}

/* The boot of the machine and, in it, the start of the process that started us. */
static void
life_read(struct schedule *s)
{
	char boot[48];
	char start[32];
	char name[64];
	snprintf(name, sizeof(name), "/proc/%d/stat", (int)getppid());
	proc_read("/proc/sys/kernel/random/boot_id", 0, boot, sizeof(boot));
	proc_read(name, 20, start, sizeof(start)); /* field 22, counted from behind the name */
	snprintf(s->life, sizeof(s->life), "%s/%d/%s", boot, (int)getppid(), start);
}

static int
forget(struct schedule *s)
{
	int rc = store_file_remove(s->m->db.dir, SCHEDULE_FILE);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	s->is_pending = false;
	s->at_reboot = false;
	s->at = 0;
	uv_timer_stop(&s->timer);
	return 0;
}

/* --- committing it --- */

static void
on_done(void *arg, bool ok, const char *text)
{
	struct schedule *s = arg;
	struct db *db = &s->m->db;
	s->is_running = false;
	if (ok && (!db->is_touched || db->n_edits == s->n_edits)) {
		tree_free(db->candidate);
		db->candidate = tree_copy(db->running);
		db->is_touched = false;
	}
	if (ok)
		log_line(LOG_LEVEL_NOTICE, "UI_COMMIT_AT", "scheduled commit complete");
	else
		log_line(LOG_LEVEL_ERROR, "UI_COMMIT_AT", "scheduled commit failed: %s", text);
	int rc = forget(s);
	if (rc < 0)
		log_line(LOG_LEVEL_ERROR, "UI_COMMIT_AT", "%s", strerror(-rc));
	s->is_pending = false;
}

static void on_time(uv_timer_t *t);

static void
run(struct schedule *s)
{
	struct text t = { 0 };
	struct report r = { 0 };
	struct store_meta meta;
	int rc = store_file_read(s->m->db.dir, SCHEDULE_FILE, &t);
	struct tree *tree = tree_new(s->m->db.schema);
	const char *text = text_str(&t) + store_header_parse(text_str(&t), &meta);
	bool ok = rc == 0 && load_text(tree, LOAD_OVERRIDE, text, strlen(text), &r);
	struct commit_ask ask = {
		.tree = tree,
		.is_private = true, /* the shared candidate may have gone on */
		.meta = s->meta,
		.on_done = on_done,
		.arg = s,
	};
	s->is_running = true;
	if (!ok) {
		on_done(s, false, "the file cannot be read");
	} else if (!commit_start(s->m, &ask)) {
		s->is_running = false;
		uv_timer_start(&s->timer, on_time, BUSY_MS, 0);
	}
	report_done(&r);
	text_done(&t);
	tree_free(tree);
}

static void
on_time(uv_timer_t *t)
{
	struct schedule *s = t->data;
	if (!s->is_pending || s->is_running)
		return;
	int64_t left_ms = ((int64_t)s->at - (int64_t)time(NULL)) * 1000;
	if (left_ms <= 0)
		run(s);
	else
		uv_timer_start(t, on_time, left_ms < LOOK_MS ? (uint64_t)left_ms : LOOK_MS, 0);
}

/* A stop right after the commit, before the file was forgotten. */
static bool
is_done(const struct schedule *s, const char *text)
{
	const struct db *db = &s->m->db;
	if (db->last.commit != s->meta.commit + 1)
		return false;
	struct text running = { 0 };
	print_text(tree_root(db->running), 0, &running);
	bool same = strcmp(text_str(&running), text) == 0;
	text_done(&running);
	return same;
}

void
schedule_init(struct mgd *m)
{
	struct schedule *s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	s->m = m;
	m->schedule = s;
	uv_timer_init(&m->d.loop, &s->timer);
	s->timer.data = s;
	life_read(s);
}

void
schedule_start(struct mgd *m)
{
	struct schedule *s = m->schedule;
	struct text t = { 0 };
	bool is_later;
	if (store_file_read(m->db.dir, SCHEDULE_FILE, &t) == 0) {
		const char *text = text_str(&t) + store_header_parse(text_str(&t), &s->meta);
		s->is_pending = head_parse(s, text_str(&t), &is_later) && !is_done(s, text);
		if (!s->is_pending)
			(void)forget(s);
		else if (!s->at_reboot || is_later)
			uv_timer_start(
			    &s->timer, on_time, 0, 0); /* the `at` of a reboot is long over */
	}
	text_done(&t);
}

/* --- what others ask --- */

bool
schedule_pending(const struct mgd *m, struct text *out)
{
	const struct schedule *s = m->schedule;
	char date[32];
	if (!s->is_pending)
		return false;
	if (out != NULL)
		text_printf(out, "commit requested by %s via %s at %s", s->meta.user,
		    s->meta.client, s->at_reboot ? "reboot" : store_date(s->at, date));
	return true;
}

int
schedule_clear(struct mgd *m)
{
	struct schedule *s = m->schedule;
	if (!s->is_pending)
		return 0;
	if (s->is_running)
		return -EBUSY;
	int rc = forget(s);
	return rc < 0 ? rc : 1;
}

int
schedule_keep(struct mgd *m, const struct commit_ask *ask, const struct tree *tree)
{
	struct schedule *s = m->schedule;
	struct text t = { 0 };
	s->meta = ask->meta;
	s->meta.commit = m->db.last.commit;
	s->meta.when = time(NULL);
	s->at = ask->options.at;
	s->at_reboot = ask->options.at_reboot;
	s->n_edits = m->db.n_edits;
	head_print(s, &t);
	print_text(tree_root(tree), 0, &t);
	int rc = store_file_write(m->db.dir, SCHEDULE_FILE, text_str(&t), t.len);
	text_done(&t);
	if (rc < 0)
		return rc;
	s->is_pending = true;
	if (!s->at_reboot)
		uv_timer_start(&s->timer, on_time, 0, 0);
	return 0;
}
