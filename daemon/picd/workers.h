/* SPDX-License-Identifier: BSD-2-Clause
 *
 * workers.h - the threads that handle packets, as the main thread sees them.
 *
 * A worker has its own epoll loop, packet pool and crypto manager. Every SA has one owner among the workers that take
 * part (snap.h says who), which alone uses it: a worker that reads a packet for another one's SA hands it over. Beyond that
 * workers share nothing but what the snapshot points to. A worker takes a snapshot at the start of a turn, after it
 * has waited, and lets go of it at the end: when worker_seen() has reached a generation, nothing older is in use. It
 * allocates nothing after workers_new().
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/esp/worker.h"

struct hops;
struct port;
struct snap;
struct tally;
struct taps;
struct worker;
struct wstat;

enum {
	CREW_MAX = 16, /* threads; as many as WORKERS_MAX of lib/conf */
	/* From when on others help. Where there are few processors, somebody needs them: with two, a bit of TCP between two
	 * gateways costs 15 % more time when they help at 25 us, though one tunnel alone carries up to 1.3 times as much. */
	HELP_NS = 25 * 1000,
	HELP_NS_FEW = 150 * 1000,
	HELP_FEW = 2,
};

struct worker_params {
	unsigned index;      /* from 0; row of the tallies; workers_new() sets it */
	struct tally *tally; /* drops that belong to no service set or tunnel; borrowed */
	/* Called on the worker's thread when worker_seen() has moved or a log event waits; must not block. */
	void (*notify)(void *arg);
	void *notify_arg;
	uint64_t (*now_ms)(void); /* monotonic */
	void (*rand)(void *arg, void *buf, size_t n);
	const struct hops *hops; /* NULL: no frames leave by AF_XDP; borrowed */
	enum esp_engine engine;
};

/* Makes N workers, without starting their threads. False, and OUT untouched, when out of memory, descriptors or CPU
 * features. */
__attribute__((warn_unused_result)) bool workers_new(
    const struct worker_params *p, unsigned n, struct worker **out);
/* Starts the thread. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int worker_start(struct worker *w);
/* Ends the threads that run and frees everything; packets that wait for fragments or another worker are lost. N as it
 * was made, or 0. */
void workers_free(struct worker **workers, unsigned n);

/* For sa_new(); any thread. */
const struct esp_worker *worker_esp(const struct worker *w);

/* Main thread: makes S the snapshot of all later turns. */
void worker_publish(struct worker *w, const struct snap *s);
/* The newest generation such that no older one is in use any more. */
uint64_t worker_seen(const struct worker *w);

/* Main thread: an epoch begins. worker_epoch_seen() reaches it when the worker uses nothing any more that was out of reach
 * by then. */
void worker_epoch(struct worker *w, uint64_t epoch);
uint64_t worker_epoch_seen(const struct worker *w);
/* Main thread: W takes a turn soon, and so sees the epoch, even if it has nothing to do. */
void worker_nudge(struct worker *w);

/* Main thread: packets from a port are taken by W, and by whom W gives it to; not taken any more by any of the crew. Watch a
 * port after the snapshot that has its lane is published, unwatch it before the one that has not is. Returns 0 or -errno. */
__attribute__((warn_unused_result)) int worker_watch(struct worker *w, const struct port *p);
void worker_unwatch(struct worker *w, const struct port *p);

/* Has W taken everything that other workers have handed over to it, and dealt with it? Any thread. */
bool worker_is_idle(const struct worker *w);

/* What W has counted; see wstat.h. Any thread. */
const struct wstat *worker_stat(const struct worker *w);

/* Main thread: packets are noted for the filters of T whose bits are ON. T stays; see tap.h. */
void worker_tap(struct worker *w, struct taps *t, uint32_t on);

/* One turn: waits at most TIMEOUT_MS for packets (-1: until there is something), handles what is there. For the
 * worker's own thread, and for tests that have not started it. */
void worker_turn(struct worker *w, int timeout_ms);

/* One line that the `syslog` action asks for: the start of a flow. */
struct flow_event {
	struct addr source;
	struct addr destination;
	uint32_t slot; /* of the association */
	uint16_t sport;
	uint16_t dport;
	uint8_t protocol;
	bool is_output;
};

/* Main thread: takes the oldest event; false if there is none. */
bool worker_next_event(struct worker *w, struct flow_event *out);

/* Something that kmd, or netd, should know. */
struct notice {
	enum { NOTICE_ACQUIRE, NOTICE_BAD_SPI, NOTICE_HOP, NOTICE_MOVED } kind;
	uint32_t
	    slot; /* ACQUIRE: of the association that a packet waits for; MOVED: whose peer it is */
	uint32_t
	    spi; /* MOVED: of the inbound SA; BAD_SPI: that nobody has, in a packet between these */
	bool is_ah;
	struct addr local;  /* HOP: there is plain ESP to be sent between these */
	struct addr remote; /* MOVED: from there its packets come now */
	uint16_t remote_port;
};

/* Main thread: takes the oldest notice; false if there is none. */
bool worker_next_notice(struct worker *w, struct notice *out);

#endif
