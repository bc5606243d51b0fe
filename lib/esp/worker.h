/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.h - what one data plane thread owns: crypto manager, packet pool, randomness, scratch.
 *
 * Made once at start; nothing in lib/esp allocates after that except sa_new() and sad_*(), which
 * the control side calls. Every function that takes a worker must be called on the worker's
 * thread, except sa_new(), which only reads constant tables of it.
 */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct esp_worker;
struct pkt_pool;

/* Who does the arithmetic. */
enum esp_engine {
	ESP_ENGINE_FASTEST, /* per algorithm, as a short measurement at start says */
	ESP_ENGINE_MB,      /* libipsec-mb for everything */
	ESP_ENGINE_OPENSSL, /* OpenSSL for everything */
};

/* "fastest", "ipsec-mb" or "openssl", as developers and tests write it; NULL is the first. False: none of them. */
__attribute__((warn_unused_result)) bool esp_engine_by_name(const char *name, enum esp_engine *out);

struct esp_worker_params {
	/* packets in the pool: all in flight, plus 250 for reassembly, plus fragments */
	size_t n_pkts;
	/* Fills BUF with N unpredictable octets (getrandom(2)); called at start and then about
	 * once in 60,000 packets to reseed the generator of IVs. Must not fail. Tests pass a
	 * repeatable one. sa_new() calls it too, on its own thread. */
	void (*rand)(void *arg, void *buf, size_t n);
	void *rand_arg;
	enum esp_engine engine;
};

/* NULL when out of memory, or when the engine asked for cannot run on this CPU (libipsec-mb needs SSE4.2). */
struct esp_worker *esp_worker_new(const struct esp_worker_params *params);
/* Frees the worker, its pool and all packets; wipes its generator. NULL is fine. */
void esp_worker_free(struct esp_worker *w);

/* Wipes what is kept of keys from one packet to the next: to be called now and then, so that nothing stays of an SA that is
 * gone. */
void esp_worker_rest(struct esp_worker *w);

/* The worker's pool, for pkt_get() and pkt_put(). */
struct pkt_pool *esp_worker_pool(struct esp_worker *w);

/* What does the work: libipsec-mb's "AVX512", "AVX2", "SSE" ..., or "OpenSSL". Lives as long as the worker. */
const char *esp_worker_engine(const struct esp_worker *w);

enum {
	ESP_BURST_MAX = 64, /* most packets a call of in_burst() or out_burst() may be given */
};

#endif
