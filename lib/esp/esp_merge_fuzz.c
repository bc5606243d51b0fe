/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_merge_fuzz.c - any octets as decrypted packets: every one is written once, as it was.
 *
 * The first octet says which superpackets the device takes; then come packets, each behind two octets of
 * length (little-endian) and one that may ask for its checksums to be made right. What was merged is cut
 * again and compared.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/esp/cut.h"
#include "lib/esp/ip.h"
#include "lib/esp/merge.h"
#include "lib/esp/seg_model.h"
#include "lib/esp/test_util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POOL = 2 * MERGE_MAX };

static struct esp_worker *w;
static struct pkt_pool *pool;
static struct merge *m;

/* The burst, and where its octets are in the input. */
static struct pkt *pkts[MERGE_MAX];
static uint8_t *before[MERGE_MAX];
static size_t before_len[MERGE_MAX];

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

static void
sums_fix(uint8_t *ip, size_t len)
{
	struct ip_hdr h;
	if (len >= IP4_LEN && ip[0] == 0x45)
		ip4_sum_set(ip, IP4_LEN);
	if (ip_read(ip, len, &h) != DROP_NONE || h.is_fragment || h.hdr_len > IP6_LEN)
		return;
	if ((h.proto == PROTO_TCP && h.total_len >= h.hdr_len + 20) ||
	    (h.proto == PROTO_UDP && h.total_len >= h.hdr_len + 8))
		seg_sums_set(ip, h.total_len);
}

static unsigned
index_of(const struct pkt *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (pkts[i] == p)
			return i;
	abort();
}

static void
write_check(const struct merge_write *write, unsigned n)
{
	static uint8_t flat[SEG_PACKET_MAX + VNET_LEN];
	struct pkt *segments[MERGE_SEGS_MAX];
	struct cut c;
	size_t len = 0;
	must(write->n > 0 && write->n_iov == 1 + write->n && write->len <= sizeof(flat));
	for (unsigned i = 0; i < write->n_iov; i++) {
		if (write->iov[i].iov_len > 0)
			memcpy(flat + len, write->iov[i].iov_base, write->iov[i].iov_len);
		len += write->iov[i].iov_len;
	}
	must(len == write->len);
	if (write->n == 1) {
		unsigned i = index_of(write->pkts[0], n);
		must(len - VNET_LEN == before_len[i]);
		must(memcmp(flat + VNET_LEN, before[i], before_len[i]) == 0);
		return;
	}
	struct pkt *super = test_bytes(w, flat + VNET_LEN, len - VNET_LEN);
	must(cut_read(super, flat, VNET_LEN) == DROP_NONE && super->gso != PKT_GSO_NONE);
	cut_start(&c, super);
	must(c.n == write->n && cut_pkts(&c, pool, segments, MERGE_SEGS_MAX) == write->n);
	for (unsigned k = 0; k < write->n; k++) {
		unsigned i = index_of(write->pkts[k], n);
		must(segments[k]->len == before_len[i]);
		must(memcmp(pkt_data(segments[k]), before[i], before_len[i]) == 0);
		pkt_put(pool, segments[k]);
	}
	pkt_put(pool, super);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (w == NULL) {
		w = test_worker(POOL);
		pool = esp_worker_pool(w);
		m = merge_new();
	}
	if (size == 0)
		return 0;
	unsigned kinds = *data++ % (MERGE_ALL + 1);
	size--;
	unsigned n = 0;
	while (size >= 3 && n < MERGE_MAX) {
		size_t len = data[0] | (size_t)data[1] << 8;
		bool is_fixed = data[2] & 1;
		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		pkts[n] = test_bytes(w, data, len);
		if (is_fixed)
			sums_fix(pkt_data(pkts[n]), len);
		before[n] = malloc(len + 1);
		before_len[n] = len;
		memcpy(before[n], pkt_data(pkts[n]), len);
		n++;
		data += len;
		size -= len;
	}
	const struct merge_write *writes;
	size_t n_writes = merge_burst(m, pkts, n, kinds, VNET_LEN, &writes);
	unsigned seen = 0;
	for (size_t i = 0; i < n_writes; i++) {
		write_check(&writes[i], n);
		seen += writes[i].n;
	}
	must(seen == n);
	for (unsigned i = 0; i < n; i++) {
		pkt_put(pool, pkts[i]);
		free(before[i]);
	}
	return 0;
}
