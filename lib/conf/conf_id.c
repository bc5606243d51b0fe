/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_id.c - `local-id` and `remote-id` of an IKE policy: who each end says it is.
 *
 * Addresses become octets, and so does a key identifier written as hexadecimal digits; names stay text. A name with
 * an @ is that of a user. Called by conf_ike.c.
 */
#include "lib/conf/builder.h"

#include <string.h>

static const struct {
	const char *word;
	enum conf_id_kind kind;
} kinds[] = {
	{ "ipv4_addr", CONF_ID_IPV4 },
	{ "ipv6-addr", CONF_ID_IPV6 },
	{ "fqdn", CONF_ID_FQDN },
	{ "key-id", CONF_ID_KEY },
};

static const struct {
	const char *word;
	enum conf_id_kind kind;
} dn_kinds[] = {
	{ "container", CONF_ID_DN_CONTAINER },
	{ "wildcard", CONF_ID_DN_WILDCARD },
	{ "exact-match", CONF_ID_DN_EXACT },
};

static enum conf_id_kind
id_kind(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].word, word) == 0)
			return kinds[i].kind;
	return CONF_ID_NONE;
}

static struct conf_id
id_text(struct builder *b, enum conf_id_kind kind, const char *s)
{
	size_t len = strlen(s);
	return (struct conf_id){ kind, arena_memdup(b->a, s, len), (uint16_t)len };
}

static bool
addr_id(struct builder *b, const struct elem *leaf, enum conf_id_kind kind, struct conf_id *out)
{
	struct addr a;
	if (!leaf_addr(b, leaf, &a))
		return false;
	if (a.family != (kind == CONF_ID_IPV4 ? ADDR_V4 : ADDR_V6)) {
		builder_error(b, leaf, "invalid ip address: '%s'", leaf->value);
		return false;
	}
	*out = (struct conf_id){ kind, arena_memdup(b->a, a.b, addr_len(a)), (uint8_t)addr_len(a) };
	return true;
}

/* Digits are octets; of a peer any other text may be configured, too, and stands for itself. */
static bool
key_id(struct builder *b, const struct elem *leaf, bool is_local, struct conf_id *out)
{
	const char *s = leaf->value ? leaf->value : "";
	bool is_octets = is_hex_digits(s) && strlen(s) % 2 == 0;
	if (is_local && !is_octets) {
		builder_error(b, leaf, "Must be an even number of hexadecimal digits");
		return false;
	}
	if (!is_octets) {
		*out = id_text(b, CONF_ID_KEY, s);
		return true;
	}
	struct secret octets = secret_octets(b, s, true);
	*out = (struct conf_id){ CONF_ID_KEY, octets.b, octets.len };
	return true;
}

/* Reads one identity; false if it is none, which was reported. */
static bool
id_load(struct builder *b, const struct elem *leaf, bool is_local, struct conf_id *out)
{
	enum conf_id_kind kind = id_kind(leaf->name);
	const char *s = leaf->value ? leaf->value : "";
	if (*s == '\0' || strlen(s) > 255) {
		builder_error(b, leaf, "Length %zu is not within range (1..255)", strlen(s));
		return false;
	}
	switch (kind) {
	case CONF_ID_IPV4:
	case CONF_ID_IPV6:
		return addr_id(b, leaf, kind, out);
	case CONF_ID_KEY:
		return key_id(b, leaf, is_local, out);
	default:
		*out = id_text(b, strchr(s, '@') != NULL ? CONF_ID_USER_FQDN : CONF_ID_FQDN, s);
		return true;
	}
}

void
local_id_load(struct builder *b, const struct elem *policy, struct conf_id *out)
{
	const struct elem *id = elem_find(policy, "local-id");
	const struct elem *leaf = id != NULL ? id->child : NULL;
	if (leaf == NULL)
		return;
	if (leaf->next != NULL)
		builder_error(b, leaf->next, "Number of elements exceeds limit of 1");
	if (strcmp(leaf->name, "distinguished-name") == 0)
		out->kind = CONF_ID_DN;
	else if (id_kind(leaf->name) != CONF_ID_NONE)
		(void)id_load(b, leaf, true, out);
	else
		builder_unsupported(b, leaf, "Identity is not supported");
}

static void
dn_load(struct builder *b, const struct elem *dn, struct conf_id *ids, size_t *n)
{
	for (size_t i = 0; i < sizeof(dn_kinds) / sizeof(dn_kinds[0]); i++)
		elem_each (leaf, dn, dn_kinds[i].word)
			ids[(*n)++] = id_text(b, dn_kinds[i].kind, leaf->value ? leaf->value : "");
}

static size_t
child_count(const struct elem *e)
{
	size_t n = 0;
	for (const struct elem *c = e != NULL ? e->child : NULL; c != NULL; c = c->next)
		n++;
	return n;
}

void
remote_ids_load(struct builder *b, const struct elem *policy, struct conf_ike_policy *p)
{
	const struct elem *list = elem_find(policy, "remote-id");
	size_t n = child_count(list);
	elem_each (dn, list, "distinguished-name")
		n += child_count(dn);
	struct conf_id *ids = arena_array(b->a, n, sizeof(*ids));
	for (const struct elem *e = list != NULL ? list->child : NULL; e != NULL; e = e->next) {
		if (strcmp(e->name, "any-remote-id") == 0)
			p->takes_any_remote_id = true;
		else if (strcmp(e->name, "distinguished-name") == 0)
			dn_load(b, e, ids, &p->n_remote_ids);
		else if (id_kind(e->name) == CONF_ID_NONE)
			builder_unsupported(b, e, "Identity is not supported");
		else if (id_load(b, e, false, &ids[p->n_remote_ids]))
			p->n_remote_ids++;
	}
	p->remote_ids = ids;
}
