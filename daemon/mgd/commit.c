/* SPDX-License-Identifier: BSD-2-Clause
 *
 * commit.c - a candidate becomes the configuration in force.
 *
 *   load    the tree and what it inherits from groups, as conf_load() sees it: every error at once; the reduced
 *           configuration of each daemon
 *   check   daemons whose part changes say whether they could run it; one that cannot stops the commit
 *   write   the new file is on disk beside juniper.conf: all that needs room. While the daemons are at it
 *   apply   netd first, then the others; only those whose part has changed
 *   install juniper.conf is replaced: from here the new configuration is the truth
 *   undo    instead, if a daemon refuses at `apply` or the file cannot be installed: all get what they had
 *
 * A stop before `install` leaves the old configuration on disk, and every daemon gets it when mgd is back. A daemon that is
 * down is not waited for in `check`; it gets what is in force when it comes up. Called by candidate.c, confirm.c,
 * schedule.c and main.c; goes on in commit_on_peer(), which peer.c calls.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/mgd/candidate.h"
#include "daemon/mgd/mgd.h"
#include "daemon/mgd/when.h"
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

enum phase { PHASE_CHECK, PHASE_APPLY_NETD, PHASE_APPLY_REST, PHASE_UNDO_NETD, PHASE_UNDO_REST };

/* What one daemon gets. */
struct part {
	struct peer *peer;
	int fd; /* sealed; -1: not changed */
	bool changed;
};

/* What a peer had before the commit. */
struct before {
	struct peer *peer;
	bool is_wanted;
	bool has_conf; /* the configuration has been taken from the peer */
	int fd;
	uint32_t commit;
};

struct commit {
	struct mgd *m;
	struct commit_ask ask;
	struct tree *tree;
	enum phase phase;
	struct part *parts; /* netd, pkid, kmd, then the picds in the order of the configuration */
	size_t n_parts;
	struct before *before; /* every peer, in the order of the list; NULL until the hand-over */
	size_t n_before;
	struct arena *a;     /* names, parts */
	struct arena *elems; /* secret; with CONF until the parts are on their way */
	struct conf *conf;
	size_t n_pics;
	bool is_prepared; /* the new file is on disk */
	int write_rc;     /* or why it is not */
	bool has_refusal;
	struct text errors;   /* JUNOS frame */
	struct text warnings; /* the same, for what does not stop it */
	uv_timer_t timer;
	bool is_over; /* only waits for its timer to be closed */
};

/* --- saying what happens --- */

__attribute__((format(printf, 2, 3))) static void
progress(struct commit *c, const char *fmt, ...)
{
	if (c->ask.on_progress == NULL)
		return;
	char what[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	c->ask.on_progress(c->ask.arg, what);
}

static void
peer_name(const struct peer *p, struct text *out)
{
	text_printf(out, "%s%s%s", p->kind, p->instance[0] != '\0' ? " " : "", p->instance);
}

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
before_free(struct commit *c)
{
	for (size_t i = 0; i < c->n_before; i++) {
		if (c->before[i].fd >= 0)
			close(c->before[i].fd);
	}
	free(c->before);
}

static void
on_timer_closed(uv_handle_t *h)
{
	struct commit *c = h->data;
	elems_free(c);
	for (size_t i = 0; i < c->n_parts; i++) {
		if (c->parts[i].fd >= 0)
			close(c->parts[i].fd);
	}
	before_free(c);
	tree_free(c->tree);
	arena_free(c->a);
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
	if (c->is_prepared)
		store_discard(c->m->db.dir);
	c->is_over = true;
	c->m->commit = NULL;
	for (struct peer *p = c->m->peers.list; p != NULL; p = p->next)
		p->is_awaited = false;
	if (c->ask.on_done != NULL)
		c->ask.on_done(c->ask.arg, ok, text_str(&all));
	text_done(&all);
	pack_start(c->m);
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

bool
commit_is_of(const struct mgd *m, const void *arg)
{
	return m->commit != NULL && m->commit->ask.arg == arg;
}

void
commit_set_apart(struct mgd *m, const void *arg)
{
	if (commit_is_of(m, arg))
		m->commit->ask.is_private = true;
}

void
commit_detach(struct mgd *m, const void *arg, bool is_gone)
{
	if (!commit_is_of(m, arg))
		return;
	m->commit->ask.on_done = NULL;
	m->commit->ask.on_progress = NULL;
	if (is_gone)
		m->commit->ask.arg = NULL;
}

/* --- load --- */

/* It is only checked, at least now. */
static bool
is_check(const struct commit *c)
{
	const struct commit_options *o = &c->ask.options;
	return o->check_only || o->at != 0 || o->at_reboot;
}

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
		return is_check(c) ? "error: configuration check-out failed: (missing "
				     "mandatory statements)\n"
				   : "error: commit failed: (missing mandatory statements)\n";
	return is_check(c)
		   ? "error: configuration check-out failed: (statements constraint check failed)\n"
		   : "error: commit failed: (statements constraint check failed)\n";
}

/* KIND, and of a picd its services interface PIC (else ""), say whose part it is. */
static void
part_add(struct commit *c, const struct elem *root, enum conf_part which, const char *kind,
    const char *pic)
{
	struct part *p = &c->parts[c->n_parts++];
	p->peer = peer_get(c->m, kind, pic);
	struct wr w = wr_grow();
	struct elem *e = conf_reduce(c->conf, root, which, pic, c->elems);
	size_t n_before = memfd_size(p->peer->conf_fd);
	wr_expect(&w, n_before + n_before / 64);
	elem_encode(&w, e);
	p->changed = c->ask.options.full || !memfd_holds(p->peer->conf_fd, w.buf, w.len);
	p->fd = p->changed ? memfd_from_bytes(w.buf, w.len) : -1;
	wr_free(&w);
	if (p->changed && c->phase == PHASE_CHECK)
		p->peer->is_awaited =
		    peer_conf_send(p->peer, true, p->fd, c->m->db.last.commit + 1);
}

/* Fills the parts; each daemon checks its own while those of the others are made. Returns false with errors in place and
 * LAST_LINE set. */
static bool
commit_load(struct commit *c, const char **last_line)
{
	struct report r = { 0 };
	c->elems = arena_new_secret();
	progress(c, "applying configuration groups");
	struct elem *root = groups_to_elem(c->ask.tree, c->elems, &r);
	progress(c, "checking the configuration");
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
	c->parts = arena_array(c->a, c->n_pics + 3, sizeof(*c->parts));
	if (c->phase == PHASE_CHECK)
		progress(c, "daemons checking new configuration");
	part_add(c, root, CONF_NETD, "netd", "");
	part_add(c, root, CONF_PKID, "pkid", "");
	part_add(c, root, CONF_KMD, "kmd", "");
	for (size_t i = 0; i < c->n_pics; i++)
		part_add(c, root, CONF_PICD, "picd", names[i]);
	for (size_t i = 0; i < c->n_parts; i++)
		if (c->parts[i].changed && c->parts[i].fd < 0) {
			*last_line = "error: configuration check-out failed: out of resources\n";
			return false;
		}
	return true;
}

/* --- handing the configuration over and taking it back --- */

/* Tells sallyportd which picds shall run: those that are wanted, and those that were before while that may be undone. */
static void
pics_tell(struct mgd *m, const struct commit *c)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "pics");
	for (const struct peer *p = m->peers.list; p != NULL; p = p->next)
		if (p->is_wanted && strcmp(p->kind, "picd") == 0)
			elem_leaf(a, e, "pic", p->instance);
	for (size_t i = 0; c != NULL && i < c->n_before; i++) {
		const struct before *b = &c->before[i];
		if (b->is_wanted && !b->peer->is_wanted && strcmp(b->peer->kind, "picd") == 0)
			elem_leaf(a, e, "pic", b->peer->instance);
	}
	ipc_send(m->d.super, MSG_PICS, 0, e, -1);
	arena_free(a);
}

static void
before_note(struct commit *c)
{
	size_t n = 0;
	for (const struct peer *p = c->m->peers.list; p != NULL; p = p->next)
		n++;
	c->before = calloc(n + 1, sizeof(*c->before));
	if (c->before == NULL)
		abort();
	for (struct peer *p = c->m->peers.list; p != NULL; p = p->next)
		c->before[c->n_before++] =
		    (struct before){ .peer = p, .is_wanted = p->is_wanted, .fd = -1 };
}

/* Gives P a new configuration and keeps the old one. */
static void
peer_exchange(struct commit *c, struct peer *p, int fd, uint32_t number)
{
	for (size_t i = 0; i < c->n_before; i++) {
		struct before *b = &c->before[i];
		if (b->peer != p)
			continue;
		b->has_conf = true;
		b->fd = p->conf_fd;
		b->commit = p->conf_commit;
		p->conf_fd = -1;
	}
	peer_conf_set(p, fd, number);
}

/* Puts P, which is in the list of all peers, at the end of the list that TAIL ends. */
static struct peer **
peer_to_end(struct mgd *m, struct peer *p, struct peer **tail)
{
	struct peer **at = &m->peers.list;
	while (*at != NULL && *at != p)
		at = &(*at)->next;
	if (*at == p)
		*at = p->next;
	p->next = NULL;
	*tail = p;
	return &p->next;
}

/* The peers take over their parts, in the order of the configuration; others are not wanted any more. */
static void
parts_hand_over(struct commit *c, uint32_t number)
{
	struct mgd *m = c->m;
	before_note(c);
	for (struct peer *p = m->peers.list; p != NULL; p = p->next)
		p->is_wanted = false;
	struct peer *first = NULL;
	struct peer **tail = &first;
	for (size_t i = 0; i < c->n_parts; i++) {
		struct part *part = &c->parts[i];
		part->peer->is_wanted = true;
		if (part->changed) {
			peer_exchange(c, part->peer, part->fd, number);
			part->fd = -1;
		}
		tail = peer_to_end(m, part->peer, tail);
	}
	*tail = m->peers.list;
	m->peers.list = first;
	for (struct peer *p = *tail; p != NULL; p = p->next)
		peer_exchange(c, p, -1, 0);
}

/* The peers get back what they had, and their order. */
static void
parts_take_back(struct commit *c)
{
	struct mgd *m = c->m;
	struct peer *first = NULL;
	struct peer **tail = &first;
	for (size_t i = 0; i < c->n_before; i++) {
		struct before *b = &c->before[i];
		b->peer->is_wanted = b->is_wanted;
		if (b->has_conf)
			peer_conf_set(b->peer, b->fd, b->commit);
		b->fd = -1;
		tail = peer_to_end(m, b->peer, tail);
	}
	*tail = m->peers.list;
	m->peers.list = first;
}

/* --- the phases --- */

static bool
is_waiting(const struct commit *c)
{
	for (const struct peer *p = c->m->peers.list; p != NULL; p = p->next)
		if (p->is_awaited)
			return true;
	return false;
}

static bool
is_undoing(const struct commit *c)
{
	return c->phase >= PHASE_UNDO_NETD;
}

static void phase_next(struct commit *c);

/* P cannot run the configuration, or says nothing: WHY is its own text or NULL. */
static void
refused(struct commit *c, const struct peer *p, const char *why)
{
	struct text t = { 0 };
	c->has_refusal = c->has_refusal || !is_undoing(c);
	if (why != NULL) {
		text_put(&t, why);
		if (t.len > 0 && t.s[t.len - 1] != '\n')
			text_putc(&t, '\n');
	}
	text_put(&t, is_undoing(c) ? "warning: " : "error: ");
	peer_name(p, &t);
	text_put(&t, why == NULL               ? " does not answer\n"
		     : c->phase == PHASE_CHECK ? ": configuration check-out failed\n"
		     : is_undoing(c)           ? ": cannot activate the previous configuration\n"
					       : ": cannot activate the configuration\n");
	text_put(&c->errors, text_str(&t));
	text_done(&t);
}

/* A daemon that is down or slow gets the configuration when it comes back; one that cannot be asked stops nothing but a check. */
static void
late(struct commit *c, const struct peer *p)
{
	struct text t = { 0 };
	if (c->phase == PHASE_CHECK) {
		refused(c, p, NULL);
		return;
	}
	text_put(&t, "warning: ");
	peer_name(p, &t);
	text_put(&t, " does not answer\n");
	text_put(&c->warnings, text_str(&t));
	text_done(&t);
}

static void
on_timeout(uv_timer_t *t)
{
	struct commit *c = t->data;
	for (struct peer *p = c->m->peers.list; p != NULL; p = p->next) {
		if (!p->is_awaited)
			continue;
		p->is_awaited = false;
		late(c, p);
	}
	phase_next(c);
}

/* The daemons of KIND get what is in their struct peer now, where that is something new. */
static void
apply_send(struct commit *c, bool netd)
{
	progress(c, netd ? "notifying netd" : "notifying pkid, kmd and picds");
	for (struct peer *p = c->m->peers.list; p != NULL; p = p->next) {
		if ((strcmp(p->kind, "netd") == 0) != netd || !p->is_wanted || p->is_applied)
			continue;
		p->is_awaited = true; /* one that does not run yet gets it when it comes up */
		bool is_sent = p->seq != 0 && !p->is_checking && p->sent_commit == p->conf_commit;
		if (!is_sent && !peer_conf_send(p, false, p->conf_fd, p->conf_commit) &&
		    is_undoing(c))
			p->is_awaited = false;
	}
	uv_timer_start(&c->timer, on_timeout, COMMIT_APPLY_MS, 0);
}

/* Writes the new configuration. The commit goes on, whatever comes of it, until the daemons have said what they think. */
static void
commit_write(struct commit *c)
{
	struct mgd *m = c->m;
	struct text text = { 0 };
	progress(c, "writing the configuration");
	c->ask.meta.commit = m->db.last.commit + 1;
	c->ask.meta.when = time(NULL);
	c->ask.meta.confirm_minutes = c->ask.options.confirm_minutes;
	pack_stop(m);
	print_text(tree_root(c->tree), 0, &text);
	c->write_rc = store_prepare(m->db.dir, &c->ask.meta, text_str(&text), text.len);
	c->is_prepared = c->write_rc == 0;
	text_done(&text);
}

static void
apply_begin(struct commit *c)
{
	parts_hand_over(c, c->ask.meta.commit);
	pics_tell(c->m, c);
	c->phase = PHASE_APPLY_NETD;
	apply_send(c, true);
	if (!is_waiting(c))
		phase_next(c);
}

/* Everyone gets back what was in force. */
static void
undo_begin(struct commit *c)
{
	progress(c, "restoring the previous configuration");
	parts_take_back(c);
	pics_tell(c->m, NULL);
	c->phase = PHASE_UNDO_NETD;
	apply_send(c, true);
	if (!is_waiting(c))
		phase_next(c);
}

/* The new configuration becomes the running one on disk and here. */
static void
commit_install(struct commit *c)
{
	struct mgd *m = c->m;
	progress(c, "installing juniper.conf");
	int rc = store_install(m->db.dir);
	c->is_prepared = false;
	if (rc < 0) {
		text_printf(
		    &c->errors, "error: could not write configuration: %s\n", strerror(-rc));
		undo_begin(c);
		return;
	}
	m->db.last = c->ask.meta;
	if (c->ask.is_private)
		candidate_follow(m, c->tree);
	db_set_running(&m->db, c->tree, candidate_is_base(m, m->db.running));
	c->tree = NULL;
	log_conf_tell(m);
	confirm_committed(m);
	pics_tell(m, NULL);
	log_line(LOG_LEVEL_NOTICE, "UI_COMMIT", "commit %u by %s via %s", m->db.last.commit,
	    m->db.last.user, m->db.last.client);
	commit_end(c, true, "commit complete\n");
	peers_report(m);
}

/* All daemons could run it. */
static void
commit_checked(struct commit *c)
{
	struct mgd *m = c->m;
	struct text said = { 0 };
	int rc = 0;
	char date[WHEN_DATE_LEN];
	if (is_check(c) && !c->ask.options.is_validation)
		rc = confirm_now(m);
	if (rc == 0 && is_check(c)) {
		text_put(&said, "configuration check succeeds\n");
		if (c->ask.options.at != 0 || c->ask.options.at_reboot)
			rc = schedule_keep(m, &c->ask, c->tree);
		if (c->ask.options.at != 0)
			text_printf(&said, "commit at will be executed at %s\n",
			    when_date(c->ask.options.at, date));
		else if (c->ask.options.at_reboot)
			text_put(&said, "commit at will be executed at reboot\n");
	} else if (rc == 0) {
		rc = c->write_rc;
		/* the deadline of a confirmed commit: no sooner, because a commit that is refused leaves its number */
		if (rc == 0)
			rc = confirm_prepare(m, c->ask.meta.commit, c->ask.options.confirm_minutes);
	}
	if (rc < 0) {
		text_printf(
		    &c->errors, "error: could not write configuration: %s\n", strerror(-rc));
		commit_end(c, false, "error: commit failed\n");
	} else if (is_check(c)) {
		commit_end(c, true, text_str(&said));
	} else {
		apply_begin(c);
	}
	text_done(&said);
}

/* Everyone has answered in this phase. */
static void
phase_next(struct commit *c)
{
	struct mgd *m = c->m;
	uv_timer_stop(&c->timer);
	switch (c->phase) {
	case PHASE_CHECK:
		if (c->has_refusal)
			commit_end(c, false, "error: configuration check-out failed\n");
		else
			commit_checked(c);
		return;
	case PHASE_APPLY_NETD:
	case PHASE_UNDO_NETD:
		if (c->has_refusal && !is_undoing(c)) {
			undo_begin(c);
			return;
		}
		c->phase = is_undoing(c) ? PHASE_UNDO_REST : PHASE_APPLY_REST;
		apply_send(c, false);
		if (!is_waiting(c))
			phase_next(c);
		return;
	case PHASE_APPLY_REST:
		if (c->has_refusal)
			undo_begin(c);
		else
			commit_install(c);
		return;
	case PHASE_UNDO_REST:
		log_line(LOG_LEVEL_ERROR, "UI_COMMIT_UNDONE",
		    "commit %u by %s: the previous configuration is in force", c->ask.meta.commit,
		    c->ask.meta.user);
		commit_end(
		    c, false, "error: commit failed: the previous configuration is in force\n");
		peers_report(m);
		return;
	}
}

void
commit_on_peer(struct mgd *m, struct peer *p, bool ok, const char *text)
{
	struct commit *c = m->commit;
	if (c == NULL || !p->is_awaited)
		return;
	if (c->phase != PHASE_CHECK && !p->is_applied)
		return; /* the daemon went away: it is still awaited, until the time is over */
	p->is_awaited = false;
	if (!ok)
		refused(c, p, text != NULL ? text : "error: refused");
	if (!ok && is_undoing(c))
		peer_retry(p);
	if (!is_waiting(c))
		phase_next(c);
}

static struct commit *
commit_new(struct mgd *m, const struct commit_ask *ask, enum phase phase)
{
	struct commit *c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	*c = (struct commit){ .m = m, .ask = *ask, .phase = phase, .a = arena_new_secret() };
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
	struct commit *c = commit_new(m, ask, PHASE_CHECK);
	const char *last_line = "";
	if (!commit_load(c, &last_line)) {
		commit_end(c, false, last_line);
		return true;
	}
	/* while the daemons are at it; what the parts were made of goes first, so that not everything is there at once */
	elems_free(c);
	if (!ask->options.check_only || ask->options.at != 0 || ask->options.at_reboot)
		c->tree = tree_copy(ask->tree);
	c->ask.tree = NULL; /* its owner may change it from now on */
	if (!is_check(c))
		commit_write(c);
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
	struct commit_ask nobody = { .meta = m->db.last, .tree = m->db.running };
	struct commit *c = commit_new(m, &nobody, PHASE_APPLY_NETD);
	const char *last_line = "";
	if (commit_load(c, &last_line)) {
		parts_hand_over(c, m->db.last.commit);
		pics_tell(m, NULL);
		for (size_t i = 0; i < c->n_parts; i++)
			peer_conf_send(
			    c->parts[i].peer, false, c->parts[i].peer->conf_fd, m->db.last.commit);
	} else {
		log_line(
		    LOG_LEVEL_ERROR, "UI_COMMIT_BOOT", "%s%s", text_str(&c->errors), last_line);
	}
	commit_end(c, true, "");
}
