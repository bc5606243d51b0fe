/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pic.c - the channels to the services interfaces: what life says to a picd and hears from it, as messages.
 *
 * What a picd has been asked and has not answered stands in a queue, so that a refusal can be told with its SA. What cannot be
 * sent is told to life a moment later, because life may not be called back from its own calls. Called by main.c and
 * control.c on the loop's thread.
 */
#include "daemon/kmd/pic.h"

#include "daemon/kmd/kmd.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An SA that a picd has not confirmed. */
struct question {
	struct question *next;
	uint32_t seq;
	uint32_t spi;
	bool is_unsent;
	char tunnel[]; /* its name */
};

struct pic {
	struct pic *next;
	struct pics *owner;
	struct ipc *ipc; /* NULL: gone */
	bool is_up;      /* life knows of the channel */
	uint32_t seq;    /* the last one used */
	struct question *first;
	struct question **last;
	unsigned n_unsent; /* of them */
	char name[32];
};

static const char *const protocols[] = {
	[P2_ESP] = "esp",
	[P2_AH] = "ah",
	[P2_BUNDLE] = "bundle",
};

static struct pic *
pic_find(const struct pics *p, const char *name)
{
	for (struct pic *c = p->list; c != NULL; c = c->next)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* --- an SA as a message --- */

static void
hex_leaf(struct arena *a, struct elem *e, const char *name, const uint8_t *b, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * ENC_SECRET_MAX + 1]; /* also of the longest authentication key */
	if (b == NULL || n == 0 || 2 * n >= sizeof(text))
		return;
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[b[i] >> 4];
		text[2 * i + 1] = digits[b[i] & 15];
	}
	text[2 * n] = '\0';
	elem_leaf(a, e, name, text);
	explicit_bzero(text, sizeof(text));
}

struct elem *
pic_sa_build(struct arena *a, const struct life_sa *sa)
{
	char text[PREFIX_STRLEN];
	struct elem *e = elem_new(a, "sa");
	elem_leaf(a, e, "tunnel", sa->tunnel);
	elem_leaf(a, e, "direction", sa->is_out ? "out" : "in");
	elem_leaff(a, e, "spi", "%u", sa->spi);
	if (sa->aux_spi != 0)
		elem_leaff(a, e, "aux-spi", "%u", sa->aux_spi);
	elem_leaf(a, e, "protocol", protocols[sa->protocol]);
	elem_leaf(a, e, "authentication", auth_info(sa->auth)->name);
	elem_leaf(a, e, "encryption", enc_info(sa->enc)->name);
	hex_leaf(a, e, "authentication-key", sa->auth_key, auth_info(sa->auth)->key_len);
	hex_leaf(a, e, "encryption-key", sa->enc_key, enc_secret_len(sa->enc));
	elem_leaf(a, e, "local", addr_print(sa->local.addr, text));
	elem_leaf(a, e, "remote", addr_print(sa->remote.addr, text));
	if (sa->is_udp) {
		elem_leaff(a, e, "local-port", "%u", sa->local.port);
		elem_leaff(a, e, "remote-port", "%u", sa->remote.port);
	}
	elem_leaff(a, e, "window", "%u", sa->window);
	elem_leaf(a, e, "local-selector", prefix_print(sa->local_net, text));
	elem_leaf(a, e, "remote-selector", prefix_print(sa->remote_net, text));
	elem_leaf(a, e, "role", sa->is_initiator ? "initiator" : "responder");
	elem_leaff(a, e, "soft", "%u", sa->soft_s);
	elem_leaff(a, e, "hard", "%u", sa->hard_s);
	elem_leaf(a, e, "tag", sa->tag);
	return e;
}

/* Reads a decimal number of at most MAX; false if it is there and is none. */
static bool
number_read(const struct elem *body, const char *name, uint64_t max, uint64_t *out)
{
	const char *text = elem_value(body, name);
	char *end;
	*out = 0;
	if (text == NULL)
		return true;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n > max)
		return false;
	*out = n;
	return true;
}

static bool
end_read(const struct elem *body, const char *address, const char *port, struct natt_end *out)
{
	const char *text = elem_value(body, address);
	uint64_t number;
	if (text == NULL || !addr_parse(text, &out->addr) ||
	    !number_read(body, port, UINT16_MAX, &number))
		return false;
	out->port = (uint16_t)number;
	return true;
}

static bool
net_read(const struct elem *body, const char *name, struct prefix *out)
{
	const char *text = elem_value(body, name);
	return text != NULL && prefix_parse(text, out);
}

static bool
algorithms_read(const struct elem *body, struct life_sa *s)
{
	const char *protocol = elem_value(body, "protocol");
	const char *auth = elem_value(body, "authentication");
	const char *enc = elem_value(body, "encryption");
	unsigned p = 0;
	if (protocol == NULL || auth == NULL || enc == NULL)
		return false;
	while (p < sizeof(protocols) / sizeof(protocols[0]) && strcmp(protocols[p], protocol) != 0)
		p++;
	s->protocol = (enum p2_protocol)p;
	s->auth = strcmp(auth, "none") == 0 ? AUTH_NONE : auth_by_name(auth);
	s->enc = strcmp(enc, "none") == 0 ? ENC_NULL : enc_by_name(enc);
	return p < sizeof(protocols) / sizeof(protocols[0]) && s->auth != AUTH_MAX &&
	       s->enc != ENC_MAX;
}

bool
pic_sa_parse(const struct elem *body, const char *pic, struct life_sa *out)
{
	struct life_sa s = {
		.pic = pic,
		.tunnel = elem_value(body, "tunnel"),
		.tag = elem_value(body, "tag"),
	};
	const char *direction = elem_value(body, "direction");
	const char *role = elem_value(body, "role");
	uint64_t spi, aux_spi, window, soft, hard;
	if (s.tunnel == NULL || s.tag == NULL || strlen(s.tag) >= LIFE_TAG_MAX ||
	    direction == NULL || role == NULL || !algorithms_read(body, &s) ||
	    !end_read(body, "local", "local-port", &s.local) ||
	    !end_read(body, "remote", "remote-port", &s.remote) ||
	    !net_read(body, "local-selector", &s.local_net) ||
	    !net_read(body, "remote-selector", &s.remote_net) ||
	    !number_read(body, "spi", UINT32_MAX, &spi) || spi == 0 ||
	    !number_read(body, "aux-spi", UINT32_MAX, &aux_spi) ||
	    !number_read(body, "window", UINT16_MAX, &window) ||
	    !number_read(body, "soft", UINT32_MAX, &soft) ||
	    !number_read(body, "hard", UINT32_MAX, &hard))
		return false;
	s.is_out = strcmp(direction, "out") == 0;
	s.is_initiator = strcmp(role, "initiator") == 0;
	s.is_udp = s.local.port != 0 && s.remote.port != 0;
	s.spi = (uint32_t)spi;
	s.aux_spi = (uint32_t)aux_spi;
	s.window = (unsigned)window;
	s.soft_s = (uint32_t)soft;
	s.hard_s = (uint32_t)hard;
	*out = s;
	return true;
}

/* --- questions --- */

static void
question_add(struct pic *c, const struct life_sa *sa, bool is_unsent)
{
	size_t n = strlen(sa->tunnel) + 1;
	struct question *q = malloc(sizeof(*q) + n);
	if (q == NULL)
		abort();
	*q = (struct question){ .seq = c->seq, .spi = sa->spi, .is_unsent = is_unsent };
	memcpy(q->tunnel, sa->tunnel, n);
	c->n_unsent += is_unsent;
	*c->last = q;
	c->last = &q->next;
}

/* Takes the question of SEQ out of the queue, or with SEQ 0 the first that was not sent; NULL if there is none. */
static struct question *
question_take(struct pic *c, uint32_t seq)
{
	for (struct question **at = &c->first; *at != NULL; at = &(*at)->next) {
		struct question *q = *at;
		if (seq != 0 ? q->is_unsent || q->seq != seq : !q->is_unsent)
			continue;
		*at = q->next;
		if (*at == NULL)
			c->last = at;
		c->n_unsent -= q->is_unsent;
		return q;
	}
	return NULL;
}

static void
questions_drop(struct pic *c)
{
	while (c->first != NULL) {
		struct question *q = c->first;
		c->first = q->next;
		free(q);
	}
	c->last = &c->first;
	c->n_unsent = 0;
}

static void
on_sa_done(struct pic *c, const struct ipc_msg *m)
{
	const char *status = elem_value(m->body, "status");
	const char *text = elem_value(m->body, "text");
	struct question *q = m->seq != 0 ? question_take(c, m->seq) : NULL;
	if (q != NULL && (status == NULL || strcmp(status, "ok") != 0))
		life_sa_failed(
		    c->owner->life, kmd_now(), q->tunnel, q->spi, text != NULL ? text : "refused");
	free(q);
}

void
pics_tick(struct pics *p)
{
	for (struct pic *c = p->list; c != NULL; c = c->next)
		while (c->n_unsent > 0) {
			struct question *q = question_take(c, 0);
			life_sa_failed(p->life, kmd_now(), q->tunnel, q->spi,
			    "the services interface takes no more");
			free(q);
		}
}

/* --- what a picd says --- */

static void
on_held(struct pic *c, const struct ipc_msg *m)
{
	struct life_sa sa;
	if (pic_sa_parse(m->body, c->name, &sa))
		life_held(c->owner->life, kmd_now(), &sa);
	else
		log_line(LOG_LEVEL_ERROR, "KMD_PIC", "%s: an SA that makes no sense", c->name);
}

static void
on_bad_spi(struct pic *c, const struct ipc_msg *m)
{
	const char *protocol = elem_value(m->body, "protocol");
	struct natt_end local;
	struct natt_end remote;
	uint64_t spi;
	if (protocol != NULL && number_read(m->body, "spi", UINT32_MAX, &spi) && spi != 0 &&
	    end_read(m->body, "local", "local-port", &local) &&
	    end_read(m->body, "remote", "remote-port", &remote))
		life_bad_spi(c->owner->life, kmd_now(),
		    strcmp(protocol, "ah") == 0 ? V1_PROTO_AH : V1_PROTO_ESP, (uint32_t)spi,
		    local.addr, remote.addr);
}

/* Is it a tunnel of this services interface? It has no say about others. */
static bool
is_own(const struct pic *c, const char *tunnel)
{
	return tunnel != NULL && life_is_of_pic(c->owner->life, tunnel, c->name);
}

static void
on_spent(struct pic *c, const struct ipc_msg *m)
{
	const char *tunnel = elem_value(m->body, "tunnel");
	const char *degree = elem_value(m->body, "degree");
	uint64_t spi;
	if (is_own(c, tunnel) && degree != NULL && number_read(m->body, "spi", UINT32_MAX, &spi))
		life_spent(
		    c->owner->life, kmd_now(), tunnel, (uint32_t)spi, strcmp(degree, "hard") == 0);
}

static void
on_peer_moved(struct pic *c, const struct ipc_msg *m)
{
	const char *tunnel = elem_value(m->body, "tunnel");
	struct natt_end remote;
	uint64_t spi;
	if (is_own(c, tunnel) && number_read(m->body, "spi", UINT32_MAX, &spi) && spi != 0 &&
	    end_read(m->body, "remote", "remote-port", &remote) && remote.port != 0)
		life_moved(c->owner->life, kmd_now(), tunnel, (uint32_t)spi, &remote);
}

static void
message_take(struct pic *c, const struct ipc_msg *m)
{
	struct life *life = c->owner->life;
	const char *tunnel = elem_value(m->body, "tunnel");
	switch (m->type) {
	case MSG_SA_DONE:
		on_sa_done(c, m);
		break;
	case MSG_SA_HELD:
		on_held(c, m);
		break;
	case MSG_SA_HELD_END:
		life_held_end(life, kmd_now(), c->name);
		break;
	case MSG_ACQUIRE:
		if (is_own(c, tunnel))
			life_acquire(life, kmd_now(), tunnel);
		break;
	case MSG_IDLE:
		elem_each (t, m->body, "tunnel")
			if (is_own(c, t->value))
				life_idle(life, kmd_now(), t->value);
		break;
	case MSG_BAD_SPI:
		on_bad_spi(c, m);
		break;
	case MSG_SA_SPENT:
		on_spent(c, m);
		break;
	case MSG_PEER_MOVED:
		on_peer_moved(c, m);
		break;
	default:
		log_line(LOG_LEVEL_WARNING, "KMD_MESSAGE", "picd of %s: unexpected message %u",
		    c->name, m->type);
	}
}

void
pic_message(struct pics *p, const char *instance, const struct ipc_msg *m)
{
	struct pic *c = pic_find(p, instance);
	if (c != NULL)
		message_take(c, m);
}

/* --- the channels --- */

static void
on_message(struct ipc *ipc, struct ipc_msg *m, void *arg)
{
	(void)ipc;
	message_take(arg, m);
}

static void
on_closed(struct ipc *ipc, const char *why, void *arg)
{
	struct pic *c = arg;
	log_line(LOG_LEVEL_NOTICE, "KMD_LINK", "picd of %s is gone (%s)", c->name, why);
	ipc_free(ipc);
	c->ipc = NULL;
	questions_drop(c);
	if (c->is_up)
		life_pic_down(c->owner->life, kmd_now(), c->name);
	c->is_up = false;
}

static const struct ipc_ops ipc_ops = { .on_message = on_message, .on_closed = on_closed };

static void
pic_open(struct pic *c)
{
	if (c->ipc == NULL || c->is_up)
		return;
	ipc_hold(c->ipc, false);
	c->is_up = true;
	life_pic_up(c->owner->life, kmd_now(), c->name);
}

void
pics_open(struct pics *p)
{
	if (p->is_open)
		return;
	p->is_open = true;
	for (struct pic *c = p->list; c != NULL; c = c->next)
		pic_open(c);
}

void
pics_link(struct pics *p, const char *instance, int fd)
{
	struct pic *c = pic_find(p, instance);
	if (c == NULL) {
		c = calloc(1, sizeof(*c));
		if (c == NULL)
			abort();
		*c = (struct pic){ .owner = p, .next = p->list };
		c->last = &c->first;
		snprintf(c->name, sizeof(c->name), "%s", instance);
		p->list = c;
	}
	ipc_free(c->ipc);
	questions_drop(c);
	c->is_up = false;
	c->ipc = ipc_new(p->loop, fd, &ipc_ops, c);
	if (c->ipc == NULL)
		return;
	ipc_hold(c->ipc, true);
	if (p->is_open)
		pic_open(c);
}

/* Says something about PIC's tunnels, which is of no use to anybody who comes later. Returns 0 or -errno. */
static int
send_to(struct pics *p, const char *pic, uint16_t type, uint32_t seq, const struct elem *e)
{
	struct pic *c = pic_find(p, pic);
	int rc = c != NULL && c->ipc != NULL ? ipc_send(c->ipc, type, seq, e, -1) : -EPIPE;
	if (rc < 0)
		p->n_lost++;
	return rc;
}

void
pics_sa_add(struct pics *p, const struct life_sa *sa)
{
	struct pic *c = pic_find(p, sa->pic);
	if (c == NULL || c->ipc == NULL) {
		p->n_lost++;
		return;
	}
	c->seq++;
	int rc = send_to(p, sa->pic, MSG_SA_ADD, c->seq, pic_sa_build(p->secret, sa));
	arena_clear(p->secret);
	if (rc != -EPIPE)
		question_add(c, sa, rc < 0);
}

void
pics_sa_del(struct pics *p, const char *pic, const char *tunnel, bool is_out, uint32_t spi)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "sa-del");
	elem_leaf(a, e, "tunnel", tunnel);
	if (spi != 0) {
		elem_leaf(a, e, "direction", is_out ? "out" : "in");
		elem_leaff(a, e, "spi", "%u", spi);
	}
	(void)send_to(p, pic, MSG_SA_DEL, 0, e);
	arena_free(a);
}

void
pics_watch(struct pics *p, const char *pic, const char *tunnel, unsigned interval_s)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "watch");
	elem_leaf(a, e, "tunnel", tunnel);
	elem_leaff(a, e, "interval", "%u", interval_s);
	(void)send_to(p, pic, MSG_WATCH, 0, e);
	arena_free(a);
}

void
pics_redundancy(struct pics *p, const struct life_redundancy *r)
{
	static const char *const states[] = { "standby", "active" };
	char text[ADDR_STRLEN];
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "redundancy");
	elem_leaf(a, e, "tunnel", r->tunnel);
	elem_leaf(a, e, "primary", addr_print(r->primary, text));
	elem_leaf(a, e, "primary-state", states[!r->is_backup_active]);
	if (r->backup.family != ADDR_NONE) {
		elem_leaf(a, e, "backup", addr_print(r->backup, text));
		elem_leaf(a, e, "backup-state", states[r->is_backup_active]);
	}
	elem_leaff(a, e, "failovers", "%u", r->failovers);
	(void)send_to(p, r->pic, MSG_REDUNDANCY, 0, e);
	arena_free(a);
}

/* --- start and end --- */

void
pics_init(struct pics *p, uv_loop_t *loop, struct life *life)
{
	*p = (struct pics){ .loop = loop, .life = life, .secret = arena_new_secret() };
}

void
pics_done(struct pics *p)
{
	arena_free(p->secret);
	p->secret = NULL;
	while (p->list != NULL) {
		struct pic *c = p->list;
		p->list = c->next;
		ipc_free(c->ipc);
		questions_drop(c);
		free(c);
	}
}
