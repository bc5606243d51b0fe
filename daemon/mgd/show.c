/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show.c - a configuration or part of it as the user wants to see it, and the rows that mgd has itself.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "daemon/mgd/mgd.h"
#include "daemon/mgd/permit.h"
#include "lib/base/release.h"
#include "lib/junos/changed.h"
#include "lib/junos/detail.h"
#include "lib/junos/groups.h"
#include "lib/junos/load.h"
#include "lib/junos/omit.h"
#include "lib/junos/place.h"
#include "lib/junos/tree.h"
#include "lib/yang/schema.h"

#define XNM_SPACE "http://xml.juniper.net/xnm/1.1/xnm"

/* --- configuration --- */

/* The nodes that PATH means: one, or for a list or leaf-list without a value all of that kind. */
static const struct node *
nodes_of(const struct tree *t, const struct path *path, bool *all)
{
	const struct node *root = tree_root(t);
	*all = path->end == PATH_LIST || path->end == PATH_LEAF;
	if (path->n == 0)
		return root;
	if (!*all)
		return node_path(root, path->words, path->n);
	/* the word of a list whose entries stand bare is not there */
	size_t n_parent = path->s->is_nokeyword ? path->n : path->n - 1;
	const struct node *parent = n_parent > 0 ? node_path(root, path->words, n_parent) : root;
	const struct node *c = parent != NULL ? parent->child : NULL;
	while (c != NULL && c->schema != path->s)
		c = c->next;
	return c;
}

/* A tree that holds only what PATH means, so that formats which show the whole way down need no code of their own. */
static struct tree *
subtree(const struct db *db, const struct tree *of, const struct node *n, bool all)
{
	struct tree *t = tree_new(db->schema);
	const struct snode *kind = n->schema;
	struct node *parent = place_clone(t, n->parent);
	const struct node *around = n->parent;
	tree_take_groups(t, of);
	for (; n != NULL && n->schema == kind; n = all ? n->next : NULL)
		node_take_groups(node_copy(t, parent, n, NULL), n);
	for (; parent != NULL; parent = parent->parent, around = around->parent) {
		parent->is_changed = around->is_changed;
		parent->group = around->group;
	}
	return t;
}

void
show_header(const struct session *s, const struct tree *t, struct text *out)
{
	const struct db *db = &s->m->db;
	char date[32];
	if (t != db->running && db->is_touched && db_differs(db, t))
		text_printf(out, "## Last changed: %s\n", store_date(db->touched, date));
	else if (db->last.commit > 0)
		text_printf(out, "## Last commit: %s by %s\n", store_date(db->last.when, date),
		    db->last.user);
}

static void
as_text(const struct node *n, const struct path *path, bool all, struct text *out)
{
	if (!all && path->end == PATH_NODE)
		print_children(n, out);
	else if (all)
		print_list(n, out);
	else
		print_text(n, 0, out);
}

static void
as_set(const struct node *n, bool all, bool is_relative, struct text *out)
{
	const struct snode *kind = n->schema;
	for (; n != NULL && n->schema == kind; n = all ? n->next : NULL)
		if (all && is_relative)
			print_set_entry(n, out);
		else
			print_set(n, is_relative, out);
}

/* Does the reader want to know from which groups something was inherited? */
static bool
names_groups(const struct session *s)
{
	return s->names_groups || (s->inherit[0] != '\0' && strcmp(s->inherit, "no-comments") != 0);
}

/* When the configuration OF was committed, or changed, for a program. 0: nobody knows. */
static time_t
when_made(const struct session *s, const struct tree *of, bool *is_changed)
{
	const struct db *db = &s->m->db;
	*is_changed = of != db->running && db->is_touched;
	return *is_changed ? db->touched : db->last.when;
}

/* A program is told when the configuration OF, which SHOWN is made of, was committed, or changed. */
static void
xml_for_program(
    const struct session *s, const struct tree *of, const struct tree *shown, struct text *out)
{
	static const char tag[] = "<configuration";
	const struct db *db = &s->m->db;
	const struct node *root = tree_root(shown);
	bool is_changed;
	time_t when = when_made(s, of, &is_changed);
	char date[32];
	struct text body = { 0 };
	if (names_groups(s))
		print_xml_groups(shown, root, 0, &body);
	else
		print_xml(root, 0, &body);
	text_printf(out, "%s xmlns=\"" XNM_SPACE "\"", tag);
	if (when != 0)
		text_printf(out, " junos:%s-seconds=\"%lld\" junos:%s-localtime=\"%s\"",
		    is_changed ? "changed" : "commit", (long long)when,
		    is_changed ? "changed" : "commit", store_date(when, date));
	if (when != 0 && !is_changed) {
		text_put(out, " junos:commit-user=\"");
		print_xml_text(db->last.user, out);
		text_putc(out, '"');
	}
	text_put(out, text_str(&body) + sizeof(tag) - 1);
	text_done(&body);
}

/* The same as members of "@". */
static void
json_for_program(
    const struct session *s, const struct tree *of, const struct tree *shown, struct text *out)
{
	bool is_changed;
	time_t when = when_made(s, of, &is_changed);
	char date[32];
	struct text attributes = { 0 };
	text_put(&attributes, "\"xmlns\" : \"" XNM_SPACE "\"");
	if (when != 0)
		text_printf(&attributes,
		    ", \"junos:%s-seconds\" : \"%lld\", \"junos:%s-localtime\" : \"%s\"",
		    is_changed ? "changed" : "commit", (long long)when,
		    is_changed ? "changed" : "commit", store_date(when, date));
	/* the name of a Unix user has no quotes in it */
	if (when != 0 && !is_changed && strpbrk(s->m->db.last.user, "\"\\") == NULL)
		text_printf(&attributes, ", \"junos:commit-user\" : \"%s\"", s->m->db.last.user);
	print_json_marked(
	    names_groups(s) ? shown : NULL, tree_root(shown), text_str(&attributes), out);
	text_done(&attributes);
}

static void
as_data(struct session *s, const struct tree *of, const struct tree *shown, const struct node *n,
    const struct path *path, bool all, struct text *out)
{
	struct tree *part = path->n > 0 ? subtree(&s->m->db, shown, n, all) : NULL;
	const struct tree *whole = part != NULL ? part : shown;
	const struct node *root = tree_root(whole);
	bool is_xml = strcmp(s->format, "xml") == 0;
	if (is_xml && s->is_program)
		xml_for_program(s, of, whole, out);
	else if (is_xml && names_groups(s))
		print_xml_groups(whole, root, 1, out);
	else if (is_xml)
		print_xml(root, 1, out);
	else if (s->is_program)
		json_for_program(s, of, whole, out);
	else
		print_json_marked(names_groups(s) ? whole : NULL, root, "", out);
	tree_free(part);
}

/* Leaves what would be committed if N were the whole. */
static void
inactive_drop(struct tree *t, struct node *n)
{
	for (struct node *c = n->child, *next; c != NULL; c = next) {
		next = c->next;
		if (c->is_inactive)
			node_del(t, c);
		else
			inactive_drop(t, c);
	}
}

void
show_mark_changes(const struct session *s, const struct tree *of, struct tree *shown, bool inherits)
{
	struct db *db = &s->m->db;
	int rc;
	/* what is committed has been changed by the last commit */
	struct tree *before = of == db->running ? db_rollback(db, 1, &rc) : NULL;
	const struct tree *base = of == db->running ? before : db->running;
	struct tree *whole = base != NULL && inherits ? groups_expand(base, NULL) : NULL;
	if (base != NULL)
		changed_mark(shown, whole != NULL ? whole : base);
	tree_free(whole);
	tree_free(before);
}

/* T as the user wants to see it: with what it inherits and comments about that, with what its statements mean, if the format
 * has comments. NULL: as it is. */
static struct tree *
dressed(const struct session *s, const struct tree *t)
{
	bool inherits = s->inherit[0] != '\0';
	bool is_data = strcmp(s->format, "xml") == 0 || strcmp(s->format, "json") == 0;
	bool has_details = s->is_detail && strcmp(s->format, "text") == 0;
	bool has_changes = s->is_changed && is_data;
	if (!inherits && !has_details && !has_changes)
		return NULL;
	struct tree *whole = inherits ? groups_expand(t, NULL) : tree_copy(t);
	if (s->is_final)
		inactive_drop(whole, tree_root(whole));
	if (has_changes)
		show_mark_changes(s, t, whole, inherits);
	if (has_details)
		detail_note(whole);
	if (inherits && strcmp(s->format, "text") == 0 && strcmp(s->inherit, "no-comments") != 0)
		groups_note(
		    whole, strcmp(s->inherit, "brief") == 0 ? GROUPS_NOTES_BRIEF : GROUPS_NOTES);
	return whole;
}

/* Shows what PATH means in SHOWN, which has been made of T for these eyes. */
static void
tree_put(struct session *s, const struct tree *t, const struct tree *shown, const struct path *path,
    bool header)
{
	bool all;
	const struct node *n = nodes_of(shown, path, &all);
	struct text out = { 0 };
	if (header && n != NULL && strcmp(s->format, "text") == 0)
		show_header(s, t, &out);
	if (n != NULL && strcmp(s->format, "set") == 0)
		as_set(n, all, s->is_relative, &out);
	else if (n != NULL && strcmp(s->format, "text") == 0)
		as_text(n, path, all, &out);
	else if (n != NULL)
		as_data(s, t, shown, n, path, all, &out);
	if (n != NULL)
		session_text(s, text_str(&out));
	text_done(&out);
}

/* Takes out of SHOWN, a copy, what shall not be shown unless asked for: below PATH, which is asked for. */
static void
omit_below(struct tree *shown, const struct path *path)
{
	bool all;
	struct node *n = (struct node *)(uintptr_t)nodes_of(shown, path, &all); /* SHOWN is ours */
	const struct snode *kind = n != NULL ? n->schema : NULL;
	for (; n != NULL && n->schema == kind; n = all ? n->next : NULL)
		omit_mark(shown, n);
}

void
show_tree(struct session *s, const struct tree *t, const struct path *path, bool header)
{
	struct tree *whole = dressed(s, t);
	bool is_text = strcmp(s->format, "text") == 0;
	bool is_set = strcmp(s->format, "set") == 0;
	struct tree *view = permit_view(
	    session_permit(s), whole != NULL ? whole : t, is_text ? PERMIT_MARK : PERMIT_DROP);
	if (tree_omits(t) && !s->shows_omitted && (is_text || is_set)) {
		if (view == NULL)
			view = tree_copy(whole != NULL ? whole : t);
		omit_below(view, path);
	}
	tree_put(s, t, view != NULL ? view : whole != NULL ? whole : t, path, header);
	tree_free(view);
	tree_free(whole);
}

void
show_made(struct session *s, const struct tree *t, const struct tree *shown, bool header)
{
	struct path top = { .s = s->m->db.schema->config };
	tree_put(s, t, shown, &top, header);
}

struct tree *
show_part(const struct db *db, const struct tree *t, const struct path *path)
{
	bool all;
	const struct node *n = nodes_of(t, path, &all);
	if (n == NULL)
		return NULL;
	return path->n > 0 ? subtree(db, t, n, all) : tree_copy(t);
}

/* --- differences --- */

bool
show_compares(const struct session *s)
{
	return s->compare >= 0 || s->compare_file[0] != '\0';
}

/* What changes from OLD to T as the user may see it. TELLS: also that a secret has which he may not see; not where OLD is his
 * own text, or he could find it by guessing. */
static void
compare_put(struct session *s, bool tells, const struct tree *old, const struct tree *t,
    const char *const *words, size_t n)
{
	struct text out = { 0 };
	struct tree *old_view = permit_view(session_permit(s), old, PERMIT_DROP);
	struct tree *view = permit_view(session_permit(s), t, PERMIT_DROP);
	if (tells && old_view != NULL && view != NULL)
		permit_mark_changed(old, t, old_view, view);
	print_compare_at(
	    old_view != NULL ? old_view : old, view != NULL ? view : t, words, n, &out);
	tree_free(old_view);
	tree_free(view);
	session_text(s, text_str(&out));
	session_done(s);
	text_done(&out);
}

/* The file that the candidate, or the running configuration, is compared with. */
static void
on_compare_input(struct session *s, const char *text, size_t len, const char *error)
{
	struct text said = { 0 };
	if (error != NULL) {
		text_printf(&said, "error: cannot open '%s': %s\n", s->compare_file, error);
		session_fail(s, text_str(&said));
		text_done(&said);
		return;
	}
	struct report ignored = { 0 };
	struct tree *old = tree_new(s->m->db.schema);
	load_any(old, LOAD_OVERRIDE, text, len, &ignored);
	db_keep_version(&s->m->db, old, NULL);
	compare_put(
	    s, false, old, s->compares_running ? s->m->db.running : session_tree(s), NULL, 0);
	report_done(&ignored);
	tree_free(old);
}

void
show_compare(struct session *s, const struct tree *t, const struct path *path)
{
	int rc;
	if (s->compare_file[0] != '\0') {
		session_want(s, "file", s->compare_file, on_compare_input);
		return;
	}
	struct tree *old =
	    s->compare > 0 ? db_rollback(&s->m->db, (unsigned)s->compare, &rc) : NULL;
	if (s->compare > 0 && old == NULL)
		session_fail(s, "error: could not read that rollback configuration");
	else
		compare_put(s, true, old != NULL ? old : s->m->db.running, t, path->words, path->n);
	tree_free(old);
}

/* --- rows --- */

static void
version_rows(struct session *s, const struct elem *request)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "software-information");
	const char *host = db_host_name(&s->m->db);
	struct utsname system;
	bool has_system = uname(&system) == 0;
	elem_leaf(a, e, "host-name", host != NULL ? host : has_system ? system.nodename : "");
	elem_leaf(a, e, "product-model", "sallyport");
	elem_leaf(a, e, "product-name", "sallyport");
	elem_leaf(a, e, "junos-version", RELEASE_JUNOS);
	struct elem *package = elem_add(a, e, "package-information");
	elem_leaf(a, package, "name", "junos");
	elem_leaf(a, package, "comment", "JUNOS Software Release [" RELEASE_JUNOS "] compatible");
	package = elem_add(a, e, "package-information");
	elem_leaf(a, package, "name", "sallyport");
	elem_leaf(a, package, "comment", "Sallyport IPsec Services [" VERSION "]");
	if (elem_has(request, "detail") && has_system) {
		package = elem_add(a, e, "package-information");
		elem_leaf(a, package, "name", "kernel");
		elem_leaff(a, package, "comment", "%s %s [%s]", system.sysname, system.machine,
		    system.release);
	}
	for (const struct elem *c = e->child; c != NULL; c = c->next)
		session_row(s, c);
	arena_free(a);
}

static const struct {
	const char *name;
	void (*rows)(struct session *s, const struct elem *request);
} own_rpcs[] = {
	{ "get-pic-information", show_pics },
	{ "get-software-information", version_rows },
};

bool
show_has(const char *name)
{
	for (size_t i = 0; i < sizeof(own_rpcs) / sizeof(own_rpcs[0]); i++)
		if (strcmp(own_rpcs[i].name, name) == 0)
			return true;
	return show_commit_has(name);
}

bool
show_rpc(struct session *s, const struct srpc *rpc, const struct elem *request, struct text *error)
{
	for (size_t i = 0; i < sizeof(own_rpcs) / sizeof(own_rpcs[0]); i++)
		if (strcmp(own_rpcs[i].name, rpc->name) == 0) {
			own_rpcs[i].rows(s, request);
			return true;
		}
	return show_commit_rpc(s, rpc->name, request, error);
}
