/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_quick.c - quick mode: what is done with each of its three messages.
 *
 * Called by v1_step.c as in v1_main.c. Selectors are always sent: IDci is the initiator's network. RFC 2409 s5.5.
 */
#include "lib/ike/v1_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ike/vid.h"

static bool
has_nat(const struct ike_sa *sa)
{
	return sa->nat.is_local_behind || sa->nat.is_remote_behind;
}

/* The tunnel's policy with the encapsulation that this SA needs. */
static struct p2_policy
policy_of(const struct ike_sa *sa, const struct ike_tunnel *tunnel)
{
	struct p2_policy p = tunnel->policy;
	p.encap = !has_nat(sa)                     ? V1_ENCAP_TUNNEL
		  : (sa->vids & VID_NATT_RFC) != 0 ? V1_ENCAP_UDP_TUNNEL
						   : V1_ENCAP_UDP_TUNNEL_DRAFT;
	return p;
}

/* --- the hash that begins each message --- */

/* Leaves room for it in the message that is written. */
size_t
v1_hash_open(const struct ike_sa *sa, struct v1_out *o)
{
	static const uint8_t zeroes[HASH_LEN_MAX];
	v1_out_put(o, V1_HASH, zeroes, hash_info(sa->keys.hash)->len);
	return o->w.len;
}

/* Fills it in over all that was written after AT; NI is empty in message 1. */
void
v1_hash_close(const struct ike_sa *sa, uint32_t mid, struct part ni, struct v1_out *o, size_t at)
{
	uint8_t hash[HASH_LEN_MAX];
	size_t n = hash_info(sa->keys.hash)->len;
	if (!wr_ok(&o->w))
		return;
	v1_hash2(&sa->keys, mid, ni, (struct part){ o->w.buf + at, o->w.len - at }, hash);
	wr_patch_bytes(&o->w, at - n, hash, n);
}

bool
v1_hash_is(const struct v1_turn *t, const uint8_t *want)
{
	size_t n = hash_info(t->sa->keys.hash)->len;
	const struct v1_payload *p = &t->m->list[0];
	return p->n == n && secret_eq(p->p, want, n);
}

/* What follows the hash payload of a message that was received. */
struct part
v1_rest_of(const struct v1_turn *t)
{
	size_t first = V1_GENERIC_LEN + t->m->list[0].n;
	return (struct part){ t->chain + first, t->m->len - first };
}

/* --- payloads that both sides write --- */

static void
body_put(const struct v1_quick *q, const struct v1_nonce *nonce, struct v1_out *o)
{
	v1_out_put(o, V1_NONCE, nonce->b, nonce->n);
	if (q->work->dh != NULL)
		v1_out_put(o, V1_KE, q->work->dh->public, dh_info(q->work->dh->group)->public_len);
}

/* IDci and IDcr: the network of the initiator, then that of the responder. */
static void
ids_put(const struct v1_quick *q, struct v1_out *o)
{
	uint8_t a[ID_ADDR_MAX];
	uint8_t b[ID_ADDR_MAX];
	bool is_i = q->side == V1_INITIATOR;
	struct id ci = id_of_prefix(is_i ? q->tunnel->local : q->tunnel->remote, a);
	struct id cr = id_of_prefix(is_i ? q->tunnel->remote : q->tunnel->local, b);
	id_build(o, &ci);
	id_build(o, &cr);
}

/* The responder's are what the peer sent, octet for octet: a network of one address has two forms. None is answered with none. */
static void
ids_echo(struct v1_turn *t)
{
	const struct v1_payload *p;
	for (unsigned i = 0; (p = v1_msg_find(t->m, V1_ID, i)) != NULL; i++)
		v1_out_put(&t->out, V1_ID, p->p, p->n);
}

static void
dh_new(struct ike *ike, struct v1_quick *q, enum dh_group group)
{
	q->work->dh = malloc(sizeof(*q->work->dh));
	if (q->work->dh == NULL)
		abort();
	v1_dh_make(ike, group, q->work->dh);
}

static void
dh_drop(struct v1_quick *q)
{
	if (q->work->dh != NULL)
		dh_wipe(q->work->dh);
	free(q->work->dh);
	q->work->dh = NULL;
}

static void
spis_make(struct ike *ike, struct v1_quick *q, bool needs_esp, bool needs_ah)
{
	q->work->child.side = q->side;
	q->work->child.in = (struct p2_spis){
		.esp = needs_esp ? ike->host.spi(ike->host.ctx, V1_PROTO_ESP, q->tunnel) : 0,
		.ah = needs_ah ? ike->host.spi(ike->host.ctx, V1_PROTO_AH, q->tunnel) : 0,
	};
}

/* --- keys --- */

/* The keys of one protocol and direction: first that of the cipher, its salt if it has one (RFC 4106 s8.1), then that of
 * the authentication. */
static void
keys_cut(const struct ike_sa *sa, const struct v1_keymat *m, uint8_t *enc, size_t enc_len,
    uint8_t *auth, size_t auth_len)
{
	uint8_t b[ENC_SECRET_MAX + 32];
	v1_keymat(&sa->keys, m, b, enc_len + auth_len);
	memcpy(enc, b, enc_len);
	memcpy(auth, b + enc_len, auth_len);
	secret_wipe(b, sizeof(b));
}

static void
child_keys(struct v1_turn *t, struct part gxy)
{
	struct v1_quick *q = t->quick;
	struct ike_child *c = &q->work->child;
	size_t enc_len = enc_secret_len(c->chosen.enc);
	size_t auth_len = auth_info(c->chosen.auth)->key_len;
	bool has_esp = c->chosen.protocol != P2_AH;
	bool has_ah = c->chosen.protocol != P2_ESP;
	struct v1_keymat m = {
		.gxy = gxy, .ni = v1_nonce_part(&q->work->ni), .nr = v1_nonce_part(&q->work->nr)
	};
	for (unsigned is_out = 0; is_out < 2; is_out++) {
		const struct p2_spis *spis = is_out ? &c->out : &c->in;
		uint8_t *enc = is_out ? c->out_enc_key : c->in_enc_key;
		uint8_t *auth = is_out ? c->out_auth_key : c->in_auth_key;
		if (has_esp) {
			m.protocol = V1_PROTO_ESP;
			m.spi = spis->esp;
			keys_cut(t->sa, &m, enc, enc_len, auth, has_ah ? 0 : auth_len);
		}
		if (has_ah) {
			m.protocol = V1_PROTO_AH;
			m.spi = spis->ah;
			keys_cut(t->sa, &m, enc, 0, auth, auth_len);
		}
	}
}

/* Fills in the child and its keys when both sides are known. */
static enum ike_reason
child_make(struct v1_turn *t, const struct p2_choice *choice)
{
	struct v1_quick *q = t->quick;
	struct ike_child *c = &q->work->child;
	const struct v1_payload *ke = v1_msg_find(t->m, V1_KE, 0);
	uint8_t secret[DH_SECRET_MAX];
	struct part gxy = { 0 };
	if ((ke != NULL) != (choice->group != DH_NONE))
		return ke != NULL ? IKE_UNEXPECTED : IKE_MISSING;
	if (ke != NULL) {
		if (dh_shared(q->work->dh, ke->p, ke->n, secret) != DH_OK)
			return IKE_KEY;
		gxy = (struct part){ secret, dh_info(choice->group)->secret_len };
	}
	c->tunnel = q->tunnel;
	c->side = q->side;
	c->chosen = q->tunnel->policy.proposals[choice->proposal];
	c->chosen.lifetime_s = choice->lifetime_s;
	c->peer_lifetime_s = choice->peer_lifetime_s;
	c->lifetime_kb = choice->lifetime_kb;
	c->pfs = choice->group;
	c->is_udp = has_nat(t->sa);
	c->out = choice->peer;
	if (c->chosen.protocol == P2_AH)
		c->chosen.enc = ENC_NULL;
	/* SPIs that were offered for a protocol that was not chosen */
	if (c->chosen.protocol == P2_AH)
		c->in.esp = 0;
	if (c->chosen.protocol == P2_ESP)
		c->in.ah = 0;
	child_keys(t, gxy);
	secret_wipe(secret, sizeof(secret));
	return IKE_OK;
}

/* Hands the child over; the exchange lingers without its keys. */
static void
child_up(struct v1_turn *t)
{
	struct ike_child *c = &t->quick->work->child;
	t->sa->stats.n_created++;
	t->ike->host.child(t->ike->host.ctx, t->sa, IKE_CHILD_UP, c);
	secret_wipe(c->in_enc_key, sizeof(c->in_enc_key));
	secret_wipe(c->in_auth_key, sizeof(c->in_auth_key));
	secret_wipe(c->out_enc_key, sizeof(c->out_enc_key));
	secret_wipe(c->out_auth_key, sizeof(c->out_auth_key));
}

/* --- message 1 --- */

/* HDR*, HASH(1), SA, Ni [, KE ], IDci, IDcr --> */
void
v1_qm_first(struct ike *ike, struct ike_sa *sa, struct v1_quick *q, struct v1_out *o)
{
	const struct p2_policy policy = policy_of(sa, q->tunnel);
	bool needs_esp = false;
	bool needs_ah = false;
	for (size_t i = 0; i < policy.n; i++) {
		needs_esp = needs_esp || policy.proposals[i].protocol != P2_AH;
		needs_ah = needs_ah || policy.proposals[i].protocol != P2_ESP;
	}
	spis_make(ike, q, needs_esp, needs_ah);
	v1_nonce_make(ike, &q->work->ni);
	if (policy.pfs != DH_NONE)
		dh_new(ike, q, policy.pfs);
	size_t at = v1_hash_open(sa, o);
	p2_offer(o, &policy, q->work->child.in);
	body_put(q, &q->work->ni, o);
	ids_put(q, o);
	v1_hash_close(sa, q->mid, (struct part){ 0 }, o, at);
}

/* --- message 2 --- */

/* Reads IDci and IDcr; without them the networks are the two addresses (RFC 2409 s5.5). */
static enum ike_reason
networks_read(const struct v1_turn *t, struct prefix *out_ci, struct prefix *out_cr)
{
	const struct v1_payload *pi = v1_msg_find(t->m, V1_ID, 0);
	const struct v1_payload *pr = v1_msg_find(t->m, V1_ID, 1);
	struct id ci;
	struct id cr;
	if (v1_msg_find(t->m, V1_ID, 2) != NULL || (pi != NULL && pr == NULL))
		return IKE_UNEXPECTED;
	if (pi == NULL) {
		bool is_i = t->quick->side == V1_INITIATOR;
		struct addr local = t->sa->path.local.addr;
		struct addr remote = t->sa->path.remote.addr;
		uint8_t len = (uint8_t)(8 * addr_len(local));
		*out_ci = (struct prefix){ is_i ? local : remote, len };
		*out_cr = (struct prefix){ is_i ? remote : local, len };
		return IKE_OK;
	}
	enum ike_reason reason = id_parse(pi, &ci);
	if (reason == IKE_OK)
		reason = id_parse(pr, &cr);
	if (reason != IKE_OK)
		return reason;
	bool is_narrow = ci.proto != 0 || ci.port != 0 || cr.proto != 0 || cr.port != 0;
	if (is_narrow || !id_prefix(&ci, out_ci) || !id_prefix(&cr, out_cr)) {
		text_put(t->why, "peer proposed ");
		id_print(&ci, t->why);
		text_put(t->why, " and ");
		id_print(&cr, t->why);
		return IKE_SELECTORS;
	}
	return IKE_OK;
}

static enum ike_reason
tunnel_find(struct v1_turn *t)
{
	struct prefix ci;
	struct prefix cr;
	char a[PREFIX_STRLEN];
	char b[PREFIX_STRLEN];
	enum ike_reason reason = networks_read(t, &ci, &cr);
	if (reason != IKE_OK)
		return reason;
	struct text instead = { 0 };
	struct ike_tunnel *tunnel = t->ike->host.tunnel(t->ike->host.ctx, t->sa, cr, ci, &instead);
	if (tunnel != NULL) {
		t->quick->tunnel = ike_tunnel_ref(tunnel);
		text_done(&instead);
		return IKE_OK;
	}
	text_printf(t->why, "peer proposed its %s with our %s%s", prefix_print(ci, a),
	    prefix_print(cr, b), text_str(&instead));
	text_done(&instead);
	return IKE_SELECTORS;
}

/* RESPONDER-LIFETIME: the peer proposed a longer time (RFC 2407 s4.6.3.1). */
static void
lifetime_put(const struct v1_quick *q, const struct p2_choice *choice, struct v1_out *o)
{
	const struct ike_child *c = &q->work->child;
	bool is_ah = c->chosen.protocol == P2_AH;
	uint8_t data[16];
	uint8_t spi[V1_SPI_LEN];
	struct wr d = wr_init(data, sizeof(data));
	struct wr s = wr_init(spi, sizeof(spi));
	v1_lifetime_build(&d, &(struct v1_lifetime){ .seconds = choice->lifetime_s });
	wr_u32(&s, is_ah ? c->in.ah : c->in.esp);
	const struct v1_notify n = {
		.doi = V1_DOI_IPSEC,
		.protocol = is_ah ? V1_PROTO_AH : V1_PROTO_ESP,
		.type = V1_N_RESPONDER_LIFETIME,
		.spi = spi,
		.spi_len = V1_SPI_LEN,
		.data = data,
		.data_len = d.len,
	};
	v1_notify_build(o, &n);
}

/* <-- HDR*, HASH(2), SA, Nr [, KE ], IDci, IDcr */
enum ike_reason
v1_qm_r1(struct v1_turn *t)
{
	struct v1_quick *q = t->quick;
	struct v1_sa peer;
	struct p2_choice choice;
	uint8_t want[HASH_LEN_MAX];
	v1_hash1(&t->sa->keys, q->mid, v1_rest_of(t), want);
	if (!v1_hash_is(t, want))
		return IKE_HASH;
	enum ike_reason reason = tunnel_find(t);
	if (reason == IKE_OK)
		reason = v1_sa_parse(v1_msg_find(t->m, V1_SA, 0), V1_PHASE2, &peer);
	if (reason != IKE_OK)
		return reason;
	const struct p2_policy policy = policy_of(t->sa, q->tunnel);
	if (!p2_choose(&peer, &policy, &choice, t->why))
		return IKE_NO_PROPOSAL;

	v1_nonce_take(t->m, &q->work->ni);
	v1_nonce_make(t->ike, &q->work->nr);
	if (choice.group != DH_NONE)
		dh_new(t->ike, q, choice.group);
	enum p2_protocol protocol = policy.proposals[choice.proposal].protocol;
	spis_make(t->ike, q, protocol != P2_AH, protocol != P2_ESP);
	reason = child_make(t, &choice);
	if (reason != IKE_OK)
		return reason;

	size_t at = v1_hash_open(t->sa, &t->out);
	p2_answer(&t->out, &peer, &choice, q->work->child.in);
	body_put(q, &q->work->nr, &t->out);
	ids_echo(t);
	if (choice.peer_lifetime_s > choice.lifetime_s)
		lifetime_put(q, &choice, &t->out);
	v1_hash_close(t->sa, q->mid, v1_nonce_part(&q->work->ni), &t->out, at);
	dh_drop(q);
	t->has_answer = true;
	t->ike->host.child(t->ike->host.ctx, t->sa, IKE_CHILD_IN, &q->work->child);
	return IKE_OK;
}

/* --- message 3 --- */

/* The answer must have the networks that we asked for. */
static enum ike_reason
networks_check(struct v1_turn *t)
{
	struct prefix ci;
	struct prefix cr;
	if (v1_msg_find(t->m, V1_ID, 0) == NULL)
		return IKE_MISSING;
	enum ike_reason reason = networks_read(t, &ci, &cr);
	if (reason != IKE_OK)
		return reason;
	return prefix_eq(ci, t->quick->tunnel->local) && prefix_eq(cr, t->quick->tunnel->remote)
		   ? IKE_OK
		   : IKE_SELECTORS;
}

/* RESPONDER-LIFETIME: the peer keeps the SA for a shorter time than we proposed (RFC 2407 s4.6.3.1). */
static void
lifetime_take(const struct v1_turn *t, struct ike_child *c)
{
	const struct v1_payload *p;
	for (unsigned i = 0; (p = v1_msg_find(t->m, V1_NOTIFY, i)) != NULL; i++) {
		struct v1_notify n;
		struct v1_lifetime life;
		if (v1_notify_parse(p, &n) != IKE_OK || n.type != V1_N_RESPONDER_LIFETIME ||
		    v1_lifetime_parse(&n, &life) != IKE_OK)
			continue;
		c->chosen.lifetime_s = v1_lifetime_agree(c->chosen.lifetime_s, life.seconds);
		if (life.seconds != 0)
			c->peer_lifetime_s = life.seconds;
		if (life.kilobytes != 0)
			c->lifetime_kb = life.kilobytes;
	}
}

/* HDR*, HASH(3) --> */
enum ike_reason
v1_qm_i2(struct v1_turn *t)
{
	struct v1_quick *q = t->quick;
	struct v1_sa answer;
	struct p2_choice choice;
	uint8_t hash[HASH_LEN_MAX];
	v1_hash2(&t->sa->keys, q->mid, v1_nonce_part(&q->work->ni), v1_rest_of(t), hash);
	if (!v1_hash_is(t, hash))
		return IKE_HASH;
	enum ike_reason reason = v1_sa_parse(v1_msg_find(t->m, V1_SA, 0), V1_PHASE2, &answer);
	if (reason == IKE_OK)
		reason = networks_check(t);
	if (reason != IKE_OK)
		return reason;
	const struct p2_policy policy = policy_of(t->sa, q->tunnel);
	if (!p2_accept(&answer, &policy, &choice, t->why))
		return IKE_NO_PROPOSAL;
	v1_nonce_take(t->m, &q->work->nr);
	reason = child_make(t, &choice);
	if (reason != IKE_OK)
		return reason;
	lifetime_take(t, &q->work->child);
	v1_hash3(
	    &t->sa->keys, q->mid, v1_nonce_part(&q->work->ni), v1_nonce_part(&q->work->nr), hash);
	v1_out_put(&t->out, V1_HASH, hash, hash_info(t->sa->keys.hash)->len);
	dh_drop(q);
	t->has_answer = true;
	child_up(t);
	return IKE_OK;
}

/* The answer to HDR*, HASH(3): the peer has it too. */
enum ike_reason
v1_qm_r3(struct v1_turn *t)
{
	struct v1_quick *q = t->quick;
	uint8_t want[HASH_LEN_MAX];
	v1_hash3(
	    &t->sa->keys, q->mid, v1_nonce_part(&q->work->ni), v1_nonce_part(&q->work->nr), want);
	if (!v1_hash_is(t, want))
		return IKE_HASH;
	child_up(t);
	return IKE_OK;
}

/* <-- HDR*, HASH(4), N(CONNECTED): the hash is made like the first one */
enum ike_reason
v1_qm_i4(struct v1_turn *t)
{
	uint8_t want[HASH_LEN_MAX];
	v1_hash1(&t->sa->keys, t->quick->mid, v1_rest_of(t), want);
	return v1_hash_is(t, want) ? IKE_OK : IKE_HASH;
}

void
v1_qm_offer_put(
    const struct ike_sa *sa, const struct ike_tunnel *tunnel, uint16_t notify, struct text *why)
{
	char a[PREFIX_STRLEN];
	char b[PREFIX_STRLEN];
	const struct p2_policy policy = policy_of(sa, tunnel);
	if (notify == V1_N_NO_PROPOSAL) {
		text_put(why, "; offered ");
		p2_print(&policy, why);
	} else if (notify == V1_N_INVALID_ID) {
		text_printf(why, "; proposed our %s with its %s", prefix_print(tunnel->local, a),
		    prefix_print(tunnel->remote, b));
	}
}

/* The host hears of it; the quick mode is deleted by who calls. */
void
v1_qm_failed(struct ike *ike, struct ike_sa *sa, const struct v1_quick *q, enum ike_reason reason,
    const char *why)
{
	struct ike_child *c = &q->work->child;
	c->tunnel = q->tunnel;
	c->side = q->side;
	c->reason = reason;
	c->why = why;
	ike->host.child(ike->host.ctx, sa, IKE_CHILD_FAILED, c);
}
