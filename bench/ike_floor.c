/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike_floor.c - what a handshake of IKE cannot do without.
 *
 * Both sides are done and the sum is halved, for one encrypts what the other decrypts. Called by ike_bench.c and ike_peer.c.
 */
#include "bench/ike_floor.h"

#include "lib/base/clock.h"
#include "lib/crypto/dh.h"
#include "lib/crypto/hash.h"
#include "lib/crypto/rand.h"

#include <stdlib.h>

static double
now(void)
{
	return (double)clock_process_ns() / 1e9;
}

static void
floor_dh(enum dh_group group)
{
	struct dh_key x;
	struct dh_key y;
	uint8_t random[DH_RANDOM_MAX];
	uint8_t secret[DH_SECRET_MAX];
	rand_fill(random, sizeof(random));
	if (!dh_generate(group, random, &x))
		exit(1);
	rand_fill(random, sizeof(random));
	if (!dh_generate(group, random, &y))
		exit(1);
	size_t n = dh_info(group)->public_len;
	if (dh_shared(&x, y.public, n, secret) != DH_OK ||
	    dh_shared(&y, x.public, n, secret) != DH_OK)
		exit(1);
}

/* What the RFC asks for in bytes and calls, of both sides: SKEYID, _d, _a, _e, the key of the cipher, the first IV, HASH_I and
 * HASH_R, four NAT-D made and four judged; of quick mode an IV, three hashes made and judged, four times two blocks of keys; the
 * messages encrypted and decrypted. */
double
floor_measure(const struct p1_proposal *p1, enum dh_group pfs, unsigned n)
{
	uint8_t data[512] = { 0 };
	uint8_t out[HASH_LEN_MAX];
	uint8_t key[CIPHER_KEY_MAX] = { 0 };
	uint8_t iv[CIPHER_IV_MAX] = { 0 };
	size_t public_len = dh_info(p1->group)->public_len;
	const struct part k = { data, 20 };
	const struct part small = { data, 64 };
	const struct part large = { data, 256 };
	const struct part gxy = { data, public_len };
	const struct part both = { data, 2 * public_len < 512 ? 2 * public_len : 512 };
	double begin = now();
	for (unsigned i = 0; i < n; i++) {
		floor_dh(p1->group);
		if (pfs != DH_NONE)
			floor_dh(pfs);
		for (unsigned side = 0; side < 2; side++) {
			for (unsigned j = 0; j < 5; j++) /* SKEYIDs */
				hmac_parts(p1->hash, k, j == 0 ? &small : &gxy, 1, out);
			hash_parts(p1->hash, &both, 1, out);
			for (unsigned j = 0; j < 2; j++)
				hmac_parts(p1->hash, k, &both, 1, out);
			for (unsigned j = 0; j < 4; j++)
				hash_parts(p1->hash, &small, 1, out);
			hash_parts(p1->hash, &small, 1, out);
			for (unsigned j = 0; j < 3; j++)
				hmac_parts(p1->hash, k, &large, 1, out);
			for (unsigned j = 0; j < 4; j++)
				hmac_parts(p1->hash, k, pfs != DH_NONE ? &both : &small, 1, out);
			for (unsigned j = 0; j < 5; j++) {
				size_t len = j < 2 ? 64 : pfs != DH_NONE ? 352 : 192;
				cipher_cbc(p1->enc, side ? CIPHER_ENCRYPT : CIPHER_DECRYPT, key, iv,
				    data, len);
			}
		}
	}
	return (now() - begin) / n / 2;
}
