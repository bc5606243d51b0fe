/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - picd: the services PIC. One process per services interface, unprivileged, every packet.
 *
 * usage: picd -i INTERFACE   started by sallyportd, channel 3. Rights that remain after daemon_ready(): reading and
 * writing the descriptors that netd hands over, memory, time and randomness; no files, no new sockets.
 */
#include "daemon/picd/picd.h"
#include "daemon/picd/tally.h"
#include "daemon/picd/workers.h"

#include "lib/base/clock.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

static uint64_t
now_ms(void)
{
	return clock_ns() / 1000000;
}

static void
random_fill(void *arg, void *buf, size_t n)
{
	(void)arg;
	uint8_t *b = buf;
	while (n > 0) {
		ssize_t got = getrandom(b, n, 0);
		if (got < 0)
			abort();
		b += got;
		n -= (size_t)got;
	}
}

/* On a worker's thread. */
static void
worker_notify(void *arg)
{
	uv_async_send(arg);
}

static void
flow_log(const struct picd *p, const struct flow_event *e)
{
	char src[ADDR_STRLEN];
	char dst[ADDR_STRLEN];
	const struct assoc *a = e->slot < p->assocs.n_slots ? p->assocs.by_slot[e->slot] : NULL;
	log_line(LOG_LEVEL_INFO, "ASP_IPSEC_RULE_MATCH", "%s, %s: proto %u, %s:%u -> %s:%u",
	    a != NULL ? a->name : "?", e->is_output ? "output" : "input", e->protocol,
	    addr_print(e->source, src), e->sport, addr_print(e->destination, dst), e->dport);
}

static void
on_notified(uv_async_t *h)
{
	struct picd *p = h->data;
	struct flow_event e;
	for (unsigned i = 0; i < p->n_workers; i++)
		while (worker_next_event(p->workers[i], &e))
			flow_log(p, &e);
	publish_reclaim(p);
	kmd_notified(p);
}

static void
on_link(const char *peer, const char *instance, int fd, void *arg)
{
	(void)instance;
	control_link(arg, peer, fd);
}

static void
on_stop(void *arg)
{
	struct picd *p = arg;
	control_stop(p);
	workers_free(p->workers, p->n_workers);
	publish_done(p);
	tally_free(p->tally);
	uv_close((uv_handle_t *)&p->notified, NULL);
}

static const struct daemon_ops ops = { .on_link = on_link, .on_stop = on_stop };

/* A thread for each core, whatever the configuration will say: later there is no right to start one. */
static unsigned
n_threads(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return n > CREW_MAX ? CREW_MAX : (unsigned)n;
}

/* SALLYPORT_ENGINE, for tests: who does the arithmetic of packets in a whole gateway. */
static enum esp_engine
engine_wanted(void)
{
	enum esp_engine engine = ESP_ENGINE_FASTEST;
	const char *name = getenv("SALLYPORT_ENGINE");
	if (!esp_engine_by_name(name, &engine))
		log_line(LOG_LEVEL_WARNING, "PICD_ENGINE", "there is no engine %s", name);
	return engine;
}

static int
workers_start(struct picd *p)
{
	unsigned n = n_threads();
	p->tally = tally_new(n);
	p->assocs.n_workers = n;
	p->help_ns = n > HELP_FEW ? HELP_NS : HELP_NS_FEW;
	struct worker_params params = {
		.tally = p->tally,
		.notify = worker_notify,
		.notify_arg = &p->notified,
		.now_ms = now_ms,
		.rand = random_fill,
		.hops = p->hops,
		.engine = engine_wanted(),
	};
	int rc = -1;
	if (workers_new(&params, n, p->workers)) {
		p->n_workers = n;
		rc = 0;
	}
	/* for their pauses, which are shorter than what timers usually may be late; threads inherit it */
	(void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
	for (unsigned i = 0; i < p->n_workers && rc == 0; i++)
		rc = worker_start(p->workers[i]);
	if (rc < 0)
		log_line(LOG_LEVEL_ERROR, "PICD_WORKER", "%u workers cannot be started", n);
	return rc;
}

int
main(int argc, char **argv)
{
	static struct picd p;
	int option;
	while ((option = getopt(argc, argv, "i:")) != -1)
		if (option == 'i')
			p.instance = optarg;
	if (p.instance == NULL) {
		fprintf(stderr, "usage: picd -i INTERFACE\n");
		return EXIT_FAILURE;
	}
	if (daemon_init(&p.daemon, "picd", &ops, &p) < 0)
		return EXIT_FAILURE;
	uv_async_init(&p.daemon.loop, &p.notified, on_notified);
	p.notified.data = &p;
	p.now_ms = now_ms;
	control_init(&p);
	if (workers_start(&p) < 0)
		return EXIT_FAILURE;
	daemon_ready(&p.daemon, SANDBOX_PICD);
	int rc = daemon_run(&p.daemon);
	daemon_done(&p.daemon);
	return rc;
}
