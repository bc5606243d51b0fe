/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alg.c - THE table of algorithms, and the rule about weak DES keys.
 *
 * The weak-key list is that of FIPS 74 (4 weak keys, 12 semiweak keys) plus two spellings that
 * JUNOS's own table prints, E0 x 8 and 1F x 8. Keys are compared without their parity bits.
 */
#include "lib/crypto/alg.h"

#include <string.h>

static const struct auth_info auths[AUTH_MAX] = {
	[AUTH_NONE] = { "none", 0, 0, 0, 0 },
	[AUTH_HMAC_MD5_96] = { "hmac-md5-96", 16, 12, 1, 2 },
	[AUTH_HMAC_SHA1_96] = { "hmac-sha1-96", 20, 12, 2, 3 },
	[AUTH_HMAC_SHA_256_128] = { "hmac-sha-256-128", 32, 16, 5, 5 },
};

static const struct enc_info encs[ENC_MAX] = {
	[ENC_NULL] = { "none", 0, 0, 4, false, 0, 11, false, 0, 0 },
	[ENC_DES_CBC] = { "des-cbc", 8, 8, 8, true, 1, 2, false, 0, 0 },
	[ENC_3DES_CBC] = { "3des-cbc", 24, 8, 8, true, 5, 3, false, 0, 0 },
	[ENC_AES_128_CBC] = { "aes-128-cbc", 16, 16, 16, false, 7, 12, true, 0, 0 },
	[ENC_AES_192_CBC] = { "aes-192-cbc", 24, 16, 16, false, 7, 12, true, 0, 0 },
	[ENC_AES_256_CBC] = { "aes-256-cbc", 32, 16, 16, false, 7, 12, true, 0, 0 },
	[ENC_AES_128_GCM] = { "aes-128-gcm", 16, 8, 4, false, 0, 20, true, 4, 16 },
	[ENC_AES_192_GCM] = { "aes-192-gcm", 24, 8, 4, false, 0, 20, true, 4, 16 },
	[ENC_AES_256_GCM] = { "aes-256-gcm", 32, 8, 4, false, 0, 20, true, 4, 16 },
	[ENC_CHACHA20_POLY1305] = { "chacha20-poly1305", 32, 8, 4, false, 0, 0, false, 4, 16 },
};

static const struct hash_info hashes[HASH_MAX] = {
	[HASH_MD5] = { "md5", 16, 64, 1 },
	[HASH_SHA1] = { "sha1", 20, 64, 2 },
	[HASH_SHA_256] = { "sha-256", 32, 64, 4 },
	[HASH_SHA_384] = { "sha-384", 48, 128, 5 },
};

static const struct dh_info groups[DH_MAX] = {
	[DH_NONE] = { "none", 0, 0, 0, 0 },
	[DH_GROUP1] = { "group1", 1, 96, 96, 32 },
	[DH_GROUP2] = { "group2", 2, 128, 128, 32 },
	[DH_GROUP5] = { "group5", 5, 192, 192, 32 },
	[DH_GROUP14] = { "group14", 14, 256, 256, 32 },
	[DH_GROUP15] = { "group15", 15, 384, 384, 40 },
	[DH_GROUP16] = { "group16", 16, 512, 512, 48 },
	[DH_GROUP19] = { "group19", 19, 64, 32, 40 },
	[DH_GROUP20] = { "group20", 20, 96, 48, 56 },
	[DH_GROUP24] = { "group24", 24, 256, 256, 40 },
};

static const struct method_info methods[METHOD_MAX] = {
	[METHOD_PSK] = { "pre-shared-keys", 1 },
	[METHOD_RSA] = { "rsa-signatures", 3 },
	[METHOD_DSA] = { "dsa-signatures", 2 },
};

static const uint8_t weak[][8] = {
	{ 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01 },
	{ 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe },
	{ 0xe0, 0xe0, 0xe0, 0xe0, 0xf1, 0xf1, 0xf1, 0xf1 },
	{ 0x1f, 0x1f, 0x1f, 0x1f, 0x0e, 0x0e, 0x0e, 0x0e },
	{ 0xe0, 0xe0, 0xe0, 0xe0, 0xe0, 0xe0, 0xe0, 0xe0 },
	{ 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f },
};

static const uint8_t semiweak[][8] = {
	{ 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe },
	{ 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01 },
	{ 0x1f, 0xe0, 0x1f, 0xe0, 0x0e, 0xf1, 0x0e, 0xf1 },
	{ 0xe0, 0x1f, 0xe0, 0x1f, 0xf1, 0x0e, 0xf1, 0x0e },
	{ 0x01, 0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1 },
	{ 0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1, 0x01 },
	{ 0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e, 0xfe },
	{ 0xfe, 0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e },
	{ 0x01, 0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e },
	{ 0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e, 0x01 },
	{ 0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1, 0xfe },
	{ 0xfe, 0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1 },
};

const struct auth_info *
auth_info(enum auth_alg alg)
{
	return &auths[alg < AUTH_MAX ? alg : AUTH_NONE];
}

const struct enc_info *
enc_info(enum enc_alg alg)
{
	return &encs[alg < ENC_MAX ? alg : ENC_NULL];
}

const struct hash_info *
hash_info(enum hash_alg alg)
{
	return &hashes[alg < HASH_MAX ? alg : HASH_SHA1];
}

const struct dh_info *
dh_info(enum dh_group group)
{
	return &groups[group < DH_MAX ? group : DH_NONE];
}

const struct method_info *
method_info(enum auth_method method)
{
	return &methods[method < METHOD_MAX ? method : METHOD_PSK];
}

bool
enc_is_aead(enum enc_alg alg)
{
	return enc_info(alg)->icv_len > 0;
}

size_t
enc_secret_len(enum enc_alg alg)
{
	return (size_t)enc_info(alg)->key_len + enc_info(alg)->salt_len;
}

enum auth_alg
auth_by_name(const char *name)
{
	enum auth_alg alg = AUTH_NONE + 1;
	while (alg < AUTH_MAX && strcmp(auths[alg].name, name) != 0)
		alg++;
	return alg;
}

enum enc_alg
enc_by_name(const char *name)
{
	enum enc_alg alg = ENC_NULL + 1;
	while (alg < ENC_MAX && strcmp(encs[alg].name, name) != 0)
		alg++;
	return alg;
}

enum hash_alg
hash_by_name(const char *name)
{
	enum hash_alg alg = 0;
	while (alg < HASH_MAX && strcmp(hashes[alg].name, name) != 0)
		alg++;
	return alg;
}

enum dh_group
dh_by_name(const char *name)
{
	enum dh_group group = DH_NONE + 1;
	while (group < DH_MAX && strcmp(groups[group].name, name) != 0)
		group++;
	return group;
}

enum auth_method
method_by_name(const char *name)
{
	enum auth_method method = 0;
	while (method < METHOD_MAX && strcmp(methods[method].name, name) != 0)
		method++;
	return method;
}

/* Is KEY_BITS what the attribute Key Length says, or may leave out, for this algorithm? RFC 4106 s8.2 wants it said. */
static bool
key_bits_fit(const struct enc_info *e, unsigned key_bits)
{
	unsigned bits = e->key_len * 8U;
	bool may_lack = bits == 128 && e->icv_len == 0;
	return e->v1_has_len ? key_bits == bits || (key_bits == 0 && may_lack) : key_bits == 0;
}

enum enc_alg
enc_by_v1_ike(unsigned id, unsigned key_bits)
{
	enum enc_alg alg = ENC_NULL + 1;
	if (id == 0) /* in the table: there is no number */
		return ENC_MAX;
	while (alg < ENC_MAX && (encs[alg].v1_ike != id || !key_bits_fit(&encs[alg], key_bits)))
		alg++;
	return alg;
}

enum enc_alg
enc_by_v1_esp(unsigned id, unsigned key_bits)
{
	enum enc_alg alg = ENC_NULL;
	if (id == 0)
		return ENC_MAX;
	while (alg < ENC_MAX && (encs[alg].v1_esp != id || !key_bits_fit(&encs[alg], key_bits)))
		alg++;
	return alg;
}

enum auth_alg
auth_by_v1_attr(unsigned value)
{
	enum auth_alg alg = AUTH_NONE + 1;
	while (alg < AUTH_MAX && auths[alg].v1_attr != value)
		alg++;
	return alg;
}

enum auth_alg
auth_by_v1_ah(unsigned id)
{
	enum auth_alg alg = AUTH_NONE + 1;
	while (alg < AUTH_MAX && auths[alg].v1_ah_id != id)
		alg++;
	return alg;
}

enum hash_alg
hash_by_v1_ike(unsigned value)
{
	enum hash_alg alg = 0;
	while (alg < HASH_MAX && hashes[alg].v1_ike != value)
		alg++;
	return alg;
}

enum dh_group
dh_by_id(unsigned id)
{
	enum dh_group group = DH_NONE + 1;
	while (group < DH_MAX && groups[group].ike_id != id)
		group++;
	return group;
}

enum auth_method
method_by_v1_ike(unsigned value)
{
	enum auth_method method = 0;
	while (method < METHOD_MAX && methods[method].v1_ike != value)
		method++;
	return method;
}

static bool
part_eq(const uint8_t *a, const uint8_t *b)
{
	uint8_t diff = 0;
	for (unsigned i = 0; i < 8; i++)
		diff |= (uint8_t)((a[i] ^ b[i]) & 0xfe);
	return diff == 0;
}

static bool
part_is_in(const uint8_t *part, const uint8_t (*list)[8], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (part_eq(part, list[i]))
			return true;
	return false;
}

enum key_fault
enc_key_check(enum enc_alg alg, const uint8_t *key, size_t len)
{
	const struct enc_info *info = enc_info(alg);
	if (len != info->key_len)
		return KEY_WRONG_LENGTH;
	if (!info->is_des)
		return KEY_OK;
	for (size_t at = 0; at < len; at += 8)
		if (part_is_in(key + at, weak, sizeof(weak) / sizeof(weak[0])))
			return KEY_WEAK;
	for (size_t at = 0; at < len; at += 8)
		if (part_is_in(key + at, semiweak, sizeof(semiweak) / sizeof(semiweak[0])))
			return KEY_SEMIWEAK;
	if (len == 24 && part_eq(key, key + 8))
		return KEY_SAME_PARTS;
	return KEY_OK;
}

enum key_fault
auth_key_check(enum auth_alg alg, size_t len)
{
	return len == auth_info(alg)->key_len ? KEY_OK : KEY_WRONG_LENGTH;
}
