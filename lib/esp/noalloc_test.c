/* SPDX-License-Identifier: BSD-2-Clause
 *
 * noalloc_test.c - once everything is set up, no packet makes anybody allocate.
 *
 * Replaces malloc and its family in the whole process, libipsec-mb included, by functions that
 * count. Not built with a sanitizer, which needs them for itself.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/esp/flow.h"
#include "lib/esp/frag.h"
#include "lib/esp/icmp.h"
#include "lib/esp/cut.h"
#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/job.h"
#include "lib/esp/merge.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/seg_model.h"
#include "lib/esp/super.h"
#include "lib/esp/test_util.h"

enum {
	ROUNDS = 300,  /* of bursts; enough to refill and to reseed the IV generator */
	SAS_MAX = 128, /* at least the combinations of protocols and algorithms */
};

static unsigned long n_calls;

/* the allocator itself, below the names that are replaced */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

void *
malloc(size_t n)
{
	n_calls++;
	return __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	n_calls++;
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	n_calls++;
	return __libc_realloc(p, n);
}

void *
aligned_alloc(size_t align, size_t n)
{
	n_calls++;
	return __libc_memalign(align, n);
}

int
posix_memalign(void **out, size_t align, size_t n)
{
	n_calls++;
	*out = __libc_memalign(align, n);
	return *out == NULL;
}

struct setup {
	struct esp_worker *w;
	struct sad *sad;
	struct frag_table *frags;
	struct merge *merge;
	struct esp_job *job;
	struct sa *outs[SAS_MAX];
	struct sa *ins[SAS_MAX];
	unsigned n;
};

static void
setup_init(struct setup *s)
{
	s->w = test_worker(1500);
	s->sad = sad_new(SAS_MAX);
	s->merge = merge_new();
	s->job = job_new();
	s->frags = frag_new(esp_worker_pool(s->w), 20, 4000);
	for (enum sa_protocol proto = SA_ESP; proto <= SA_BUNDLE; proto++) {
		for (enum enc_alg enc = ENC_NULL; enc < ENC_MAX; enc++) {
			for (enum auth_alg auth = AUTH_NONE; auth < AUTH_MAX; auth++) {
				struct sa_params p = test_params(SA_OUT);
				p.protocol = proto;
				p.enc = enc;
				p.auth = auth;
				p.spi = 0x1000 + s->n;
				p.df = SA_DF_CLEAR;
				if (sa_new(s->w, &p, &s->outs[s->n]) != SA_OK)
					continue;
				p.direction = SA_IN;
				s->ins[s->n] = test_sa(s->w, &p);
				if (sad_add(s->sad, s->ins[s->n]) != SAD_OK)
					abort();
				s->n++;
			}
		}
	}
}

/* Opens a chain, spoiling some of it, and puts what comes out together again. */
static unsigned
chain_open(struct setup *s, struct pkt *p, unsigned round)
{
	struct pkt_pool *pool = esp_worker_pool(s->w);
	unsigned n_whole = 0;
	for (struct pkt *next; p != NULL; p = next) {
		next = p->next;
		p->next = NULL;
		if ((round + p->len) % 97 == 0)
			pkt_data(p)[p->len - 1] ^= 1;
		in_burst(s->w, s->sad, &p, 1);
		if (p->verdict != DROP_NONE) {
			pkt_put(pool, p);
			continue;
		}
		enum drop verdict;
		uint32_t tag;
		while (frag_expire(s->frags, round * 100, &tag))
			assert(tag == 0);
		struct pkt *whole = frag_in(s->frags, p, round * 100, &verdict);
		struct flow f;
		if (whole != NULL && flow_parse(pkt_data(whole), whole->len, &f) == DROP_NONE)
			n_whole++;
		pkt_put(pool, whole);
	}
	return n_whole;
}

static unsigned
round_run(struct setup *s, unsigned round)
{
	struct pkt_pool *pool = esp_worker_pool(s->w);
	struct pkt *pkts[ESP_BURST_MAX];
	unsigned n_whole = 0;
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		uint32_t len = 60 + (round * 64 + i) * 37 % 5000;
		pkts[i] = test_packet(s->w, i % 3 ? 4 : 6, len);
		pkts[i]->sa = s->outs[(round + i) % s->n];
		if (i % 3 != 0) {
			put16(pkt_data(pkts[i]) + IP4_ID, round * ESP_BURST_MAX + i);
			ip4_sum_set(pkt_data(pkts[i]), IP4_LEN);
		}
	}
	out_burst(s->w, pkts, ESP_BURST_MAX);
	for (unsigned i = 0; i < ESP_BURST_MAX; i++) {
		struct pkt *error = pkt_get(pool);
		if (pkts[i]->verdict == DROP_TOO_BIG &&
		    !icmp_too_big(pkts[i], test_addr("2001:db8::1"), pkts[i]->mtu, error))
			abort();
		pkt_put(pool, error);
		if (pkts[i]->verdict == DROP_NONE)
			n_whole += chain_open(s, pkts[i], round);
		else
			pkt_put(pool, pkts[i]);
	}
	return n_whole;
}

/* What was opened goes to a device as superpackets. */
static unsigned
opened_merge(struct setup *s, struct pkt **pkts, unsigned n)
{
	const struct merge_write *writes;
	size_t n_writes = merge_burst(s->merge, pkts, n, MERGE_ALL, VNET_LEN, &writes);
	unsigned n_whole = 0;
	for (size_t i = 0; i < n_writes; i++)
		n_whole += writes[i].n > 1;
	for (unsigned i = 0; i < n; i++)
		pkt_put(esp_worker_pool(s->w), pkts[i]);
	return n_whole;
}

/* A superpacket by trains, or cut and in three steps. */
static unsigned
super_round(struct setup *s, unsigned round)
{
	struct pkt_pool *pool = esp_worker_pool(s->w);
	struct seg_spec spec = { .family = round % 2 ? 4 : 6,
		.proto = round % 3 ? 6 : 17,
		.host = 1,
		.sport = 1,
		.dport = 2,
		.seq = round,
		.flags = 0x10,
		.ttl = 9,
		.id = 1,
		.payload_len = 30000 };
	uint8_t vnet[VNET_LEN];
	struct pkt *pkts[ESP_BURST_MAX];
	struct pkt *p = seg_pkt(s->w, &spec);
	struct super super;
	struct super_job job;
	unsigned n_whole = 0;
	seg_vnet(pkt_data(p), 1000, vnet);
	if (cut_read(p, vnet, VNET_LEN) != DROP_NONE)
		abort();
	p->sa = s->outs[round % s->n];
	if (super_start(s->w, &super, p, SUPER_WHOLE)) {
		while (super_next(s->w, &super, &job)) {
			super_crypt(s->w, &job);
			super_finish(s->w, &job);
			if (!super_views(s->w, &job, pkts))
				abort();
			pkt_put(pool, job.train);
			in_burst(s->w, s->sad, pkts, job.n);
			n_whole += opened_merge(s, pkts, job.n);
		}
	} else {
		struct cut c;
		cut_start(&c, p);
		size_t n = cut_pkts(&c, pool, pkts, ESP_BURST_MAX);
		out_prepare(s->w, s->job, pkts, n);
		job_crypt(s->w, s->job);
		out_finish(s->w, s->job);
		in_prepare(s->w, s->sad, s->job, pkts, n);
		job_crypt(s->w, s->job);
		in_finish(s->w, s->job);
		n_whole += opened_merge(s, pkts, (unsigned)n);
	}
	pkt_put(pool, p);
	return n_whole;
}

int
main(void)
{
	static struct setup s;
	setup_init(&s);
	unsigned long before = n_calls;
	if (before == 0) {
		printf("the allocator was not replaced\n");
		return 1;
	}
	unsigned n_whole = 0;
	for (unsigned round = 0; round < ROUNDS; round++)
		n_whole += round_run(&s, round);
	unsigned n_super = 0;
	for (unsigned round = 0; round < ROUNDS; round++)
		n_super += super_round(&s, round);
	unsigned long calls = n_calls - before;
	printf("%u packets and %u superpackets came through, %lu allocations\n", n_whole, n_super,
	    calls);
	for (unsigned i = 0; i < s.n; i++) {
		sa_free(s.outs[i]);
		sa_free(s.ins[i]);
	}
	merge_free(s.merge);
	job_free(s.job);
	frag_free(s.frags);
	sad_free(s.sad);
	esp_worker_free(s.w);
	return calls == 0 && n_whole > ROUNDS * ESP_BURST_MAX / 2 && n_super >= ROUNDS ? 0 : 1;
}
