/* SPDX-License-Identifier: BSD-2-Clause
 *
 * natt.c - the NAT detection of IKEv1.
 */
#include "lib/ike/natt.h"

#include "lib/crypto/hash.h"

#include <string.h>

void
natt_hash(enum hash_alg alg, uint64_t cky_i, uint64_t cky_r, const struct natt_end *end,
    uint8_t out[HASH_LEN_MAX])
{
	uint8_t b[2 * HDR_COOKIE_LEN + 16 + 2];
	struct wr w = wr_init(b, sizeof(b));
	wr_u64(&w, cky_i);
	wr_u64(&w, cky_r);
	wr_bytes(&w, end->addr.b, addr_len(end->addr));
	wr_u16(&w, end->port);
	hash_parts(alg, &(struct part){ b, w.len }, 1, out);
}

static bool
is_hash(const struct v1_payload *p, const uint8_t *hash, size_t n)
{
	return p->n == n && memcmp(p->p, hash, n) == 0;
}

enum ike_reason
natt_judge(const struct v1_msg *m, enum hash_alg alg, uint64_t cky_i, uint64_t cky_r,
    const struct natt_end *local, const struct natt_end *remote, struct natt_result *out)
{
	uint8_t ours[HASH_LEN_MAX];
	uint8_t theirs[HASH_LEN_MAX];
	size_t n = hash_info(alg)->len;
	const struct v1_payload *first = v1_msg_find(m, V1_NAT_D, 0);
	const struct v1_payload *p = v1_msg_find(m, V1_NAT_D, 1);
	if (first == NULL || p == NULL)
		return IKE_MISSING;
	natt_hash(alg, cky_i, cky_r, local, ours);
	natt_hash(alg, cky_i, cky_r, remote, theirs);
	bool is_seen = false; /* a peer with several addresses sends the hash of each */
	for (unsigned i = 1; p != NULL; p = v1_msg_find(m, V1_NAT_D, ++i))
		is_seen = is_seen || is_hash(p, theirs, n);
	out->is_local_behind = !is_hash(first, ours, n);
	out->is_remote_behind = !is_seen;
	return IKE_OK;
}

void
natt_build(struct v1_out *o, enum v1_type type, enum hash_alg alg, uint64_t cky_i, uint64_t cky_r,
    const struct natt_end *local, const struct natt_end *remote)
{
	uint8_t hash[HASH_LEN_MAX];
	natt_hash(alg, cky_i, cky_r, remote, hash);
	v1_out_put(o, type, hash, hash_info(alg)->len);
	natt_hash(alg, cky_i, cky_r, local, hash);
	v1_out_put(o, type, hash, hash_info(alg)->len);
}
