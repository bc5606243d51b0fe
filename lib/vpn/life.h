/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life.h - the life of all tunnels with dynamic SAs: when they are negotiated, renewed, probed, moved, and ended.
 *
 * One struct life owns the IKE engine and is its host. It reads no clock and no socket and draws no randomness: times are
 * parameters, in milliseconds of any clock that only goes forward, and everything else is asked of struct life_host, which has
 * two users, the daemon and the tests. Calls of the host come from inside the functions below, on their thread; the
 * host may not call back from them. One thread.
 *
 * A tunnel is a term with `then dynamic` in a service set (SET/RULE/TERM), or an es- unit whose SA is dynamic (the unit). The
 * services interface that forwards its packets is its PIC; what is said to a PIC and heard from it are the messages between
 * kmd and picd of lib/msg/msg.h as structs. A tunnel negotiates nothing before its PIC has said what it holds:
 *
 *   life_pic_up()  life_held()*  life_held_end()
 *
 * Where the documents of JUNOS leave it open:
 * - soft lifetime: 135 s before the hard one if we began the negotiation, 90 s if the peer did; of a hard lifetime of less
 *   than 180 s a quarter, or half of it. Nothing is spread: what comes due at once waits for its turn.
 * - responder-only neither begins nor renews: what the peer does not renew ends.
 * - a gateway that does not answer is given up after 14 s if the tunnel has another one, and after 126 s if not.
 * - the default of dead-peer-detection (interval 10) means the old timers: three probes 2 s apart, so a peer that dies is found
 *   dead after 16 to 26 s. Any other interval is the idle time and the time between probes.
 */
#ifndef LIFE_H
#define LIFE_H

#include "lib/base/addr.h"
#include "lib/ike/ike.h"

struct conf;
struct life;
struct text;

enum {
	LIFE_TAG_MAX = 40,
	LIFE_SOFT_INITIATOR_S = 135, /* before the hard lifetime */
	LIFE_SOFT_RESPONDER_S = 90,
	LIFE_SOFT_WHOLE_S = 180, /* shorter hard lifetimes have these in proportion */
	LIFE_TURNS_MAX = 256,    /* negotiations that we begin at the same time; others wait */
	LIFE_TURN_MS =
	    3000, /* after this a negotiation that hangs no longer keeps others waiting */
	LIFE_RETRY_MS = 5000, /* after the first failure; then twice as long each time up to: */
	LIFE_RETRY_MAX_MS = 320000,
	LIFE_SWITCHES_MAX = 6, /* between the gateways, without one that answers */
	LIFE_REST_MS = 60000,  /* then nothing is tried for so long */
	LIFE_CHILDREN_MAX = 8, /* pairs of SAs of a tunnel; then the oldest goes */
	LIFE_IKE_MAX = 4,      /* IKE SAs with a peer; then the oldest goes */
	LIFE_PROBE_MS = 2000,  /* between probes with the default interval */
	LIFE_WORD_MS =
	    60000, /* an INVALID-SPI of the peer ends an SA of a tunnel once in this time */
	LIFE_KEEPALIVE_S = 20, /* where the service set does not say */
};

/* --- what is said to a PIC and heard from it --- */

/* An IPsec SA of one direction: MSG_SA_ADD and MSG_SA_HELD. Valid during the call. */
struct life_sa {
	const char *pic; /* "sp-1/2/0" */
	const char *tunnel;
	bool is_out;
	bool is_initiator; /* of the negotiation */
	bool is_udp;       /* ESP in UDP, on the ports of `local` and `remote` */
	enum p2_protocol protocol;
	enum auth_alg auth;
	enum enc_alg enc;
	uint32_t spi;            /* bundle: of AH */
	uint32_t aux_spi;        /* bundle: of ESP; else 0 */
	const uint8_t *auth_key; /* auth_info()->key_len octets; held: NULL */
	const uint8_t *enc_key;  /* enc_secret_len() octets; held: NULL */
	struct natt_end local;   /* outer addresses */
	struct natt_end remote;
	unsigned window; /* 0: no anti-replay */
	struct prefix local_net;
	struct prefix remote_net;
	uint32_t soft_s; /* from now; 0: none */
	uint32_t hard_s;
	/* What comes back when the SA is held: letters and digits, at most LIFE_TAG_MAX - 1. It says which configuration of the
	 * tunnel the SA was made of, and which SA is the other direction. */
	const char *tag;
};

/* MSG_REDUNDANCY: sent for tunnels with a backup gateway. */
struct life_redundancy {
	const char *pic;
	const char *tunnel;
	struct addr primary;
	struct addr backup;
	bool is_backup_active;
	unsigned failovers;
};

/* --- what happened, for log and traces --- */

enum life_kind {
	LIFE_P1_UP,
	LIFE_P1_DOWN,      /* it expired, was deleted or cleared */
	LIFE_P1_FAILED,    /* ours: no answer, or what was answered is not allowed */
	LIFE_P1_NO_POLICY, /* an unknown peer */
	LIFE_P1_REFUSED, /* a message of a known peer in phase 1; like the one above as often as somebody sends */
	LIFE_P2_REFUSED, /* a message on an IKE SA that is up */
	LIFE_P2_FAILED,
	LIFE_SA_UP,       /* a pair of SAs can be used */
	LIFE_SA_DOWN,     /* a pair of SAs is gone */
	LIFE_TUNNEL_UP,   /* its first pair */
	LIFE_TUNNEL_DOWN, /* its last pair */
	LIFE_PEER_DEAD,
	LIFE_FAILOVER,
	LIFE_FAILOVER_MANUAL,
	LIFE_FAILOVER_MAX, /* too many: back to the primary gateway, and given up */
	LIFE_CONTACT,      /* the peer says that it has started anew */
	LIFE_BAD_SPI,      /* the peer says that it does not know our outbound SA */
	LIFE_ADOPTED,
	LIFE_ORPHAN,         /* a PIC held an SA that belongs to nothing: removed */
	LIFE_INSTALL_FAILED, /* the PIC refused an SA */
	LIFE_SHORT,          /* the peer keeps SAs for less time than is sane */
	LIFE_SPI_TWICE,      /* the peer gave an outbound SPI twice */
	LIFE_CONF_CHANGED,   /* the tunnel is another one now: its SAs are gone */
	LIFE_MOVED,          /* the peer's NAT gave it another address or port */
	LIFE_TRACE,          /* for traces only */
	LIFE_KIND_MAX,
};

struct life_kind_info {
	const char *tag;   /* of syslog: "KMD_PM_SA_ESTABLISHED"; NULL: traces only */
	unsigned severity; /* of syslog: LOG_ERR 3 ... LOG_DEBUG 7 */
};

const struct life_kind_info *life_kind_info(enum life_kind kind);

struct life_event {
	enum life_kind kind;
	const char *tunnel;      /* or NULL */
	const char *service_set; /* or NULL */
	struct addr local;       /* gateways, or ADDR_NONE */
	struct addr remote;
	const struct ike_sa *sa; /* or NULL */
	const char *text;        /* one line, complete without the rest */
};

/* --- the host --- */

struct life_host {
	void *ctx;
	void (*random)(void *ctx, void *out, size_t n);
	/* PATH's local port says which socket: NATT_PORT wants the marker in front. */
	void (*send)(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len);
	/* The one octet NATT_KEEPALIVE, no marker. */
	void (*keepalive)(void *ctx, const struct ike_path *path);
	void (*sa_add)(void *ctx, const struct life_sa *sa);
	/* SPI 0: everything of the tunnel, also what we have not heard of. */
	void (*sa_del)(void *ctx, const char *pic, const char *tunnel, bool is_out, uint32_t spi);
	void (*watch)(void *ctx, const char *pic, const char *tunnel, unsigned interval_s);
	void (*redundancy)(void *ctx, const struct life_redundancy *r);
	/* The tunnels with this certificate cannot negotiate before life_chain() has told what it says. Asked once. */
	void (*chain)(void *ctx, const char *certificate);
	/* As in ike.h, with the names of our certificate and of the CA profiles that the service set trusts; answered, after
	 * returning, by life_signed() and life_proved(). */
	void (*sign)(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket,
	    const char *certificate, struct part hash);
	void (*prove)(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket,
	    const struct ike_claim *claim, const char *const *cas, size_t n_cas);
	/* Is anybody there who wants to know of this kind now? Else no words are made. NULL: of all. */
	bool (*hears)(void *ctx, enum life_kind kind);
	void (*event)(void *ctx, const struct life_event *e);
};

struct life *life_new(const struct life_host *host); /* *HOST is copied */
void life_free(struct life
	*l); /* NULL is fine; nothing is said to peers and PICs, so that another one can adopt */

/* --- configuration, time, datagrams --- */

/* Could it be run? False, and WHY says the reason, if a name in it is none. */
bool life_conf_check(const struct conf *c, struct text *why);

/* Runs this configuration from now on; cannot fail. Nothing of C is kept. Tunnels are paired by name; one that is the same
 * loses nothing. */
void life_conf(struct life *l, uint64_t now_ms, const struct conf *c);

/* Takes one datagram, without the marker of port 4500; MSG is decrypted in place. */
void life_input(
    struct life *l, uint64_t now_ms, const struct ike_path *path, uint8_t *msg, size_t len);

void life_tick(struct life *l, uint64_t now_ms);
uint64_t life_due(
    const struct life *l); /* when life_tick() has something to do; UINT64_MAX: never */

/* --- from a PIC --- */

/* The channel to PIC is new, also when there was one before. */
void life_pic_up(struct life *l, uint64_t now_ms, const char *pic);
void life_held(struct life *l, uint64_t now_ms, const struct life_sa *sa); /* MSG_SA_HELD */
void life_held_end(struct life *l, uint64_t now_ms, const char *pic);      /* MSG_SA_HELD_END */
/* The channel is closed. The SAs stay what they are: the PIC may still forward, and tells when it is back. */
void life_pic_down(struct life *l, uint64_t now_ms, const char *pic);

/* Are these the tunnel's PIC and a tunnel? What another one says of it is not to be heard. */
bool life_is_of_pic(const struct life *l, const char *tunnel, const char *pic);

void life_acquire(struct life *l, uint64_t now_ms, const char *tunnel);
void life_idle(struct life *l, uint64_t now_ms, const char *tunnel);
void life_spent(struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi, bool is_hard);
/* An SA that was added could not be: the pair is ended, with the peer told. */
void life_sa_failed(
    struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi, const char *why);
/* ESP in UDP for the inbound SPI of the tunnel, authentic and newer than all before with that, came from REMOTE. If the peer is the
 * one behind a NAT, IKE goes there from now on, and pairs are made anew for it. Packets of another pair than the newest say
 * nothing: somebody may have kept one back. */
void life_moved(struct life *l, uint64_t now_ms, const char *tunnel, uint32_t spi,
    const struct natt_end *remote);
void life_bad_spi(struct life *l, uint64_t now_ms, enum v1_protocol protocol, uint32_t spi,
    struct addr local, struct addr remote);

/* --- from pkid --- */

/* Who a certificate of ours says we are. */
struct life_chain {
	struct part subject; /* DER */
	struct id alternate; /* the first subjectAltName; `p` NULL: none */
	const struct part
	    *cas; /* DER names of the authorities that are asked for in CERTREQ; none: any */
	size_t n_cas;
};

/* The certificate has been loaded, or another one in its place; CHAIN NULL: there is none, WHY says why. */
void life_chain(struct life *l, uint64_t now_ms, const char *certificate,
    const struct life_chain *chain, const char *why);
void life_signed(struct life *l, uint64_t now_ms, struct ike_ticket ticket, struct part signature,
    const struct part *certs, size_t n_certs, const char *why); /* see ike_signed() */
void life_proved(struct life *l, uint64_t now_ms, struct ike_ticket ticket, enum ike_reason reason,
    const char *why); /* see ike_proved() */

/* --- commands --- */

/* Which SAs. What is NULL, 0 or ADDR_NONE does not matter. */
struct life_select {
	const char *tunnel;  /* es-: the unit */
	const char *sa_name; /* es-: the security-association */
	const char *service_set;
	unsigned tunnel_index;
	struct addr remote; /* gateway */
	bool services;      /* those of service sets ... */
	bool es;            /* ... and those of es- units; both false: all */
};

/* They return how many SAs (pairs) there were. The peers are told. IPsec SAs stay when IKE SAs are cleared. */
size_t life_clear_ike(struct life *l, uint64_t now_ms, const struct life_select *which);
size_t life_clear_statistics(
    struct life *l, const struct life_select *which); /* IKE SAs; only counters */
size_t life_clear_ipsec(struct life *l, uint64_t now_ms, const struct life_select *which);

/* Makes the standby gateway of the tunnels between LOCAL and REMOTE (which may be either of its gateways) the active one.
 * Returns how many tunnels were switched: 0 if there is none with a backup gateway. */
size_t life_switch(struct life *l, uint64_t now_ms, struct addr local, struct addr remote);

/* --- for show --- */

enum life_state {
	LIFE_DOWN,        /* nothing, and nobody wants it */
	LIFE_WAITING,     /* wanted: for its turn, or for the time to try again */
	LIFE_NEGOTIATING, /* phase 1 or 2 */
	LIFE_UP,
	LIFE_STATE_MAX,
};

const char *life_state_name(enum life_state state); /* "up" */

struct life_pair {
	uint32_t in_spi; /* bundle: of AH */
	uint32_t out_spi;
	uint32_t in_aux_spi;
	uint32_t out_aux_spi;
	enum p2_protocol protocol;
	enum auth_alg auth;
	enum enc_alg enc;
	bool is_initiator;
	bool is_udp;
	bool is_current; /* outbound packets use it */
	bool is_adopted;
	uint32_t soft_left_s;
	uint32_t hard_left_s;
};

struct life_tunnel_view {
	const char *name;
	const char *service_set; /* NULL: es- */
	const char *rule;
	const char *term;
	const char *pic;
	const char *sa_name; /* es- */
	unsigned index;
	struct addr local;
	struct addr primary;
	struct addr backup; /* or ADDR_NONE */
	bool is_backup_active;
	unsigned failovers;
	struct prefix local_net;
	struct prefix remote_net;
	enum life_state state;
	const char *
	    failure; /* why the last negotiation failed, one line; NULL: none did since it was up last */
	struct addr failed;  /* the gateway with which it was */
	uint64_t failure_ms; /* when */
	uint64_t retry_ms;   /* LIFE_WAITING: not before; 0: waits for its turn */
	unsigned n_pairs;
	struct life_pair pairs[LIFE_CHILDREN_MAX]; /* newest first */
};

/* Tunnels in the order of the configuration; pointers are valid until the next call that is not const. */
size_t life_n_tunnels(const struct life *l);
void life_tunnel(const struct life *l, uint64_t now_ms, size_t i, struct life_tunnel_view *out);
bool life_tunnel_by_name(
    const struct life *l, uint64_t now_ms, const char *name, struct life_tunnel_view *out);

/* The IKE SAs, also those that are being negotiated, are the engine's. */
const struct ike *life_ike(const struct life *l);

/* What an IKE SA is for: the service set (or NULL) and name of its first tunnel, and why its peer's last negotiation failed (or
 * NULL). False if no tunnel has that peer any more. */
struct life_peer_view {
	const char *service_set;
	const char *tunnel;
	const char *policy;
	const char *failure;
	unsigned created; /* pairs of IPsec SAs */
	unsigned deleted;
};
bool life_peer(const struct life *l, const struct ike_path *path, struct life_peer_view *out);

struct life_stats {
	size_t n_tunnels;
	size_t n_up;
	size_t n_peers;
	size_t n_pairs;
	size_t n_turns;   /* negotiations of ours that others wait for */
	size_t n_waiting; /* for their turn */
	size_t bytes;     /* memory of tunnels, peers and pairs; not the engine's */
};
struct life_stats life_stats(const struct life *l);

#endif
