/* SPDX-License-Identifier: BSD-2-Clause
 *
 * confirm.c - a commit that is rolled back unless it is confirmed in time.
 *
 * The deadline is in a file of its own, which names the commit that it is about: it is written before the commit is
 * installed and means nothing until then, so that no stop leaves the one without the other. Any later commit confirms by
 * being another one. Within one life of mgd the deadline is kept by the monotonic clock, after a restart by the
 * date. Called by commit.c, main.c and those who ask.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/mgd.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

#define CONFIRM_FILE "commit.confirm"

enum {
	MINUTE_MS = 60 * 1000,
	BUSY_MS = 1000,       /* another commit is under way at the deadline */
	RETRY_MS = 30 * 1000, /* the rollback failed: the disk may have room again */
};

/* Commit NUMBER goes back to commit BACK (0: the empty configuration) at the deadline. */
struct promise {
	uint32_t number; /* 0: none */
	uint32_t back;
	time_t deadline;
};

struct confirm {
	struct mgd *m;
	struct promise now;  /* about the running configuration */
	struct promise next; /* about the commit under way */
	bool has_file;       /* something is in the file */
	bool is_rolling;     /* the rollback is under way */
	uv_timer_t timer;
};

static void on_deadline(uv_timer_t *t);

/* --- the file --- */

static void
promise_print(const struct promise *p, struct text *out)
{
	if (p->number != 0)
		text_printf(out, "commit %u back %u deadline %" PRId64 "\n", p->number, p->back,
		    (int64_t)p->deadline);
}

/* Writes A and B (either may be none), or removes the file. */
static int
file_put(struct confirm *c, const struct promise *a, const struct promise *b)
{
	struct text t = { 0 };
	int rc = 0;
	promise_print(a, &t);
	promise_print(b, &t);
	if (t.len > 0)
		rc = store_file_write(c->m->db.dir, CONFIRM_FILE, t.s, t.len);
	else if (c->has_file)
		rc = store_file_remove(c->m->db.dir, CONFIRM_FILE);
	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0)
		c->has_file = t.len > 0;
	text_done(&t);
	return rc;
}

/* Finds what the file says about commit NUMBER. */
static struct promise
file_find(struct confirm *c, uint32_t number)
{
	struct promise found = { 0 };
	struct text t = { 0 };
	if (store_file_read(c->m->db.dir, CONFIRM_FILE, &t) < 0) {
		text_done(&t);
		return found;
	}
	c->has_file = true;
	for (const char *p = text_str(&t); *p != '\0'; p += *p == '\n') {
		struct promise one;
		int64_t deadline;
		if (sscanf(p, "commit %" SCNu32 " back %" SCNu32 " deadline %" SCNd64, &one.number,
			&one.back, &deadline) == 3 &&
		    one.number == number) {
			found = one;
			found.deadline = (time_t)deadline;
		}
		p += strcspn(p, "\n");
	}
	text_done(&t);
	return found;
}

/* --- the clock --- */

static void
watch(struct confirm *c)
{
	int64_t left_ms = ((int64_t)c->now.deadline - (int64_t)time(NULL)) * 1000;
	if (c->now.number == 0)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_deadline, left_ms > 0 ? (uint64_t)left_ms : 0, 0);
}

unsigned
confirm_minutes_left(const struct mgd *m)
{
	const struct confirm *c = m->confirm;
	if (c->now.number == 0)
		return 0;
	uint64_t due_ms = c->is_rolling ? 0 : uv_timer_get_due_in(&c->timer);
	unsigned minutes = (unsigned)((due_ms + MINUTE_MS - 1) / MINUTE_MS);
	return minutes > 0 ? minutes : 1;
}

/* --- rolling back --- */

/* The tree to go back to, or NULL. */
static struct tree *
target_read(const struct confirm *c)
{
	struct db *db = &c->m->db;
	struct store_meta meta;
	int rc;
	if (c->now.back == 0)
		return tree_new(db->schema);
	for (unsigned n = 1; n <= STORE_ROLLBACK_MAX; n++)
		if (store_read_meta(db->dir, n, &meta) == 0 && meta.commit == c->now.back)
			return db_rollback(db, n, &rc);
	return NULL;
}

static void
told(struct mgd *m)
{
	char clock[16];
	struct tm tm;
	time_t now = time(NULL);
	struct text t = { 0 };
	const char *host = db_host_name(&m->db);
	strftime(clock, sizeof(clock), "%H:%M UTC", gmtime_r(&now, &tm));
	text_printf(&t,
	    "\nBroadcast Message from root@%s\n        (no tty) at %s...\n\n"
	    "Commit was not confirmed; automatic rollback complete.\n\n",
	    host != NULL ? host : "localhost", clock);
	sessions_tell(m, text_str(&t));
	text_done(&t);
}

static void
on_rolled_back(void *arg, bool ok, const char *text)
{
	struct confirm *c = arg;
	struct db *db = &c->m->db;
	c->is_rolling = false;
	if (!ok) {
		log_line(LOG_LEVEL_ERROR, "UI_COMMIT_ROLLBACK_FAILED", "%s", text);
		uv_timer_start(&c->timer, on_deadline, RETRY_MS, 0);
		return;
	}
	/* the shared candidate follows, unless somebody is changing it */
	if (!db->is_touched) {
		tree_free(db->candidate);
		db->candidate = tree_copy(db->running);
	}
	log_line(LOG_LEVEL_NOTICE, "UI_COMMIT_NOT_CONFIRMED",
	    "commit was not confirmed; automatic rollback complete");
	told(c->m);
}

static void
roll_back(struct confirm *c)
{
	struct tree *t = target_read(c);
	if (t == NULL) {
		log_line(LOG_LEVEL_ERROR, "UI_COMMIT_ROLLBACK_FAILED",
		    "commit %u is not there any more", c->now.back);
		uv_timer_start(&c->timer, on_deadline, RETRY_MS, 0);
		return;
	}
	struct commit_ask ask = {
		.tree = t,
		.meta = { .user = "root", .client = "other" },
		.on_done = on_rolled_back,
		.arg = c,
	};
	c->is_rolling = true;
	if (!commit_start(c->m, &ask)) {
		c->is_rolling = false;
		uv_timer_start(&c->timer, on_deadline, BUSY_MS, 0);
	}
	tree_free(t);
}

static void
on_deadline(uv_timer_t *t)
{
	struct confirm *c = t->data;
	if (c->now.number != 0 && !c->is_rolling)
		roll_back(c);
}

/* --- what others ask --- */

void
confirm_start(struct mgd *m)
{
	struct confirm *c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	c->m = m;
	m->confirm = c;
	uv_timer_init(&m->d.loop, &c->timer);
	c->timer.data = c;
	c->now = file_find(c, m->db.last.commit);
	/* a promise about a commit that never came to be must not meet a later one of that number */
	struct promise none = { 0 };
	int rc = file_put(c, &c->now, &none);
	if (rc < 0)
		log_line(LOG_LEVEL_ERROR, "UI_DBASE_CONFIRM", "%s", strerror(-rc));
	watch(c);
}

int
confirm_prepare(struct mgd *m, uint32_t number, unsigned minutes)
{
	struct confirm *c = m->confirm;
	c->next = (struct promise){ 0 };
	if (minutes == 0)
		/* the commit confirms; a promise for its number must not be left over from one that failed */
		return c->has_file ? file_put(c, &c->now, &c->next) : 0;
	c->next = (struct promise){
		.number = number,
		.back = c->now.number != 0 ? c->now.back : m->db.last.commit,
		.deadline = time(NULL) + (time_t)minutes * 60,
	};
	return file_put(c, &c->now, &c->next);
}

void
confirm_committed(struct mgd *m)
{
	struct confirm *c = m->confirm;
	struct promise none = { 0 };
	c->now = c->next;
	c->next = none;
	/* what stays in the file if this fails is about another commit */
	int rc = c->has_file ? file_put(c, &c->now, &none) : 0;
	if (rc < 0)
		log_line(LOG_LEVEL_WARNING, "UI_DBASE_CONFIRM", "%s", strerror(-rc));
	watch(c);
}

int
confirm_now(struct mgd *m)
{
	struct confirm *c = m->confirm;
	struct promise none = { 0 };
	if (c->now.number == 0)
		return 0;
	int rc = file_put(c, &none, &none);
	if (rc < 0)
		return rc;
	c->now = none;
	watch(c);
	log_line(LOG_LEVEL_NOTICE, "UI_COMMIT_CONFIRMED", "commit %u", m->db.last.commit);
	return 0;
}
