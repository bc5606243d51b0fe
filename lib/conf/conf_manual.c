/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf_manual.c - `manual { direction ... }`: keys and SPIs written in the configuration.
 *
 * The same statements stand under [edit services ipsec-vpn rule R term T then] and [edit security
 * ipsec security-association SA]. Both sides must write everything, so everything is checked: which blocks
 * a protocol needs, exact key lengths, weak DES keys. Messages never hold a key. Called by
 * conf_rule.c and conf_es.c.
 */
#include "lib/conf/builder.h"

#include <string.h>

enum { SPI_MIN = 256, SPI_MAX = 16639 };

static void
count(struct tally *t, const struct elem *e)
{
	if (t->n++ == 0)
		t->first = e;
}

/* Reads `key (ascii-text S | hexadecimal H)` of block E, NEED octets long. */
static bool
key_load(struct builder *b, const struct elem *e, const char *what, const char *alg, size_t need,
    struct secret *out)
{
	const struct elem *key = elem_find(e, "key");
	if (key == NULL) {
		if (b->part == CONF_NETD)
			return true; /* keys were cut out */
		builder_missing(b, e, "key");
		return false;
	}
	bool is_hex;
	const char *s = secret_text(b, key, &is_hex);
	if (s == NULL)
		return false;
	size_t len = strlen(s);
	size_t need_len = is_hex ? need * 2 : need;
	if (len != need_len) {
		builder_error(b, key, "%s key for %s must be %zu %s, but %zu are configured", what,
		    alg, need_len, is_hex ? "hexadecimal digits" : "ASCII characters", len);
		return false;
	}
	*out = secret_octets(b, s, is_hex);
	return true;
}

static void
auth_load(struct builder *b, const struct elem *e, struct conf_manual *m)
{
	const struct elem *leaf = elem_find(e, "algorithm");
	if (leaf == NULL || leaf->value == NULL) {
		builder_missing(b, e, "algorithm");
		return;
	}
	enum auth_alg alg = auth_by_name(leaf->value);
	if (alg == AUTH_MAX) {
		if (strcmp(leaf->value, "hmac-sha2-256") == 0)
			builder_unsupported(b, leaf,
			    "hmac-sha2-256 is not supported because its truncation is not defined; "
			    "use hmac-sha-256-128");
		else
			builder_error(b, leaf, "invalid value '%s'", leaf->value);
		return;
	}
	m->auth = alg;
	if (alg == AUTH_HMAC_MD5_96)
		count(&b->uses_md5, leaf);
	(void)key_load(b, e, "Authentication", leaf->value, auth_info(alg)->key_len, &m->auth_key);
}

static void
weak_check(struct builder *b, const struct elem *key, const char *alg, enum key_fault fault)
{
	switch (fault) {
	case KEY_WEAK:
		builder_error(b, key, "Encryption key for %s must not be a weak key", alg);
		break;
	case KEY_SEMIWEAK:
		builder_error(b, key, "Encryption key for %s must not be a semiweak key", alg);
		break;
	case KEY_SAME_PARTS:
		builder_error(
		    b, key, "First and second 8 octets of the %s encryption key must differ", alg);
		break;
	case KEY_OK:
	case KEY_WRONG_LENGTH: /* said before */
		break;
	}
}

static void
enc_load(struct builder *b, const struct elem *e, struct conf_manual *m)
{
	const struct elem *leaf = elem_find(e, "algorithm");
	if (leaf == NULL || leaf->value == NULL) {
		builder_missing(b, e, "algorithm");
		return;
	}
	enum enc_alg alg = enc_by_name(leaf->value);
	if (alg == ENC_MAX) {
		builder_error(b, leaf, "invalid value '%s'", leaf->value);
		return;
	}
	if (enc_is_aead(alg)) {
		/* RFC 4106 s2: after a restart a counter would come again under the same key */
		builder_error(b, leaf,
		    "%s must not be used in a manual security association because its key would "
		    "outlive its counter",
		    leaf->value);
		return;
	}
	m->enc = alg;
	if (alg == ENC_DES_CBC)
		count(&b->uses_des, leaf);
	if (key_load(b, e, "Encryption", leaf->value, enc_info(alg)->key_len, &m->enc_key) &&
	    m->enc_key.b != NULL)
		weak_check(b, elem_find(e, "key"), leaf->value,
		    enc_key_check(alg, m->enc_key.b, m->enc_key.len));
}

/* Which blocks the protocol needs and forbids. DIR is `direction D`. */
static void
blocks_check(
    struct builder *b, const struct elem *dir, const struct elem *protocol, enum conf_proto proto)
{
	bool auth = elem_has(dir, "authentication");
	bool enc = elem_has(dir, "encryption");
	const struct elem *aux = elem_find(dir, "auxiliary-spi");
	const char *algorithm = elem_value(elem_find(dir, "encryption"), "algorithm");
	switch (proto) {
	case PROTO_AH:
		if (enc)
			builder_error(b, protocol, "Encryption must not be defined for AH");
		if (!auth)
			builder_error(b, protocol, "Authentication must be defined for AH");
		break;
	case PROTO_ESP:
		if (!auth && !enc)
			builder_error(b, protocol,
			    "Either authentication or encryption must be defined for ESP");
		else if (!auth && !enc_is_aead(enc_by_name(algorithm != NULL ? algorithm : "")))
			count(&b->lacks_auth, protocol);
		break;
	case PROTO_BUNDLE:
		if (aux == NULL)
			builder_error(
			    b, protocol, "Auxiliary SPI must be defined for AH plus ESP bundle");
		if (!enc)
			builder_error(
			    b, protocol, "Encryption must be defined for AH plus ESP bundle");
		if (!auth)
			builder_error(
			    b, protocol, "Authentication must be defined for AH plus ESP bundle");
		break;
	}
	if (aux != NULL && proto != PROTO_BUNDLE)
		builder_error(b, aux, "Auxiliary SPI must be configured with protocol bundle only");
}

bool
proto_load(struct builder *b, const struct elem *leaf, enum conf_proto *out)
{
	static const char *const names[] = {
		[PROTO_ESP] = "esp",
		[PROTO_AH] = "ah",
		[PROTO_BUNDLE] = "bundle",
	};
	for (size_t i = 0; leaf->value != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(leaf->value, names[i]) == 0) {
			*out = (enum conf_proto)i;
			return true;
		}
	builder_error(b, leaf, "invalid value '%s'", leaf->value ? leaf->value : "");
	return false;
}

static struct conf_manual
direction_load(struct builder *b, const struct elem *dir)
{
	struct conf_manual m = { .is_set = true };
	const struct elem *protocol = elem_find(dir, "protocol");
	if (protocol == NULL)
		builder_missing(b, dir, "protocol");
	else if (proto_load(b, protocol, &m.proto))
		blocks_check(b, dir, protocol, m.proto);
	if (!elem_has(dir, "spi"))
		builder_missing(b, dir, "spi");
	child_u32(b, dir, "spi", SPI_MIN, SPI_MAX, &m.spi);
	child_u32(b, dir, "auxiliary-spi", SPI_MIN, SPI_MAX, &m.aux_spi);
	const struct elem *auth = elem_find(dir, "authentication");
	if (auth != NULL)
		auth_load(b, auth, &m);
	const struct elem *enc = elem_find(dir, "encryption");
	if (enc != NULL)
		enc_load(b, enc, &m);
	return m;
}

static const struct elem *
direction_find(const struct elem *manual, const char *name)
{
	elem_each (d, manual, "direction") {
		const char *s = elem_value(d, "name");
		if (s != NULL && strcmp(s, name) == 0)
			return d;
	}
	return NULL;
}

void
manual_load(struct builder *b, const struct elem *manual, struct conf_manual_pair *out)
{
	const struct elem *in = direction_find(manual, "inbound");
	const struct elem *ret = direction_find(manual, "outbound");
	const struct elem *both = direction_find(manual, "bidirectional");
	int known = (in != NULL) + (ret != NULL) + (both != NULL);
	if (elem_count(manual, "direction") != (size_t)known)
		builder_error(b, manual,
		    "Directions must be inbound, outbound or bidirectional, each of them once");
	else if (known == 0)
		builder_missing(b, manual, "direction");
	if (both != NULL && known > 1)
		builder_error(b, both, "Outbound or inbound blocks must not be configured");
	else if (in != NULL && ret == NULL)
		builder_error(b, in, "Outbound block must be configured");
	else if (ret != NULL && in == NULL)
		builder_error(b, ret, "Inbound block must be configured");
	struct conf_manual_pair pair = { .is_set = true };
	if (in != NULL)
		pair.in = direction_load(b, in);
	if (ret != NULL)
		pair.out = direction_load(b, ret);
	if (both != NULL)
		pair.in = pair.out = direction_load(b, both);
	*out = pair;
}
