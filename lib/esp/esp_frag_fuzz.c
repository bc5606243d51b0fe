/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_frag_fuzz.c - any octets as fragments, then as flows and as causes of ICMP errors.
 *
 * The input is a sequence of records: time step, what to do to the header (make the checksum right
 * or not), length, octets. No packet may be lost: after the table is freed the pool must be full.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/esp/flow.h"
#include "lib/esp/frag.h"
#include "lib/esp/icmp.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/test_util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct esp_worker *w;

/* Every function that reads a clear packet gets this one. */
static void
whole_use(struct pkt *p)
{
	struct pkt_pool *pool = esp_worker_pool(w);
	struct flow f;
	if (flow_parse(pkt_data(p), p->len, &f) != DROP_NONE)
		return;
	if (f.hdr_len > f.total_len || f.total_len > p->len)
		abort();
	struct addr src = test_addr(f.family == 4 ? "192.0.2.1" : "2001:db8::1");
	struct pkt *out = pkt_get(pool);
	if (icmp_too_big(p, src, 1400, out) || icmp_time_exceeded(p, src, out)) {
		struct flow g;
		if (flow_parse(pkt_data(out), out->len, &g) != DROP_NONE)
			abort();
		if (icmp_too_big(out, src, 1400, p))
			abort(); /* an error about an error */
	}
	pkt_put(pool, out);
	if (flow_ttl_lower(p) == DROP_NONE && flow_parse(pkt_data(p), p->len, &f) != DROP_NONE)
		abort();
	p->len = f.total_len;
	if (out_fragment(w, p, 576) == DROP_NONE)
		for (struct pkt *x = p; x != NULL; x = x->next)
			if (x->len > 576)
				abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (w == NULL)
		w = test_worker(400);
	struct pkt_pool *pool = esp_worker_pool(w);
	size_t left = pkt_pool_left(pool);
	struct frag_table *t = frag_new(pool, 4, 4000);
	uint64_t now_ms = 0;
	while (size >= 4) {
		size_t n = data[0] | (size_t)data[1] << 8;
		now_ms += data[2] * 16U;
		bool fixes = data[3] & 1;
		data += 4;
		size -= 4;
		if (n > size)
			n = size;
		struct pkt *p = test_bytes(w, data, n);
		uint8_t *ip = pkt_data(p);
		if (fixes && n >= IP4_LEN && ip[0] >> 4 == 4 && (ip[0] & 15U) * 4 <= n &&
		    (ip[0] & 15U) >= 5) {
			put16(ip + IP4_TOTAL, (uint32_t)n);
			ip4_sum_set(ip, (ip[0] & 15U) * 4);
		} else if (fixes && n >= IP6_LEN && ip[0] >> 4 == 6) {
			put16(ip + IP6_PAYLOAD, (uint32_t)n - IP6_LEN);
		}
		enum drop verdict;
		uint32_t tag;
		while (frag_expire(t, now_ms, &tag))
			if (tag != 0)
				abort();
		struct pkt *whole = frag_in(t, p, now_ms, &verdict);
		if (verdict >= DROP_MAX || (whole != NULL && verdict != DROP_NONE))
			abort();
		if (whole != NULL)
			whole_use(whole);
		pkt_put(pool, whole);
		data += n;
		size -= n;
	}
	frag_free(t);
	if (pkt_pool_left(pool) != left)
		abort();
	return 0;
}
