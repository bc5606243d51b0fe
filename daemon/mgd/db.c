/* SPDX-License-Identifier: BSD-2-Clause
 *
 * db.c - the running configuration, the shared candidate, and where rollbacks come from.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/base/release.h"
#include "lib/junos/groups.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

/* Reads configuration N into a new tree. What can be read is kept; errors go to the log. */
static struct tree *
tree_read(struct db *db, unsigned n, struct store_meta *meta, int *rc)
{
	struct text text = { 0 };
	*rc = store_read(db->dir, n, meta, &text);
	if (*rc < 0)
		return NULL;
	struct report r = { 0 };
	struct tree *t = tree_new(db->schema);
	if (!load_text(t, LOAD_OVERRIDE, text_str(&text), text.len, &r)) {
		struct text why = { 0 };
		report_print(&r, n == 0 ? "juniper.conf" : "rollback", &why);
		log_line(LOG_LEVEL_ERROR, "UI_DBASE_LOAD", "%s", text_str(&why));
		text_done(&why);
		*rc = -EINVAL;
	}
	report_done(&r);
	text_done(&text);
	return t;
}

bool
db_keep_version(const struct db *db, struct tree *t, struct text *out_other)
{
	const struct snode *s = snode_find(db->schema->config, "version", strlen("version"));
	struct node *n = node_child(tree_root(t), s);
	bool is_other = n != NULL && strcmp(n->value, RELEASE_JUNOS) != 0;
	if (is_other && out_other != NULL)
		text_put(out_other, n->value);
	n = node_set_leaf(t, tree_root(t), s, RELEASE_JUNOS);
	n->is_inactive = n->is_protected = false;
	return !is_other;
}

void
db_set_running(struct db *db, struct tree *t, bool keep_old)
{
	db_keep_version(db, t, NULL);
	static const char *const words[] = { "system", "host-name" };
	struct tree *whole = tree_applies_groups(t) ? groups_expand(t, NULL) : NULL;
	const struct node *n = node_path(tree_root(whole != NULL ? whole : t), words, 2);
	bool has_name = n != NULL && !n->is_inactive && !n->parent->is_inactive;
	snprintf(db->host_name, sizeof(db->host_name), "%s", has_name ? n->value : "");
	permits_free(db->permits);
	db->permits = permits_new(whole != NULL ? whole : t);
	arena_free(db->log_arena);
	db->log_arena = arena_new();
	db->log_conf = log_conf_build(tree_root(whole != NULL ? whole : t), db->log_arena);
	tree_free(whole);
	if (!keep_old)
		tree_free(db->running);
	db->running = t;
}

int
db_init(struct db *db, const struct schema *schema)
{
	*db = (struct db){ .schema = schema };
	db->dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (db->dir < 0)
		return -errno;
	int rc = store_repair(db->dir);
	if (rc < 0)
		log_line(LOG_LEVEL_ERROR, "UI_DBASE_REPAIR", "%s", strerror(-rc));
	struct tree *t = tree_read(db, 0, &db->last, &rc);
	if (t == NULL && rc != -ENOENT)
		return rc;
	db_set_running(db, t != NULL ? t : tree_new(schema), false);
	db->candidate = tree_copy(db->running);
	return 0;
}

struct tree *
db_rollback(struct db *db, unsigned n, int *rc)
{
	struct store_meta meta;
	*rc = 0;
	if (n == 0)
		return tree_copy(db->running);
	struct tree *t = tree_read(db, n, &meta, rc);
	if (*rc == -EINVAL)
		*rc =
		    0; /* an old configuration may hold what is not known any more; the rest is there */
	if (t != NULL)
		db_keep_version(db, t, NULL);
	return t;
}

void
db_touched(struct db *db)
{
	db_keep_version(db, db->candidate, NULL);
	db->is_touched = true;
	db->touched = time(NULL);
	db->n_edits++;
}

bool
db_differs(const struct db *db, const struct tree *t)
{
	struct text diff = { 0 };
	print_compare(db->running, t, &diff);
	bool differs = diff.len > 0;
	text_done(&diff);
	return differs;
}

const char *
db_host_name(const struct db *db)
{
	return db->host_name[0] != '\0' ? db->host_name : NULL;
}
