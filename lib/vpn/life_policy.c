/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_policy.c - what is allowed in phase 1, as the engine wants it.
 *
 * A policy of the configuration, with what the service set adds, becomes one counted object, found again by a fingerprint
 * of all that it says: ten thousand tunnels of one policy share it, also across commits. Where we prove ourselves with a
 * certificate, our identity is in it, so the engine's policy is made when life_chain() tells what it says, and made anew when
 * there is another one. Called by life_conf.c; life_chain() is of life.h.
 */
#include "lib/vpn/life_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/crypto/dn.h"

enum { DN_MAX = 2048 };

/* --- the fingerprint --- */

static void
put_text(struct wr *w, const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;
	wr_u32(w, (uint32_t)n);
	wr_bytes(w, s != NULL ? s : "", n);
}

static void
put_id(struct wr *w, const struct conf_id *id)
{
	wr_u32(w, id->kind);
	wr_u32(w, id->len);
	if (id->len > 0)
		wr_bytes(w, id->b, id->len);
}

/* KEY is the pre-shared key, or nothing. */
static uint64_t
fingerprint(const struct conf_ike_policy *c, const struct conf_service_set *set,
    unsigned bad_spi_max, struct part key)
{
	struct wr w = wr_grow();
	uint8_t hash[HASH_LEN_MAX];
	put_text(&w, c->name);
	wr_u8(&w, c->is_security);
	wr_u8(&w, c->is_aggressive);
	wr_u8(&w, set != NULL && set->no_natt);
	wr_u32(&w, bad_spi_max);
	wr_u32(&w, (uint32_t)c->n_proposals);
	for (size_t i = 0; i < c->n_proposals; i++) {
		const struct conf_ike_proposal *p = c->proposals[i];
		wr_u32(&w, p->method);
		wr_u32(&w, p->enc);
		wr_u32(&w, p->hash);
		wr_u32(&w, p->group);
		wr_u32(&w, p->lifetime_s);
	}
	wr_u32(&w, (uint32_t)key.n);
	if (key.n > 0)
		wr_bytes(&w, key.p, key.n);
	put_text(&w, c->local_certificate);
	put_id(&w, &c->local_id);
	wr_u8(&w, c->takes_any_remote_id);
	wr_u32(&w, (uint32_t)c->n_remote_ids);
	for (size_t i = 0; i < c->n_remote_ids; i++)
		put_id(&w, &c->remote_ids[i]);
	for (size_t i = 0; set != NULL && c->local_certificate != NULL && i < set->n_trusted_cas;
	     i++)
		put_text(&w, set->trusted_cas[i]);
	hash_parts(HASH_SHA_256, &(struct part){ w.buf, w.len }, 1, hash);
	wr_free(&w);
	struct rd r = rd_init(hash, sizeof(hash));
	return rd_u64(&r);
}

/* --- identities --- */

/* Makes an identity of a configured one; names in DER go to DER, of DN_MAX. False: it cannot be one. */
static bool
id_make(const struct conf_id *c, uint8_t *der, struct id *out)
{
	static const enum id_type types[] = {
		[CONF_ID_IPV4] = ID_IPV4,
		[CONF_ID_IPV6] = ID_IPV6,
		[CONF_ID_FQDN] = ID_FQDN,
		[CONF_ID_USER_FQDN] = ID_USER_FQDN,
		[CONF_ID_KEY] = ID_KEY,
		[CONF_ID_DN] = ID_DN,
		[CONF_ID_DN_EXACT] = ID_DN,
		[CONF_ID_DN_CONTAINER] = ID_DN,
		[CONF_ID_DN_WILDCARD] = ID_DN,
	};
	if (c->kind == CONF_ID_NONE || c->kind == CONF_ID_DN)
		return false;
	if (types[c->kind] != ID_DN) {
		*out = id_of_bytes(types[c->kind], c->b, c->len);
		return true;
	}
	char *text = strndup((const char *)c->b, c->len);
	if (text == NULL)
		abort();
	size_t n = dn_parse(text, der, DN_MAX);
	free(text);
	*out = id_of_bytes(ID_DN, der, n);
	return n > 0;
}

static bool
is_dn(enum conf_id_kind kind)
{
	return kind == CONF_ID_DN_EXACT || kind == CONF_ID_DN_CONTAINER ||
	       kind == CONF_ID_DN_WILDCARD;
}

bool
life_conf_check(const struct conf *c, struct text *why)
{
	uint8_t der[DN_MAX];
	for (size_t i = 0; i < c->n_ike_policies; i++) {
		const struct conf_ike_policy *p = c->ike_policies[i];
		for (size_t k = 0; k < p->n_remote_ids; k++) {
			const struct conf_id *id = &p->remote_ids[k];
			struct id made;
			if (!is_dn(id->kind) || id_make(id, der, &made))
				continue;
			text_printf(why, "IKE policy %s: remote-id '%.*s' is no distinguished name",
			    p->name, (int)id->len, (const char *)id->b);
			return false;
		}
	}
	return true;
}

static enum ike_match
match_of(enum conf_id_kind kind)
{
	return kind == CONF_ID_DN_CONTAINER  ? IKE_MATCH_CONTAINER
	       : kind == CONF_ID_DN_WILDCARD ? IKE_MATCH_WILDCARD
					     : IKE_MATCH_SAME;
}

/* --- making --- */

static struct ike_policy *
plain_make(const struct conf_ike_policy *c, const struct conf_service_set *set, void *owner)
{
	struct p1_proposal proposals[P1_PROPOSALS_MAX];
	struct ike_remote_id *ids = life_alloc((c->n_remote_ids + 1) * sizeof(*ids));
	uint8_t *der = life_alloc((c->n_remote_ids + 1) * DN_MAX);
	size_t n_ids = 0;
	size_t n = 0;
	for (; n < c->n_proposals && n < P1_PROPOSALS_MAX; n++) {
		const struct conf_ike_proposal *p = c->proposals[n];
		proposals[n] = (struct p1_proposal){
			.method = p->method,
			.enc = p->enc,
			.hash = p->hash,
			.group = p->group,
			.lifetime_s = p->lifetime_s,
		};
	}
	for (size_t i = 0; i < c->n_remote_ids && n_ids < IKE_REMOTE_IDS_MAX; i++)
		if (id_make(&c->remote_ids[i], der + i * DN_MAX, &ids[n_ids].id))
			ids[n_ids++].match = match_of(c->remote_ids[i].kind);
	/* none of them is a name: that is nobody, since with none at all it is the address */
	if (n_ids == 0 && c->n_remote_ids > 0)
		ids[n_ids++].id = id_of_bytes(ID_KEY, NULL, 0);
	struct ike_policy from = {
		.is_aggressive = c->is_aggressive,
		.no_natt = set == NULL || set->no_natt,
		.takes_any_id = c->takes_any_remote_id,
		.proposals = proposals,
		.n = n,
		.psk = { c->psk.b, c->psk.len },
		.remote_ids = ids,
		.n_remote_ids = n_ids,
		.owner = owner,
	};
	uint8_t *own = der + c->n_remote_ids * DN_MAX;
	if (!id_make(&c->local_id, own, &from.local_id))
		from.local_id = (struct id){ 0 };
	struct ike_policy *p = ike_policy_new(&from);
	free(ids);
	free(der);
	return p;
}

struct life_policy *
life_policy_ref(struct life_policy *p)
{
	p->n_refs++;
	return p;
}

static void
ike_forget(struct ike_policy *p)
{
	if (p != NULL)
		p->owner = NULL;
	ike_policy_unref(p);
}

void
life_policy_unref(struct life *l, struct life_policy *p)
{
	if (p == NULL || --p->n_refs > 0)
		return;
	life_hash_del(&l->policies, &p->node);
	ike_forget(p->ike);
	ike_forget(p->plain);
	for (size_t i = 0; i < p->n_cas; i++)
		free(p->cas[i]);
	free(p->cas);
	free(p->name);
	free(p->certificate);
	free(p->why);
	free(p);
}

static struct life_policy *
of_node(struct life_node *n)
{
	return n != NULL ? (struct life_policy *)((char *)n - offsetof(struct life_policy, node))
			 : NULL;
}

struct life_policy *
life_policy_get(struct life *l, const struct conf_ike_policy *c, const struct conf_service_set *set,
    unsigned bad_spi_max)
{
	uint64_t fp = fingerprint(c, set, bad_spi_max, (struct part){ c->psk.b, c->psk.len });
	struct life_policy *p = of_node(life_hash_first(&l->policies, fp));
	if (p != NULL)
		return life_policy_ref(p);
	p = life_alloc(sizeof(*p));
	p->n_refs = 1;
	p->fp = fp;
	p->open_fp = fingerprint(c, set, bad_spi_max, (struct part){ 0 });
	p->name = life_strdup(c->name);
	p->certificate = life_strdup(c->local_certificate);
	p->bad_spi_max = bad_spi_max;
	p->wants_dn = c->local_id.kind == CONF_ID_DN;
	p->n_cas = set != NULL && p->certificate != NULL ? set->n_trusted_cas : 0;
	p->cas = life_alloc((p->n_cas + 1) * sizeof(char *));
	for (size_t i = 0; i < p->n_cas; i++)
		p->cas[i] = life_strdup(set->trusted_cas[i]);
	p->plain = plain_make(c, set, p);
	life_hash_add(&l->policies, &p->node, fp);
	if (p->certificate == NULL) {
		p->ike = ike_policy_ref(p->plain);
		return p;
	}
	p->why = life_strdup("the local certificate is not loaded");
	l->host.chain(l->host.ctx, p->certificate);
	return p;
}

/* --- certificates --- */

static bool
part_eq(struct part a, struct part b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Do both say the same of us? */
static bool
is_same(const struct ike_policy *a, const struct ike_policy *b)
{
	if (a->local_id.type != b->local_id.type || a->n_cas != b->n_cas ||
	    !part_eq((struct part){ a->local_id.p, a->local_id.n },
		(struct part){ b->local_id.p, b->local_id.n }))
		return false;
	for (size_t i = 0; i < a->n_cas; i++)
		if (!part_eq(a->cas[i], b->cas[i]))
			return false;
	return true;
}

/* What we say we are: what is configured, else what the certificate says. SAs of before keep what they were made of. */
static void
chain_take(struct life_policy *p, const struct life_chain *chain, const char *why)
{
	free(p->why);
	p->why = NULL;
	if (chain == NULL) {
		ike_forget(p->ike);
		p->ike = NULL;
		if (asprintf(&p->why, "local certificate %s: %s", p->certificate,
			why != NULL ? why : "not loaded") < 0)
			abort();
		return;
	}
	struct ike_policy from = *p->plain;
	if (from.local_id.p == NULL && chain->alternate.p != NULL && !p->wants_dn)
		from.local_id = chain->alternate;
	else if (from.local_id.p == NULL)
		from.local_id = id_of_bytes(ID_DN, chain->subject.p, chain->subject.n);
	from.cas = chain->cas;
	from.n_cas = chain->n_cas < IKE_CAS_MAX ? chain->n_cas : IKE_CAS_MAX;
	/* told again at every commit: what has not changed must not disturb negotiations */
	if (p->ike != NULL && is_same(p->ike, &from))
		return;
	ike_forget(p->ike);
	p->ike = ike_policy_new(&from);
}

void
life_chain(struct life *l, uint64_t now_ms, const char *certificate, const struct life_chain *chain,
    const char *why)
{
	l->now_ms = now_ms;
	for (size_t i = 0; i < l->policies.cap; i++)
		for (struct life_node *n = l->policies.slots[i]; n != NULL; n = n->next) {
			struct life_policy *p = of_node(n);
			if (p->certificate != NULL && strcmp(p->certificate, certificate) == 0)
				chain_take(p, chain, why);
		}
	for (size_t i = 0; i < l->n_tunnels; i++) {
		struct life_tunnel *t = l->tunnels[i];
		const char *ours = t->policies[t->gate]->certificate;
		if (ours != NULL && strcmp(ours, certificate) == 0) {
			t->retry_ms = 0;
			life_dirty(t);
		}
	}
	life_run(l);
}
