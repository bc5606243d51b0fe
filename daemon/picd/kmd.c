/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kmd.c - what kmd tells the services PIC about dynamic SAs, and what it hears back.
 *
 * kmd negotiates, this process keeps: a new channel begins with a list of all SAs that are here, so that a kmd that was
 * restarted finds what its predecessor made. When kmd is gone the SAs go on until their lifetimes end them. A key is read
 * out of its message and wiped there. A message that makes no sense is answered or ignored; packets go on. Main thread.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/snap.h"
#include "daemon/picd/workers.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <stdlib.h>
#include <string.h>

enum { TICK_PERIOD_MS = 1000, QUEUE_HIGH = 256 * 1024, TAG_MAX = 512 };

/* An answer that waits until workers have the snapshot that was published when it was due. */
struct kmd_done {
	struct kmd_done *next;
	uint64_t generation;
	uint32_t seq;
};

static const char *const protocol_words[] = {
	[SA_ESP] = "esp",
	[SA_AH] = "ah",
	[SA_BUNDLE] = "bundle",
};

/* --- MSG_SA_ADD: form --- */

/* Reads decimal digits up to MAX; false if it is something else or not there. */
static bool
number_read(const struct elem *e, const char *name, uint64_t max, uint64_t *out)
{
	const char *s = elem_value(e, name);
	uint64_t v = 0;
	if (s == NULL || *s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > max)
			return false;
	}
	*out = v;
	return true;
}

static bool
word_read(
    const struct elem *e, const char *name, const char *const *words, unsigned n, unsigned *out)
{
	const char *s = elem_value(e, name);
	for (unsigned i = 0; s != NULL && i < n; i++)
		if (strcmp(s, words[i]) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static bool
direction_read(const struct elem *e, unsigned *out)
{
	static const char *const directions[] = { [SA_OUT] = "out", [SA_IN] = "in" };
	return word_read(e, "direction", directions, 2, out);
}

static bool
addr_read(const struct elem *e, const char *name, struct addr *out)
{
	const char *s = elem_value(e, name);
	return s != NULL && addr_parse(s, out);
}

static bool
prefix_read(const struct elem *e, const char *name, struct prefix *out)
{
	const char *s = elem_value(e, name);
	return s != NULL && prefix_parse(s, out);
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads exactly N octets of hexadecimal digits. */
static bool
key_read(const struct elem *e, const char *name, size_t n, uint8_t *out)
{
	const char *s = elem_value(e, name);
	size_t len = s != NULL ? strlen(s) : 0;
	bool is_good = len == 2 * n;
	for (size_t i = 0; i < n && is_good; i++) {
		int hi = nibble(s[2 * i]);
		int lo = nibble(s[2 * i + 1]);
		is_good = hi >= 0 && lo >= 0;
		out[i] = (uint8_t)((unsigned)hi << 4 | (unsigned)lo);
	}
	return is_good;
}

/* Wipes a key where it stands: the tree is the channel's, and nobody reads it after us. */
static void
key_wipe(const struct elem *e, const char *name)
{
	const char *s = elem_value(e, name);
	if (s != NULL)
		explicit_bzero((char *)(uintptr_t)s, strlen(s));
}

/* Both algorithms; "none" is no algorithm. */
static bool
algorithms_read(const struct elem *e, struct sa_params *p)
{
	const char *auth = elem_value(e, "authentication");
	const char *enc = elem_value(e, "encryption");
	if (auth == NULL || enc == NULL)
		return false;
	p->auth = strcmp(auth, "none") == 0 ? AUTH_NONE : auth_by_name(auth);
	p->enc = strcmp(enc, "none") == 0 ? ENC_NULL : enc_by_name(enc);
	return p->auth < AUTH_MAX && p->enc < ENC_MAX;
}

static bool
keys_read(const struct elem *e, struct sa_params *p)
{
	return key_read(e, "authentication-key", auth_info(p->auth)->key_len, p->auth_key) &&
	       key_read(e, "encryption-key", enc_secret_len(p->enc), p->enc_key);
}

/* Both ports or none. What comes out of a NAT may come from anywhere: an authentic packet says enough. */
static bool
ends_read(const struct elem *e, struct dynamic_new *out)
{
	struct sa_params *p = &out->params;
	struct addr local;
	struct addr remote;
	uint64_t local_port = 0;
	uint64_t remote_port = 0;
	bool has_ports = elem_has(e, "local-port") || elem_has(e, "remote-port");
	if (!addr_read(e, "local", &local) || !addr_read(e, "remote", &remote))
		return false;
	if (has_ports && (!number_read(e, "local-port", UINT16_MAX, &local_port) ||
			     !number_read(e, "remote-port", UINT16_MAX, &remote_port) ||
			     local_port == 0 || remote_port == 0))
		return false;
	bool is_out = p->direction == SA_OUT;
	out->remote = remote;
	p->src = is_out ? local : has_ports ? (struct addr){ 0 } : remote;
	p->dst = is_out ? remote : local;
	p->src_port = (uint16_t)(is_out ? local_port : remote_port);
	p->dst_port = (uint16_t)(is_out ? remote_port : local_port);
	return true;
}

/* Returns what is wrong with the form of E, or NULL and everything in OUT. */
static const char *
add_parse(const struct elem *e, struct dynamic_new *out)
{
	static const char *const roles[] = { "responder", "initiator" };
	struct sa_params *p = &out->params;
	unsigned direction;
	unsigned protocol;
	unsigned role;
	uint64_t spi;
	uint64_t aux_spi = 0;
	uint64_t window;
	uint64_t soft;
	uint64_t hard;
	*out = (struct dynamic_new){ .tag = elem_value(e, "tag") };
	if (!direction_read(e, &direction) ||
	    !word_read(e, "protocol", protocol_words, 3, &protocol) ||
	    !word_read(e, "role", roles, 2, &role))
		return "direction, protocol or role is missing";
	if (!number_read(e, "spi", UINT32_MAX, &spi) ||
	    (protocol == SA_BUNDLE && !number_read(e, "aux-spi", UINT32_MAX, &aux_spi)))
		return "the SPI is missing";
	if (!number_read(e, "window", SA_WINDOW_MAX, &window) ||
	    !number_read(e, "soft", UINT32_MAX, &soft) ||
	    !number_read(e, "hard", UINT32_MAX, &hard) || hard == 0)
		return "window or lifetimes are missing";
	if (!prefix_read(e, "local-selector", &out->local_selector) ||
	    !prefix_read(e, "remote-selector", &out->remote_selector))
		return "a selector is missing";
	*p = (struct sa_params){
		.protocol = (enum sa_protocol)protocol,
		.mode = SA_TUNNEL,
		.direction = (enum sa_direction)direction,
		.spi = (uint32_t)spi,
		.aux_spi = (uint32_t)aux_spi,
		.tos = SA_TOS_COPY,
		.window = (uint16_t)window,
	};
	out->window = (uint16_t)window;
	out->soft_s = (uint32_t)soft;
	out->hard_s = (uint32_t)hard;
	out->is_initiator = role == 1;
	if (out->tag == NULL)
		out->tag = "";
	if (strlen(out->tag) > TAG_MAX)
		return "the tag is too long";
	if (p->direction == SA_IN) {
		p->selector_src = out->remote_selector;
		p->selector_dst = out->local_selector;
	}
	if (!ends_read(e, out))
		return "a gateway or a port is missing";
	if (!algorithms_read(e, p))
		return "an algorithm is unknown";
	return keys_read(e, p) ? NULL : "a key has a wrong length";
}

/* --- answers --- */

static void
done_send(struct picd *p, uint32_t seq, const char *error)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "sa-done");
	elem_leaf(a, e, "status", error == NULL ? "ok" : "error");
	if (error != NULL)
		elem_leaf(a, e, "text", error);
	if (p->kmd != NULL)
		ipc_send(p->kmd, MSG_SA_DONE, seq, e, -1);
	arena_free(a);
}

static void
dones_send(struct picd *p)
{
	uint64_t seen = p->dones != NULL ? publish_seen(p) : 0;
	while (p->dones != NULL && p->dones->generation <= seen) {
		struct kmd_done *d = p->dones;
		p->dones = d->next;
		done_send(p, d->seq, NULL);
		free(d);
	}
	if (p->dones == NULL)
		p->dones_end = &p->dones;
}

static void
dones_drop(struct picd *p)
{
	while (p->dones != NULL) {
		struct kmd_done *d = p->dones;
		p->dones = d->next;
		free(d);
	}
	p->dones_end = &p->dones;
}

static void
done_when_in_force(struct picd *p, uint32_t seq)
{
	struct kmd_done *d = malloc(sizeof(*d));
	if (d == NULL)
		abort();
	*d = (struct kmd_done){ .generation = p->snap->generation, .seq = seq };
	*p->dones_end = d;
	p->dones_end = &d->next;
	dones_send(p);
}

/* --- messages of kmd --- */

static struct assoc *
tunnel_find(const struct picd *p, const struct elem *e)
{
	const char *name = elem_value(e, "tunnel");
	return name != NULL ? assoc_of_kmd(&p->assocs, p->conf, name) : NULL;
}

static void
sa_add(struct picd *p, const struct ipc_msg *m)
{
	struct text why = { 0 };
	struct dynamic_new n;
	const char *error = add_parse(m->body, &n);
	key_wipe(m->body, "authentication-key");
	key_wipe(m->body, "encryption-key");
	struct assoc *a = tunnel_find(p, m->body);
	if (error == NULL && a == NULL)
		error = "there is no such tunnel";
	if (error == NULL && dynamic_add(p, a, &n, &why) == NULL)
		error = text_str(&why);
	explicit_bzero(&n, sizeof(n));
	if (error != NULL)
		done_send(p, m->seq, error);
	else
		done_when_in_force(p, m->seq);
	text_done(&why);
}

static void
sa_del(struct picd *p, const struct elem *e)
{
	struct assoc *a = tunnel_find(p, e);
	unsigned direction;
	uint64_t spi;
	if (a == NULL)
		return; /* a commit was faster */
	if (!elem_has(e, "direction"))
		dynamic_clear(p, a);
	else if (direction_read(e, &direction) && number_read(e, "spi", UINT32_MAX, &spi))
		(void)dynamic_del(p, a, (enum sa_direction)direction, (uint32_t)spi);
}

static void
watch(struct picd *p, const struct elem *e)
{
	struct assoc *a = tunnel_find(p, e);
	uint64_t interval;
	if (a == NULL || !a->shape.is_dynamic || !number_read(e, "interval", UINT32_MAX, &interval))
		return;
	a->watch = (struct dynamic_watch){
		.interval_s = (uint32_t)interval,
		.since_ms = p->now_ms(),
	};
}

static bool
is_active(const struct elem *e, const char *name)
{
	const char *state = elem_value(e, name);
	return state != NULL && strcmp(state, "active") == 0;
}

static void
redundancy(struct picd *p, const struct elem *e)
{
	struct assoc *a = tunnel_find(p, e);
	struct dynamic_redundancy r = { 0 };
	uint64_t failovers;
	if (a == NULL || !a->shape.is_dynamic || !addr_read(e, "primary", &r.primary) ||
	    (elem_has(e, "backup") && !addr_read(e, "backup", &r.backup)) ||
	    !number_read(e, "failovers", UINT32_MAX, &failovers))
		return;
	r.is_primary_active = is_active(e, "primary-state");
	r.is_backup_active = is_active(e, "backup-state");
	r.failovers = (uint32_t)failovers;
	a->redundancy = r;
}

void
control_kmd(struct picd *p, struct ipc_msg *m)
{
	if (m->body == NULL) {
		log_line(LOG_LEVEL_WARNING, "PICD_MESSAGE", "kmd: empty message %u", m->type);
		return;
	}
	switch (m->type) {
	case MSG_SA_ADD:
		sa_add(p, m);
		break;
	case MSG_SA_DEL:
		sa_del(p, m->body);
		break;
	case MSG_WATCH:
		watch(p, m->body);
		break;
	case MSG_REDUNDANCY:
		redundancy(p, m->body);
		break;
	default:
		log_line(LOG_LEVEL_WARNING, "PICD_MESSAGE", "kmd: unexpected message %u", m->type);
	}
}

/* --- messages to kmd --- */

static void
addr_leaf(struct arena *a, struct elem *e, const char *name, struct addr addr)
{
	char text[ADDR_STRLEN];
	elem_leaf(a, e, name, addr_print(addr, text));
}

static void
prefix_leaf(struct arena *a, struct elem *e, const char *name, struct prefix prefix)
{
	char text[PREFIX_STRLEN];
	elem_leaf(a, e, name, prefix_print(prefix, text));
}

/* Whole seconds until AT; what has passed is 0. */
static unsigned
seconds_left(uint64_t at_ms, uint64_t now_ms)
{
	return at_ms > now_ms ? (unsigned)((at_ms - now_ms + 999) / 1000) : 0;
}

static struct elem *
held_body(const struct picd *p, const struct assoc *as, const struct dynamic_sa *d, struct arena *a)
{
	const struct sa_params *q = sa_params(d->sa);
	bool is_out = q->direction == SA_OUT;
	uint64_t now = p->now_ms();
	struct elem *e = elem_new(a, "sa");
	elem_leaf(a, e, "tunnel", assoc_kmd_name(as));
	elem_leaf(a, e, "direction", is_out ? "out" : "in");
	elem_leaff(a, e, "spi", "%u", q->spi);
	if (q->protocol == SA_BUNDLE)
		elem_leaff(a, e, "aux-spi", "%u", q->aux_spi);
	elem_leaf(a, e, "protocol", protocol_words[q->protocol]);
	elem_leaf(a, e, "authentication", auth_info(q->auth)->name);
	elem_leaf(a, e, "encryption", enc_info(q->enc)->name);
	addr_leaf(a, e, "local", is_out ? q->src : q->dst);
	addr_leaf(a, e, "remote", d->remote);
	if (q->dst_port != 0) {
		elem_leaff(a, e, "local-port", "%u", is_out ? q->src_port : q->dst_port);
		elem_leaff(a, e, "remote-port", "%u", is_out ? q->dst_port : q->src_port);
	}
	elem_leaff(a, e, "window", "%u", d->window);
	prefix_leaf(a, e, "local-selector", d->local_selector);
	prefix_leaf(a, e, "remote-selector", d->remote_selector);
	elem_leaf(a, e, "role", d->is_initiator ? "initiator" : "responder");
	elem_leaff(a, e, "soft", "%u", seconds_left(d->soft_ms, now));
	elem_leaff(a, e, "hard", "%u", seconds_left(d->hard_ms, now));
	elem_leaf(a, e, "tag", d->tag);
	return e;
}

static void
kmd_send(struct picd *p, uint16_t type, const struct elem *e)
{
	if (p->kmd != NULL)
		ipc_send(p->kmd, type, 0, e, -1);
}

static void
held_of(struct picd *p, const struct assoc *as)
{
	for (const struct dynamic_sa *d = as->sas; d != NULL; d = d->next) {
		struct arena *a = arena_new();
		kmd_send(p, MSG_SA_HELD, held_body(p, as, d, a));
		arena_free(a);
	}
}

static void on_held_drained(struct ipc *c, void *arg);

/* Tells of the SAs of one slot after the other, never much faster than kmd reads. What comes or goes meanwhile is kmd's
 * own doing. */
static void
held_run(struct picd *p)
{
	if (p->conf == NULL)
		return; /* without tunnels kmd could do nothing with the end of the list */
	while (p->kmd != NULL && p->held_slot < p->assocs.n_slots) {
		if (ipc_queued(p->kmd) >= QUEUE_HIGH) {
			ipc_on_drained(p->kmd, on_held_drained);
			return;
		}
		const struct assoc *as = p->assocs.by_slot[p->held_slot++];
		if (as != NULL)
			held_of(p, as);
	}
	if (p->kmd == NULL || p->held_slot == SIZE_MAX)
		return;
	p->held_slot = SIZE_MAX;
	struct arena *a = arena_new();
	kmd_send(p, MSG_SA_HELD_END, elem_new(a, "sa-held-end"));
	arena_free(a);
}

static void
on_held_drained(struct ipc *c, void *arg)
{
	(void)c;
	held_run(arg);
}

void
kmd_configured(struct picd *p)
{
	held_run(p);
}

void
kmd_spent(struct picd *p, const struct assoc *as, uint32_t spi, bool is_hard)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "spent");
	elem_leaf(a, e, "tunnel", assoc_kmd_name(as));
	elem_leaff(a, e, "spi", "%u", spi);
	elem_leaf(a, e, "degree", is_hard ? "hard" : "soft");
	kmd_send(p, MSG_SA_SPENT, e);
	arena_free(a);
}

void
kmd_idle(struct picd *p, const struct assoc *const *list, size_t n)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "idle");
	for (size_t i = 0; i < n; i++)
		elem_leaf(a, e, "tunnel", assoc_kmd_name(list[i]));
	kmd_send(p, MSG_IDLE, e);
	arena_free(a);
}

static void
acquire_send(struct picd *p, uint32_t slot)
{
	const struct assoc *as = slot < p->assocs.n_slots ? p->assocs.by_slot[slot] : NULL;
	if (as == NULL || !as->shape.is_dynamic || dynamic_out(as) != NULL)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "acquire");
	elem_leaf(a, e, "tunnel", assoc_kmd_name(as));
	kmd_send(p, MSG_ACQUIRE, e);
	arena_free(a);
}

static void
moved_send(struct picd *p, const struct notice *n)
{
	const struct assoc *as = n->slot < p->assocs.n_slots ? p->assocs.by_slot[n->slot] : NULL;
	if (as == NULL || !as->shape.is_dynamic)
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "moved");
	elem_leaf(a, e, "tunnel", assoc_kmd_name(as));
	elem_leaff(a, e, "spi", "%u", n->spi);
	addr_leaf(a, e, "remote", n->remote);
	elem_leaff(a, e, "remote-port", "%u", n->remote_port);
	kmd_send(p, MSG_PEER_MOVED, e);
	arena_free(a);
}

static bool
is_dynamic_gateway(const struct picd *p, const struct addr *local)
{
	for (size_t i = 0; i < p->assocs.n_slots; i++) {
		const struct assoc *a = p->assocs.by_slot[i];
		if (a != NULL && a->shape.is_dynamic && addr_eq(a->shape.local, *local))
			return true;
	}
	return false;
}

static void
bad_spi_send(struct picd *p, const struct notice *n)
{
	if (!is_dynamic_gateway(p, &n->local))
		return;
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "bad-spi");
	elem_leaf(a, e, "protocol", n->is_ah ? "ah" : "esp");
	elem_leaff(a, e, "spi", "%u", n->spi);
	addr_leaf(a, e, "local", n->local);
	addr_leaf(a, e, "remote", n->remote);
	kmd_send(p, MSG_BAD_SPI, e);
	arena_free(a);
}

void
kmd_notified(struct picd *p)
{
	struct notice n;
	dones_send(p);
	for (unsigned i = 0; i < p->n_workers; i++)
		while (worker_next_notice(p->workers[i], &n)) {
			if (n.kind == NOTICE_HOP) {
				hops_want(p, &n.local, &n.remote);
				continue;
			}
			/* a packet says it again when kmd has read what waits */
			if (p->kmd == NULL || ipc_queued(p->kmd) >= QUEUE_HIGH)
				continue;
			if (n.kind == NOTICE_ACQUIRE)
				acquire_send(p, n.slot);
			else if (n.kind == NOTICE_MOVED)
				moved_send(p, &n);
			else
				bad_spi_send(p, &n);
		}
}

/* --- the channel --- */

static void
on_kmd_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	control_kmd(arg, m);
}

static void
on_kmd_closed(struct ipc *c, const char *why, void *arg)
{
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "PICD_LINK", "kmd is gone (%s)", why);
	kmd_unlink(arg);
}

static const struct ipc_ops kmd_ops = { .on_message = on_kmd_message, .on_closed = on_kmd_closed };

static void
on_tick(uv_timer_t *t)
{
	dynamic_tick(t->data);
}

void
kmd_unlink(struct picd *p)
{
	dones_drop(p);
	ipc_free(p->kmd);
	p->kmd = NULL;
	p->held_slot = SIZE_MAX;
}

/* Nobody waits for what the predecessor wanted to hear; what it was told died with it. */
static void
predecessor_forget(struct picd *p)
{
	for (size_t i = 0; i < p->assocs.n_slots; i++) {
		struct assoc *as = p->assocs.by_slot[i];
		if (as == NULL)
			continue;
		as->watch = (struct dynamic_watch){ 0 };
		for (struct dynamic_sa *d = as->sas; d != NULL; d = d->next)
			d->told_soft = d->told_hard = false;
	}
}

void
kmd_link(struct picd *p, int fd)
{
	kmd_unlink(p);
	predecessor_forget(p);
	p->kmd = ipc_new(&p->daemon.loop, fd, &kmd_ops, p);
	if (p->kmd == NULL)
		return;
	if (!uv_is_active((uv_handle_t *)&p->tick))
		uv_timer_start(&p->tick, on_tick, TICK_PERIOD_MS, TICK_PERIOD_MS);
	p->held_slot = 0;
	held_run(p);
}
