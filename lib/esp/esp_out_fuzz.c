/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_out_fuzz.c - any octets as clear packets into outbound SAs; what comes out must open to the same
 * again.
 *
 * The first octet chooses the SA, the rest is the packet. IPv6 in transport mode with extension
 * headers, IPv4 with options, sizes around the limit: all of it goes through both paths and must
 * survive.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/esp/frag.h"
#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	KINDS = 5,
	SAS = KINDS * 2 * 2 * 2, /* family, mode, small or large MTU */
};

static struct esp_worker *w;
static struct sad *sad;
static struct sa *outs[SAS];
static struct sa *ins[SAS];

static void
sas_make(void)
{
	for (unsigned n = 0; n < SAS; n++) {
		struct sa_params p = test_params(SA_OUT);
		unsigned kind = n % KINDS;
		bool is_transport = n / KINDS % 2;
		p.spi = 0x1000 + n;
		p.protocol = kind == 0 ? SA_AH : kind == 1 ? SA_BUNDLE : SA_ESP;
		p.enc = kind == 2 ? ENC_NULL : ENC_AES_128_CBC;
		p.auth = kind == 4 ? AUTH_NONE : AUTH_HMAC_SHA1_96;
		p.mode = is_transport ? SA_TRANSPORT : SA_TUNNEL;
		p.tunnel_mtu = n / KINDS / 2 % 2 ? 300 : 65535;
		p.df = n % 3 ? SA_DF_CLEAR : SA_DF_DEFAULT;
		p.seq_cycles = true;
		if (n / KINDS / 4) {
			p.src = test_addr("2001:db8::1");
			p.dst = test_addr("2001:db8::2");
		}
		if (is_transport)
			p.src = p.dst = (struct addr){ 0 };
		outs[n] = test_sa(w, &p);
		p.direction = SA_IN;
		p.window = 0;
		p.src = p.dst = (struct addr){ 0 };
		ins[n] = test_sa(w, &p);
		if (sad_add(sad, ins[n]) != SAD_OK)
			abort();
	}
}

/* Reassembles outer fragments, then opens; must give back an accepted packet. */
static struct pkt *
chain_open(struct frag_table *frags, struct pkt *p)
{
	struct pkt *whole = NULL;
	for (struct pkt *next; p != NULL; p = next) {
		next = p->next;
		p->next = NULL;
		enum drop verdict;
		if (whole != NULL)
			abort();
		whole = frag_in(frags, p, 0, &verdict);
		if (verdict != DROP_NONE)
			abort();
	}
	if (whole == NULL)
		abort();
	in_burst(w, sad, &whole, 1);
	/* transport mode cannot tell an IPv6 packet without contents from a dummy */
	if (whole->verdict != DROP_NONE && whole->verdict != DROP_DUMMY)
		abort();
	return whole;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (w == NULL) {
		w = test_worker(600);
		sad = sad_new(SAS);
		sas_make();
	}
	if (size < 1 || size > PKT_MAX_LEN)
		return 0;
	struct sa *sa = outs[data[0] % SAS];
	struct pkt_pool *pool = esp_worker_pool(w);
	struct pkt *p = test_bytes(w, data + 1, size - 1);
	p->sa = sa;
	out_burst(w, &p, 1);
	if (p->verdict == DROP_NONE && p->next == NULL) {
		struct frag_table *frags = frag_new(pool, 2, 4000);
		struct pkt *opened = chain_open(frags, p);
		struct pkt *again = test_bytes(w, data + 1, size - 1);
		struct ip_hdr h = { 0 };
		bool is_whole = opened->verdict == DROP_NONE;
		if (is_whole && (ip_read(pkt_data(again), again->len, &h) != DROP_NONE ||
				    h.total_len != opened->len))
			abort();
		/* a checksum of ffff and one of 0000 are both right; transport mode computes anew */
		if (is_whole && h.family == 4) {
			ip4_sum_set(pkt_data(again), h.hdr_len);
			ip4_sum_set(pkt_data(opened), h.hdr_len);
		}
		if (is_whole && sa_params(sa)->df != SA_DF_CLEAR &&
		    memcmp(pkt_data(again), pkt_data(opened), opened->len) != 0)
			abort();
		pkt_put(pool, opened);
		pkt_put(pool, again);
		frag_free(frags);
		return 0;
	}
	for (struct pkt *f = p; f != NULL && p->verdict == DROP_NONE; f = f->next) {
		struct ip_hdr h;
		if (f->verdict != DROP_NONE)
			continue;
		if (f->len > sa_limit(sa) || ip_read(pkt_data(f), f->len, &h) != DROP_NONE)
			abort();
	}
	pkt_put(pool, p);
	return 0;
}
