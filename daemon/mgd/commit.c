/* SPDX-License-Identifier: BSD-2-Clause
 *
 * commit.c - a candidate becomes the configuration in force.
 *
 *   load    the tree and what it inherits from groups, as conf_load() sees it: every error at once; the reduced
 *           configuration of each daemon
 *   check   daemons whose part changes say whether they could run it; one that cannot stops the commit
 *   store   juniper.conf is replaced: from here the new configuration is the truth
 *   apply   netd first, then the picds; only those whose part has changed
 *
 * A daemon that is down is not waited for in `check`; it gets what is in force when it comes up. Called by edit.c
 * and main.c; goes on in commit_on_peer(), which peer.c calls.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/mgd.h"
#include "lib/conf/conf.h"
#include "lib/junos/groups.h"
#include "lib/junos/load.h"
#include "lib/junos/tree.h"

enum {
	COMMIT_CHECK_MS = 30 * 1000, /* a daemon may take so long to judge */
	COMMIT_APPLY_MS =
	    20 *
	    1000, /* a daemon (a picd that has to start first, too) may take so long to run it */
};

enum phase { PHASE_CHECK, PHASE_APPLY_NETD, PHASE_APPLY_REST };

/* What one daemon gets. */
struct part {
	struct peer *peer;
	struct wr conf; /* encoded */
	int fd;         /* sealed */
	bool changed;
	bool is_awaited; /* has been asked in this phase and has not answered */
};

struct commit {
	struct mgd *m;
	struct commit_ask ask;
	struct tree *tree;
	enum phase phase;
	struct part *parts; /* netd, then the picds in the order of the configuration */
	size_t n_parts;
	struct arena *a;     /* names, parts */
	struct arena *elems; /* secret; with CONF until the parts are on their way */
	struct conf *conf;
	struct text text; /* the configuration as it will be written */
	const char *const *pics;
	size_t n_pics;
	bool has_refusal;
	struct text errors;   /* JUNOS frame */
	struct text warnings; /* the same, for what does not stop it */
	uv_timer_t timer;
	bool is_over; /* only waits for its timer to be closed */
};

/* --- the end --- */

/* Lets go of what only the parts were made of: there is a lot of it. */
static void
elems_free(struct commit *c)
{
	conf_free(c->conf);
	arena_free(c->elems);
	c->conf = NULL;
	c->elems = NULL;
}

static void
on_timer_closed(uv_handle_t *h)
{
	struct commit *c = h->data;
	elems_free(c);
	for (size_t i = 0; i < c->n_parts; i++) {
		wr_free(&c->parts[i].conf);
		if (c->parts[i].fd >= 0)
			close(c->parts[i].fd);
	}
	tree_free(c->tree);
	arena_free(c->a);
	text_done(&c->text);
	text_done(&c->errors);
	text_done(&c->warnings);
	free(c);
}

static void
commit_end(struct commit *c, bool ok, const char *last_line)
{
	struct text all = { 0 };
	text_put(&all, text_str(&c->errors));
	text_put(&all, text_str(&c->warnings));
	text_put(&all, last_line);
	c->is_over = true;
	c->m->commit = NULL;
	if (c->ask.on_done != NULL)
		c->ask.on_done(c->ask.arg, ok, text_str(&all));
	text_done(&all);
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

void
commit_detach(struct mgd *m, const void *arg)
{
	if (m->commit != NULL && m->commit->ask.arg == arg)
		m->commit->ask.on_done = NULL;
}

/* --- load --- */

/* Splits what the loader said: errors that end the commit, and warnings. Returns the last line for the errors. */
static const char *
report_split(struct commit *c, const struct report *r)
{
	bool only_missing = true;
	struct report errors = { 0 };
	for (size_t i = 0; i < r->n; i++) {
		const struct report_line *l = &r->lines[i];
		if (l->is_error) {
			report_add(&errors, l);
			only_missing = only_missing &&
				       strncmp(l->message, "Missing mandatory statement", 27) == 0;
		} else if (l->class == REPORT_WARNING) {
			struct report one = { 0 };
			struct report_line warning = *l;
			char text[512];
			bool has_tag = strncmp(l->message, "warning: ", 9) == 0;
			snprintf(
			    text, sizeof(text), "%s%s", has_tag ? "" : "warning: ", l->message);
			warning.message = text;
			report_add(&one, &warning);
			report_print(&one, NULL, &c->warnings);
			report_done(&one);
		}
	}
	report_print(&errors, NULL, &c->errors);
	report_done(&errors);
	if (only_missing)
		return c->ask.check_only ? "error: configuration check-out failed: (missing "
					   "mandatory statements)\n"
					 : "error: commit failed: (missing mandatory statements)\n";
	return c->ask.check_only
		   ? "error: configuration check-out failed: (statements constraint check failed)\n"
		   : "error: commit failed: (statements constraint check failed)\n";
}

static void
part_add(struct commit *c, const struct conf *conf, const struct elem *root, const char *pic)
{
	struct part *p = &c->parts[c->n_parts++];
	p->peer = peer_get(c->m, pic != NULL ? "picd" : "netd", pic != NULL ? pic : "");
	p->conf = wr_grow();
	struct elem *e =
	    conf_reduce(conf, root, pic != NULL ? CONF_PICD : CONF_NETD, pic, c->elems);
	wr_expect(&p->conf, p->peer->conf.len + p->peer->conf.len / 64);
	elem_encode(&p->conf, e);
	p->changed = p->conf.len != p->peer->conf.len ||
		     memcmp(p->conf.buf, p->peer->conf.buf, p->conf.len) != 0;
	p->fd = p->changed ? memfd_from_bytes(p->conf.buf, p->conf.len) : -1;
}

/* Fills the parts. Returns false with errors in place and LAST_LINE set. */
static bool
commit_load(struct commit *c, const char **last_line)
{
	struct report r = { 0 };
	c->elems = arena_new_secret();
	struct elem *root = groups_to_elem(c->tree, c->elems, &r);
	struct conf *conf = c->conf = conf_load(root, &r);
	bool ok = conf != NULL && r.n_errors == 0;
	*last_line = report_split(c, &r);
	report_done(&r);
	if (!ok)
		return false;
	const char *const *pics = conf_pics(conf, c->a, &c->n_pics);
	const char **names = arena_array(c->a, c->n_pics, sizeof(*names));
	for (size_t i = 0; i < c->n_pics; i++)
		names[i] = arena_strdup(c->a, pics[i]);
	c->pics = names;
	c->parts = arena_array(c->a, c->n_pics + 1, sizeof(*c->parts));
	part_add(c, conf, root, NULL);
	for (size_t i = 0; i < c->n_pics; i++)
		part_add(c, conf, root, names[i]);
	for (size_t i = 0; i < c->n_parts; i++)
		if (c->parts[i].changed && c->parts[i].fd < 0) {
			*last_line = "error: configuration check-out failed: out of resources\n";
			return false;
		}
	return true;
}

/* --- check, store, apply --- */

static struct part *
part_of(struct commit *c, const struct peer *p)
{
	for (size_t i = 0; i < c->n_parts; i++)
		if (c->parts[i].peer == p)
			return &c->parts[i];
	return NULL;
}

static bool
is_waiting(const struct commit *c)
{
	for (size_t i = 0; i < c->n_parts; i++)
		if (c->parts[i].is_awaited)
			return true;
	return false;
}

static void
pics_tell(struct commit *c)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "pics");
	for (size_t i = 0; i < c->n_pics; i++)
		elem_leaf(a, e, "pic", c->pics[i]);
	ipc_send(c->m->d.super, MSG_PICS, 0, e, -1);
	arena_free(a);
}

/* The peers take over their parts, in the order of the configuration; others are not wanted any more. */
static void
parts_hand_over(struct commit *c)
{
	struct mgd *m = c->m;
	for (struct peer *p = m->peers.list; p != NULL; p = p->next)
		p->is_wanted = false;
	struct peer *first = NULL;
	struct peer **tail = &first;
	for (size_t i = 0; i < c->n_parts; i++) {
		struct part *part = &c->parts[i];
		struct peer *p = part->peer;
		p->is_wanted = true;
		if (part->changed) {
			peer_conf_set(p, &part->conf, part->fd, m->db.last.commit);
			part->fd = -1;
		}
		/* move it from the list to the end of the new one */
		struct peer **at = &m->peers.list;
		while (*at != NULL && *at != p)
			at = &(*at)->next;
		if (*at == p)
			*at = p->next;
		p->next = NULL;
		*tail = p;
		tail = &p->next;
	}
	*tail = m->peers.list;
	m->peers.list = first;
	for (struct peer *p = *tail; p != NULL; p = p->next) {
		struct wr none = wr_grow();
		peer_conf_set(p, &none, -1, 0);
	}
}

static void phase_next(struct commit *c);

static void
on_timeout(uv_timer_t *t)
{
	struct commit *c = t->data;
	for (size_t i = 0; i < c->n_parts; i++) {
		struct part *p = &c->parts[i];
		if (!p->is_awaited)
			continue;
		p->is_awaited = false;
		text_printf(c->phase == PHASE_CHECK ? &c->errors : &c->warnings,
		    "%s%s%s%s does not answer\n",
		    c->phase == PHASE_CHECK ? "error: " : "warning: ", p->peer->kind,
		    p->peer->instance[0] != '\0' ? " " : "", p->peer->instance);
		c->has_refusal = c->has_refusal || c->phase == PHASE_CHECK;
	}
	phase_next(c);
}

static void
apply_send(struct part *p)
{
	if (!p->changed && p->peer->is_applied)
		return;
	p->is_awaited = true; /* one that does not run yet gets it when it comes up */
	if (p->peer->seq == 0 || p->changed)
		peer_conf_send(p->peer, false, p->peer->conf_fd, p->peer->conf_commit);
}

/* Writes the new configuration; after this it is the running one. */
static int
commit_store(struct commit *c)
{
	struct mgd *m = c->m;
	c->ask.meta.commit = m->db.last.commit + 1;
	c->ask.meta.when = time(NULL);
	int rc = store_commit(m->db.dir, &c->ask.meta, text_str(&c->text), c->text.len);
	text_done(&c->text);
	if (rc < 0)
		return rc;
	m->db.last = c->ask.meta;
	db_set_running(&m->db, c->tree);
	c->tree = NULL;
	return 0;
}

static void
apply_begin(struct commit *c)
{
	parts_hand_over(c);
	pics_tell(c);
	c->phase = PHASE_APPLY_NETD;
	uv_timer_start(&c->timer, on_timeout, COMMIT_APPLY_MS, 0);
	apply_send(&c->parts[0]);
	if (!is_waiting(c))
		phase_next(c);
}

/* Everyone has answered in this phase. */
static void
phase_next(struct commit *c)
{
	struct mgd *m = c->m;
	uv_timer_stop(&c->timer);
	switch (c->phase) {
	case PHASE_CHECK:
		if (c->has_refusal) {
			commit_end(c, false, "error: configuration check-out failed\n");
			return;
		}
		if (c->ask.check_only) {
			commit_end(c, true, "configuration check succeeds\n");
			return;
		}
		int rc = commit_store(c);
		if (rc < 0) {
			text_printf(&c->errors, "error: could not write configuration: %s\n",
			    strerror(-rc));
			commit_end(c, false, "error: commit failed\n");
			return;
		}
		log_line(LOG_LEVEL_NOTICE, "UI_COMMIT", "commit %u by %s via %s",
		    c->m->db.last.commit, c->m->db.last.user, c->m->db.last.client);
		apply_begin(c);
		return;
	case PHASE_APPLY_NETD:
		c->phase = PHASE_APPLY_REST;
		for (size_t i = 1; i < c->n_parts; i++)
			apply_send(&c->parts[i]);
		if (is_waiting(c)) {
			uv_timer_start(&c->timer, on_timeout, COMMIT_APPLY_MS, 0);
			return;
		}
		/* fall through */
	case PHASE_APPLY_REST:
		commit_end(c, true, "commit complete\n");
		peers_report(m);
	}
}

void
commit_on_peer(struct mgd *m, struct peer *p, bool ok, const char *text)
{
	struct commit *c = m->commit;
	struct part *part = c != NULL ? part_of(c, p) : NULL;
	if (part == NULL || !part->is_awaited)
		return;
	if (c->phase != PHASE_CHECK && !p->is_applied)
		return; /* the daemon went away: it is still awaited, until the time is over */
	part->is_awaited = false;
	if (!ok && c->phase == PHASE_CHECK) {
		c->has_refusal = true;
		text_printf(&c->errors, "%s\n", text != NULL ? text : "error: refused");
	} else if (!ok) {
		text_printf(&c->warnings, "warning: %s%s%s: %s\n", p->kind,
		    p->instance[0] != '\0' ? " " : "", p->instance,
		    text != NULL ? text : "refused");
	}
	if (!is_waiting(c))
		phase_next(c);
}

static struct commit *
commit_new(struct mgd *m, const struct commit_ask *ask, struct tree *tree)
{
	struct commit *c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	*c = (struct commit){ .m = m, .ask = *ask, .tree = tree, .a = arena_new_secret() };
	uv_timer_init(&m->d.loop, &c->timer);
	c->timer.data = c;
	m->commit = c;
	return c;
}

bool
commit_start(struct mgd *m, const struct commit_ask *ask)
{
	if (m->commit != NULL)
		return false;
	struct commit *c = commit_new(m, ask, tree_copy(ask->tree));
	const char *last_line = "";
	if (!commit_load(c, &last_line)) {
		commit_end(c, false, last_line);
		return true;
	}
	c->phase = PHASE_CHECK;
	for (size_t i = 0; i < c->n_parts; i++) {
		struct part *p = &c->parts[i];
		if (p->changed)
			p->is_awaited = peer_conf_send(p->peer, true, p->fd, m->db.last.commit + 1);
	}
	/* while the daemons are at it */
	elems_free(c);
	if (!ask->check_only)
		print_text(tree_root(c->tree), 0, &c->text);
	if (is_waiting(c))
		uv_timer_start(&c->timer, on_timeout, COMMIT_CHECK_MS, 0);
	else
		phase_next(c);
	return true;
}

void
commit_boot(struct mgd *m)
{
	if (m->db.last.commit == 0)
		return;
	struct commit_ask nobody = { .meta = m->db.last };
	struct commit *c = commit_new(m, &nobody, tree_copy(m->db.running));
	const char *last_line = "";
	if (commit_load(c, &last_line)) {
		parts_hand_over(c);
		pics_tell(c);
		for (size_t i = 0; i < c->n_parts; i++)
			peer_conf_send(
			    c->parts[i].peer, false, c->parts[i].peer->conf_fd, m->db.last.commit);
	} else {
		log_line(
		    LOG_LEVEL_ERROR, "UI_COMMIT_BOOT", "%s%s", text_str(&c->errors), last_line);
	}
	commit_end(c, true, "");
}
