/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_ike.c - rules between statements: IKE and IPsec policies and proposals, and who refers to them.
 *
 * The same four lists stand under [edit services ipsec-vpn] (services PICs) and [edit security] (ES
 * PICs). Here it is judged what excludes each other, in use or not; what a tunnel needs in order to run is in
 * check_dynamic.c. Called by conf_load() on its thread.
 */
#include "lib/conf/builder.h"

#include <string.h>

/* Finds what LEAF names; reports MESSAGE if it is not there. NULL also if LEAF is NULL. */
static const struct elem *
ref(struct builder *b, const struct elem *leaf, const struct smap *m, const char *message)
{
	if (leaf == NULL)
		return NULL;
	const struct listed *l = smap_find(m, leaf->value ? leaf->value : "");
	if (l == NULL)
		builder_error(b, leaf, "%s", message);
	return l != NULL ? l->e : NULL;
}

/* --- proposals and policies --- */

static bool
value_is(const struct elem *e, const char *name, const char *value)
{
	const char *s = elem_value(e, name);
	return s != NULL && strcmp(s, value) == 0;
}

static void
ipsec_proposals_check(struct builder *b, const struct elem *ipsec)
{
	elem_each (e, ipsec, "proposal") {
		const struct elem *enc = elem_find(e, "encryption-algorithm");
		const struct elem *auth = elem_find(e, "authentication-algorithm");
		if (enc == NULL)
			continue;
		bool is_gcm = enc->value != NULL && strstr(enc->value, "-gcm") != NULL;
		if (value_is(e, "protocol", "ah"))
			builder_error(b, enc, "Encryption algorithm must not be defined for AH");
		if (auth != NULL && is_gcm)
			builder_error(
			    b, auth, "HMAC Authentication is not compatible with AES-GCM");
		if (value_is(e, "protocol", "bundle") && is_gcm)
			builder_error(b, enc, "AES-GCM is not compatible with protocol bundle");
	}
}

/* The longer digest is for services interfaces only. */
static void
security_proposals_check(struct builder *b, const struct elem *ipsec)
{
	elem_each (e, ipsec, "proposal") {
		const struct elem *auth = elem_find(e, "authentication-algorithm");
		if (auth != NULL && auth->value != NULL &&
		    strncmp(auth->value, "hmac-sha", 8) == 0 && auth->value[8] != '1')
			builder_error(b, auth,
			    "%s is not supported for IKE and IPSec configuration in security "
			    "hierarchy",
			    auth->value);
	}
}

static void
ipsec_policies_check(struct builder *b, const struct elem *ipsec)
{
	elem_each (e, ipsec, "policy") {
		const struct elem *set = elem_find(e, "proposal-set");
		if (set != NULL && elem_has(e, "proposals"))
			builder_error(b, set,
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
services_policies_check(struct builder *b, const struct elem *ike)
{
	elem_each (e, ike, "policy") {
		const struct elem *id = elem_find(e, "remote-id");
		const struct elem *any = elem_find(id, "any-remote-id");
		if (any != NULL && (id->child != any || any->next != NULL))
			builder_error(b, any,
			    "Specific 'remote-id' statement must not be configured when "
			    "'any-remote-id' statement is configured.");
	}
}

static void
security_policies_check(struct builder *b, const struct elem *ike)
{
	elem_each (e, ike, "policy") {
		const char *pair = elem_value(e, "local-key-pair");
		if (!has_identity(e))
			builder_error(b, e,
			    "Either pre-shared-key or local-certificate must be configured in "
			    "ike policy");
		if (pair != NULL && value_is(e, "local-certificate", pair))
			builder_error(b, elem_find(e, "local-key-pair"),
			    "Local certificate and local key pair files must be different");
	}
}

/* One name under both hierarchies would be ambiguous to the key management process. */
static void
both_check(struct builder *b, const struct elem *services, const char *list,
    const struct smap *security, const char *what, const char *path)
{
	elem_each (e, services, list) {
		const char *name = elem_value(e, "name");
		if (name != NULL && smap_find(security, name) != NULL)
			builder_error(b, e,
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
term_check(struct builder *b, const struct elem *dynamic)
{
	const struct elem *leaf = elem_find(dynamic, "ike-policy");
	const struct listed *l = leaf != NULL && leaf->value != NULL
				     ? smap_find(&b->services.ike_policies, leaf->value)
				     : NULL;
	if (l != NULL && !has_identity(l->e))
		builder_error(b, leaf,
		    "Either pre-shared-key or local-certificate must be configured in the "
		    "referencd ike policy");
	if (l != NULL && l->ike_policy->takes_any_remote_id)
		builder_error(b, leaf,
		    "Referenced IKE policy can include 'any-remote-id' statement only in the DEP "
		    "(dynamic endpoints configuration) mode");
}

static void
client_check(struct builder *b, const struct elem *ike)
{
	const struct elem *leaf = elem_find(ike, "ike-policy");
	const struct elem *policy = ref(b, leaf, &b->services.ike_policies, ike_policy_message);
	if (policy != NULL && value_is(policy, "mode", "aggressive"))
		builder_error(b, leaf, "Aggressive mode is not supported for dynamic endpoints");
	if (policy != NULL && !has_identity(policy))
		builder_error(b, leaf,
		    "Either 'pre-shared-key' or 'local-certificate' statement must be included "
		    "in the referenced IKE policy");
	(void)ref(
	    b, elem_find(ike, "ipsec-policy"), &b->services.ipsec_policies, ipsec_policy_message);
	const struct elem *dpd = elem_find(ike, "dead-peer-detection");
	if (dpd != NULL && !elem_has(ike, "initiate-dead-peer-detection"))
		builder_error(b, dpd,
		    "[ edit access profile <*> client * ike initiate-dead-peer-detection ] "
		    "must be set");
	if (!elem_has(ike, "interface-id"))
		builder_missing(b, ike, "interface-id");
}

static void
profiles_check(struct builder *b)
{
	const struct elem *access = elem_find(b->root, "access");
	struct smap profiles = { 0 };
	elem_each (p, access, "profile") {
		const char *name = elem_value(p, "name");
		if (name != NULL)
			(void)smap_add(&profiles, name, p);
		elem_each (client, p, "client")
			elem_each (ike, client, "ike")
				client_check(b, ike);
	}
	elem_each (s, elem_find(b->root, "services"), "service-set") {
		const struct elem *leaf =
		    elem_find(elem_find(s, "ipsec-vpn-options"), "ike-access-profile");
		if (leaf != NULL && smap_find(&profiles, leaf->value ? leaf->value : "") == NULL)
			builder_error(b, leaf, "referenced ike access profile must be defined");
	}
	smap_done(&profiles);
}

static void
lists_check(struct builder *b)
{
	const struct elem *ike = elem_find(b->services.top, "ike");
	const struct elem *ipsec = elem_find(b->services.top, "ipsec");
	ipsec_proposals_check(b, ipsec);
	ipsec_proposals_check(b, elem_find(b->security.top, "ipsec"));
	security_proposals_check(b, elem_find(b->security.top, "ipsec"));
	ipsec_policies_check(b, ipsec);
	ipsec_policies_check(b, elem_find(b->security.top, "ipsec"));
	services_policies_check(b, ike);
	security_policies_check(b, elem_find(b->security.top, "ike"));
	both_check(b, ike, "proposal", &b->security.ike_proposals, "IKE", "ike");
	both_check(b, ipsec, "proposal", &b->security.ipsec_proposals, "IPSec", "ipsec");
	both_check(b, ipsec, "policy", &b->security.ipsec_policies, "IPSec", "ipsec");
}

void
check_ike(struct builder *b)
{
	const struct elem *vpn = b->services.top;
	lists_check(b);
	elem_each (rule, vpn, "rule")
		elem_each (term, rule, "term") {
			const struct elem *dynamic = elem_path(term, "then/dynamic");
			if (dynamic != NULL)
				term_check(b, dynamic);
		}
	profiles_check(b);
	const struct elem *trace = elem_find(vpn, "traceoptions");
	if (trace != NULL && elem_has(b->security.top, "traceoptions"))
		builder_error(b, trace,
		    "The traceoptions must not be configured under [edit services ipsec-vpn] and "
		    "[edit security] simultaneously");
}
