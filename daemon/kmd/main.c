/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - kmd: negotiates. One process for all tunnels of the gateway; every datagram of IKE.
 *
 * usage: kmd   started by sallyportd, channel 3. Rights that remain after daemon_ready(): reading and writing the
 * descriptors that netd hands over, memory, time and randomness; no files, no new sockets, no capability.
 *
 * This file is the host of lib/vpn/life: its clock, its randomness, its way out. Whatever was said to life may have made
 * messages and changed what is due next; both are seen to once, before the loop waits.
 */
#include "daemon/kmd/kmd.h"
#include "lib/crypto/warm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

uint64_t
kmd_now(void)
{
	return uv_hrtime() / 1000000;
}

/* --- the host of life --- */

static void
host_random(void *ctx, void *out, size_t n)
{
	uint8_t *b = out;
	(void)ctx;
	while (n > 0) {
		ssize_t got = getrandom(b, n, 0);
		if (got < 0)
			abort();
		b += got;
		n -= (size_t)got;
	}
}

static void
host_send(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	struct kmd *k = ctx;
	if (log_is_traced("ike", LOG_LEVEL_INFO))
		event_trace_message("out", path, msg, len);
	net_send(&k->net, path, msg, len);
}

static void
host_keepalive(void *ctx, const struct ike_path *path)
{
	struct kmd *k = ctx;
	net_keepalive(&k->net, path);
}

static void
host_sa_add(void *ctx, const struct life_sa *sa)
{
	struct kmd *k = ctx;
	pics_sa_add(&k->pics, sa);
}

static void
host_sa_del(void *ctx, const char *pic, const char *tunnel, bool is_out, uint32_t spi)
{
	struct kmd *k = ctx;
	pics_sa_del(&k->pics, pic, tunnel, is_out, spi);
}

static void
host_watch(void *ctx, const char *pic, const char *tunnel, unsigned interval_s)
{
	struct kmd *k = ctx;
	pics_watch(&k->pics, pic, tunnel, interval_s);
}

static void
host_redundancy(void *ctx, const struct life_redundancy *r)
{
	struct kmd *k = ctx;
	pics_redundancy(&k->pics, r);
}

static void
host_chain(void *ctx, const char *certificate)
{
	struct kmd *k = ctx;
	pki_chain(&k->pki, certificate);
}

static void
host_sign(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket, const char *certificate,
    struct part hash)
{
	struct kmd *k = ctx;
	(void)sa;
	pki_sign(&k->pki, ticket, certificate, hash);
}

static void
host_prove(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket,
    const struct ike_claim *claim, const char *const *cas, size_t n_cas)
{
	struct kmd *k = ctx;
	(void)sa;
	pki_prove(&k->pki, ticket, claim, cas, n_cas);
}

static bool
host_hears(void *ctx, enum life_kind kind)
{
	struct kmd *k = ctx;
	return event_hears(&k->events, kmd_now(), kind);
}

static void
host_event(void *ctx, const struct life_event *e)
{
	struct kmd *k = ctx;
	event_log(&k->events, kmd_now(), e);
}

/* --- datagrams and time --- */

static void
on_datagram(void *arg, const struct ike_path *path, uint8_t *msg, size_t len)
{
	struct kmd *k = arg;
	uint8_t before[EVENT_PROBE_LEN] = { 0 };
	bool is_traced = log_is_traced("ike", LOG_LEVEL_INFO);
	if (is_traced) {
		event_trace_message("in", path, msg, len);
		memcpy(before, msg, len < sizeof(before) ? len : sizeof(before));
	}
	life_input(k->life, kmd_now(), path, msg, len);
	if (is_traced)
		event_trace_inside(path, before, msg, len);
}

static const struct net_ops net_ops = { .on_datagram = on_datagram };

static void
on_due(uv_timer_t *t)
{
	struct kmd *k = t->data;
	k->due_ms = UINT64_MAX;
	life_tick(k->life, kmd_now());
	event_flush(&k->events, kmd_now());
}

static void
on_prepare(uv_prepare_t *h)
{
	struct kmd *k = h->data;
	pics_tick(&k->pics);
	pki_tick(&k->pki);
	net_flush(&k->net);
	uint64_t due_ms = life_due(k->life);
	if (due_ms == k->due_ms)
		return;
	k->due_ms = due_ms;
	if (due_ms == UINT64_MAX) {
		uv_timer_stop(&k->due);
		return;
	}
	uint64_t now_ms = kmd_now();
	if (log_is_traced("timer", LOG_LEVEL_DEBUG))
		log_trace("timer", LOG_LEVEL_DEBUG, "something is due in %llu ms",
		    (unsigned long long)(due_ms > now_ms ? due_ms - now_ms : 0));
	uv_timer_start(&k->due, on_due, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

/* --- start and end --- */

static void
on_link(const char *peer, const char *instance, int fd, void *arg)
{
	struct kmd *k = arg;
	if (strcmp(peer, "picd") == 0)
		pics_link(&k->pics, instance, fd);
	else if (strcmp(peer, "pkid") == 0)
		pki_link(&k->pki, fd);
	else
		control_link(k, peer, fd);
}

/* Peers are told that it is over, unless we shall be back: then everything stays as it is, to be adopted. */
static void
on_stop(void *arg)
{
	struct kmd *k = arg;
	static const struct life_select all;
	if (!k->daemon.is_again) {
		size_t n = life_clear_ipsec(k->life, kmd_now(), &all);
		n += life_clear_ike(k->life, kmd_now(), &all);
		log_line(LOG_LEVEL_INFO, "KMD_STOP", "peers told that %zu SAs are gone", n);
	}
	control_stop(k);
	pics_done(&k->pics);
	pki_done(&k->pki);
	net_done(&k->net);
	life_free(k->life);
	uv_close((uv_handle_t *)&k->due, NULL);
	uv_close((uv_handle_t *)&k->prepare, NULL);
}

static const struct daemon_ops ops = { .on_link = on_link, .on_stop = on_stop };

int
main(void)
{
	static struct kmd k;
	if (daemon_init(&k.daemon, "kmd", &ops, &k) < 0)
		return EXIT_FAILURE;
	const struct life_host host = {
		.ctx = &k,
		.random = host_random,
		.send = host_send,
		.keepalive = host_keepalive,
		.sa_add = host_sa_add,
		.sa_del = host_sa_del,
		.watch = host_watch,
		.redundancy = host_redundancy,
		.chain = host_chain,
		.sign = host_sign,
		.prove = host_prove,
		.hears = host_hears,
		.event = host_event,
	};
	uv_loop_t *loop = &k.daemon.loop;
	crypto_warm();
	k.life = life_new(&host);
	net_init(&k.net, loop, &net_ops, &k);
	pics_init(&k.pics, loop, k.life);
	pki_init(&k.pki, loop, k.life);
	control_init(&k);
	uv_timer_init(loop, &k.due);
	k.due.data = &k;
	k.due_ms = UINT64_MAX;
	uv_prepare_init(loop, &k.prepare);
	k.prepare.data = &k;
	uv_prepare_start(&k.prepare, on_prepare);
	daemon_ready(&k.daemon, SANDBOX_KMD);
	int rc = daemon_run(&k.daemon);
	daemon_done(&k.daemon);
	return rc;
}
