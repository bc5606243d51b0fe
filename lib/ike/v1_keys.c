/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_keys.c - the keys, hashes and initialisation vectors of IKEv1.
 */
#include "lib/ike/v1_keys.h"

#include "lib/ike/hdr.h"

#include <string.h>

struct cookies {
	uint8_t i[HDR_COOKIE_LEN];
	uint8_t r[HDR_COOKIE_LEN];
};

static struct cookies
cookies(uint64_t cky_i, uint64_t cky_r)
{
	struct cookies c;
	struct wr w = wr_init(&c, sizeof(c));
	wr_u64(&w, cky_i);
	wr_u64(&w, cky_r);
	return c;
}

struct number {
	uint8_t b[4];
};

static struct number
number(uint32_t v)
{
	return (struct number){ { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
	    (uint8_t)v } };
}

/* prf(KEY, parts) with a key as long as the hash. */
static void
prf(const struct v1_keys *k, const uint8_t *key, const struct part *parts, size_t n, uint8_t *out)
{
	hmac_parts(k->hash, (struct part){ key, hash_info(k->hash)->len }, parts, n, out);
}

/* --- SKEYID and what follows from it --- */

void
v1_skeyid_psk(struct v1_keys *k, struct part psk, struct part ni, struct part nr)
{
	const struct part parts[] = { ni, nr };
	hmac_parts(k->hash, psk, parts, 2, k->skeyid);
}

void
v1_skeyid_sig(struct v1_keys *k, struct part ni, struct part nr, struct part gxy)
{
	uint8_t key[2 * 256];
	struct wr w = wr_init(key, sizeof(key)); /* nonces have at most 256 octets */
	wr_bytes(&w, ni.p, ni.n);
	wr_bytes(&w, nr.p, nr.n);
	hmac_parts(k->hash, (struct part){ key, w.len }, &gxy, 1, k->skeyid);
}

/* Ka = K1 | K2 | ..., K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1), where SKEYID_e is too short itself. */
static void
cipher_key_make(struct v1_keys *k)
{
	size_t want = enc_info(k->enc)->key_len;
	size_t len = hash_info(k->hash)->len;
	if (want <= len) {
		memcpy(k->key, k->skeyid_e, want);
		return;
	}
	uint8_t block[HASH_LEN_MAX];
	struct part input = { &(uint8_t){ 0 }, 1 };
	for (size_t at = 0; at < want; at += len) {
		prf(k, k->skeyid_e, &input, 1, block);
		memcpy(k->key + at, block, want - at < len ? want - at : len);
		input = (struct part){ block, len };
	}
	secret_wipe(block, sizeof(block));
}

void
v1_keys_derive(struct v1_keys *k, struct part gxy, uint64_t cky_i, uint64_t cky_r)
{
	const struct cookies c = cookies(cky_i, cky_r);
	size_t len = hash_info(k->hash)->len;
	const struct {
		const uint8_t *before; /* the one that goes in first */
		uint8_t *out;
	} rows[] = {
		{ NULL, k->skeyid_d },
		{ k->skeyid_d, k->skeyid_a },
		{ k->skeyid_a, k->skeyid_e },
	};
	for (uint8_t i = 0; i < 3; i++) {
		const struct part parts[] = {
			{ rows[i].before, rows[i].before != NULL ? len : 0 },
			gxy,
			{ &c, sizeof(c) },
			{ &i, 1 },
		};
		prf(k, k->skeyid, parts, 4, rows[i].out);
	}
	cipher_key_make(k);
}

void
v1_keys_wipe(struct v1_keys *k)
{
	secret_wipe(k, sizeof(*k));
}

/* --- hashes --- */

void
v1_hash_proof(const struct v1_keys *k, enum hash_alg alg, enum v1_side side,
    const struct v1_proof *p, uint8_t out[HASH_LEN_MAX])
{
	const struct cookies c = cookies(p->cky_i, p->cky_r);
	bool is_i = side == V1_INITIATOR;
	const struct part parts[] = {
		is_i ? p->gxi : p->gxr,
		is_i ? p->gxr : p->gxi,
		{ is_i ? c.i : c.r, HDR_COOKIE_LEN },
		{ is_i ? c.r : c.i, HDR_COOKIE_LEN },
		p->sai,
		p->id,
	};
	hmac_parts(alg, (struct part){ k->skeyid, hash_info(k->hash)->len }, parts, 6, out);
}

void
v1_hash1(const struct v1_keys *k, uint32_t mid, struct part rest, uint8_t out[HASH_LEN_MAX])
{
	v1_hash2(k, mid, (struct part){ 0 }, rest, out);
}

void
v1_hash2(const struct v1_keys *k, uint32_t mid, struct part ni, struct part rest,
    uint8_t out[HASH_LEN_MAX])
{
	const struct number id = number(mid);
	const struct part parts[] = { { id.b, 4 }, ni, rest };
	prf(k, k->skeyid_a, parts, 3, out);
}

void
v1_hash3(const struct v1_keys *k, uint32_t mid, struct part ni, struct part nr,
    uint8_t out[HASH_LEN_MAX])
{
	const struct number id = number(mid);
	const struct part parts[] = { { &(uint8_t){ 0 }, 1 }, { id.b, 4 }, ni, nr };
	prf(k, k->skeyid_a, parts, 4, out);
}

/* --- encryption --- */

struct v1_iv
v1_iv_phase1(const struct v1_keys *k, struct part gxi, struct part gxr)
{
	const struct part parts[] = { gxi, gxr };
	uint8_t out[HASH_LEN_MAX];
	struct v1_iv iv;
	hash_parts(k->hash, parts, 2, out);
	memcpy(iv.b, out, sizeof(iv.b));
	return iv;
}

struct v1_iv
v1_iv_phase2(const struct v1_keys *k, const struct v1_iv *last, uint32_t mid)
{
	const struct number id = number(mid);
	const struct part parts[] = { { last->b, enc_info(k->enc)->iv_len }, { id.b, 4 } };
	uint8_t out[HASH_LEN_MAX];
	struct v1_iv iv;
	hash_parts(k->hash, parts, 2, out);
	memcpy(iv.b, out, sizeof(iv.b));
	return iv;
}

size_t
v1_seal(const struct v1_keys *k, struct v1_iv *iv, uint8_t *msg, size_t len, size_t cap)
{
	size_t block = enc_info(k->enc)->block_len;
	size_t body = (len - HDR_LEN + block - 1) / block * block;
	size_t total = HDR_LEN + body;
	if (total > cap)
		return 0;
	memset(msg + len, 0, total - len);
	struct wr w = wr_init(msg, total);
	w.len = total;
	hdr_patch_len(&w, (uint32_t)total);
	cipher_cbc(k->enc, CIPHER_ENCRYPT, k->key, iv->b, msg + HDR_LEN, body);
	return total;
}

bool
v1_open(const struct v1_keys *k, struct v1_iv *iv, uint8_t *msg, size_t len)
{
	if (len <= HDR_LEN || (len - HDR_LEN) % enc_info(k->enc)->block_len != 0)
		return false;
	cipher_cbc(k->enc, CIPHER_DECRYPT, k->key, iv->b, msg + HDR_LEN, len - HDR_LEN);
	return true;
}

/* --- keys of IPsec SAs --- */

void
v1_keymat(const struct v1_keys *k, const struct v1_keymat *m, uint8_t *out, size_t n)
{
	size_t len = hash_info(k->hash)->len;
	const struct number spi = number(m->spi);
	uint8_t block[HASH_LEN_MAX];
	for (size_t at = 0; at < n; at += len) {
		const struct part parts[] = {
			{ block, at > 0 ? len : 0 },
			m->gxy,
			{ &m->protocol, 1 },
			{ spi.b, 4 },
			m->ni,
			m->nr,
		};
		prf(k, k->skeyid_d, parts, 6, block);
		memcpy(out + at, block, n - at < len ? n - at : len);
	}
	secret_wipe(block, sizeof(block));
}
