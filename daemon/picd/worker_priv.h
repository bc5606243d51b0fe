/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_priv.h - the inside of a worker, for the files of the packet path.
 *
 * The path, in order: rx.c and rx_udp.c read -> outbound.c or inbound.c decides and gives what belongs to another worker's SA
 * to hand.c; seal.c and inbound.c call lib/esp -> send.c, send_udp.c or deliver.c takes the result; refuse.c answers, pmtu.c learns, flowlog.c notes. All of it
 * runs on the worker's thread. When there is more than one can do, guest.c has others read a port, too, help.c says who computes,
 * and finish.c lets out what was computed, in order. What workers share is the crew: rings from each to each, and path MTUs.
 */
#ifndef WORKER_PRIV_H
#define WORKER_PRIV_H

#include "daemon/picd/pace.h"
#include "daemon/picd/snap.h"
#include "daemon/picd/tally.h"
#include "daemon/picd/token.h"
#include "daemon/picd/workers.h"
#include "daemon/picd/wstat.h"
#include "lib/base/clock.h"
#include "lib/esp/drop.h"
#include "lib/esp/pkt.h"
#include "lib/esp/worker.h"

#include <errno.h>
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
	ICMP_PER_S = 200,         /* errors sent, all lanes and workers together */
	REPORTS_PER_S = 100,      /* path MTU reports from the network that are looked at */
	FLOW_CACHE = 4096,        /* flows whose start has been logged */
	FLOW_IDLE_MS = 60 * 1000, /* silence after which a flow starts again */
	FLOW_EVENTS = 256,        /* log lines waiting for the main thread; a power of two */
	FLOW_EVENTS_PER_S = 100,
	NOTICES = 1024, /* waiting for the main thread; a power of two */
	BAD_SPIS_PER_S = 10,
	HOPS_PER_S = 1000,
	DELIVER_MAX = 256,          /* opened packets of a turn that wait to be merged; MERGE_MAX */
	UDP_SEND_MAX = 256,         /* sealed packets that wait for the UDP socket */
	OUT_OCTETS_MAX = 256 << 10, /* of clear packets that wait; more would leave the cache */
	UDP_BATCH = 8,              /* messages of 64 KB received in one call */
	IN_MAX = 256,               /* received packets that wait to be opened */
	GUEST_OCTETS =
	    256 << 10, /* read by who shares a port before the next one may; stays in a cache */
	GUEST_MESSAGES = 2, /* so many octets in messages */
	TRAIN_CONTROL_LEN = 96,
	TASKS_MAX = 32, /* bursts and trains whose cryptography others may do; a power of two */
	LEARN_OCTETS = 4096,         /* a burst so large says what cryptography costs */
	TURN_OCTETS = 512 << 10,     /* taken from a port in a turn, so that others have theirs */
	LATE_MS = 250,               /* after which a helper is not waited for */
	SHARE_NS = 50 * 1000 * 1000, /* of helping that say whether helpers get a processor */
	ALONE_MS = 1000,             /* how long nobody is asked for help after they did not */
	RING_LEN = 512,    /* packets on their way from one worker to another; a power of two */
	HAND_BATCH = 32,   /* a receiver hears of them at the latest after so many */
	HAND_BUDGET = 128, /* taken from one ring in a turn */
	STRANGE_MAX =
	    2048, /* more packets of a device than this for another worker: it reads them itself */
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

/* Packets that leave as one message: all of one length but the last. */
struct train {
	struct pkt_outer outer;
	struct mmsghdr *msg;
	unsigned first; /* place of the first packet */
	unsigned n;
	uint32_t seg_len;
	uint32_t last_len;
	uint32_t len;
	struct sockaddr_storage to;
	uint8_t control[TRAIN_CONTROL_LEN] __attribute__((aligned(16)));
};

/* Packets on their way to the worker's UDP socket. */
struct udp_sender {
	const struct port *port;
	unsigned n_trains;
	unsigned n_pkts;
	struct train trains[UDP_SEND_MAX];
	struct mmsghdr msgs[UDP_SEND_MAX];
	struct iovec iov[UDP_SEND_MAX];
	struct pkt *pkts[UDP_SEND_MAX];
	/* a train that lies bare and waits for more; then there are no others */
	struct super_job *open;
	bool has_open;
};

/* Packets on their way to an AF_XDP socket. */
struct xsk_sender {
	unsigned device; /* its number */
	unsigned n;
	uint64_t reserved; /* the way of frames that are taken, but not yet sent */
	struct hop *hop;   /* of the packet before; not to be used in another epoch */
	uint64_t epoch;    /* in which it was found; whose outer addresses, as on the wire, are: */
	uint32_t n_last;
	uint8_t last[32];
	uint64_t ways[BURST_MAX];
	struct pkt *pkts[BURST_MAX];
};

struct pmtu_entry {
	struct addr gateway; /* ADDR_NONE: free */
	uint32_t mtu;        /* octets; the least that was reported */
	uint64_t until_ms;
};

struct pmtu_table {
	pthread_mutex_t lock; /* taken for reports, which are rare and limited */
	struct pmtu_entry entries[PMTU_MAX];
	unsigned next; /* overwritten when the table is full */
};

enum handed_kind {
	HANDED_IN,  /* protected, as it was received */
	HANDED_OUT, /* clear, and its path is known */
	HANDED_READ /* clear, as it was read from a device */
};

/* A packet for an SA that is another worker's, or from a port that is. Where its reader found the tunnel in another snapshot
 * than the owner has, the owner looks again. */
struct handed {
	struct pkt *pkt;
	uint64_t generation; /* OUT: of the snapshot that the slot is about */
	uint32_t slot;       /* OUT: of the path */
	enum handed_kind kind;
};

/* From one worker to another: one writer, one reader. */
struct ring {
	/* the writer's */
	_Alignas(64) _Atomic uint32_t in;
	uint32_t in_next;  /* written, but not yet shown */
	uint32_t out_seen; /* `out` as it was last */
	/* the reader's; moves when a packet has been dealt with, so an empty ring is an idle one */
	_Alignas(64) _Atomic uint32_t out;
	uint32_t out_next;
	_Alignas(64) struct handed slots[RING_LEN];
};

enum task_kind { TASK_TRAIN, TASK_OUT, TASK_IN };
enum { TASK_MAKERS = 0x100 }; /* nobody else finishes it */
enum task_state { TASK_FREE, TASK_OPEN, TASK_CLAIMED, TASK_DONE, TASK_LEAVING };

struct super_job;
struct taps;

/* Work to be done, by its owner or a helper. */
struct task {
	_Alignas(64) _Atomic uint32_t state; /* enum task_state */
	_Atomic uint32_t maker;              /* index; with TASK_MAKERS */
	enum task_kind kind;
	_Atomic bool
	    is_lost; /* given up, but the helper still works on it; written by the owner with the token */
	unsigned n;
	_Atomic uint32_t
	    *pin; /* counts what its maker has in rings of others; NULL: it is his own */
	bool is_waited_for;
	uint64_t since_ms;       /* when the owner began to wait */
	const struct snap *snap; /* that it was made with, */
	uint64_t generation;     /* whose this is, and the epoch that its SAs are from */
	uint64_t epoch;
	struct super_job *train; /* TASK_TRAIN */
	struct pkt *whole;       /* TASK_TRAIN: the superpacket, of the last one that it became */
	struct esp_job *job;     /* the others */
	struct pkt *pkts[BURST_MAX];
};

/* In the order in which they are finished. */
struct tasks {
	_Alignas(64) _Atomic bool is_shared; /* there may be open ones */
	_Atomic bool is_missed; /* the owner sleeps, but wants to know when the head moves */
	_Atomic uint32_t tail;
	_Atomic unsigned n_lost;
	_Alignas(64) _Atomic uint32_t head; /* moved by who has the token */
	_Atomic uint32_t token;             /* see finish.c */
	unsigned n_taken;                   /* tasks from the head on that its holder works on */
	/* see guest.c */
	_Alignas(64) _Atomic uint32_t making;   /* the other token */
	_Atomic(const struct port *) shared;    /* what guests may read; NULL: nothing */
	_Atomic(const struct snap *) shared_in; /* the picture of the world in which they may */
	_Atomic bool is_over; /* a guest has found nothing more, or what is not for him */
	struct task ring[TASKS_MAX];
};

/* What the workers of a process share. */
struct crew {
	unsigned n;
	struct worker *workers[CREW_MAX];
	struct ring *rings;         /* from I to J: I * n + J */
	pthread_mutex_t watch_lock; /* taken when a port changes hands */
	struct pmtu_table pmtu;
	_Atomic uint64_t
	    alone_until_ms; /* helpers take processors from others: nobody is asked for help */
};

/* What a worker has in rings of others, and the oldest that this may use. */
struct pin {
	_Alignas(64) _Atomic uint32_t n;
	uint64_t generation;
	uint64_t epoch;
};

struct worker {
	struct worker_params p;
	struct crew *crew;
	int epoll_fd;
	int wake_fd; /* eventfd: a snapshot was published, or the thread shall end */
	pthread_t thread;
	bool is_running;
	_Atomic bool is_stopping;
	_Atomic(const struct snap *) published;
	_Atomic uint64_t seen;
	_Atomic uint64_t epoch;
	_Atomic uint64_t epoch_seen;
	_Alignas(64) _Atomic bool is_asleep; /* or about to be: packets in a ring need a wake */
	_Alignas(64) struct wstat stat;

	/* who looks at packets; see tap.h. TAPS is set before a first bit, and stays */
	struct taps *taps;
	_Atomic uint32_t tap_on; /* bits: filters in force */

	/* --- this thread's own --- */
	const struct snap *snap; /* during a turn only */
	uint64_t settled; /* generation up to which heirs have inherited; `seen` may be older */
	uint64_t now_ms;
	uint64_t tick_ms;
	struct esp_worker *esp;
	struct pkt_pool *pool;
	struct frag_table *frags;
	struct pkt *out_q[BURST_MAX]; /* user: struct path; tag: of the lane */
	unsigned n_out;
	uint32_t out_octets;      /* in out_q */
	struct pkt *in_q[IN_MAX]; /* tag: of the lane */
	unsigned n_in;
	uint32_t in_octets; /* in in_q */
	struct sender send4;
	struct sender send6;
	struct udp_sender udp;
	bool
	    is_raw_ahead; /* send4 or send6 has something that must leave before more goes to udp or xsk */
	struct xsk_sender xsk;
	struct merge *merge;
	bool takes_no_udp; /* the kernel's devices, as superpackets */
	struct pkt *deliver_q[DELIVER_MAX];
	const struct port *deliver_to[DELIVER_MAX];
	unsigned n_deliver;
	struct pace pace;
	unsigned
	    units_of; /* whose queues of units packets are written to: of whom they are finished for */
	struct limiter icmp;
	struct limiter reports;
	struct limiter ike_limit;
	struct tasks tasks;
	struct worker
	    *host; /* whose ports it reads and whose ring it fills: itself, or as a guest another */
	bool shares; /* what it reads becomes tasks that are its own to compute */
	bool
	    is_astray; /* the guest has met what is not for him: all that follows goes to the host */
	bool is_crowded;          /* the host's ring had no room: likewise */
	bool is_out;              /* at the end of the turn it had tasks in rings of others */
	unsigned n_made;          /* tasks that it has made but not computed, */
	uint32_t made[TASKS_MAX]; /* with their places in the host's ring */
	struct pin pins[2];       /* one for new tasks while the other empties */
	unsigned pin;
	uint64_t ns_per_kib;      /* what cryptography costs lately */
	uint32_t turn_octets;     /* of packets since the turn began */
	uint64_t turn_epoch;      /* as it was then */
	bool has_helped;          /* in this turn */
	uint32_t handed_to;       /* bit I: packets for worker I are not yet shown */
	uint32_t n_strange;       /* packets that were for other workers */
	unsigned handed_last;     /* to whom the last one went */
	const struct port *given; /* to worker given_to, at the end of the turn; NULL: none */
	unsigned given_to;
	uint64_t
	    help_wall_ns; /* since when this thread does nothing but help, without a pause; 0: it does not */
	uint64_t help_cpu_ns; /* its processor time then */
	uint64_t wanted_ns;   /* of lately: how long it has helped, and what of that it got */
	uint64_t got_ns;
	bool holds_back; /* tasks use what would otherwise be given back */

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
	struct limiter hop_limit;
	struct notice notices[NOTICES];
	_Atomic uint32_t notices_in;
	_Atomic uint32_t notices_out;
};

/* Why the kernel did not take a packet. */
static inline enum drop
errno_drop(int e)
{
	return e == EAGAIN || e == ENOBUFS || e == ENOMEM ? DROP_SEND_FULL : DROP_SEND;
}

/* This worker's part of what all may do together. */
static inline unsigned
worker_share(const struct worker *w, unsigned per_s)
{
	unsigned share = per_s / w->snap->n_workers;
	return share > 0 ? share : 1;
}

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
/* The same for all packets that P stands for. */
void worker_drop_super(struct worker *w, const struct path *path, const struct lane *lane,
    enum drop reason, const struct pkt *p);

/* True if one more event is within PER_S. */
bool limiter_take(struct limiter *l, uint64_t now_ms, unsigned per_s);

/* --- rx.c: one event's worth of packets from a port --- */
void rx_device(struct worker *w, const struct port *port, const struct lane *lane);
void rx_raw(struct worker *w, const struct port *port, const struct lane *lane);
/* A batch of who shares the port; false: there is no more now. */
bool rx_device_batch(struct worker *w, const struct port *port, const struct lane *lane);
bool rx_raw_batch(struct worker *w, const struct port *port, const struct lane *lane);
/* Prepares rx_msgs for at most MAX fresh packets, in rx_pkts; returns how many there are. */
unsigned rx_prepare(struct worker *w, unsigned max);
/* --- rx_udp.c --- */
void rx_udp(struct worker *w, const struct port *port, const struct lane *lane);
bool rx_udp_batch(struct worker *w, const struct port *port, const struct lane *lane);
/* --- rx_ike.c --- */
/* P, with its outer header, is IKE that was merged with ESP: sends it to kmd's socket, a bounded number per second. */
void rx_ike(struct worker *w, const struct lane *lane, const struct pkt *p);

/* --- outbound.c: clear packets; takes P over --- */
void outbound_take(struct worker *w, struct pkt *p);
/* The same with one that a guest has read. */
void outbound_take_read(struct worker *w, struct pkt *p);
/* The same with a packet that another worker has found the path of SLOT for, in the snapshot of GENERATION. */
void outbound_take_over(struct worker *w, struct pkt *p, uint32_t slot, uint64_t generation);
/* Puts P, whose sa and user are set, behind those that wait to be sealed. */
void seal_take(struct worker *w, struct pkt *p);
void seal_flush(struct worker *w);
/* What becomes of packets when their cryptography is done; takes them over. */
void seal_burst_done(struct worker *w, struct pkt **pkts, unsigned n);
void seal_train_done(struct worker *w, struct super_job *job);

/* --- inbound.c: protected packets; takes P over --- */
/* As it came from outside: for the owner of its SA, whoever that is. */
void inbound_take(struct worker *w, struct pkt *p);
void inbound_flush(struct worker *w);
void inbound_burst_done(struct worker *w, struct pkt **pkts, unsigned n);

/* --- help.c: who does the cryptography --- */
bool help_make(struct worker *w);
void help_free(struct worker *w);
/* More packets, of so many octets, have come in this turn: shall others help with them? True as long as some wait. */
bool help_is_wanted(struct worker *w, uint32_t octets);
/* Would they, if OCTETS more came? */
bool help_is_worth(const struct worker *w, uint32_t octets);
/* OCTETS took so long. */
void help_learn(struct worker *w, uint32_t octets, uint64_t ns);
/* So much waits that no more should be read. */
bool help_is_full(struct worker *w);
/* Nothing waits for its cryptography. */
bool help_is_none(const struct worker *w);
/* How many tasks more there is room for in the ring that W fills. */
unsigned help_room(struct worker *w);
/* Is there room for N? If there is not, first does what can be done; that may take packets from the pool. */
bool help_has_room(struct worker *w, unsigned n);
/* Make tasks, for which there must be room; take the packets over. WHOLE: of the last train of a superpacket, else NULL. */
void help_train(struct worker *w, const struct super_job *job, struct pkt *whole);
void help_out(struct worker *w, struct pkt **pkts, unsigned n);
void help_in(struct worker *w, struct pkt **pkts, unsigned n);
/* Does what nobody has begun, and finishes what is done, in order. */
void help_work(struct worker *w);
/* The same until nothing is left; waits for helpers. */
void help_drain(struct worker *w);
/* Computes what W has made for itself. */
void help_own(struct worker *w);
/* Nobody is asked for help for a while. */
void help_alone(struct worker *w);
/* Wakes one of those who sleep. */
void help_wake(struct worker *w);
/* Lowers what was given to what the oldest tasks use, in its own ring and of its own in others. */
void help_oldest(struct worker *w, uint64_t *generation, uint64_t *epoch);
/* Is nothing of W's in the ring of another? */
bool help_is_home(struct worker *w);
/* Does something for another worker; false: there is nothing. Once a turn. */
bool help_others(struct worker *w);

/* --- guest.c: who reads --- */
/* PORT of W may have more than what is being handled: has W share it from now on, if it is worth it and it does not yet. */
void guest_open(struct worker *w, const struct port *port);
/* If it does: reads PORT, with whoever comes, until there is no more, or something else to do. */
void guest_share(struct worker *w, const struct port *port, const struct lane *lane);
/* Reads for another worker what that shares; false: nothing. */
bool guest_others(struct worker *w);
/* Has something of W's come to the head of a ring of another, that nobody else finishes? */
bool guest_is_due(struct worker *w);
/* The steps of it: takes the token of HOST; reads, and returns if there is more; makes tasks and gives the token back, or finds that it
 * was taken away, and gives the packets to HOST; computes. HELD is the token. */
bool guest_take(struct worker *w, struct worker *host, uint32_t *held);
bool guest_read(struct worker *w, struct worker *host);
bool guest_make(struct worker *w, struct worker *host, uint32_t held, bool has_more);
void guest_leave(struct worker *w);
/* And of W: sharing ends, with W's own token; gets it back from whoever has it. */
void guest_close(struct worker *w);
void guest_back(struct worker *w);

/* --- finish.c: what was computed leaves, in order --- */
/* What somebody with the token has settled, but not yet let go: N tasks from AT on. */
struct finishing {
	uint32_t at;
	unsigned n;
	uint32_t held; /* the token, as long as it is his */
};

/* Finishes what is done at the head of OWNER's ring, unless somebody else does; ALL: also what others have made. W, who need
 * not be the owner, has nothing waiting to be sent or delivered unless he is. */
void finish_tasks(struct worker *w, struct worker *owner, bool all);
/* The steps of it: worker INDEX takes the token; settles, or gives it back and returns false; lets the packets go and gives it back. */
bool finish_try(struct worker *owner, unsigned index);
bool finish_begin(struct worker *w, struct worker *owner, bool all, struct finishing *out);
void finish_end(struct worker *w, struct worker *owner, const struct finishing *f);
/* The head can be finished by W; ALL: also if somebody else has made it. */
bool finish_is_due(const struct worker *w, struct worker *owner, bool all);
/* The owner has nothing else to do: gives up the head if he has waited for it for too long. True: something has changed. */
bool finish_without(struct worker *w);
/* Takes back what helpers of lost tasks are done with. The owner. */
void finish_lost(struct worker *w);

/* --- hand.c: packets from worker to worker; takes P over --- */
void hand_out(struct worker *w, struct pkt *p, unsigned to, uint32_t slot);
void hand_in(struct worker *w, struct pkt *p, unsigned to);
/* P is clear, and nothing is known about it yet. */
void hand_read(struct worker *w, struct pkt *p, unsigned to);
/* W has read PORT for worker TO and given it some of that, which comes before what TO reads next. */
void hand_mark(struct worker *w, const struct port *p, unsigned to);
/* Port P, a device, has brought N packets, and N_HANDED of them were for other workers: when most of what it brings belongs to
 * one other worker for long, that one shall read it. */
void hand_note(struct worker *w, const struct port *p, unsigned n, unsigned n_handed);
/* May P be read, or has who had it before handed over packets that come first? */
bool hand_is_past(const struct worker *w, const struct port *p);
/* Shows the others what is theirs, and wakes who sleeps. */
void hand_flush(struct worker *w);
/* Takes what others have given, within a budget. */
void hand_take(struct worker *w);
/* What hand_take() took is done with. */
void hand_taken(struct worker *w);
/* Is there something to be taken? */
bool hand_waits(const struct worker *w);
/* Has worker TO listen to P from now on, that W listens to, when it has taken what W gave it before place BEHIND of its ring.
 * W's thread. */
void worker_give(struct worker *w, const struct port *p, unsigned to, uint32_t behind);
/* Wakes TO if it sleeps. Any worker. */
void worker_wake(struct worker *to);

/* --- send.c --- */
/* Sends a protected packet, or the chain of its fragments; takes P over. Its user is its path. */
void send_chain(struct worker *w, struct pkt *p);
void send_flush(struct worker *w);
/* Sends a protected packet with the headers that it has; takes P over. */
void send_raw(struct worker *w, struct pkt *p);
/* Sends what waits for the raw sockets. */
void send_raw_flush(struct worker *w);

/* --- send_udp.c --- */
/* Takes P over if a UDP socket can send it just as it is; else false. */
__attribute__((warn_unused_result)) bool send_udp(struct worker *w, struct pkt *p);
void send_udp_flush(struct worker *w);
/* How a train for the SA of P should lie (enum super_layout), and sends one that lies bare, of a finished job. Takes the train over. */
unsigned send_layout(const struct worker *w, const struct pkt *p);
void send_udp_train(struct worker *w, const struct super_job *job);
/* The same with a job of SUPER_BARE, which may continue the train that waits; it leaves when it is full, or with the next flush. */
void send_udp_gather(struct worker *w, const struct super_job *job);
/* The train that waits for more; NULL: there is none. */
const struct super_job *send_udp_open(const struct worker *w);

/* --- xsk.c --- */
void rx_xsk(struct worker *w, const struct port *port, const struct lane *lane);
/* Takes P over if it can leave as a frame; else false. */
__attribute__((warn_unused_result)) bool send_xsk(struct worker *w, struct pkt *p);
void send_xsk_flush(struct worker *w);
/* Takes frames for N packets of the SA of P, which is set, of at most LEN octets each, and stores in OUT where they shall be
 * written. False: they have to go another way. */
__attribute__((warn_unused_result)) bool send_xsk_reserve(
    struct worker *w, const struct pkt *p, unsigned n, uint32_t len, uint8_t **out);
/* Sends JOB, whose packets lie there. Takes its train over. */
void send_xsk_job(struct worker *w, const struct super_job *job);
/* Or gives the N frames back. */
void send_xsk_release(struct worker *w, unsigned n, uint8_t *const *places);

/* --- deliver.c --- */
/* Writes a whole IP packet to a device; DROP_NONE, or why it was not taken. P stays the caller's. */
__attribute__((warn_unused_result)) enum drop send_device(
    const struct port *port, const struct pkt *p);
/* The same a moment later, with others of its flow; takes P, whose user is its path, over. */
void deliver_take(struct worker *w, const struct port *port, struct pkt *p);
void deliver_flush(struct worker *w);

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
/* Nobody knows yet how a frame of plain ESP to REMOTE looks. */
void notice_hop(struct worker *w, const struct addr *local, const struct addr *remote);
/* P, which is authentic and in UDP, may come from elsewhere than PATH's packets are sent to. */
void notice_moved(struct worker *w, const struct path *path, const struct pkt *p);
/* P is ESP or AH as it came, and its SPI is nobody's. */
void notice_bad_spi(struct worker *w, const struct pkt *p);

#endif
