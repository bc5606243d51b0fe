/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_auth.c - who we are and who the peer is: ID, HASH, CERTREQ, CERT, SIG.
 *
 * With a pre-shared key the hash is the proof, and it is judged here. With signatures the hash is what is signed: neither the
 * private key nor the trust in certificates is in this process's engine, so the host is asked, and the step waits.
 * RFC 2409 s5, s5.1, s5.4; RFC 2408 s3.8 to s3.12.
 */
#include "lib/ike/v1_priv.h"

#include "lib/crypto/pkcs7.h"

#include <stdlib.h>
#include <string.h>

enum {
	IDS_SHOWN_MAX = 4, /* in a line that says what would have been allowed */
};

static bool
is_signed(const struct ike_sa *sa)
{
	return sa->chosen.method != METHOD_PSK;
}

/* --- identities --- */

/* Our identity as a whole body, for the payload and for the hash. Returns its length. */
static size_t
our_id(const struct ike_sa *sa, uint8_t buf[V1_ID_BODY_MAX])
{
	uint8_t octets[ID_ADDR_MAX];
	struct id id = sa->policy->local_id;
	if (id.p == NULL)
		id = id_of_addr(sa->path.local.addr, octets);
	struct wr w = wr_init(buf, V1_ID_BODY_MAX);
	wr_u8(&w, (uint8_t)id.type);
	wr_u8(&w, id.proto);
	wr_u16(&w, id.port);
	wr_bytes(&w, id.p, id.n);
	return wr_ok(&w) ? w.len : 0;
}

void
v1_id_put(struct v1_turn *t)
{
	uint8_t id[V1_ID_BODY_MAX];
	v1_out_put(&t->out, V1_ID, id, our_id(t->sa, id));
}

enum ike_reason
v1_id_take(struct v1_turn *t)
{
	const struct v1_payload *p = v1_msg_find(t->m, V1_ID, 0);
	struct v1_hand *h = t->sa->hand;
	if (p->n > V1_ID_BODY_MAX)
		return IKE_PAYLOAD_FORM;
	free(h->peer_id);
	h->peer_id = v1_new(p->n);
	memcpy(h->peer_id, p->p, p->n);
	h->peer_id_len = p->n;
	return IKE_OK;
}

/* Is it an identity that the policy allows for a peer at this address? */
static bool
peer_is_allowed(const struct ike_sa *sa, const struct id *peer)
{
	uint8_t octets[ID_ADDR_MAX];
	struct id by_addr = id_of_addr(sa->known_as, octets);
	const struct ike_policy *policy = sa->policy;
	if (policy->takes_any_id)
		return true;
	if (policy->n_remote_ids == 0)
		return id_is_same_peer(peer, &by_addr);
	for (size_t i = 0; i < policy->n_remote_ids; i++)
		if (id_fits(peer, &policy->remote_ids[i].id, policy->remote_ids[i].match))
			return true;
	return false;
}

/* The identities that would have been right, as far as anybody wants to read them. */
static void
allowed_ids_put(const struct ike_sa *sa, struct text *why)
{
	static const char *const matches[] = {
		[IKE_MATCH_SAME] = "",
		[IKE_MATCH_CONTAINER] = "container ",
		[IKE_MATCH_WILDCARD] = "wildcard ",
	};
	uint8_t octets[ID_ADDR_MAX];
	struct id by_addr = id_of_addr(sa->known_as, octets);
	const struct ike_policy *policy = sa->policy;
	text_put(why, ", allowed ");
	if (policy->n_remote_ids == 0)
		id_print(&by_addr, why);
	for (size_t i = 0; i < policy->n_remote_ids && i < IDS_SHOWN_MAX; i++) {
		text_printf(why, "%s%s", i > 0 ? ", " : "", matches[policy->remote_ids[i].match]);
		id_print(&policy->remote_ids[i].id, why);
	}
	if (policy->n_remote_ids > IDS_SHOWN_MAX)
		text_printf(why, " and %zu more", policy->n_remote_ids - IDS_SHOWN_MAX);
}

static enum ike_reason
id_judge(struct v1_turn *t, struct id *out)
{
	const struct v1_hand *h = t->sa->hand;
	const struct v1_payload p = { .type = V1_ID, .p = h->peer_id, .n = h->peer_id_len };
	enum ike_reason reason = id_parse(&p, out);
	if (reason != IKE_OK)
		return reason;
	if (id_has_ike_port(out) && peer_is_allowed(t->sa, out))
		return IKE_OK;
	text_put(t->why, "the peer says it is ");
	id_print(out, t->why);
	allowed_ids_put(t->sa, t->why);
	return IKE_ID;
}

enum ike_reason
v1_id_judge(struct v1_turn *t)
{
	struct id id;
	return id_judge(t, &id);
}

/* --- hashes --- */

/* Writes HASH_I or HASH_R, whichever SIDE proves itself with, and returns its length. DSA always signs sha1. */
static size_t
proof_make(const struct ike_sa *sa, enum v1_side side, struct part id, uint8_t out[HASH_LEN_MAX])
{
	const struct v1_hand *h = sa->hand;
	const struct v1_kex *k = h->kex;
	enum hash_alg alg = sa->chosen.method == METHOD_DSA ? HASH_SHA1 : sa->chosen.hash;
	bool is_i = sa->side == V1_INITIATOR;
	size_t len = dh_info(sa->chosen.group)->public_len;
	struct part ours = { k->dh.public, len };
	struct part theirs = { k->peer_public, len };
	const struct v1_proof p = {
		.gxi = is_i ? ours : theirs,
		.gxr = is_i ? theirs : ours,
		.cky_i = sa->cky_i,
		.cky_r = sa->cky_r,
		.sai = { h->sai, h->sai_len },
		.id = id,
	};
	v1_hash_proof(&sa->keys, alg, side, &p, out);
	return hash_info(alg)->len;
}

static size_t
our_proof(const struct ike_sa *sa, uint8_t out[HASH_LEN_MAX])
{
	uint8_t id[V1_ID_BODY_MAX];
	size_t n = our_id(sa, id);
	return proof_make(sa, sa->side, (struct part){ id, n }, out);
}

static size_t
peer_proof(const struct ike_sa *sa, uint8_t out[HASH_LEN_MAX])
{
	enum v1_side side = sa->side == V1_INITIATOR ? V1_RESPONDER : V1_INITIATOR;
	const struct v1_hand *h = sa->hand;
	return proof_make(sa, side, (struct part){ h->peer_id, h->peer_id_len }, out);
}

/* --- ours --- */

static struct ike_ticket
ticket_make(struct v1_turn *t, enum v1_ask asked)
{
	struct v1_hand *h = t->sa->hand;
	h->step.asked = asked;
	return (struct ike_ticket){
		.cookie = t->sa->side == V1_INITIATOR ? t->sa->cky_i : t->sa->cky_r,
		.serial = ++h->n_asked,
	};
}

void
v1_signature_ask(struct v1_turn *t)
{
	uint8_t hash[HASH_LEN_MAX];
	if (!is_signed(t->sa))
		return;
	size_t n = our_proof(t->sa, hash);
	t->ike->host.sign(
	    t->ike->host.ctx, t->sa, ticket_make(t, V1_ASK_SIGNATURE), (struct part){ hash, n });
}

void
v1_proof_put(struct v1_turn *t)
{
	uint8_t hash[HASH_LEN_MAX];
	if (!is_signed(t->sa)) {
		size_t n = our_proof(t->sa, hash);
		v1_out_put(&t->out, V1_HASH, hash, n);
		return;
	}
	for (size_t i = 0; i < t->n_certs; i++)
		v1_cert_build(&t->out, V1_CERT,
		    &(struct v1_cert){ V1_CERT_X509_SIGN, t->certs[i].p, t->certs[i].n });
	v1_out_put(&t->out, V1_SIG, t->signature.p, t->signature.n);
}

/* Signatures are used, or, before the proposals are settled, may be. */
static bool
wants_certs(const struct ike_sa *sa)
{
	if (sa->state != IKE_AM_I1)
		return is_signed(sa);
	for (size_t i = 0; i < sa->policy->n; i++)
		if (sa->policy->proposals[i].method != METHOD_PSK)
			return true;
	return false;
}

void
v1_cert_ask_put(struct v1_turn *t)
{
	const struct ike_policy *policy = t->sa->policy;
	if (!wants_certs(t->sa))
		return;
	size_t total = 0;
	for (size_t i = 0; i < policy->n_cas; i++) {
		size_t n = policy->cas[i].n;
		if (n > IKE_CAS_OCTETS_MAX - total)
			continue;
		total += n;
		v1_cert_build(
		    &t->out, V1_CR, &(struct v1_cert){ V1_CERT_X509_SIGN, policy->cas[i].p, n });
	}
	if (total == 0)
		v1_cert_build(&t->out, V1_CR, &(struct v1_cert){ .encoding = V1_CERT_X509_SIGN });
}

static void
life_put(struct v1_turn *t)
{
	const struct ike_sa *sa = t->sa;
	uint8_t data[16];
	uint8_t spi[V1_COOKIES_LEN];
	struct wr d = wr_init(data, sizeof(data));
	struct wr s = wr_init(spi, sizeof(spi));
	v1_lifetime_build(&d, &(struct v1_lifetime){ .seconds = sa->chosen.lifetime_s });
	wr_u64(&s, sa->cky_i);
	wr_u64(&s, sa->cky_r);
	const struct v1_notify n = {
		.doi = V1_DOI_IPSEC,
		.protocol = V1_PROTO_ISAKMP,
		.type = V1_N_RESPONDER_LIFETIME,
		.spi = spi,
		.spi_len = sizeof(spi),
		.data = data,
		.data_len = d.len,
	};
	v1_notify_build(&t->out, &n);
}

static void
first_put(struct v1_turn *t)
{
	uint8_t spi[V1_COOKIES_LEN];
	struct wr s = wr_init(spi, sizeof(spi));
	wr_u64(&s, t->sa->cky_i);
	wr_u64(&s, t->sa->cky_r);
	const struct v1_notify n = {
		.doi = V1_DOI_IPSEC,
		.protocol = V1_PROTO_ISAKMP,
		.type = V1_N_INITIAL_CONTACT,
		.spi = spi,
		.spi_len = sizeof(spi),
	};
	v1_notify_build(&t->out, &n);
}

void
v1_contact_put(struct v1_turn *t)
{
	const struct ike_sa *sa = t->sa;
	if (t->ike->host.is_first(t->ike->host.ctx, sa))
		first_put(t);
	if (sa->side == V1_RESPONDER && sa->hand->choice.peer_lifetime_s > sa->chosen.lifetime_s)
		life_put(t);
}

/* --- the peer's --- */

static enum ike_reason
hash_judge(struct v1_turn *t)
{
	const struct v1_payload *p = v1_msg_find(t->m, V1_HASH, 0);
	uint8_t want[HASH_LEN_MAX];
	struct id id;
	size_t n = peer_proof(t->sa, want);
	if (p->n != n || !secret_eq(p->p, want, n)) {
		text_put(t->why, "the peer's hash is wrong: do the pre-shared keys differ?");
		return IKE_AUTH;
	}
	/* only now: what an unproved peer calls itself is nobody's business */
	return id_judge(t, &id);
}

/* Reads the certificates of a message; those of a PKCS #7 are unpacked into PACK. */
static enum ike_reason
certs_read(const struct v1_msg *m, struct ike_claim *c, struct pkcs7 *pack)
{
	const struct v1_payload *p;
	for (unsigned i = 0; (p = v1_msg_find(m, V1_CERT, i)) != NULL; i++) {
		struct v1_cert cert;
		enum ike_reason reason = v1_cert_parse(p, &cert);
		if (reason != IKE_OK)
			return reason;
		if (cert.encoding == V1_CERT_CRL)
			continue; /* which certificates are revoked is not the peer's to say */
		if (cert.encoding == V1_CERT_PKCS7 && pack->n > 0)
			return IKE_UNEXPECTED;
		if (cert.encoding == V1_CERT_PKCS7 && !pkcs7_read(cert.p, cert.n, pack))
			return IKE_CERT;
		if (cert.encoding != V1_CERT_X509_SIGN && cert.encoding != V1_CERT_PKCS7)
			return IKE_CERT_TYPE;
		if (cert.encoding == V1_CERT_X509_SIGN && c->n_certs == IKE_CERTS_MAX)
			return IKE_LIMIT;
		if (cert.encoding == V1_CERT_X509_SIGN)
			c->certs[c->n_certs++] = (struct part){ cert.p, cert.n };
	}
	for (size_t i = 0; i < pack->n; i++) {
		if (c->n_certs == IKE_CERTS_MAX)
			return IKE_LIMIT;
		c->certs[c->n_certs++] = (struct part){ pack->certs[i].p, pack->certs[i].n };
	}
	return IKE_OK;
}

static enum ike_reason
signature_judge(struct v1_turn *t)
{
	uint8_t hash[HASH_LEN_MAX];
	struct ike_claim c = {
		.method = t->sa->chosen.method,
		.signature = v1_body(v1_msg_find(t->m, V1_SIG, 0)),
	};
	struct pkcs7 pack = { 0 };
	enum ike_reason reason = id_judge(t, &c.id);
	if (reason == IKE_OK)
		reason = certs_read(t->m, &c, &pack);
	if (reason == IKE_OK) {
		c.hash = (struct part){ hash, peer_proof(t->sa, hash) };
		t->ike->host.prove(t->ike->host.ctx, t->sa, ticket_make(t, V1_ASK_PROOF), &c);
	}
	pkcs7_done(&pack);
	return reason;
}

enum ike_reason
v1_proof_take(struct v1_turn *t)
{
	uint32_t want = is_signed(t->sa) ? V1_BIT(V1_SIG) : V1_BIT(V1_HASH);
	uint32_t not_want = is_signed(t->sa) ? V1_BIT(V1_HASH) : V1_BIT(V1_SIG);
	if ((t->m->has & want) == 0)
		return IKE_MISSING;
	if ((t->m->has & not_want) != 0)
		return IKE_UNEXPECTED;
	return is_signed(t->sa) ? signature_judge(t) : hash_judge(t);
}

/* They count only when the peer is proved: see phase1_done(). */
void
v1_words_take(struct v1_turn *t)
{
	struct v1_hand *h = t->sa->hand;
	const struct v1_payload *p;
	h->has_contact = false;
	h->peer_life_s = 0;
	for (unsigned i = 0; (p = v1_msg_find(t->m, V1_NOTIFY, i)) != NULL; i++) {
		struct v1_notify n;
		struct v1_lifetime life;
		if (v1_notify_parse(p, &n) != IKE_OK)
			continue;
		h->has_contact = h->has_contact || n.type == V1_N_INITIAL_CONTACT;
		if (n.type == V1_N_RESPONDER_LIFETIME && n.protocol == V1_PROTO_ISAKMP &&
		    v1_lifetime_parse(&n, &life) == IKE_OK)
			h->peer_life_s = life.seconds;
	}
}
