/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_super.c - superpackets: what it costs a packet to cut, seal and merge them.
 *
 * One TCP superpacket of 46 segments whose IP packets have 1,400 octets, in the cache as after a read.
 * "simple" cuts it and seals the packets by out_burst(), "train" is super.h, "open" opens the train's packets
 * as views without outer headers, "merge" makes a superpacket of them again. Sums and copies of 1,400 octets are the floor.
 */
#include "bench/esp_super.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/clock.h"
#include "lib/esp/csum.h"
#include "lib/esp/cut.h"
#include "lib/esp/in.h"
#include "lib/esp/merge.h"
#include "lib/esp/out.h"
#include "lib/esp/pkt.h"
#include "lib/esp/sa.h"
#include "lib/esp/sad.h"
#include "lib/esp/seg_model.h"
#include "lib/esp/super.h"
#include "lib/esp/worker.h"

enum {
	SEGS = 46,
	PACKET = 1400,
	PAYLOAD = PACKET - 20 - 32, /* IPv4, TCP with a timestamp */
};

/* Nanoseconds a packet, the least seen. */
struct result {
	double cut;
	double simple;
	double train;
	double open;
	double merge;
};

struct setup {
	struct esp_worker *w;
	struct pkt_pool *pool;
	struct sad *sad;
	struct sa *out;
	struct sa *in;
	struct merge *merge;
	uint8_t super[SEG_PACKET_MAX]; /* as it was read */
	size_t super_len;
	uint8_t vnet[VNET_LEN];
};

static double
now_ns(void)
{
	return (double)clock_ns();
}

static void
keep_least(double *best, double took)
{
	if (took / SEGS < *best)
		*best = took / SEGS;
}

static void
system_rand(void *arg, void *buf, size_t n)
{
	(void)arg;
	if (getrandom(buf, n, 0) != (ssize_t)n)
		abort();
}

static void
sas_make(struct setup *s, enum enc_alg enc, enum auth_alg auth)
{
	struct sa_params p = {
		.mode = SA_TUNNEL,
		.direction = SA_OUT,
		.spi = 0x1001,
		.window = 64,
		.tos = SA_TOS_COPY,
		.enc = enc,
		.auth = auth,
		.src_port = 4500,
		.dst_port = 4500,
	};
	for (unsigned i = 0; i < SA_KEY_MAX; i++)
		p.enc_key[i] = p.auth_key[i] = (uint8_t)(i * 7 + 3);
	if (!addr_parse("192.0.2.1", &p.src) || !addr_parse("192.0.2.2", &p.dst))
		abort();
	if (sa_new(s->w, &p, &s->out) != SA_OK)
		abort();
	p.direction = SA_IN;
	if (sa_new(s->w, &p, &s->in) != SA_OK)
		abort();
	s->sad = sad_new(1);
	if (s->sad == NULL || sad_add(s->sad, s->in) != SAD_OK)
		abort();
}

static void
super_build(struct setup *s)
{
	struct seg_spec spec = { .family = 4,
		.proto = 6,
		.host = 1,
		.sport = 4000,
		.dport = 80,
		.flags = 0x10,
		.ttl = 63,
		.id = 1,
		.frag = 0x4000,
		.stamp = 5,
		.payload_len = SEGS * PAYLOAD };
	s->super_len = seg_super(&spec, PAYLOAD, s->super, s->vnet);
}

static struct pkt *
super_take(struct setup *s)
{
	struct pkt *p = pkt_get(s->pool);
	memcpy(pkt_data(p), s->super, s->super_len);
	p->len = (uint32_t)s->super_len;
	p->sa = s->out;
	if (cut_read(p, s->vnet, VNET_LEN) != DROP_NONE)
		abort();
	return p;
}

static void
simple_round(struct setup *s, struct result *best)
{
	struct pkt *pkts[SEGS];
	struct cut c;
	struct pkt *p = super_take(s);
	double start = now_ns();
	cut_start(&c, p);
	if (cut_pkts(&c, s->pool, pkts, SEGS) != SEGS)
		abort();
	double middle = now_ns();
	out_burst(s->w, pkts, SEGS);
	keep_least(&best->simple, now_ns() - start);
	keep_least(&best->cut, middle - start);
	for (unsigned i = 0; i < SEGS; i++) {
		if (pkts[i]->verdict != DROP_NONE)
			abort();
		pkt_put(s->pool, pkts[i]);
	}
	pkt_put(s->pool, p);
}

/* Opens a train as what a UDP socket received, and merges what comes out. */
static void
train_open(struct setup *s, struct super_job *jobs, unsigned n_jobs, struct result *best)
{
	struct pkt *pkts[SEGS];
	struct pkt_outer outer;
	unsigned n = 0;
	for (unsigned j = 0; j < n_jobs; j++) {
		struct super_job *job = &jobs[j];
		if (!super_outer(job, &outer))
			abort();
		for (unsigned k = 0; k < job->n; k++) {
			uint32_t len = k + 1 < job->n ? job->seg_len : job->last_len;
			pkts[n] =
			    pkt_view(s->pool, job->train, job->train->off + k * job->stride, len);
			pkts[n++]->outer = &outer;
		}
		pkt_put(s->pool, job->train);
	}
	const struct merge_write *writes;
	double start = now_ns();
	in_burst(s->w, s->sad, pkts, n);
	double middle = now_ns();
	size_t n_writes = merge_burst(s->merge, pkts, n, MERGE_ALL, VNET_LEN, &writes);
	double end = now_ns();
	keep_least(&best->open, middle - start);
	keep_least(&best->merge, end - middle);
	if (n != SEGS || n_writes != 1)
		abort();
	for (unsigned i = 0; i < n; i++)
		pkt_put(s->pool, pkts[i]);
}

static void
train_round(struct setup *s, struct result *best)
{
	struct super super;
	struct super_job jobs[4];
	unsigned n = 0;
	struct pkt *p = super_take(s);
	double start = now_ns();
	if (!super_start(s->w, &super, p, SUPER_BARE))
		abort();
	while (super_next(s->w, &super, &jobs[n])) {
		super_crypt(s->w, &jobs[n]);
		super_finish(s->w, &jobs[n]);
		n++;
	}
	keep_least(&best->train, now_ns() - start);
	pkt_put(s->pool, p);
	train_open(s, jobs, n, best);
}

static void
floor_print(unsigned rounds)
{
	static uint8_t from[SEGS * PACKET];
	static uint8_t to[SEGS * PACKET];
	static volatile uint64_t sink;
	double sum = 1e12;
	double copy = 1e12;
	for (unsigned r = 0; r < rounds * 4; r++) {
		double start = now_ns();
		for (unsigned i = 0; i < SEGS; i++)
			sink += csum_add(0, from + i * PACKET, PACKET);
		double middle = now_ns();
		for (unsigned i = 0; i < SEGS; i++)
			sink += csum_copy(0, to + i * PACKET, from + i * PACKET, PACKET);
		keep_least(&copy, now_ns() - middle);
		keep_least(&sum, middle - start);
	}
	(void)sink;
	printf("\nsuperpackets of %d segments, ns a packet of %d; checksum %.0f, with copy %.0f\n",
	    SEGS, PACKET, sum, copy);
}

void
super_run(unsigned rounds)
{
	static struct setup s;
	static const struct {
		enum enc_alg enc;
		enum auth_alg auth;
	} suites[] = {
		{ ENC_AES_128_GCM, AUTH_NONE },
		{ ENC_AES_256_GCM, AUTH_NONE },
		{ ENC_CHACHA20_POLY1305, AUTH_NONE },
		{ ENC_AES_128_CBC, AUTH_HMAC_SHA1_96 },
		{ ENC_AES_256_CBC, AUTH_HMAC_SHA_256_128 },
	};
	struct esp_worker_params params = { .n_pkts = 4 * SEGS, .rand = system_rand };
	s.w = esp_worker_new(&params);
	s.merge = merge_new();
	if (s.w == NULL || s.merge == NULL)
		abort();
	s.pool = esp_worker_pool(s.w);
	super_build(&s);
	floor_print(rounds);
	printf("%-17s %-17s %7s %7s %7s %7s %7s\n", "cipher", "hash", "cut", "simple", "train",
	    "open", "merge");
	for (unsigned i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		struct result best = { 1e12, 1e12, 1e12, 1e12, 1e12 };
		sas_make(&s, suites[i].enc, suites[i].auth);
		for (unsigned r = 0; r < rounds * 4; r++) {
			simple_round(&s, &best);
			train_round(&s, &best);
		}
		printf("%-17s %-17s %7.0f %7.0f %7.0f %7.0f %7.0f\n", enc_info(suites[i].enc)->name,
		    auth_info(suites[i].auth)->name, best.cut, best.simple, best.train, best.open,
		    best.merge);
		fflush(stdout);
		sad_free(s.sad);
		sa_free(s.out);
		sa_free(s.in);
	}
	merge_free(s.merge);
	esp_worker_free(s.w);
}
