/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_ike.c - rules between statements: IKE and IPsec policies and proposals, and who refers to them.
 *
 * The same four lists stand under [edit services ipsec-vpn] (services PICs) and [edit security] (ES
 * PICs). Only references and exclusions are judged; nothing is loaded, since no tunnel is negotiated from them
 * here. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

/* The lists of one hierarchy: name to struct elem. */
struct lists {
	struct smap ike_proposals;
	struct smap ike_policies;
	struct smap ipsec_proposals;
	struct smap ipsec_policies;
};

struct ike_check {
	struct builder *b;
	struct lists services;
	struct lists security;
};

/* --- lists --- */

static void
list_add(struct smap *m, const struct elem *parent, const char *list)
{
	elem_each (e, parent, list) {
		const char *name = elem_value(e, "name");
		if (name != NULL)
			(void)smap_add(m, name, e);
	}
}

static void
lists_make(struct lists *l, const struct elem *top)
{
	list_add(&l->ike_proposals, elem_find(top, "ike"), "proposal");
	list_add(&l->ike_policies, elem_find(top, "ike"), "policy");
	list_add(&l->ipsec_proposals, elem_find(top, "ipsec"), "proposal");
	list_add(&l->ipsec_policies, elem_find(top, "ipsec"), "policy");
}

static void
lists_done(struct lists *l)
{
	smap_done(&l->ike_proposals);
	smap_done(&l->ike_policies);
	smap_done(&l->ipsec_proposals);
	smap_done(&l->ipsec_policies);
}

/* Finds what LEAF names; reports MESSAGE if it is not there. NULL also if LEAF is NULL. */
static const struct elem *
ref(struct ike_check *k, const struct elem *leaf, const struct smap *m, const char *message)
{
	if (leaf == NULL)
		return NULL;
	const struct elem *e = smap_find(m, leaf->value ? leaf->value : "");
	if (e == NULL)
		builder_error(k->b, leaf, "%s", message);
	return e;
}

/* --- proposals and policies --- */

static bool
value_is(const struct elem *e, const char *name, const char *value)
{
	const char *s = elem_value(e, name);
	return s != NULL && strcmp(s, value) == 0;
}

static void
ipsec_proposals_check(struct ike_check *k, const struct elem *ipsec)
{
	elem_each (e, ipsec, "proposal") {
		const struct elem *enc = elem_find(e, "encryption-algorithm");
		const struct elem *auth = elem_find(e, "authentication-algorithm");
		if (enc == NULL)
			continue;
		if (value_is(e, "protocol", "ah"))
			builder_error(k->b, enc, "Encryption algorithm must not be defined for AH");
		if (auth != NULL && enc->value != NULL && strstr(enc->value, "-gcm") != NULL)
			builder_error(
			    k->b, auth, "HMAC Authentication is not compatible with AES-GCM");
	}
}

static void
policies_check(struct ike_check *k, const struct elem *parent, const struct smap *proposals)
{
	elem_each (e, parent, "policy") {
		elem_each (leaf, e, "proposals")
			(void)ref(k, leaf, proposals, "Referenced proposal is not defined");
		const struct elem *set = elem_find(e, "proposal-set");
		if (set != NULL && elem_has(e, "proposals"))
			builder_error(k->b, set,
			    "IPSec policy must not have both proposals and proposal-set "
			    "configured");
	}
}

static bool
has_identity(const struct elem *policy)
{
	return elem_has(policy, "pre-shared-key") || elem_has(policy, "local-certificate");
}

static void
services_policies_check(struct ike_check *k, const struct elem *ike)
{
	elem_each (e, ike, "policy") {
		const struct elem *id = elem_find(e, "remote-id");
		const struct elem *any = elem_find(id, "any-remote-id");
		if (any != NULL && (id->child != any || any->next != NULL))
			builder_error(k->b, any,
			    "Specific 'remote-id' statement must not be configured when "
			    "'any-remote-id' statement is configured.");
	}
}

static void
security_policies_check(struct ike_check *k, const struct elem *ike)
{
	elem_each (e, ike, "policy") {
		const char *pair = elem_value(e, "local-key-pair");
		if (!has_identity(e))
			builder_error(k->b, e,
			    "Either pre-shared-key or local-certificate must be configured in "
			    "ike policy");
		if (pair != NULL && value_is(e, "local-certificate", pair))
			builder_error(k->b, elem_find(e, "local-key-pair"),
			    "Local certificate and local key pair files must be different");
	}
}

/* One name under both hierarchies would be ambiguous to the key management process. */
static void
both_check(struct ike_check *k, const struct elem *services, const char *list,
    const struct smap *security, const char *what, const char *path)
{
	elem_each (e, services, list) {
		const char *name = elem_value(e, "name");
		if (name != NULL && smap_find(security, name) != NULL)
			builder_error(k->b, e,
			    "Referenced %s %s must not be defined both under "
			    "[edit security %s %s] and [edit services ipsec-vpn %s %s]",
			    what, list, path, list, path, list);
	}
}

/* --- who refers to them --- */

static const char ike_policy_message[] =
    "Referenced IKE policy must be defined under [edit services ipsec-vpn ike policy]";
static const char ipsec_policy_message[] =
    "Referenced IPSec policy must be defined under [edit services ipsec-vpn ipsec policy]";

static void
dynamic_check(struct ike_check *k, const struct elem *dynamic)
{
	const struct elem *leaf = elem_find(dynamic, "ike-policy");
	if (leaf == NULL)
		builder_missing(k->b, dynamic, "ike-policy");
	const struct elem *policy = ref(k, leaf, &k->services.ike_policies, ike_policy_message);
	if (policy != NULL && !has_identity(policy))
		builder_error(k->b, leaf,
		    "Either pre-shared-key or local-certificate must be configured in the "
		    "referencd ike policy");
	if (policy != NULL && elem_path(policy, "remote-id/any-remote-id") != NULL)
		builder_error(k->b, leaf,
		    "Referenced IKE policy can include 'any-remote-id' statement only in the DEP "
		    "(dynamic endpoints configuration) mode");
	(void)ref(k, elem_find(dynamic, "ipsec-policy"), &k->services.ipsec_policies,
	    ipsec_policy_message);
}

static void
client_check(struct ike_check *k, const struct elem *ike)
{
	const struct elem *leaf = elem_find(ike, "ike-policy");
	const struct elem *policy = ref(k, leaf, &k->services.ike_policies, ike_policy_message);
	if (policy != NULL && value_is(policy, "mode", "aggressive"))
		builder_error(k->b, leaf, "Aggressive mode is not supported for dynamic endpoints");
	if (policy != NULL && !has_identity(policy))
		builder_error(k->b, leaf,
		    "Either 'pre-shared-key' or 'local-certificate' statement must be included "
		    "in the referenced IKE policy");
	(void)ref(
	    k, elem_find(ike, "ipsec-policy"), &k->services.ipsec_policies, ipsec_policy_message);
	const struct elem *dpd = elem_find(ike, "dead-peer-detection");
	if (dpd != NULL && !elem_has(ike, "initiate-dead-peer-detection"))
		builder_error(k->b, dpd,
		    "[ edit access profile <*> client * ike initiate-dead-peer-detection ] "
		    "must be set");
	if (!elem_has(ike, "interface-id"))
		builder_missing(k->b, ike, "interface-id");
}

static void
profiles_check(struct ike_check *k)
{
	const struct elem *access = elem_find(k->b->root, "access");
	struct smap profiles = { 0 };
	list_add(&profiles, access, "profile");
	elem_each (p, access, "profile")
		elem_each (client, p, "client")
			elem_each (ike, client, "ike")
				client_check(k, ike);
	elem_each (s, elem_find(k->b->root, "services"), "service-set")
		(void)ref(k, elem_find(elem_find(s, "ipsec-vpn-options"), "ike-access-profile"),
		    &profiles, "referenced ike access profile must be defined");
	smap_done(&profiles);
}

static void
lists_check(struct ike_check *k, const struct elem *vpn, const struct elem *security)
{
	const struct elem *ike = elem_find(vpn, "ike");
	const struct elem *ipsec = elem_find(vpn, "ipsec");
	ipsec_proposals_check(k, ipsec);
	ipsec_proposals_check(k, elem_find(security, "ipsec"));
	policies_check(k, ike, &k->services.ike_proposals);
	policies_check(k, ipsec, &k->services.ipsec_proposals);
	policies_check(k, elem_find(security, "ike"), &k->security.ike_proposals);
	policies_check(k, elem_find(security, "ipsec"), &k->security.ipsec_proposals);
	services_policies_check(k, ike);
	security_policies_check(k, elem_find(security, "ike"));
	both_check(k, ike, "proposal", &k->security.ike_proposals, "IKE", "ike");
	both_check(k, ipsec, "proposal", &k->security.ipsec_proposals, "IPSec", "ipsec");
	both_check(k, ipsec, "policy", &k->security.ipsec_policies, "IPSec", "ipsec");
}

void
check_ike(struct builder *b)
{
	struct ike_check k = { .b = b };
	const struct elem *vpn = elem_path(b->root, "services/ipsec-vpn");
	const struct elem *security = elem_find(b->root, "security");
	lists_make(&k.services, vpn);
	lists_make(&k.security, security);
	lists_check(&k, vpn, security);
	elem_each (rule, vpn, "rule")
		elem_each (term, rule, "term") {
			const struct elem *dynamic = elem_path(term, "then/dynamic");
			if (dynamic != NULL)
				dynamic_check(&k, dynamic);
		}
	elem_each (sa, elem_find(security, "ipsec"), "security-association")
		(void)ref(&k, elem_path(sa, "dynamic/ipsec-policy"), &k.security.ipsec_policies,
		    "Referenced IPSec policy must be defined under [edit security ipsec policy]");
	profiles_check(&k);
	const struct elem *trace = elem_find(vpn, "traceoptions");
	if (trace != NULL && elem_has(security, "traceoptions"))
		builder_error(b, trace,
		    "The traceoptions must not be configured under [edit services ipsec-vpn] and "
		    "[edit security] simultaneously");
	lists_done(&k.services);
	lists_done(&k.security);
}
