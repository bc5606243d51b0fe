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
	[AUTH_NONE] = { "none", 0, 0 },
	[AUTH_HMAC_MD5_96] = { "hmac-md5-96", 16, 12 },
	[AUTH_HMAC_SHA1_96] = { "hmac-sha1-96", 20, 12 },
	[AUTH_HMAC_SHA_256_128] = { "hmac-sha-256-128", 32, 16 },
};

static const struct enc_info encs[ENC_MAX] = {
	[ENC_NULL] = { "none", 0, 0, 4, false },
	[ENC_DES_CBC] = { "des-cbc", 8, 8, 8, true },
	[ENC_3DES_CBC] = { "3des-cbc", 24, 8, 8, true },
	[ENC_AES_128_CBC] = { "aes-128-cbc", 16, 16, 16, false },
	[ENC_AES_192_CBC] = { "aes-192-cbc", 24, 16, 16, false },
	[ENC_AES_256_CBC] = { "aes-256-cbc", 32, 16, 16, false },
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
