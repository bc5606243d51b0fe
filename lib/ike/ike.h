/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike.h - the engine: messages and the passing of time in, messages and events out.
 *
 * One struct ike is all IKE SAs of one daemon. It reads no clock and no socket and draws no randomness: times are parameters,
 * in milliseconds of any clock that only goes forward, and everything else is asked of struct ike_host, which has two users,
 * the daemon and the tests. Calls of the host come from inside ike_input(), ike_tick() and the start functions, on their
 * thread; the host may not call the engine back from them.
 *
 * Now: IKEv1 main mode with pre-shared keys, quick mode, informational exchanges, both sides (RFC 2409 s5.4, s5.5, s5.7),
 * NAT detection (RFC 3947), dead peer detection (RFC 3706).
 */
#ifndef IKE_H
#define IKE_H

#include "lib/crypto/cipher.h"
#include "lib/crypto/hash.h"
#include "lib/ike/id.h"
#include "lib/ike/natt.h"
#include "lib/ike/p1.h"
#include "lib/ike/p2.h"
#include "lib/ike/v1_body.h"
#include "lib/ike/v1_keys.h"

struct ike;
struct v1_quick;
struct v1_hand;
struct v1_frags;

enum {
	IKE_HALF_OPEN_MAX =
	    4096, /* responders that have not seen the third message; then the oldest goes */
	IKE_MIDS_MAX = 4096,      /* quick modes that the peer may begin in the life of an SA */
	IKE_QUICK_MAX = 64,       /* quick modes of one SA at the same time */
	IKE_RETRANSMIT_MS = 2000, /* the first wait; each next one is twice as long */
	IKE_TRIES = 6,            /* messages, the first one included */
	IKE_LINGER_MS = 60000,    /* how long an answer is kept for a repeated question */
	IKE_FRAGS_MAX = 256,      /* peers that may be in the middle of a message in fragments */
	IKE_OUT_MAX = 8192,       /* octets of a message that we write */
};

struct ike_path {
	struct natt_end local;
	struct natt_end remote;
};

/* What is allowed in phase 1 with a peer. Belongs to the host and outlives the SAs that were made of it. */
struct ike_policy {
	const struct p1_proposal *proposals;
	size_t n; /* 1..P1_PROPOSALS_MAX */
	struct part psk;
	struct id local_id;          /* `p` NULL: the address of the local gateway */
	const struct id *remote_ids; /* any of them; none: the address that the peer comes from */
	size_t n_remote_ids;
	bool no_natt;
};

/* What is allowed in phase 2 of a tunnel. Belongs to the host and outlives the SAs that were made of it. */
struct ike_tunnel {
	void *owner; /* the host's */
	struct prefix local;
	struct prefix remote;
	struct p2_policy policy; /* `encap` is put in by the engine: it knows the NATs */
};

enum ike_sa_state {
	IKE_MM_I1, /* main mode, initiator: sent message 1 */
	IKE_MM_I2, /* sent message 3 */
	IKE_MM_I3, /* sent message 5 */
	IKE_MM_R0, /* main mode, responder: nothing sent yet */
	IKE_MM_R1, /* sent message 2 */
	IKE_MM_R2, /* sent message 4 */
	IKE_UP,
	IKE_STATE_MAX,
};

/* An IKE SA. Owned by its struct ike; the host reads it. */
struct ike_sa {
	uint64_t cky_i;
	uint64_t cky_r;
	struct ike_path path;
	const struct ike_policy *policy;
	enum v1_side side;
	enum ike_sa_state state;
	unsigned vids;             /* of the peer: enum vid */
	struct natt_result nat;    /* known when main mode is past its fourth message */
	struct p1_proposal chosen; /* lifetime_s is the shorter one */
	struct v1_keys keys;
	struct v1_iv iv;      /* phase 1: where its chain is */
	uint64_t due_ms;      /* the next thing to be done; UINT64_MAX: nothing */
	uint32_t probe;       /* the highest R-U-THERE of the peer; an older one is a recording */
	struct v1_hand *hand; /* what is needed until it is up, and for IKE_LINGER_MS after */
	struct v1_quick *quicks; /* running and lingering quick modes */
	unsigned n_quicks;
	struct v1_frags *frags; /* a message that is not complete yet, or NULL */
	uint32_t *mids;         /* message IDs of the quick modes that the peer began */
	unsigned n_mids;
	/* the engine's places */
	size_t heap_at;
	struct ike_sa *own_next;
	struct ike_sa *peer_next;
	struct ike_sa *fifo_prev;
	struct ike_sa *fifo_next;
	bool is_half_open;
	void *owner; /* the host's */
};

/* A pair of IPsec SAs that quick mode made. Valid during the call. */
struct ike_child {
	const struct ike_tunnel *tunnel;
	enum v1_side side;
	struct p2_proposal chosen; /* lifetime_s is the shorter one */
	enum dh_group pfs;
	bool is_udp;       /* ESP in UDP on the ports of the SA's path */
	struct p2_spis in; /* ours; 0 where the protocol is not used */
	struct p2_spis out;
	/* lengths are those of lib/crypto/alg.h; bundle: AH has the auth key, ESP the enc key */
	uint8_t in_enc_key[CIPHER_KEY_MAX];
	uint8_t in_auth_key[32];
	uint8_t out_enc_key[CIPHER_KEY_MAX];
	uint8_t out_auth_key[32];
};

/* What a peer told in a message that was proved to be its own. Valid during the call. */
struct ike_word {
	bool is_delete;   /* else a notify */
	uint16_t notify;  /* enum v1_notify_type, or an error of reason.h */
	uint8_t protocol; /* enum v1_protocol: whose SPIs they are */
	uint8_t spi_len;  /* octets of one */
	uint16_t n_spis;
	const uint8_t *spis;
	uint32_t sequence; /* R-U-THERE-ACK: of the question */
};

enum ike_child_event {
	IKE_CHILD_IN,     /* responder: packets may come from now on; nothing is sent yet */
	IKE_CHILD_UP,     /* both directions */
	IKE_CHILD_FAILED, /* the peer did not answer; what came of IKE_CHILD_IN is void */
};

struct ike_host {
	void *ctx;
	void (*random)(void *ctx, void *out, size_t n);
	void (*send)(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len);
	/* Which policy has a peer that begins? NULL: none. */
	const struct ike_policy *(*policy)(void *ctx, const struct ike_path *path);
	/* Which tunnel has these networks with this peer? NULL: none. */
	const struct ike_tunnel *(*tunnel)(
	    void *ctx, const struct ike_sa *sa, struct prefix local, struct prefix remote);
	/* A new inbound SPI, at least 256. */
	uint32_t (*spi)(void *ctx, enum v1_protocol protocol);
	void (*sa_up)(void *ctx, struct ike_sa *sa);
	/* The SA is gone after this. IKE_OK: it was asked for; IKE_TIMEOUT; IKE_HALF_OPEN; IKE_DELETED. */
	void (*sa_down)(void *ctx, struct ike_sa *sa, enum ike_reason reason);
	void (*child)(void *ctx, struct ike_sa *sa, enum ike_child_event event,
	    const struct ike_child *child);
	/* INITIAL-CONTACT, errors, deleted SPIs, answers to DPD; the SA itself deleted comes as sa_down(). */
	void (*word)(void *ctx, struct ike_sa *sa, const struct ike_word *word);
	/* A message was refused. SA is NULL if it belongs to none; WHY is one line, "" if the reason says it all. */
	void (*refused)(void *ctx, const struct ike_path *path, const struct ike_sa *sa,
	    enum ike_reason reason, const char *why);
};

struct ike *ike_new(const struct ike_host *host); /* *HOST is copied */
void ike_free(struct ike *ike);                   /* NULL is fine; no event is given */

/* Takes one datagram, without the marker of port 4500; MSG is decrypted in place. Returns what was made of it; the host
 * has heard of every refusal already. */
enum ike_reason ike_input(
    struct ike *ike, uint64_t now_ms, const struct ike_path *path, uint8_t *msg, size_t len);

/* Does what is due: retransmits, gives up. */
void ike_tick(struct ike *ike, uint64_t now_ms);

/* When ike_tick() has something to do next; UINT64_MAX: never. */
uint64_t ike_due(const struct ike *ike);

/* Begins main mode. The SA may be gone already when it gives up later: see sa_down(). */
struct ike_sa *ike_start(
    struct ike *ike, uint64_t now_ms, const struct ike_path *path, const struct ike_policy *policy);

/* Begins quick mode on an SA that is up. False if it is not, or has IKE_QUICK_MAX already. */
__attribute__((warn_unused_result)) bool ike_quick_start(
    struct ike *ike, uint64_t now_ms, struct ike_sa *sa, const struct ike_tunnel *tunnel);

/* Tell the peer something, on an SA that is up; nothing is sent again. Deletes of IPsec SAs name our inbound SPIs. */
void ike_notify(struct ike *ike, struct ike_sa *sa, const struct v1_notify *n);
void ike_delete(struct ike *ike, struct ike_sa *sa, enum v1_protocol protocol, uint32_t spi);
void ike_probe(struct ike *ike, struct ike_sa *sa, uint32_t sequence); /* DPD: R-U-THERE */

/* Forget an SA. ike_end() tells the peer if the SA is up. */
void ike_drop(struct ike *ike, struct ike_sa *sa);
void ike_end(struct ike *ike, struct ike_sa *sa);

size_t ike_n_sas(const struct ike *ike);
size_t ike_n_half_open(const struct ike *ike);

#endif
