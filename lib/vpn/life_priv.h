/* SPDX-License-Identifier: BSD-2-Clause
 *
 * life_priv.h - what the parts of the life of tunnels share.
 *
 *   life.c        datagrams, time, the host of the engine; what is left to do after each of them
 *   life_conf.c   the configuration becomes tunnels, and tunnels are paired with those before
 *   life_policy.c ... and policies of phase 1, counted, with what certificates say
 *   life_peer.c   a pair of gateways: its IKE SAs, what it is owed, its keepalives
 *   life_turn.c   who may begin a negotiation now, and what comes of it
 *   life_child.c  pairs of IPsec SAs: made, chosen, renewed, ended
 *   life_dpd.c    dead peers and the switch to the other gateway
 *   life_pic.c    what a PIC holds: adopted, void, or removed
 *   life_show.c   words, views and commands
 *
 * The engine must not be called from its own callbacks. So those only change what is known here, mark tunnels as dirty and
 * note what has to be said; life_run() looks at it when the engine has returned. life_step() is the only place that decides
 * what a tunnel does next, from what is known about it.
 */
#ifndef LIFE_PRIV_H
#define LIFE_PRIV_H

#include "lib/vpn/life.h"
#include "lib/vpn/life_index.h"

enum {
	LIFE_FRESH_MS = 30000, /* an IKE SA with less left begins no more quick modes */
	LIFE_RIVAL_MS = 500,   /* how long a message may be on its way: see is_rival() */
	LIFE_SETTLE_MS = 50, /* quick mode must not overtake the last message of aggressive mode */
	LIFE_SHORT_MS = 10000, /* a pair that the peer deletes so soon counts as a failure */
	LIFE_FULL_MS = 5000,   /* the IKE SA has IKE_QUICK_MAX quick modes: ask again */
	LIFE_OWED_MAX = 32,    /* deletes that wait for an IKE SA with the peer */
	LIFE_MOVED_MS = 1000,  /* ESP of a peer says no more often where that is */
	LIFE_IN_MS = 180000,   /* how long a pair may lack the peer's third message of quick mode */
};

/* --- policies of phase 1 --- */

struct life_policy {
	struct life_node node; /* by `fp` */
	unsigned n_refs;
	uint64_t fp;      /* of all that it says */
	uint64_t open_fp; /* the same without the key */
	char *name;
	char *certificate; /* or NULL */
	char **cas;        /* profiles that are trusted, NULL-terminated; or NULL */
	size_t n_cas;
	unsigned bad_spi_max;
	bool wants_dn;            /* the local identity is the subject of the certificate */
	char *why;                /* there is no `ike`: why, or NULL */
	struct ike_policy *plain; /* as configured */
	struct ike_policy *ike;   /* what is negotiated with; NULL: the certificate is not there */
};

/* --- peers --- */

/* An IKE SA that we know of: it is up, or we began it. The owner of an ike_sa. */
struct life_ike {
	struct life_ike *next;  /* of its peer, newest first */
	struct life_peer *peer; /* NULL: nobody wants it, it is going to be ended */
	struct ike_sa *sa;
	struct life *life;
	uint64_t up_ms;
	uint64_t heard_ms; /* when something authentic came on it last */
	bool is_up;
};

struct life_turn;

struct life_turns {
	struct life_turn *first;
	struct life_turn *last;
	size_t n;
};

/* A place in the queue of those who want to negotiate, or among those whose turn it is. */
struct life_turn {
	struct life_turn *prev;
	struct life_turn *next;
	struct life_tunnel *tunnel; /* NULL: a peer's, phase 1 */
	uint64_t begun_ms;
	struct life_turns *list; /* where it stands, or NULL */
};

/* A delete that could not be said yet. */
struct life_owed {
	enum v1_protocol protocol;
	uint32_t spi;
};

/* A pair of gateways. */
struct life_peer {
	struct life_timer timer;
	struct life_node node;       /* by addresses, as configured */
	struct life_node moved_node; /* by LOCAL and MOVED_TO */
	struct addr
	    moved_to; /* where its NAT has it, if that is another address; ADDR_NONE: not, or nothing is up */
	struct life *life;
	struct addr local;
	struct addr remote;
	struct life_policy *policy; /* of the first tunnel; a reference */
	struct life_gate *gates;    /* of its tunnels, in order */
	struct life_gate *last_gate;
	struct life_peer *gone_next; /* life_conf.c */
	struct life_ike *ikes;       /* that are up */
	unsigned n_ikes;
	unsigned n_children;
	struct life_ike *starting; /* ours, or NULL */
	struct life_turn turn;
	struct life_turns full; /* those for whom its IKE SA has no room now */
	unsigned n_quicks;      /* quick modes of ours that run */
	uint64_t retry_ms;      /* no phase 1 before */
	unsigned fails;
	char *failure;
	bool was_there; /* an IKE SA was up */
	bool is_asked;  /* some tunnel is idle: see life_alive() */
	bool is_mute;   /* it does not know DPD, and that has been said */
	/* probing */
	unsigned n_probes; /* sent and not answered; 0: none is out */
	unsigned probe_max;
	uint64_t probe_gap_ms;
	uint64_t probe_ms; /* the next one; UINT64_MAX: none */
	/* NAT */
	unsigned keepalive_s;
	uint64_t keepalive_ms; /* UINT64_MAX: none */
	struct ike_path path;  /* of the last IKE SA, or of an adopted pair */
	bool is_behind;        /* ... for the peer is behind a NAT */
	uint64_t moved_ms;     /* when ESP said where it is last; 0: never */
	unsigned n_bad_spi;    /* told on the present IKE SA */
	unsigned n_created;
	unsigned n_deleted;
	struct life_owed *owed;
	unsigned n_owed;
};

/* --- tunnels --- */

/* A gateway of a tunnel. */
struct life_gate {
	struct life_node node;  /* by peer and selectors */
	struct life_peer *peer; /* NULL: there is no such gateway */
	struct life_tunnel *tunnel;
	struct life_gate *next; /* of the same peer */
};

/* The keys of an outbound SA that is not used yet. */
struct life_late {
	uint64_t due_ms; /* UINT64_MAX: only when nothing else is left */
	uint8_t enc_key[ENC_SECRET_MAX];
	uint8_t auth_key[32];
};

/* A pair of IPsec SAs. */
struct life_child {
	struct life_child *next;  /* of its tunnel, newest first */
	struct life_node in_node; /* by inbound SPI; bundle: of AH */
	struct life_node out_node;
	struct life_tunnel *tunnel;
	struct life_peer *peer;
	struct life_late *late; /* or NULL */
	struct p2_spis in;
	struct p2_spis out;
	struct ike_path path;
	uint64_t begun_ms; /* its quick mode */
	uint64_t up_ms;
	uint64_t hard_ms;
	uint8_t protocol; /* enum p2_protocol */
	uint8_t auth;
	uint8_t enc;
	bool is_initiator;
	bool is_udp;
	bool is_up;      /* else the peer's third message of quick mode is not there yet */
	bool has_out;    /* the PIC has the outbound SA */
	bool is_surplus; /* the loser of two rivals: it ends without being renewed */
	bool is_adopted;
	bool is_held_in; /* life_pic.c: the PIC has said so */
	bool is_held_out;
};

enum life_phase {
	LIFE_IDLE,
	LIFE_QUEUED,
	LIFE_IN_P1, /* waits for the phase 1 of its peer */
	LIFE_IN_P2,
};

struct life_tunnel {
	struct life_timer timer;
	struct life_node node; /* by name */
	struct life *life;
	struct life_tunnel *dirty_next;
	struct life_gate gates[2]; /* primary, backup */
	struct life_pic *pic;
	struct ike_tunnel *ike; /* a reference; its owner is this, or NULL when this is gone */
	struct life_policy *policies[2]; /* of the gates; references */
	char *name;                      /* and the others behind it, in one piece */
	const char *service_set;         /* NULL: es- */
	const char *rule;
	const char *term;
	const char *sa_name;
	struct life_child *children;
	struct life_child *current; /* outbound packets use it, or NULL */
	char *failure;
	uint64_t failure_ms;
	uint64_t fp;
	uint64_t tag_fp; /* nobody can try keys on it: PICs keep it */
	uint64_t retry_ms;
	uint64_t quick_ms;            /* LIFE_IN_P2: since when */
	uint64_t bad_spi_ms;          /* when the peer's INVALID-SPI was believed last; 0: never */
	const struct life_ike *quick; /* LIFE_IN_P2: on which */
	struct life_turn turn;
	unsigned order; /* in the configuration */
	unsigned index; /* in the service set */
	unsigned n_children;
	unsigned fails;
	unsigned failovers;
	unsigned switches; /* since it was up last */
	uint32_t spi;      /* the last one that was drawn for it */
	uint8_t spi_slot;  /* of new inbound SAs; see conf_ifd */
	uint16_t window;
	uint16_t keepalive_s;
	uint8_t dpd_interval_s; /* 0: no dead peer detection */
	uint8_t dpd_threshold;
	uint8_t natt_install_s;
	uint8_t gate;        /* the active one */
	uint8_t failed_gate; /* that `failure` is about */
	uint8_t phase;       /* enum life_phase */
	bool acquire;        /* somebody wants it up */
	bool renew;          /* a new pair is wanted before it is due */
	bool wants_p1;       /* an IKE SA is wanted, to probe or to say deletes */
	bool is_idle;        /* nothing came in, and the peer has not answered since */
	bool is_watched;
	bool is_dirty;
	bool is_seen; /* life_conf.c: the new configuration has it */
};

/* --- PICs --- */

struct life_held {
	struct life_held *next;
	struct life_sa sa; /* owns its texts */
};

struct life_pic {
	struct life_pic *next;
	char *name;
	enum { LIFE_PIC_DOWN, LIFE_PIC_TELLS, LIFE_PIC_TOLD, LIFE_PIC_READY } state;
	struct life_held *held;
};

/* --- all of it --- */

struct life_say {
	struct life_peer *peer;
	struct life_owed owed;
};

struct life {
	struct life_host host;
	struct ike *ike;
	uint64_t now_ms;
	uint64_t secret;
	bool is_configured;
	bool is_immediate;
	bool is_responder_only;
	bool clears_ike_on_pic_restart;
	struct life_tunnel **tunnels; /* in order */
	size_t n_tunnels;
	struct life_hash names;
	struct life_hash selectors; /* gates */
	struct life_hash peers;
	struct life_hash moved_peers;
	struct life_hash policies;
	struct life_hash in_spis;
	struct life_hash out_spis;
	struct life_heap heap;
	struct life_turns queue;
	struct life_turns turns;
	struct life_tunnel *dirty;
	struct life_pic *pics;
	struct life_ike *doomed; /* IKE SAs that nobody wants */
	struct life_say *says;   /* deletes to be said when the engine has returned */
	size_t n_says;
	size_t cap_says;
	size_t n_pairs;
};

/* life.c */
void *life_alloc(size_t n); /* zeroed */
char *life_strdup(const char *s);
void life_run(struct life *l);
void life_dirty(struct life_tunnel *t);

/* life_conf.c */
uint64_t life_name_hash(const struct life *l, const char *name);
struct life_tunnel *life_find(const struct life *l, const char *name);
uint64_t life_selector_hash(
    const struct life *l, const struct life_peer *p, struct prefix local, struct prefix remote);
void life_tunnel_free(struct life_tunnel *t); /* it has no children and is nowhere any more */

/* life_policy.c */
struct conf_ike_policy;
struct conf_service_set;
/* Returns a reference to the policy that C makes, with what SET adds (NULL: es-). */
struct life_policy *life_policy_get(struct life *l, const struct conf_ike_policy *c,
    const struct conf_service_set *set, unsigned bad_spi_max);
struct life_policy *life_policy_ref(struct life_policy *p);
void life_policy_unref(struct life *l, struct life_policy *p); /* NULL is fine */

/* life_peer.c */
struct life_peer *life_peer_find(const struct life *l, struct addr local, struct addr remote);
/* The same, or who is there because a NAT has moved it. */
struct life_peer *life_peer_at(const struct life *l, struct addr local, struct addr remote);
struct ike_path life_peer_way(const struct life_peer *p); /* where phase 1 begins */
struct life_peer *life_peer_get(struct life *l, struct addr local, struct addr remote);
void life_peer_free(struct life_peer *p);   /* ends its IKE SAs; it has no gates and no children */
void life_peer_update(struct life_peer *p); /* sets its timer, as times have changed */
void life_peer_say(struct life_peer *p, enum v1_protocol protocol, uint32_t spi); /* a delete */
void life_peer_end_ikes(struct life_peer *p, bool tells); /* calls the engine */
/* Nobody wants it: life_run() ends it. For callbacks of the engine, too. */
void life_ike_doom(struct life_ike *i);
void life_peer_doom(struct life_peer *p, uint64_t before_ms); /* those that came up before */
bool life_peer_is_hasty(const struct life_peer *p); /* some tunnel can go to another gateway */
struct life_ike *life_peer_ike(const struct life_peer *p); /* the one to use, or NULL */
void life_says(struct life *l); /* says what there is to say; calls the engine */
void life_on_up(struct life *l, struct ike_sa *sa);
void life_on_down(struct life *l, struct ike_sa *sa, enum ike_reason reason, const char *why);
void life_on_moved(struct life *l, struct ike_sa *sa);
void life_on_word(struct life *l, struct ike_sa *sa, const struct ike_word *word);

/* life_turn.c */
bool life_is_ready(const struct life_tunnel *t);  /* may it negotiate at all? */
bool life_may_begin(const struct life_tunnel *t); /* not responder-only */
void life_step(struct life_tunnel *t);
bool life_turn_next(struct life *l); /* lets the next one begin; false: nobody, or too many */
void life_turn_end(struct life_turn *turn);
void life_turn_tick(struct life *l);
uint64_t life_turn_due(const struct life *l);
void life_wake(struct life_peer *p, size_t max); /* there may be room */
void life_stop(struct life_tunnel *t);           /* out of whatever it negotiates */
void life_failed(struct life_tunnel *t, const char *why);
uint64_t life_retry(unsigned fails); /* the pause after so many failures, ms */

/* life_child.c */
struct life_child *life_child_of_in(
    const struct life *l, const struct life_tunnel *t, struct p2_spis spis);
struct life_child *life_child_of_out(const struct life *l, const struct life_peer *p, uint32_t spi);
struct life_child *life_child_add(
    struct life_tunnel *t, struct life_peer *p, const struct life_child *from);
void life_child_end(struct life_child *c, bool tells, const char *why);
void life_children_end(struct life_tunnel *t, bool tells, const char *why);
uint32_t life_main_spi(unsigned protocol, struct p2_spis spis);
uint64_t life_soft_ms(const struct life_child *c); /* UINT64_MAX: it is not renewed */
void life_child_choose(struct life_tunnel *t);     /* another current one, when that is gone */
uint64_t life_children_tick(
    struct life_tunnel *t); /* expires, installs; when it has to come again */
void life_slot_check(
    struct life_tunnel *t); /* is the current one in the slot of its services interface? */
void life_watch(struct life_tunnel *t); /* tells the PIC whether to watch */
void life_on_child(
    struct life *l, struct ike_sa *sa, enum ike_child_event event, const struct ike_child *c);

/* life_dpd.c */
void life_probe(struct life_tunnel *t);
void life_probe_tick(struct life_peer *p);
void life_alive(struct life_peer *p);
void life_dead(struct life_peer *p);
void life_tell_redundancy(const struct life_tunnel *t);
void life_failover(struct life_tunnel *t, enum life_kind kind); /* to the other gateway */

/* life_pic.c */
struct life_pic *life_pic_get(struct life *l, const char *name);
void life_pics_adopt(struct life *l); /* what was held before there was a configuration */
void life_pic_free(struct life_pic *p);

/* life_show.c: T, P and SA may be NULL. Who has to work for the words asks first, once. */
bool life_hears(const struct life *l, enum life_kind kind);
__attribute__((format(printf, 6, 7))) void life_tell(const struct life *l, enum life_kind kind,
    const struct life_tunnel *t, const struct life_peer *p, const struct ike_sa *sa,
    const char *fmt, ...);
/* About who is no peer of ours. */
__attribute__((format(printf, 4, 5))) void life_tell_stranger(
    const struct life *l, enum life_kind kind, const struct ike_path *path, const char *fmt, ...);

#endif
