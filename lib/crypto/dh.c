/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dh.c - Diffie-Hellman with OpenSSL's big numbers and curves.
 *
 * Not with EVP_PKEY_derive(): its check of the peer's value is a full exponentiation for every group, four times
 * the work that has to be done. What a group needs (Montgomery form of the prime, the curve) is made
 * once, on first use. The primes are OpenSSL's; dh_test.c proves them.
 */
#include "lib/crypto/dh.h"

#include "lib/crypto/hash.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Constant after groups_make(). */
struct group {
	BIGNUM *p;       /* MODP: the prime; ECP: of the field */
	BIGNUM *p1;      /* p - 1 */
	BIGNUM *g;       /* MODP */
	BIGNUM *q;       /* order of the subgroup: ECP and group 24; else NULL */
	BN_MONT_CTX *pm; /* MODP */
	EC_GROUP *curve; /* ECP */
};

static struct group groups[DH_MAX];
static pthread_once_t groups_once = PTHREAD_ONCE_INIT;

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* --- groups --- */

static void
modp_make(struct group *g, BIGNUM *p, BN_CTX *ctx)
{
	g->p = p;
	g->p1 = BN_dup(p);
	g->pm = BN_MONT_CTX_new();
	must(p != NULL && g->p1 != NULL && BN_sub_word(g->p1, 1) && g->pm != NULL &&
	     BN_MONT_CTX_set(g->pm, p, ctx));
	if (g->g == NULL) {
		g->g = BN_new();
		must(g->g != NULL && BN_set_word(g->g, 2));
	}
}

/* RFC 5114 s2.3: 2048-bit MODP group with 256-bit prime order subgroup. */
static void
group24_make(struct group *g, BN_CTX *ctx)
{
	char name[] = "dh_2048_256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DHX", NULL);
	EVP_PKEY *pkey = NULL;
	BIGNUM *p = NULL;
	must(c != NULL && EVP_PKEY_paramgen_init(c) == 1 &&
	     EVP_PKEY_CTX_set_params(c, params) == 1 && EVP_PKEY_generate(c, &pkey) == 1 &&
	     EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_FFC_P, &p) == 1 &&
	     EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_FFC_G, &g->g) == 1 &&
	     EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_FFC_Q, &g->q) == 1);
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(c);
	modp_make(g, p, ctx);
}

static void
ecp_make(struct group *g, int nid, BN_CTX *ctx)
{
	g->curve = EC_GROUP_new_by_curve_name(nid);
	g->p = BN_new();
	g->q = BN_new();
	must(g->curve != NULL && g->p != NULL && g->q != NULL &&
	     EC_GROUP_get_curve(g->curve, g->p, NULL, NULL, ctx) &&
	     EC_GROUP_get_order(g->curve, g->q, ctx));
}

static void
groups_make(void)
{
	BN_CTX *ctx = BN_CTX_new();
	must(ctx != NULL);
	modp_make(&groups[DH_GROUP1], BN_get_rfc2409_prime_768(NULL), ctx);
	modp_make(&groups[DH_GROUP2], BN_get_rfc2409_prime_1024(NULL), ctx);
	modp_make(&groups[DH_GROUP5], BN_get_rfc3526_prime_1536(NULL), ctx);
	modp_make(&groups[DH_GROUP14], BN_get_rfc3526_prime_2048(NULL), ctx);
	modp_make(&groups[DH_GROUP15], BN_get_rfc3526_prime_3072(NULL), ctx);
	modp_make(&groups[DH_GROUP16], BN_get_rfc3526_prime_4096(NULL), ctx);
	group24_make(&groups[DH_GROUP24], ctx);
	ecp_make(&groups[DH_GROUP19], NID_X9_62_prime256v1, ctx);
	ecp_make(&groups[DH_GROUP20], NID_secp384r1, ctx);
	BN_CTX_free(ctx);
}

static const struct group *
group_get(enum dh_group group)
{
	must(group > DH_NONE && group < DH_MAX && pthread_once(&groups_once, groups_make) == 0);
	return &groups[group];
}

/* --- MODP --- */

static void
modp_power(
    const struct group *g, BIGNUM *out, const BIGNUM *base, const BIGNUM *exponent, BN_CTX *ctx)
{
	must(BN_mod_exp_mont_consttime(out, base, exponent, g->p, ctx, g->pm));
}

static enum dh_fault
modp_check(const struct group *g, const BIGNUM *y, BN_CTX *ctx)
{
	if (BN_is_zero(y) || BN_is_one(y) || BN_cmp(y, g->p1) >= 0)
		return DH_OUT_OF_RANGE;
	if (g->q == NULL)
		return DH_OK;
	BN_CTX_start(ctx);
	BIGNUM *t = BN_CTX_get(ctx);
	must(t != NULL && BN_mod_exp_mont(t, y, g->q, g->p, ctx, g->pm));
	enum dh_fault fault = BN_is_one(t) ? DH_OK : DH_NOT_IN_GROUP;
	BN_CTX_end(ctx);
	return fault;
}

/* --- ECP --- */

/* Writes x, or x and y when LEN has room for both. */
static void
ecp_write(const struct group *g, const EC_POINT *point, uint8_t *out, size_t len, BN_CTX *ctx)
{
	int part = BN_num_bytes(g->p);
	BN_CTX_start(ctx);
	BIGNUM *x = BN_CTX_get(ctx);
	BIGNUM *y = BN_CTX_get(ctx);
	must(y != NULL && EC_POINT_get_affine_coordinates(g->curve, point, x, y, ctx) &&
	     BN_bn2binpad(x, out, part) == part);
	if (len > (size_t)part)
		must(BN_bn2binpad(y, out + part, part) == part);
	BN_clear(x);
	BN_clear(y);
	BN_CTX_end(ctx);
}

static enum dh_fault
ecp_read(const struct group *g, const uint8_t *in, size_t len, EC_POINT *out, BN_CTX *ctx)
{
	int part = (int)(len / 2);
	enum dh_fault fault = DH_OK;
	BN_CTX_start(ctx);
	BIGNUM *x = BN_CTX_get(ctx);
	BIGNUM *y = BN_CTX_get(ctx);
	must(y != NULL && BN_bin2bn(in, part, x) != NULL && BN_bin2bn(in + part, part, y) != NULL);
	if (BN_cmp(x, g->p) >= 0 || BN_cmp(y, g->p) >= 0)
		fault = DH_OUT_OF_RANGE;
	else if (EC_POINT_set_affine_coordinates(g->curve, out, x, y, ctx) != 1)
		fault = DH_NOT_IN_GROUP; /* OpenSSL checks that the point is on the curve */
	BN_CTX_end(ctx);
	return fault;
}

static void
ecp_power(const struct group *g, const EC_POINT *point, const BIGNUM *scalar, uint8_t *out,
    size_t len, BN_CTX *ctx)
{
	EC_POINT *r = EC_POINT_new(g->curve);
	must(r != NULL);
	if (point == NULL)
		must(EC_POINT_mul(g->curve, r, scalar, NULL, NULL, ctx));
	else
		must(EC_POINT_mul(g->curve, r, NULL, point, scalar, ctx));
	ecp_write(g, r, out, len, ctx);
	EC_POINT_clear_free(r);
}

/* --- both --- */

/* Makes the exponent: as it is, or 1 + random mod (q - 1) where the order is known (FIPS 186-4 B.4.1). */
static void
exponent_make(const struct group *g, const uint8_t *random, int len, BIGNUM *x, BN_CTX *ctx)
{
	must(BN_bin2bn(random, len, x) != NULL);
	if (g->q == NULL)
		return;
	BN_CTX_start(ctx);
	BIGNUM *q1 = BN_CTX_get(ctx);
	must(q1 != NULL && BN_copy(q1, g->q) != NULL && BN_sub_word(q1, 1) &&
	     BN_mod(x, x, q1, ctx) && BN_add_word(x, 1));
	BN_CTX_end(ctx);
}

bool
dh_generate(enum dh_group group, const uint8_t *random, struct dh_key *out)
{
	const struct group *g = group_get(group);
	const struct dh_info *info = dh_info(group);
	BN_CTX *ctx = BN_CTX_secure_new();
	must(ctx != NULL);
	BN_CTX_start(ctx);
	BIGNUM *x = BN_CTX_get(ctx);
	BIGNUM *y = BN_CTX_get(ctx);
	must(y != NULL);
	exponent_make(g, random, info->random_len, x, ctx);
	bool is_key = !BN_is_zero(x);
	if (is_key) {
		out->group = group;
		must(BN_bn2binpad(x, out->secret, sizeof(out->secret)) > 0);
		if (g->curve != NULL) {
			ecp_power(g, NULL, x, out->public, info->public_len, ctx);
		} else {
			modp_power(g, y, g->g, x, ctx);
			must(BN_bn2binpad(y, out->public, info->public_len) > 0);
		}
	}
	BN_clear(x);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	return is_key;
}

/* Checks PEER and, if KEY is not NULL and the value is good, writes the secret. */
static enum dh_fault
peer_use(
    enum dh_group group, const struct dh_key *key, const uint8_t *peer, size_t len, uint8_t *out)
{
	const struct group *g = group_get(group);
	const struct dh_info *info = dh_info(group);
	if (len != info->public_len)
		return DH_WRONG_LENGTH;

	BN_CTX *ctx = BN_CTX_secure_new();
	must(ctx != NULL);
	BN_CTX_start(ctx);
	BIGNUM *x = BN_CTX_get(ctx);
	BIGNUM *y = BN_CTX_get(ctx);
	EC_POINT *point = g->curve != NULL ? EC_POINT_new(g->curve) : NULL;
	must(y != NULL && (g->curve == NULL || point != NULL));
	if (key != NULL)
		must(BN_bin2bn(key->secret, sizeof(key->secret), x) != NULL);

	enum dh_fault fault;
	if (point != NULL) {
		fault = ecp_read(g, peer, len, point, ctx);
		if (fault == DH_OK && key != NULL)
			ecp_power(g, point, x, out, info->secret_len, ctx);
	} else {
		must(BN_bin2bn(peer, (int)len, y) != NULL);
		fault = modp_check(g, y, ctx);
		if (fault == DH_OK && key != NULL) {
			modp_power(g, y, y, x, ctx);
			must(BN_bn2binpad(y, out, info->secret_len) > 0);
		}
	}
	EC_POINT_free(point);
	BN_clear(x);
	BN_clear(y);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	return fault;
}

enum dh_fault
dh_check(enum dh_group group, const uint8_t *peer, size_t len)
{
	return peer_use(group, NULL, peer, len, NULL);
}

enum dh_fault
dh_shared(const struct dh_key *key, const uint8_t *peer, size_t len, uint8_t *out)
{
	return peer_use(key->group, key, peer, len, out);
}

void
dh_wipe(struct dh_key *key)
{
	secret_wipe(key, sizeof(*key));
}
