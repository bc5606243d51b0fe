/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_cut_fuzz.c - any vnet header in front of any octets: refused, or cut into whole packets and sealed.
 *
 * The first octet chooses the SA, the layout of the train and whether packets lie one by one, and may ask for the IPv4 checksum to be made
 * right, then come ten octets of vnet header, then the packet. The segments of what was accepted must be
 * IP packets with right checksums that hold the payload, all of it, in order; a train must open to them.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/esp/cut.h"
#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/sad.h"
#include "lib/esp/super.h"
#include "lib/esp/test_util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	KINDS = 4,
	POOL = 600,
	CUT_MAX = 500, /* segments that are looked at */

	FIX_SUM = 0x80,
	WHOLE = 0x40,
	APART = 0x20,
	ROOM = PKT_MAX_LEN + 100,
};

static struct esp_worker *w;
static struct pkt_pool *pool;
static struct sad *sad;
static struct sa *outs[KINDS];
static struct sa *ins[KINDS];

static void
setup(void)
{
	w = test_worker(POOL);
	pool = esp_worker_pool(w);
	sad = sad_new(KINDS);
	for (unsigned n = 0; n < KINDS; n++) {
		struct sa_params p = test_params(SA_OUT);
		p.spi = 0x1000 + n;
		p.enc = n % 2 ? ENC_AES_128_GCM : ENC_AES_128_CBC;
		p.auth = n % 2 ? AUTH_NONE : AUTH_HMAC_SHA1_96;
		p.tunnel_mtu = n / 2 ? 65535 : 1500;
		p.seq_cycles = true;
		p.df = n / 2 ? SA_DF_CLEAR : SA_DF_COPY;
		outs[n] = test_sa(w, &p);
		p.direction = SA_IN;
		p.window = 0;
		ins[n] = test_sa(w, &p);
		if (sad_add(sad, ins[n]) != SAD_OK)
			abort();
	}
}

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

/* The sum of the pseudo header, the transport header and the payload must be right. */
static void
segment_check(const struct cut *c, unsigned i, const struct pkt *p)
{
	struct ip_hdr h;
	uint32_t len;
	const uint8_t *data = pkt_data(p);
	const uint8_t *payload = cut_payload(c, i, &len);
	must(p->len == c->hdr_len + len);
	must(ip_read(data, p->len, &h) == DROP_NONE && h.total_len == p->len);
	must(memcmp(data + c->hdr_len, payload, len) == 0);
	bool is_v4 = h.family == ADDR_V4;
	uint32_t l4_len = p->len - c->l4_at;
	uint8_t pseudo[4] = { 0, c->gso == PKT_GSO_TCP ? PROTO_TCP : PROTO_UDP };
	put16(pseudo + 2, l4_len);
	uint64_t acc = ip_sum_add(0, pseudo, sizeof(pseudo));
	acc = ip_sum_add(acc, data + (is_v4 ? IP4_SRC : IP6_SRC), is_v4 ? 8 : 32);
	acc = ip_sum_add(acc, data + c->l4_at, l4_len);
	must(ip_sum_fold(acc) == 0);
}

static void
cut_check(const struct pkt *super, struct pkt **out, unsigned *out_n)
{
	struct cut c;
	cut_start(&c, super);
	must(c.n > 0 && c.size > 0);
	unsigned n = (unsigned)cut_pkts(&c, pool, out, CUT_MAX);
	must(n == c.n || n == CUT_MAX);
	for (unsigned i = 0; i < n; i++)
		segment_check(&c, i, out[i]);
	*out_n = n;
}

/* Makes packets of those that JOB has put there. */
static void
apart_take(const struct super_job *job, struct pkt **out)
{
	for (unsigned k = 0; k < job->n; k++)
		out[k] = test_bytes(
		    w, job->super.places[k], k + 1 < job->n ? job->seg_len : job->last_len);
}

/* Seals the superpacket and compares what opens with the segments. */
static void
train_check(struct pkt *super, uint8_t how, struct pkt **want, unsigned n)
{
	static uint8_t rooms[SUPER_SEGS_MAX][ROOM];
	enum super_layout layout = how & WHOLE ? SUPER_WHOLE : SUPER_BARE;
	struct super s;
	struct super_job job;
	struct pkt *views[SUPER_SEGS_MAX];
	uint8_t *places[SUPER_SEGS_MAX];
	if (!super_start(w, &s, super, layout))
		return;
	for (unsigned k = 0; k < SUPER_SEGS_MAX; k++)
		places[k] = rooms[k];
	if (how & APART && layout == SUPER_WHOLE)
		super_place(&s, places);
	else if (how & APART)
		super_alone(&s, NULL);
	while (super_next(w, &s, &job)) {
		super_crypt(w, &job);
		super_finish(w, &job);
		must(job.verdict == DROP_NONE);
		if (layout == SUPER_WHOLE && job.first + job.n <= n) {
			if (job.super.places != NULL)
				apart_take(&job, views);
			else
				must(super_views(w, &job, views));
			in_burst(w, sad, views, job.n);
			for (unsigned k = 0; k < job.n; k++) {
				const struct pkt *p = want[job.first + k];
				/* DF may have been cleared, congestion cannot be signalled in */
				must(views[k]->verdict == DROP_NONE && views[k]->len == p->len);
				must(memcmp(pkt_data(views[k]) + 20, pkt_data(p) + 20,
					 p->len - 20) == 0);
				pkt_put(pool, views[k]);
			}
		}
		pkt_put(pool, job.train);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkt *pkts[CUT_MAX];
	if (w == NULL)
		setup();
	if (size < 1 + VNET_LEN || size > PKT_MAX_LEN)
		return 0;
	uint8_t how = data[0];
	const uint8_t *vnet = data + 1;
	size_t left = pkt_pool_left(pool);
	struct pkt *p = test_bytes(w, vnet + VNET_LEN, size - 1 - VNET_LEN);
	uint8_t *ip = pkt_data(p);
	uint32_t hdr_len = p->len > 0 ? (ip[0] & 15U) * 4 : 0;
	if ((how & FIX_SUM) && hdr_len >= IP4_LEN && hdr_len <= p->len && ip[0] >> 4 == 4)
		ip4_sum_set(ip, hdr_len);
	p->sa = outs[how % KINDS];
	uint32_t len = p->len;
	if (cut_read(p, vnet, VNET_LEN) == DROP_NONE && p->gso != PKT_GSO_NONE) {
		unsigned n;
		cut_check(p, pkts, &n);
		train_check(p, how, pkts, n);
		while (n > 0)
			pkt_put(pool, pkts[--n]);
	} else {
		must(p->len == len);
	}
	pkt_put(pool, p);
	must(pkt_pool_left(pool) == left);
	return 0;
}
