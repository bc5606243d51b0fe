/* SPDX-License-Identifier: BSD-2-Clause
 *
 * schedule.c - `commit at`: a configuration that was checked now and is committed later.
 *
 * It waits in a file of its own, so that it outlives mgd and the gateway. `at reboot` means the next start of the gateway
 * or the machine; that mgd alone starts again is none. Called by commit.c, candidate.c and main.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"
#include "daemon/mgd/when.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

#define SCHEDULE_FILE "commit.at"

enum {
	LOOK_MS = 20 * 1000, /* the clock may be set meanwhile */
	BUSY_MS = 1000,      /* another commit is under way */
};

struct schedule {
	struct mgd *m;
	bool is_pending;
	bool is_running;          /* it is being committed */
	struct when when;         /* at_reboot: after the life that it was asked in */
	struct store_meta meta;   /* who wants it; commit: the one that was in force then */
	unsigned n_edits;         /* of the shared candidate then */
	char life[WHEN_LIFE_LEN]; /* tells this life of the gateway from others */
	uv_timer_t timer;
};

const char *
schedule_parse(const char *typed, time_t now, struct commit_options *options)
{
	struct when w = { 0 };
	const char *wrong = when_parse(typed, now, &w);
	if (wrong != NULL)
		return wrong;
	options->at = w.at;
	options->at_reboot = w.at_reboot;
	return NULL;
}

/* --- the file --- */

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
	s->when = (struct when){ 0 };
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
	int64_t left_ms = ((int64_t)s->when.at - (int64_t)time(NULL)) * 1000;
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
	if (store_file_read(m->db.dir, SCHEDULE_FILE, &t) == 0) {
		const char *text = text_str(&t) + store_header_parse(text_str(&t), &s->meta);
		s->is_pending = when_read(text_str(&t), &s->when) && !is_done(s, text);
		if (!s->is_pending)
			(void)forget(s);
		else if (!s->when.at_reboot || strcmp(s->when.life, s->life) != 0)
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
	char date[WHEN_DATE_LEN];
	if (!s->is_pending)
		return false;
	if (out != NULL)
		text_printf(out, "commit requested by %s via %s at %s", s->meta.user,
		    s->meta.client, s->when.at_reboot ? "reboot" : when_date(s->when.at, date));
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
	s->when = (struct when){ .at = ask->options.at, .at_reboot = ask->options.at_reboot };
	memcpy(s->when.life, s->life, sizeof(s->life));
	s->n_edits = m->db.n_edits;
	store_header_print(&s->meta, &t);
	when_print(&s->when, &t);
	print_text(tree_root(tree), 0, &t);
	int rc = store_file_write(m->db.dir, SCHEDULE_FILE, text_str(&t), t.len);
	text_done(&t);
	if (rc < 0)
		return rc;
	s->is_pending = true;
	if (!s->when.at_reboot)
		uv_timer_start(&s->timer, on_time, 0, 0);
	return 0;
}
