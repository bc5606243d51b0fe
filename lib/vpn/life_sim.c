/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_sim.c - gateways in memory, their PICs, and the network between them.
 */
#include "lib/vpn/life_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

struct sim_msg {
	struct sim_msg *next;
	uint64_t at_ms;
	struct sim_end *to;
	struct ike_path path; /* as the receiver sees it */
	uint32_t spi;         /* a packet of a tunnel; 0: IKE */
	uint8_t key[8];
	size_t n;
	uint8_t b[];
};

/* A question to pkid. */
struct sim_job {
	struct sim_job *next;
	struct sim_end *end;
	struct ike_ticket ticket;
	bool is_proof;
	enum ike_reason reason;
	uint8_t signature[HASH_LEN_MAX + 3];
	size_t n;
	char certificate[32];
};

static void *
take(size_t n)
{
	void *p = calloc(1, n);
	if (p == NULL)
		abort();
	return p;
}

static uint64_t
draw(struct sim *s)
{
	s->seed = s->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return s->seed >> 24;
}

struct addr
sim_gateway(unsigned net, unsigned i)
{
	const uint8_t b[4] = { 10, (uint8_t)net, (uint8_t)(i >> 8), (uint8_t)i };
	return addr_v4(b);
}

/* --- the wire --- */

static struct sim_end *
end_of(struct sim *s, struct addr a)
{
	for (unsigned i = 0; i < s->n_ends; i++)
		if (s->ends[i].net == a.b[1])
			return &s->ends[i];
	return NULL;
}

/* The NATs at both ends, for IKE. What is sent to a gateway that its NAT has elsewhere goes nowhere. */
static void
nat_pass(struct sim_msg *m, const struct sim_end *from)
{
	struct natt_end *source = &m->path.remote;
	struct natt_end *target = &m->path.local;
	if (from != NULL) {
		source->port = (uint16_t)(source->port + from->nat_shift);
		if (from->nat_addr.family != ADDR_NONE && addr_eq(source->addr, from->natted))
			source->addr = from->nat_addr;
	}
	if (m->to == NULL)
		return;
	target->port = (uint16_t)(target->port - m->to->nat_shift);
	if (m->to->nat_addr.family == ADDR_NONE)
		return;
	if (addr_eq(target->addr, m->to->natted))
		m->to = NULL;
	else if (addr_eq(target->addr, m->to->nat_addr))
		target->addr = m->to->natted;
}

static struct sim_msg *
wire_put(struct sim *s, const struct ike_path *path, const uint8_t *b, size_t n)
{
	struct sim_msg *m = take(sizeof(*m) + n);
	m->at_ms =
	    s->now_ms + s->latency_ms + (n > 0 && s->jitter_ms > 0 ? draw(s) % s->jitter_ms : 0);
	m->to = end_of(s, path->remote.addr);
	m->path = (struct ike_path){ .local = path->remote, .remote = path->local };
	if (n > 0)
		nat_pass(m, end_of(s, path->local.addr));
	m->n = n;
	if (n > 0)
		memcpy(m->b, b, n);
	if (s->last == NULL || s->last->at_ms <= m->at_ms) {
		*(s->last != NULL ? &s->last->next : &s->first) = m;
		s->last = m;
		return m;
	}
	struct sim_msg **at = &s->first;
	while ((*at)->at_ms <= m->at_ms)
		at = &(*at)->next;
	m->next = *at;
	*at = m;
	return m;
}

static bool
is_lost(struct sim *s, const struct ike_path *path)
{
	const struct sim_end *to = end_of(s, path->remote.addr);
	unsigned i = path->remote.addr.b[2] * 256U + path->remote.addr.b[3];
	if (to != NULL && i >= to->deaf_from && i < to->deaf_to)
		return true;
	return s->loss > 0 && draw(s) % 1000 < s->loss;
}

/* --- the PIC --- */

static struct sim_pic_tunnel *
tunnel_find(const struct sim_end *e, const char *name)
{
	uint64_t hash = life_mix(LIFE_MIX, name, strlen(name));
	for (struct life_node *n = life_hash_first(&e->names, hash); n != NULL;
	     n = life_hash_next(n)) {
		struct sim_pic_tunnel *t =
		    (struct sim_pic_tunnel *)((char *)n - offsetof(struct sim_pic_tunnel, node));
		if (strcmp(t->name, name) == 0)
			return t;
	}
	return NULL;
}

static struct sim_pic_tunnel *
tunnel_get(struct sim_end *e, const char *name)
{
	struct sim_pic_tunnel *t = tunnel_find(e, name);
	if (t != NULL)
		return t;
	t = take(sizeof(*t));
	t->name = strdup(name);
	life_hash_add(&e->names, &t->node, life_mix(LIFE_MIX, name, strlen(name)));
	e->tunnels = reallocarray(e->tunnels, e->n_tunnels + 1, sizeof(struct sim_pic_tunnel *));
	if (e->tunnels == NULL || t->name == NULL)
		abort();
	e->tunnels[e->n_tunnels++] = t;
	return t;
}

static uint64_t
spi_hash(uint32_t spi)
{
	return life_mix(LIFE_MIX, &spi, sizeof(spi));
}

static void
sa_drop(struct sim_end *e, struct sim_sa *sa)
{
	struct sim_sa **at = &sa->tunnel->sas;
	while (*at != sa)
		at = &(*at)->next;
	*at = sa->next;
	if (!sa->sa.is_out)
		life_hash_del(&e->in_sas, &sa->node);
	e->n_sas--;
	free((char *)sa->sa.tag);
	free(sa);
}

static void
on_sa_add(void *ctx, const struct life_sa *sa)
{
	struct sim_end *e = ctx;
	struct sim_pic_tunnel *t = tunnel_get(e, sa->tunnel);
	for (const struct sim_sa *i = t->sas; i != NULL; i = i->next)
		if (i->sa.is_out && sa->is_out && i->sa.spi == sa->spi) {
			e->n_refused++;
			return;
		}
	struct sim_sa *held = take(sizeof(*held));
	held->tunnel = t;
	held->sa = *sa;
	held->sa.tunnel = t->name;
	held->sa.tag = strdup(sa->tag);
	snprintf(t->pic, sizeof(t->pic), "%s", sa->pic);
	held->sa.pic = t->pic;
	memcpy(held->key, sa->enc_key, sizeof(held->key));
	held->sa.enc_key = held->sa.auth_key = NULL;
	held->hard_ms = e->sim->now_ms + sa->hard_s * UINT64_C(1000);
	held->next = t->sas;
	t->sas = held;
	t->heard_ms = e->sim->now_ms;
	if (!sa->is_out)
		life_hash_add(&e->in_sas, &held->node, spi_hash(sa->spi));
	e->n_sas++;
	size_t n = 0;
	for (struct sim_sa *i = t->sas; i != NULL; i = i->next)
		n++;
	if (n > e->sim->most_sas)
		e->sim->most_sas = n;
}

static void
on_sa_del(void *ctx, const char *pic, const char *tunnel, bool is_out, uint32_t spi)
{
	struct sim_end *e = ctx;
	struct sim_pic_tunnel *t = tunnel_get(e, tunnel);
	struct sim_sa *next;
	(void)pic;
	for (struct sim_sa *sa = t->sas; sa != NULL; sa = next) {
		next = sa->next;
		if (spi == 0 || (sa->sa.is_out == is_out && sa->sa.spi == spi))
			sa_drop(e, sa);
	}
}

static void
on_watch(void *ctx, const char *pic, const char *tunnel, unsigned interval_s)
{
	struct sim_end *e = ctx;
	struct sim_pic_tunnel *t = tunnel_get(e, tunnel);
	(void)pic;
	t->watch_s = interval_s;
	t->heard_ms = e->sim->now_ms;
}

static void
on_redundancy(void *ctx, const struct life_redundancy *r)
{
	struct sim_pic_tunnel *t = tunnel_get(ctx, r->tunnel);
	t->is_backup_active = r->is_backup_active;
	t->failovers = r->failovers;
}

/* --- the rest of the host --- */

static void
on_random(void *ctx, void *out, size_t n)
{
	struct sim_end *e = ctx;
	uint8_t *p = out;
	if (n == sizeof(e->spi) && e->spi != 0) {
		memcpy(out, &e->spi, n);
		if (e->spi_again > 0)
			e->spi_again--;
		else
			e->spi = 0;
		return;
	}
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(draw(e->sim) >> 16);
}

static void
on_send(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	struct sim_end *e = ctx;
	e->n_sent++;
	for (unsigned i = 0; i <= e->sim->repeats; i++)
		if (!e->is_off && !e->is_deaf && !is_lost(e->sim, path))
			wire_put(e->sim, path, msg, len);
}

static void
on_keepalive(void *ctx, const struct ike_path *path)
{
	struct sim_end *e = ctx;
	(void)path;
	e->n_keepalives++;
}

static void
on_chain(void *ctx, const char *certificate)
{
	struct sim_end *e = ctx;
	(void)certificate;
	e->n_chains++;
}

/* A signature is the hash with a word before it, and a certificate is its name. */
static void
on_sign(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket, const char *certificate,
    struct part hash)
{
	struct sim_end *e = ctx;
	struct sim_job *job = take(sizeof(*job));
	(void)sa;
	*job =
	    (struct sim_job){ .next = e->sim->jobs, .end = e, .ticket = ticket, .n = hash.n + 3 };
	memcpy(job->signature, "sig", 3);
	memcpy(job->signature + 3, hash.p, hash.n);
	snprintf(job->certificate, sizeof(job->certificate), "%s", certificate);
	e->sim->jobs = job;
}

static void
on_prove(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket,
    const struct ike_claim *claim, const char *const *cas, size_t n_cas)
{
	struct sim_end *e = ctx;
	struct sim_job *job = take(sizeof(*job));
	(void)sa;
	bool is_good =
	    claim->signature.n == claim->hash.n + 3 && claim->n_certs == 1 && n_cas == 1 &&
	    strcmp(cas[0], "ca") == 0 &&
	    memcmp((const char *)claim->signature.p + 3, claim->hash.p, claim->hash.n) == 0;
	*job = (struct sim_job){ .next = e->sim->jobs,
		.end = e,
		.ticket = ticket,
		.is_proof = true,
		.reason = !is_good       ? IKE_SIGNATURE
			  : e->distrusts ? IKE_CERT
					 : IKE_OK };
	e->sim->jobs = job;
}

static void
job_do(struct sim *s)
{
	struct sim_job *job = s->jobs;
	s->jobs = job->next;
	struct life *l = job->end->life;
	const struct part cert = { job->certificate, strlen(job->certificate) };
	if (l != NULL && job->is_proof)
		life_proved(l, s->now_ms, job->ticket, job->reason,
		    job->reason == IKE_OK ? NULL : "who is that?");
	else if (l != NULL)
		life_signed(l, s->now_ms, job->ticket, (struct part){ job->signature, job->n },
		    &cert, 1, NULL);
	free(job);
}

static void
on_event(void *ctx, const struct life_event *ev)
{
	struct sim_end *e = ctx;
	char remote[ADDR_STRLEN];
	e->n_kinds[ev->kind]++;
	e->when[ev->kind] = e->sim->now_ms;
	e->who[ev->kind] = ev->remote;
	snprintf(e->text[ev->kind], sizeof(e->text[0]), "%s", ev->text);
	if (getenv("LIFE_SIM_TRACE") != NULL)
		printf("%9.3f net%u %-32s %s %s: %s\n", (double)e->sim->now_ms / 1000, e->net,
		    life_kind_info(ev->kind)->tag != NULL ? life_kind_info(ev->kind)->tag : "-",
		    ev->tunnel != NULL ? ev->tunnel : "-", addr_print(ev->remote, remote),
		    ev->text);
}

/* --- making --- */

struct sim *
sim_new(unsigned n_ends)
{
	struct sim *s = take(sizeof(*s));
	s->now_ms = 1000000;
	s->seed = 4711;
	s->latency_ms = 20;
	s->n_ends = n_ends;
	for (unsigned i = 0; i < n_ends; i++) {
		s->ends[i].sim = s;
		s->ends[i].net = (uint8_t)(i + 1);
	}
	return s;
}

void
sim_free(struct sim *s)
{
	for (unsigned i = 0; i < s->n_ends; i++) {
		struct sim_end *e = &s->ends[i];
		life_free(e->life);
		for (size_t k = 0; k < e->n_tunnels; k++) {
			while (e->tunnels[k]->sas != NULL)
				sa_drop(e, e->tunnels[k]->sas);
			free(e->tunnels[k]->name);
			free(e->tunnels[k]);
		}
		free(e->tunnels);
		life_hash_done(&e->names);
		life_hash_done(&e->in_sas);
	}
	while (s->jobs != NULL) {
		struct sim_job *job = s->jobs;
		s->jobs = job->next;
		free(job);
	}
	while (s->first != NULL) {
		struct sim_msg *m = s->first;
		s->first = m->next;
		free(m);
	}
	free(s);
}

void
sim_start(struct sim *s, unsigned end, const struct sim_conf *c)
{
	sim_start_conf(s, end, &c->c);
}

void
sim_start_conf(struct sim *s, unsigned end, const struct conf *c)
{
	struct sim_end *e = &s->ends[end];
	e->life = life_new(&(struct life_host){
	    .ctx = e,
	    .random = on_random,
	    .send = on_send,
	    .keepalive = on_keepalive,
	    .sa_add = on_sa_add,
	    .sa_del = on_sa_del,
	    .watch = on_watch,
	    .redundancy = on_redundancy,
	    .chain = on_chain,
	    .sign = on_sign,
	    .prove = on_prove,
	    .event = on_event,
	});
	if (e->tells_first)
		sim_pic_tell(e);
	life_conf(e->life, s->now_ms, c);
	if (!e->tells_first)
		sim_pic_tell(e);
}

static void
pic_tell(struct sim_end *e, const char *pic)
{
	uint64_t now = e->sim->now_ms;
	life_pic_up(e->life, now, pic);
	for (size_t i = 0; i < e->n_tunnels; i++)
		for (struct sim_sa *sa = e->tunnels[i]->sas; sa != NULL; sa = sa->next) {
			struct life_sa held = sa->sa;
			held.hard_s =
			    sa->hard_ms > now ? (uint32_t)((sa->hard_ms - now) / 1000) : 0;
			if (strcmp(pic, e->tunnels[i]->pic) == 0)
				life_held(e->life, now, &held);
		}
	life_held_end(e->life, now, pic);
}

void
sim_pic_tell(struct sim_end *e)
{
	pic_tell(e, "sp-0/0/0");
	pic_tell(e, "es-0/0/0");
}

void
sim_pic_forget(struct sim_end *e)
{
	for (size_t i = 0; i < e->n_tunnels; i++) {
		while (e->tunnels[i]->sas != NULL)
			sa_drop(e, e->tunnels[i]->sas);
		e->tunnels[i]->watch_s = 0;
	}
}

void
sim_kill(struct sim_end *e)
{
	life_free(e->life);
	e->life = NULL;
}

/* --- configuration --- */

static struct prefix
net_of(unsigned net, size_t i)
{
	const uint8_t b[4] = { (uint8_t)(100 + net), (uint8_t)(i >> 8), (uint8_t)i, 0 };
	return (struct prefix){ addr_v4(b), 24 };
}

static void
term_fill(struct sim_conf *c, struct conf_term *t, const struct conf_rule *rule,
    const struct sim_end *e, const struct sim_shape *shape, size_t i)
{
	unsigned at = shape->spreads_remote ? (unsigned)i + 1 : 1;
	*t = (struct conf_term){
		.name = arena_printf(c->arena, "%zu", i),
		.rule = rule,
		.source = net_of(e->net, i),
		.destination = net_of(shape->backup_net != 0 || e->net == 1 ? 2 : 1, i),
		.remote_gateway = sim_gateway(shape->remote_net, at),
		.dynamic = { .is_set = true,
		    .ike = &c->ike,
		    .ipsec = &c->ipsec,
		    .natt_install_s = shape->natt_install_s },
		.initiates_dpd = shape->has_dpd,
		.dpd_interval_s =
		    shape->dpd_interval_s != 0 ? shape->dpd_interval_s : DPD_INTERVAL_DEFAULT,
		.dpd_threshold =
		    shape->dpd_threshold != 0 ? shape->dpd_threshold : DPD_THRESHOLD_DEFAULT,
	};
	/* the gateways behind which the same network is have mirrored terms */
	if (e->net > 2)
		t->source = net_of(2, i);
	if (shape->backup_net != 0)
		t->backup_gateway = sim_gateway(shape->backup_net, at);
}

static void
set_fill(struct sim_conf *c, struct conf_service_set *set, const struct conf_ifd *pic,
    const struct sim_end *e, const struct sim_shape *shape, size_t first, size_t n)
{
	struct conf_rule *rule = arena_alloc(c->arena, sizeof(*rule));
	struct conf_term *terms = arena_array(c->arena, n, sizeof(*terms));
	struct conf_tunnel *tunnels = arena_array(c->arena, n, sizeof(*tunnels));
	*rule = (struct conf_rule){ .name = "r", .terms = terms, .n_terms = n };
	for (size_t i = 0; i < n; i++) {
		term_fill(c, &terms[i], rule, e, shape, first + i);
		tunnels[i] = (struct conf_tunnel){
			.term = &terms[i], .index = (unsigned)i + 1, .window = REPLAY_WINDOW_DEFAULT
		};
	}
	static const char *const cas[] = { "ca" };
	*set = (struct conf_service_set){
		.trusted_cas = cas,
		.n_trusted_cas = 1,
		.name = shape->spreads_local ? arena_printf(c->arena, "ss%zu", first) : "ss",
		.pic = pic,
		.local_gateway =
		    sim_gateway(e->net, shape->spreads_local ? (unsigned)first + 1 : 1),
		.nat_keepalive_s = 20,
		.tunnels = tunnels,
		.n_tunnels = n,
	};
}

struct sim_conf *
sim_conf_new(const struct sim_end *e, const struct sim_shape *shape)
{
	struct sim_conf *c = take(sizeof(*c));
	size_t n_sets = shape->spreads_local ? shape->n : 1;
	c->arena = arena_new();
	c->p1 = (struct conf_ike_proposal){
		.name = "p1",
		.method = shape->certificate != NULL ? METHOD_RSA : METHOD_PSK,
		.enc = ENC_AES_128_CBC,
		.hash = HASH_SHA1,
		.group = DH_GROUP19,
		.lifetime_s = shape->lifetime1_s != 0 ? shape->lifetime1_s : 86400,
	};
	c->p2 = (struct conf_ipsec_proposal){
		.name = "p2",
		.proto = PROTO_ESP,
		.auth = AUTH_HMAC_SHA1_96,
		.enc = ENC_AES_128_CBC,
		.lifetime_s = shape->lifetime2_s != 0 ? shape->lifetime2_s : 28800,
	};
	static const char psk[] = "the secret of both";
	const struct conf_ike_proposal **p1 =
	    arena_alloc(c->arena, sizeof(struct conf_ike_proposal *));
	const struct conf_ipsec_proposal **p2 =
	    arena_alloc(c->arena, sizeof(struct conf_ipsec_proposal *));
	*p1 = &c->p1;
	*p2 = &c->p2;
	c->ike = (struct conf_ike_policy){
		.is_aggressive = shape->is_aggressive,
		.name = "ike",
		.proposals = p1,
		.n_proposals = 1,
		.psk = { (const uint8_t *)psk, shape->certificate != NULL ? 0 : sizeof(psk) - 1 },
		.local_certificate = shape->certificate,
		.bad_spi_max = 5,
	};
	c->ipsec = (struct conf_ipsec_policy){ .name = "ipsec", .proposals = p2, .n_proposals = 1 };
	struct conf_ifd *pic = arena_alloc(c->arena, sizeof(*pic));
	struct conf_service_set *sets = arena_array(c->arena, n_sets, sizeof(*sets));
	const struct conf_service_set **list =
	    arena_array(c->arena, n_sets, sizeof(struct conf_service_set *));
	*pic = (struct conf_ifd){ .name = "sp-0/0/0", .kind = IFD_SERVICES };
	for (size_t i = 0; i < n_sets; i++) {
		set_fill(c, &sets[i], pic, e, shape, i, shape->spreads_local ? 1 : shape->n);
		list[i] = &sets[i];
	}
	c->c = (struct conf){
		.service_sets = list, .n_service_sets = n_sets, .establish = shape->establish
	};
	return c;
}

void
sim_conf_free(struct sim_conf *c)
{
	arena_free(c->arena);
	free(c);
}

/* --- time --- */

/* The tunnel's newest outbound SA sends a packet. */
static void
packet_send(struct sim_end *e, struct sim_pic_tunnel *t, bool counts_dark)
{
	struct sim *s = e->sim;
	const struct sim_sa *sa = t->sas;
	while (sa != NULL && !sa->sa.is_out)
		sa = sa->next;
	if (sa == NULL) {
		s->n_dark += counts_dark && !e->is_off;
		return;
	}
	const struct ike_path path = { sa->sa.local, sa->sa.remote };
	struct sim_msg *m = wire_put(s, &path, NULL, 0);
	m->spi = sa->sa.spi;
	memcpy(m->key, sa->key, sizeof(m->key));
}

static void
packet_take(struct sim_msg *m)
{
	struct sim *s = m->to->sim;
	s->n_packets++;
	for (struct life_node *n = life_hash_first(&m->to->in_sas, spi_hash(m->spi)); n != NULL;
	     n = life_hash_next(n)) {
		struct sim_sa *sa = (struct sim_sa *)((char *)n - offsetof(struct sim_sa, node));
		if (sa->sa.spi == m->spi && memcmp(sa->key, m->key, sizeof(m->key)) == 0) {
			sa->tunnel->heard_ms = s->now_ms;
			return;
		}
	}
	s->n_lost++;
}

static void
traffic(struct sim *s)
{
	for (unsigned i = 0; i < s->n_ends && s->has_traffic; i++)
		for (size_t k = 0; k < s->ends[i].n_tunnels; k++)
			packet_send(&s->ends[i], s->ends[i].tunnels[k], true);
}

/* Delivers what is due; packets do not count as events. Returns whether there was an event. */
static bool
deliver(struct sim *s)
{
	struct sim_msg *m = s->first;
	bool is_event = false;
	s->first = m->next;
	if (s->first == NULL)
		s->last = NULL;
	if (m->to != NULL && !m->to->is_off && m->spi != 0) {
		packet_take(m);
	} else if (m->to != NULL && !m->to->is_off && !m->to->is_deaf && m->to->life != NULL &&
		   (m->path.local.port == 500 || m->path.local.port == NATT_PORT) && m->spi == 0) {
		m->to->last_n = m->n < sizeof(m->to->last) ? m->n : 0;
		m->to->last_path = m->path;
		memcpy(m->to->last, m->b, m->to->last_n);
		life_input(m->to->life, s->now_ms, &m->path, m->b, m->n);
		is_event = true;
	}
	free(m);
	return is_event;
}

static void
second(struct sim *s)
{
	for (unsigned i = 0; i < s->n_ends; i++) {
		struct sim_end *e = &s->ends[i];
		for (size_t k = 0; k < e->n_tunnels; k++) {
			struct sim_pic_tunnel *t = e->tunnels[k];
			if (e->life == NULL || e->is_off)
				continue;
			if (t->watch_s > 0 &&
			    s->now_ms - t->heard_ms >= t->watch_s * UINT64_C(1000)) {
				t->heard_ms = s->now_ms;
				life_idle(e->life, s->now_ms, t->name);
			}
			if (s->has_acquire && sim_out(e, t->name) == NULL)
				life_acquire(e->life, s->now_ms, t->name);
		}
	}
	s->second_ms = s->now_ms + 1000;
}

static uint64_t
next_due(const struct sim *s)
{
	uint64_t due = s->jobs != NULL ? s->now_ms : s->second_ms;
	for (unsigned i = 0; i < s->n_ends; i++) {
		uint64_t d = s->ends[i].life != NULL ? life_due(s->ends[i].life) : UINT64_MAX;
		due = d < due ? d : due;
	}
	return s->first != NULL && s->first->at_ms < due ? s->first->at_ms : due;
}

void
sim_run(struct sim *s, uint64_t until_ms)
{
	if (s->second_ms < s->now_ms)
		s->second_ms = s->now_ms;
	for (uint64_t due = next_due(s); due <= until_ms; due = next_due(s)) {
		bool is_event = false;
		if (due > s->now_ms)
			s->now_ms = due;
		if (s->jobs != NULL) {
			job_do(s);
			is_event = true;
		} else if (s->first != NULL && s->first->at_ms <= s->now_ms) {
			/* just before and just after, so that no state goes by without a packet */
			if (s->first->spi == 0)
				traffic(s);
			is_event = deliver(s);
		} else if (s->second_ms <= s->now_ms) {
			second(s);
			is_event = true;
		} else {
			traffic(s);
			for (unsigned i = 0; i < s->n_ends; i++)
				if (s->ends[i].life != NULL &&
				    life_due(s->ends[i].life) <= s->now_ms)
					life_tick(s->ends[i].life, s->now_ms);
			is_event = true;
		}
		if (is_event)
			traffic(s);
	}
	s->now_ms = until_ms;
}

/* --- looking --- */

unsigned
sim_count(const struct sim_end *e, const char *tunnel, bool is_out)
{
	unsigned n = 0;
	const struct sim_pic_tunnel *t = tunnel_find(e, tunnel);
	for (const struct sim_sa *sa = t != NULL ? t->sas : NULL; sa != NULL; sa = sa->next)
		n += sa->sa.is_out == is_out;
	return n;
}

const struct sim_sa *
sim_out(const struct sim_end *e, const char *tunnel)
{
	const struct sim_pic_tunnel *t = tunnel_find(e, tunnel);
	for (const struct sim_sa *sa = t != NULL ? t->sas : NULL; sa != NULL; sa = sa->next)
		if (sa->sa.is_out)
			return sa;
	return NULL;
}

struct life_tunnel_view
sim_view(const struct sim_end *e, const char *tunnel)
{
	struct life_tunnel_view v = { 0 };
	if (!life_tunnel_by_name(e->life, e->sim->now_ms, tunnel, &v))
		abort();
	return v;
}

void
sim_acquire(struct sim_end *e, const char *tunnel)
{
	(void)tunnel_get(e, tunnel);
	life_acquire(e->life, e->sim->now_ms, tunnel);
}
