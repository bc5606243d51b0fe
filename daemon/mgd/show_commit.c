/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show_commit.c - the commands about committed configurations: history, rollbacks, rescue, a pending commit.
 *
 * A configuration goes out as text in pieces that end with a line, because a message is bounded. Called by show.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"

enum { PIECE_MAX = 256 << 10 }; /* bytes of text in one row */

/* --- text in pieces --- */

/* As much of S as one row takes. */
static size_t
piece_len(const char *s, size_t len)
{
	if (len <= PIECE_MAX)
		return len;
	size_t n = PIECE_MAX;
	while (n > 1 && s[n - 1] != '\n')
		n--;
	return n > 1 ? n : PIECE_MAX;
}

static void
text_rows(struct session *s, const struct text *t)
{
	for (size_t at = 0; at < t->len;) {
		size_t n = piece_len(t->s + at, t->len - at);
		struct arena *a = arena_new_secret();
		struct elem *e = elem_new(a, "configuration-information");
		elem_leaf(a, e, "configuration-output", arena_strndup(a, t->s + at, n));
		session_row(s, e);
		arena_free(a);
		at += n;
	}
}

/* True if S wants a text in one element, not in rows. */
static bool
is_whole(const struct session *s)
{
	return s->is_program && strcmp(s->format, "xml") == 0;
}

/* A configuration or difference as the answer ROOT. */
static void
text_put_all(struct session *s, const char *root, const struct text *t)
{
	struct text out = { 0 };
	if (!is_whole(s)) {
		text_rows(s, t);
		return;
	}
	text_printf(&out, "<%s>\n<configuration-information>\n<configuration-output>\n", root);
	print_xml_text(text_str(t), &out);
	text_printf(&out, "</configuration-output>\n</configuration-information>\n</%s>\n", root);
	session_text(s, text_str(&out));
	text_done(&out);
}

/* --- history --- */

/* "commit confirmed, rollback in 10mins": the running one, while it waits to be confirmed; an old one as it was asked for. */
static void
how_put(const struct session *s, struct arena *a, struct elem *e, unsigned n, unsigned minutes)
{
	if (n == 0)
		minutes = confirm_minutes_left(s->m);
	if (minutes != 0)
		elem_leaff(a, e, "comment", "commit confirmed, rollback in %umins", minutes);
}

static void
commit_row(struct session *s, unsigned n, const struct store_meta *meta)
{
	char date[32];
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "commit-history");
	if (n == STORE_RESCUE)
		elem_leaf(a, e, "sequence-number", "rescue");
	else
		elem_leaff(a, e, "sequence-number", "%u", n);
	elem_leaf(a, e, "user", meta->user);
	elem_leaf(a, e, "client", meta->client);
	elem_leaf(a, e, "date-time", store_date(meta->when, date));
	how_put(s, a, e, n, meta->confirm_minutes);
	if (meta->comment[0] != '\0')
		elem_leaf(a, e, "log", meta->comment);
	session_row(s, e);
	arena_free(a);
}

static void
commits(struct session *s, const struct elem *request, struct text *error)
{
	struct store_meta meta;
	struct text pending = { 0 };
	(void)request;
	(void)error;
	if (schedule_pending(s->m, &pending)) {
		struct arena *a = arena_new();
		struct elem *e = elem_new(a, "commit-history");
		elem_leaf(a, e, "pending", text_str(&pending));
		session_row(s, e);
		arena_free(a);
	}
	text_done(&pending);
	for (unsigned n = 0; n <= STORE_ROLLBACK_MAX; n++) {
		if (store_read_meta(s->m->db.dir, n, &meta) < 0)
			break;
		commit_row(s, n, &meta);
	}
	if (store_read_meta(s->m->db.dir, STORE_RESCUE, &meta) == 0)
		commit_row(s, STORE_RESCUE, &meta);
}

/* --- rollbacks --- */

/* What the user of S may see of T, which is taken over. */
static struct tree *
seen_by(const struct session *s, struct tree *t)
{
	struct tree *view = t != NULL ? permit_view(session_permit(s), t, PERMIT_MARK) : NULL;
	if (view == NULL)
		return t;
	tree_free(t);
	return view;
}

static struct tree *
rollback_read(struct session *s, const struct elem *request, const char *leaf, struct text *error)
{
	const char *number = elem_value(request, leaf);
	int rc = -EINVAL;
	struct tree *t = number != NULL
			     ? db_rollback(&s->m->db, (unsigned)strtoul(number, NULL, 10), &rc)
			     : NULL;
	if (t == NULL && error->len == 0)
		text_printf(error, "error: could not read rollback configuration %s: %s\n",
		    number != NULL ? number : "", strerror(-rc));
	return seen_by(s, t);
}

/* T as the answer ROOT, in the format that REQUEST wants. */
static void
tree_put_all(struct session *s, const char *root, const struct tree *t, const struct elem *request)
{
	const char *format = elem_value(request, "format");
	struct text out = { 0 };
	if (is_whole(s) && format != NULL && strcmp(format, "xml") == 0) {
		text_printf(&out, "<%s>\n", root);
		print_xml(tree_root(t), 0, &out);
		text_printf(&out, "</%s>\n", root);
		session_text(s, text_str(&out));
	} else {
		print_text(tree_root(t), 0, &out);
		text_put_all(s, root, &out);
	}
	text_done(&out);
}

static void
difference(struct session *s, const struct elem *request, struct text *error)
{
	struct tree *from = rollback_read(s, request, "rollback", error);
	struct tree *to = rollback_read(s, request, "compare", error);
	struct text out = { 0 };
	if (from != NULL && to != NULL)
		print_compare(from, to, &out);
	if (from != NULL && to != NULL)
		text_put_all(s, "rollback-information", &out);
	text_done(&out);
	tree_free(from);
	tree_free(to);
}

static void
rollback(struct session *s, const struct elem *request, struct text *error)
{
	if (elem_has(request, "compare")) {
		difference(s, request, error);
		return;
	}
	struct tree *t = rollback_read(s, request, "rollback", error);
	if (t != NULL)
		tree_put_all(s, "rollback-information", t, request);
	tree_free(t);
}

/* --- rescue --- */

static void
rescue(struct session *s, const struct elem *request, struct text *error)
{
	int rc;
	struct tree *t = seen_by(s, db_rollback(&s->m->db, STORE_RESCUE, &rc));
	if (t != NULL)
		tree_put_all(s, "rescue-information", t, request);
	else if (rc == -ENOENT)
		text_put(error, "error: rescue configuration is not set\n");
	else
		text_printf(
		    error, "error: could not read the rescue configuration: %s\n", strerror(-rc));
	tree_free(t);
}

static void
rescue_save(struct session *s, const struct elem *request, struct text *error)
{
	const struct db *db = &s->m->db;
	struct store_meta meta = { .commit = db->last.commit, .when = time(NULL) };
	struct text out = { 0 };
	(void)request;
	snprintf(meta.user, sizeof(meta.user), "%s", s->user.name);
	snprintf(meta.client, sizeof(meta.client), "%s", s->client);
	print_text(tree_root(db->running), 0, &out);
	int rc = store_rescue_save(db->dir, &meta, text_str(&out), out.len);
	if (rc < 0)
		text_printf(
		    error, "error: could not write the rescue configuration: %s\n", strerror(-rc));
	else
		log_line(LOG_LEVEL_NOTICE, "UI_RESCUE_SAVE", "by %s", s->user.name);
	text_done(&out);
}

static void
rescue_delete(struct session *s, const struct elem *request, struct text *error)
{
	(void)request;
	int rc = store_rescue_delete(s->m->db.dir);
	if (rc == 0)
		log_line(LOG_LEVEL_NOTICE, "UI_RESCUE_DELETE", "by %s", s->user.name);
	else if (rc != -ENOENT)
		text_printf(
		    error, "error: could not delete the rescue configuration: %s\n", strerror(-rc));
}

/* --- pending --- */

static void
pending_clear(struct session *s, const struct elem *request, struct text *error)
{
	(void)request;
	int rc = schedule_clear(s->m);
	if (rc > 0)
		session_text(s, "Pending commit cleared.\n");
	else if (rc == 0)
		session_text(s, "No commit scheduled.\n");
	else
		text_printf(
		    error, "error: could not clear the pending commit: %s\n", strerror(-rc));
}

static const struct {
	const char *name;
	void (*run)(struct session *s, const struct elem *request, struct text *error);
	bool is_text; /* the answer is one text */
} rpcs[] = {
	{ "clear-system-commit", pending_clear, false },
	{ "get-commit-information", commits, false },
	{ "get-rescue-information", rescue, true },
	{ "get-rollback-difference", difference, true },
	{ "get-rollback-information", rollback, true },
	{ "request-delete-rescue-configuration", rescue_delete, false },
	{ "request-save-rescue-configuration", rescue_save, false },
};

bool
show_commit_rpc(struct session *s, const char *name, const struct elem *request, struct text *error)
{
	for (size_t i = 0; i < sizeof(rpcs) / sizeof(rpcs[0]); i++)
		if (strcmp(rpcs[i].name, name) == 0) {
			rpcs[i].run(s, request, error);
			return true;
		}
	return false;
}

bool
show_commit_has(const char *name)
{
	for (size_t i = 0; i < sizeof(rpcs) / sizeof(rpcs[0]); i++)
		if (strcmp(rpcs[i].name, name) == 0)
			return true;
	return false;
}

bool
show_commit_is_text(const struct session *s, const char *name)
{
	for (size_t i = 0; i < sizeof(rpcs) / sizeof(rpcs[0]); i++)
		if (strcmp(rpcs[i].name, name) == 0)
			return is_whole(s) && rpcs[i].is_text;
	return false;
}
