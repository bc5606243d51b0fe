/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_ike.c - proposals and policies for phase 1: [edit services ipsec-vpn ike] and [edit security ike].
 *
 * What is left out has a default: a policy without proposals gets the built-in one, a proposal what the
 * built-in one says there. A statement that no process here can do is noted beside its proposal or policy; check_dynamic.c
 * refuses it where a tunnel would need it. Identities are in conf_id.c. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

enum { LIFETIME_MIN = 180, LIFETIME_MAX = 86400, BAD_SPI_DEFAULT = 5, BAD_SPI_MAX = 30 };

static const struct conf_ike_proposal builtin = {
	.name = "default",
	.method = METHOD_PSK,
	.enc = ENC_3DES_CBC,
	.hash = HASH_SHA1,
	.group = DH_GROUP2,
	.lifetime_s = 3600,
};
static const struct conf_ike_proposal *const builtin_list[] = { &builtin };

/* --- what proposals and policies of both phases have in common --- */

bool
listed_add(struct builder *b, struct smap *m, struct listed *l, const char *what)
{
	const char *name = entry_name(b, l->e);
	if (name == NULL)
		return false;
	if (smap_add(m, name, l))
		return true;
	builder_error(b, l->e, "%s is configured twice", what);
	return false;
}

const char *
listed_value(struct listed *l, const char *name, const char *const *unbuilt)
{
	const struct elem *leaf = elem_find(l->e, name);
	if (leaf == NULL)
		return NULL;
	const char *s = leaf->value ? leaf->value : "";
	for (; *unbuilt != NULL; unbuilt++)
		if (strcmp(*unbuilt, s) == 0) {
			if (l->unbuilt == NULL)
				l->unbuilt = leaf;
			return NULL;
		}
	return s;
}

struct listed *
listed_proposal(struct builder *b, const struct elem *leaf, const struct smap *m)
{
	struct listed *l = smap_find(m, leaf->value ? leaf->value : "");
	if (l == NULL)
		builder_error(b, leaf, "Referenced proposal is not defined");
	return l;
}

size_t
proposals_count(struct builder *b, const struct elem *e)
{
	size_t n = 0;
	elem_each (leaf, e, "proposals")
		if (n++ == PROPOSALS_MAX)
			builder_error(
			    b, leaf, "Number of elements exceeds limit of %d", PROPOSALS_MAX);
	return n;
}

unsigned
bad_spi_load(struct builder *b, const struct elem *e)
{
	const struct elem *answer = elem_find(e, "respond-bad-spi");
	uint32_t n = BAD_SPI_DEFAULT;
	if (answer == NULL)
		return 0;
	child_u32(b, answer, "max-responses", 1, BAD_SPI_MAX, &n);
	return n;
}

/* --- proposals --- */

static void
invalid(struct builder *b, const struct listed *l, const char *name)
{
	builder_error(b, elem_find(l->e, name), "invalid value '%s'", elem_value(l->e, name));
}

static void
proposal_load(struct builder *b, struct listed *l, struct conf_ike_proposal *p)
{
	static const char *const methods[] = { "ecdsa-signatures-256", "ecdsa-signatures-384",
		NULL };
	static const char *const none[] = { NULL };
	const char *name = p->name;
	*p = builtin;
	p->name = name;
	const char *s = listed_value(l, "authentication-method", methods);
	if (s != NULL && (p->method = method_by_name(s)) == METHOD_MAX)
		invalid(b, l, "authentication-method");
	s = listed_value(l, "encryption-algorithm", none);
	if (s != NULL && (p->enc = enc_by_name(s)) == ENC_MAX)
		invalid(b, l, "encryption-algorithm");
	s = listed_value(l, "authentication-algorithm", none);
	if (s != NULL && (p->hash = hash_by_name(s)) == HASH_MAX)
		invalid(b, l, "authentication-algorithm");
	s = listed_value(l, "dh-group", none);
	if (s != NULL && (p->group = dh_by_name(s)) == DH_MAX)
		invalid(b, l, "dh-group");
	child_u32(b, l->e, "lifetime-seconds", LIFETIME_MIN, LIFETIME_MAX, &p->lifetime_s);
}

static void
proposals_load(struct builder *b, struct hierarchy *h, const struct elem *ike)
{
	size_t n = elem_count(ike, "proposal");
	struct conf_ike_proposal *proposals = arena_array(b->a, n, sizeof(*proposals));
	struct listed *listed = arena_array(b->scratch, n, sizeof(*listed));
	size_t i = 0;
	elem_each (e, ike, "proposal") {
		struct listed *l = &listed[i];
		*l = (struct listed){ .e = e, .ike_proposal = &proposals[i] };
		if (!listed_add(b, &h->ike_proposals, l, "Proposal"))
			continue;
		proposals[i].name = arena_strdup(b->a, elem_value(e, "name"));
		proposal_load(b, l, &proposals[i++]);
	}
}

/* --- policies --- */

static void
mode_load(struct builder *b, const struct elem *e, struct conf_ike_policy *p)
{
	const struct elem *leaf = elem_find(e, "mode");
	const char *s = leaf != NULL && leaf->value != NULL ? leaf->value : "";
	p->is_aggressive = strcmp(s, "aggressive") == 0;
	if (leaf != NULL && !p->is_aggressive && strcmp(s, "main") != 0)
		builder_error(b, leaf, "invalid value '%s'", s);
}

static void
psk_load(struct builder *b, const struct elem *e, struct conf_ike_policy *p)
{
	bool is_hex;
	const struct elem *key = elem_find(e, "pre-shared-key");
	const char *s = key != NULL ? secret_text(b, key, &is_hex) : NULL;
	if (s == NULL)
		return;
	size_t len = strlen(s);
	if (len == 0 || len > 255)
		builder_error(b, key, "Length %zu is not within range (1..255)", len);
	else if (is_hex && len % 2 != 0)
		builder_error(b, key, "Must be an even number of hexadecimal digits");
	else
		p->psk = secret_octets(b, s, is_hex);
}

static void
refs_load(
    struct builder *b, const struct hierarchy *h, const struct elem *e, struct conf_ike_policy *p)
{
	const struct conf_ike_proposal **list =
	    arena_array(b->a, proposals_count(b, e), sizeof(*list));
	elem_each (leaf, e, "proposals") {
		const struct listed *l = listed_proposal(b, leaf, &h->ike_proposals);
		if (l != NULL)
			list[p->n_proposals++] = l->ike_proposal;
	}
	p->proposals = list;
	if (p->n_proposals == 0) {
		p->proposals = builtin_list;
		p->n_proposals = 1;
	}
}

/* What a policy of [edit security ike] is found by. */
static void
peer_add(struct builder *b, const struct elem *e, struct conf_ike_policy *p)
{
	struct addr peer = { 0 };
	char text[ADDR_STRLEN];
	const struct elem *name = elem_find(e, "name");
	if (!leaf_addr(b, name, &peer))
		return;
	addr_print(peer, text);
	if (!smap_add(&b->index->peers, arena_strdup(b->a, text), p))
		builder_error(b, e, "Policy is configured twice");
}

static void
policy_load(struct builder *b, const struct hierarchy *h, struct listed *l)
{
	struct conf_ike_policy *p = l->ike_policy;
	static const char *const versions[] = { "2", NULL };
	static const char *const kinds[] = { "pkcs7", NULL };
	p->name = arena_strdup(b->a, elem_value(l->e, "name"));
	p->is_security = h->is_security;
	mode_load(b, l->e, p);
	refs_load(b, h, l->e, p);
	psk_load(b, l->e, p);
	const char *certificate = elem_value(l->e, "local-certificate");
	if (certificate != NULL)
		p->local_certificate = arena_strdup(b->a, certificate);
	local_id_load(b, l->e, &p->local_id);
	remote_ids_load(b, l->e, p);
	(void)listed_value(l, "version", versions);
	(void)listed_value(l, "peer-certificate-type", kinds);
	p->bad_spi_max = bad_spi_load(b, l->e);
	if (h->is_security)
		peer_add(b, l->e, p);
}

static size_t
policies_load(struct builder *b, struct hierarchy *h, const struct elem *ike,
    const struct conf_ike_policy **list)
{
	size_t n = elem_count(ike, "policy");
	struct conf_ike_policy *policies = arena_array(b->a, n, sizeof(*policies));
	struct listed *listed = arena_array(b->scratch, n, sizeof(*listed));
	size_t i = 0;
	elem_each (e, ike, "policy") {
		struct listed *l = &listed[i];
		*l = (struct listed){ .e = e, .ike_policy = &policies[i] };
		if (!listed_add(b, &h->ike_policies, l, "Policy"))
			continue;
		policy_load(b, h, l);
		list[i] = &policies[i];
		i++;
	}
	return i;
}

void
ike_load(struct builder *b)
{
	const struct elem *services = elem_find(b->services.top, "ike");
	const struct elem *security = elem_find(b->security.top, "ike");
	size_t n = elem_count(services, "policy") + elem_count(security, "policy");
	const struct conf_ike_policy **list = arena_array(b->a, n, sizeof(*list));
	proposals_load(b, &b->services, services);
	proposals_load(b, &b->security, security);
	n = policies_load(b, &b->services, services, list);
	n += policies_load(b, &b->security, security, list + n);
	b->c->ike_policies = list;
	b->c->n_ike_policies = n;
	b->c->security_bad_spi_max = bad_spi_load(b, security);
}
