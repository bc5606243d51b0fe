/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_priv.h - the inside of a worker, for the files of the packet path.
 *
 * The path, in order: rx.c reads -> outbound.c or inbound.c decides and calls lib/esp -> send.c or a device
 * takes the result; refuse.c answers, pmtu.c learns, flowlog.c notes. All of it runs on the worker's thread.
 */
#ifndef WORKER_PRIV_H
#define WORKER_PRIV_H

#include "daemon/picd/snap.h"
#include "daemon/picd/tally.h"
#include "daemon/picd/workers.h"
#include "lib/esp/drop.h"
#include "lib/esp/pkt.h"
#include "lib/esp/worker.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum {
	BURST_MAX = ESP_BURST_MAX,
	EVENTS_MAX = 64,
	POOL_PKTS =
	    2048, /* 3 bursts in flight, 250 datagrams in the making, the rest for fragments */
	CONTROL_LEN = 256,
	TICK_MS = 1000,
	PMTU_MAX = 256,           /* gateways whose path MTU is remembered */
	PMTU_AGE_MS = 600 * 1000, /* RFC 1191 s6.3: try a larger one after ten minutes */
	ICMP_PER_S = 200,         /* errors sent, all lanes together */
	REPORTS_PER_S = 100,      /* path MTU reports from the network that are looked at */
	FLOW_CACHE = 4096,        /* flows whose start has been logged */
	FLOW_IDLE_MS = 60 * 1000, /* silence after which a flow starts again */
	FLOW_EVENTS = 256,        /* log lines waiting for the main thread; a power of two */
	FLOW_EVENTS_PER_S = 100,
	NOTICES = 1024, /* waiting for the main thread; a power of two */
	BAD_SPIS_PER_S = 10,
};

/* So many events per second, with bursts of one second's worth. */
struct limiter {
	uint64_t second;
	unsigned used;
};

/* Packets on their way to one raw socket. */
struct sender {
	unsigned n;
	struct pkt *pkts[BURST_MAX];
	struct mmsghdr msgs[BURST_MAX];
	struct iovec iov[BURST_MAX];
	struct sockaddr_storage to[BURST_MAX];
};

struct pmtu_entry {
	struct addr gateway; /* ADDR_NONE: free */
	uint32_t mtu;        /* octets; the least that was reported */
	uint64_t until_ms;
};

struct worker {
	struct worker_params p;
	int epoll_fd;
	int wake_fd; /* eventfd: a snapshot was published, or the thread shall end */
	pthread_t thread;
	bool is_running;
	_Atomic bool is_stopping;
	_Atomic(const struct snap *) published;
	_Atomic uint64_t seen;
	_Atomic uint64_t epoch;
	_Atomic uint64_t epoch_seen;

	/* --- this thread's own --- */
	const struct snap *snap; /* during a turn only */
	uint64_t now_ms;
	uint64_t tick_ms;
	struct esp_worker *esp;
	struct pkt_pool *pool;
	struct frag_table *frags;
	struct pkt *out_q[BURST_MAX]; /* user: struct path; tag: of the lane */
	unsigned n_out;
	struct pkt *in_q[BURST_MAX]; /* tag: of the lane */
	unsigned n_in;
	struct sender send4;
	struct sender send6;
	struct limiter icmp;
	struct limiter reports;
	struct pmtu_entry pmtu[PMTU_MAX];
	unsigned pmtu_next; /* overwritten when the table is full */

	/* recvmmsg's view of fresh packets */
	struct pkt *rx_pkts[BURST_MAX];
	struct mmsghdr rx_msgs[BURST_MAX];
	struct iovec rx_iov[BURST_MAX];
	struct sockaddr_storage rx_from[BURST_MAX];
	uint8_t rx_control[BURST_MAX][CONTROL_LEN] __attribute__((aligned(16)));

	/* the syslog action: one writer, one reader */
	struct {
		uint32_t hash;
		uint32_t last_s;
	} flows[FLOW_CACHE];
	struct limiter flow_limit;
	struct flow_event events[FLOW_EVENTS];
	_Atomic uint32_t events_in;
	_Atomic uint32_t events_out;

	/* what kmd should know: one writer, one reader */
	struct limiter bad_spi_limit;
	struct notice notices[NOTICES];
	_Atomic uint32_t notices_in;
	_Atomic uint32_t notices_out;
};

/* The lane of a tag, or NULL if its port is gone. */
static inline const struct lane *
worker_lane(const struct worker *w, uint32_t tag)
{
	uint32_t index = tag & (PORT_MAX - 1);
	if (index >= w->snap->n_lanes || w->snap->lanes[index].tag != tag)
		return NULL;
	return &w->snap->lanes[index];
}

/* Counts a drop where it is known best: tunnel and its service set, else lane, else process. */
void worker_drop(
    struct worker *w, const struct path *path, const struct lane *lane, enum drop reason);

/* True if one more event is within PER_S. */
bool limiter_take(struct limiter *l, uint64_t now_ms, unsigned per_s);

/* --- rx.c: one event's worth of packets from a port --- */
void rx_device(struct worker *w, const struct port *port, const struct lane *lane);
void rx_raw(struct worker *w, const struct port *port, const struct lane *lane);

/* --- outbound.c: clear packets; takes P over --- */
void outbound_take(struct worker *w, struct pkt *p);
void outbound_flush(struct worker *w);

/* --- inbound.c: protected packets; takes P over --- */
void inbound_take(struct worker *w, struct pkt *p);
void inbound_flush(struct worker *w);

/* --- send.c --- */
/* Sends a protected packet, or the chain of its fragments; takes P over. Its user is its path. */
void send_chain(struct worker *w, struct pkt *p);
void send_flush(struct worker *w);
/* Writes a whole IP packet to a device; DROP_NONE, or why it was not taken. P stays the caller's. */
__attribute__((warn_unused_result)) enum drop send_device(
    const struct port *port, const struct pkt *p);

/* --- refuse.c: ICMP errors about P, which stays the caller's --- */
void refuse_too_big(struct worker *w, const struct lane *lane, const struct pkt *p, uint32_t mtu);
void refuse_ttl(struct worker *w, const struct lane *lane, const struct pkt *p);

/* --- pmtu.c --- */
/* Empties the error queue of an IP socket. Path MTUs that ICMP reports are learned; returns the MTU that a packet of
 * ours to DST was refused for (DST may be NULL), or 0. */
uint32_t pmtu_read_errors(struct worker *w, const struct port *port, const struct addr *dst);
/* Lowers the limit of all tunnels to GATEWAY for some minutes. */
void pmtu_learn(struct worker *w, const struct addr *gateway, uint32_t mtu);
void pmtu_expire(struct worker *w);

/* --- flowlog.c --- */
struct flow;
void flowlog_note(struct worker *w, const struct path *path, const struct flow *f, bool is_output);

/* --- notice.c --- */
/* A packet was dropped because PATH has no SA yet. */
void notice_acquire(struct worker *w, const struct path *path);
/* P is ESP or AH as it came, and its SPI is nobody's. */
void notice_bad_spi(struct worker *w, const struct pkt *p);

#endif
