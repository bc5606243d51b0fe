/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ike.h - the engine: messages and the passing of time in, messages and events out.
 *
 * One struct ike is all IKE SAs of one daemon. It reads no clock and no socket, draws no randomness and has no private key:
 * times are parameters, in milliseconds of any clock that only goes forward, and everything else is asked of struct ike_host,
 * which has two users, the daemon and the tests. Calls of the host come from inside the functions below that take a struct ike,
 * on their thread; the host may not call the engine back from them, except to read.
 *
 * IKEv1: main and aggressive mode with pre-shared keys and with RSA and DSA signatures, quick mode, informational exchanges,
 * both sides (RFC 2409 s5.1, s5.4, s5.5, s5.7), NAT detection (RFC 3947), dead peer detection (RFC 3706), fragments.
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
struct source;
struct v1_quick;
struct v1_hand;
struct v1_frags;

enum {
	IKE_HALF_OPEN_MAX =
	    4096, /* of peers that nothing is known of, and as many of the others; then the oldest goes */
	/* Half open of one address, where the policy does not say more: so many while others want the room, and while nobody
	 * does. Then its oldest goes, if it has had so much time: a peer that got an answer would go on for long with what we have
	 * forgotten, one that got none begins again soon. */
	IKE_SOURCE_SHARE = 64,
	IKE_SOURCE_MAX = 1024,
	IKE_HOLD_MS = 200,
	IKE_MIDS_MAX = 4096,      /* exchanges of the peer that an SA remembers, of either kind */
	IKE_QUICK_MAX = 64,       /* quick modes of one SA at the same time */
	IKE_RETRANSMIT_MS = 2000, /* the first wait; each next one is twice as long */
	IKE_TRIES = 6,            /* messages, the first one included */
	IKE_TRIES_THERE =
	    4, /* of later ones of main mode: the peer is there, but may have forgotten us or not understand */
	IKE_TRIES_HASTY = 3,       /* where there is another peer to be asked: 14 s */
	IKE_LINGER_MS = 60000,     /* how long an answer is kept for a repeated question */
	IKE_ASK_MS = 30000,        /* how long the host may take to sign or to prove */
	IKE_FRAGS_MAX = 256,       /* peers that may be in the middle of a message in fragments */
	IKE_FRAGS_SOURCE_MAX = 32, /* of them of one address */
	IKE_FRAGS_MS = 20000,      /* how long the rest of such a message may take */
	IKE_OUT_MAX =
	    20480, /* octets of a message that we write: certificates, an ID, and the rest */
	IKE_CERTS_MAX = 8,         /* certificates that a peer may send, and that we send */
	IKE_CHAIN_MAX = 12288,     /* octets of all certificates that we send */
	IKE_CAS_MAX = 16,          /* authorities that we name to a peer, */
	IKE_CAS_OCTETS_MAX = 2048, /* in so many octets; others are not named */
	IKE_REMOTE_IDS_MAX = 256,  /* of a policy */
	/* A beginning in aggressive mode costs a Diffie-Hellman before anything is proved. Messages per second, and how many at
	 * once after a rest: of an address that has an SA, of the others of one policy, and of all. */
	IKE_AM_RATE_UP = 4,
	IKE_AM_BURST_UP = 8,
	IKE_AM_RATE = 32,
	IKE_AM_BURST = 64,
	IKE_AM_RATE_ALL = 256,
	IKE_AM_BURST_ALL = 512,
};

struct ike_path {
	struct natt_end local;
	struct natt_end remote;
};

/* --- what the host allows; both are counted, so that a commit can replace them while SAs live --- */

struct ike_remote_id {
	struct id id;
	enum ike_match match; /* the last two only with ID_DN */
};

/* A limit of so many per second, with a reserve for so many at once. */
struct ike_bucket {
	uint64_t at_ms; /* when it was counted */
	uint64_t left;  /* in thousandths of one */
};

/* What is allowed in phase 1 with a peer. */
struct ike_policy {
	bool is_aggressive; /* else main mode; a peer that begins the other one is refused */
	bool no_natt;
	bool is_any; /* peers of any address have it: they are unknown until they are proved */
	bool takes_any_id; /* JUNOS: any-remote-id */
	unsigned
	    half_open_max; /* of one address, 0: IKE_SOURCE_SHARE; at least the tunnels that one peer may begin at once */
	const struct p1_proposal *proposals;
	size_t n; /* 1..P1_PROPOSALS_MAX */
	struct part psk;
	struct id local_id; /* `p` NULL: the address of the local gateway */
	const struct ike_remote_id
	    *remote_ids; /* any of them; none: the address that the peer comes from, see known_as */
	size_t n_remote_ids;
	const struct part *cas; /* DER names: CERTREQ; none: one that asks for any */
	size_t n_cas;
	void *owner; /* the host's */
	/* the engine's */
	unsigned n_refs;
	struct ike_bucket beginnings;
};

/* Makes a policy that owns a copy of everything in FROM, with one reference. The engine takes one of its own for each SA. */
struct ike_policy *ike_policy_new(const struct ike_policy *from);
struct ike_policy *ike_policy_ref(struct ike_policy *p);
void ike_policy_unref(
    struct ike_policy *p); /* the last one wipes the key and frees; NULL is fine */

/* What is allowed in phase 2 of a tunnel. */
struct ike_tunnel {
	void *owner; /* the host's; it may change while a quick mode runs */
	struct prefix local;
	struct prefix remote;
	struct p2_policy policy; /* `encap` is put in by the engine: it knows the NATs */
	unsigned n_refs;         /* the engine's */
};

/* The same for tunnels: the engine has a reference while a quick mode of the tunnel runs. */
struct ike_tunnel *ike_tunnel_new(const struct ike_tunnel *from);
struct ike_tunnel *ike_tunnel_ref(struct ike_tunnel *t);
void ike_tunnel_unref(struct ike_tunnel *t);

/* --- SAs --- */

enum ike_sa_state {
	IKE_MM_I1, /* main mode, initiator: sent message 1 */
	IKE_MM_I2, /* sent message 3 */
	IKE_MM_I3, /* sent message 5 */
	IKE_MM_R0, /* main mode, responder: nothing sent yet */
	IKE_MM_R1, /* sent message 2 */
	IKE_MM_R2, /* sent message 4 */
	IKE_AM_I1, /* aggressive mode, initiator: sent message 1 */
	IKE_AM_R0, /* aggressive mode, responder: nothing sent yet */
	IKE_AM_R1, /* sent message 2 */
	IKE_UP,
	IKE_STATE_MAX,
};

/* What happened on an IKE SA. */
struct ike_stats {
	uint64_t in_octets; /* of messages that belong to it, headers of IKE included */
	uint64_t out_octets;
	uint32_t in_packets;
	uint32_t out_packets;
	uint32_t n_phase2;   /* quick modes that were begun, by both sides */
	uint32_t n_created;  /* pairs of IPsec SAs */
	uint32_t n_deleted;  /* SPIs that one of the sides deleted */
	uint32_t in_deletes; /* payloads */
	uint32_t out_deletes;
	uint32_t in_probes; /* R-U-THERE */
	uint32_t out_probes;
	uint32_t in_acks; /* R-U-THERE-ACK */
	uint32_t out_acks;
	uint32_t in_bad_spis; /* INVALID-SPI */
	uint32_t out_bad_spis;
};

/* The message IDs of the last exchanges, so that recordings of them are known as such. */
struct ike_mids {
	uint32_t *ids;
	unsigned n; /* ever; the oldest is overwritten */
};

/* An IKE SA. Owned by its struct ike; the host reads it. */
struct ike_sa {
	uint64_t cky_i;
	uint64_t cky_r;
	struct ike_path path;
	struct addr
	    known_as; /* the peer's identity if the policy names none: where it came from, unless the host says else */
	struct ike_policy *policy; /* a reference */
	enum v1_side side;
	enum ike_sa_state state;
	bool is_aggressive;
	bool is_half_open; /* a responder whose peer has not proved itself */
	bool is_known;     /* of them: of a peer with its own policy or with an SA that is up */
	bool is_returned;  /* of them: the peer has returned our cookie, so it is at its address */
	unsigned vids;     /* of the peer: enum vid. VID_DPD: it answers R-U-THERE */
	struct natt_result
	    nat; /* is_local_behind: we send keepalives; one of both: ESP goes in UDP */
	struct p1_proposal chosen; /* lifetime_s is the shorter one */
	struct id peer_id;         /* proved; `p` NULL until it is up */
	struct v1_keys keys;
	struct v1_iv iv; /* phase 1: where its chain is */
	uint64_t begun_ms;
	uint64_t expires_ms;  /* UINT64_MAX until it is up */
	uint64_t due_ms;      /* the next thing to be done; UINT64_MAX: nothing */
	bool is_probed;       /* the peer has sent R-U-THERE */
	uint32_t probe_in;    /* the highest R-U-THERE of the peer; an older one is a recording */
	uint32_t probe_base;  /* the number before the first of ours */
	uint32_t probe_out;   /* the last of ours; 0: none */
	uint32_t probe_acked; /* the last of ours that was answered */
	struct v1_hand *hand; /* what is needed until it is up, and for IKE_LINGER_MS after */
	struct v1_quick *quicks; /* running and lingering quick modes */
	unsigned n_quicks;
	struct v1_frags *frags; /* a message that is not complete yet, or NULL */
	struct ike_mids begun;  /* quick modes of the peer */
	struct ike_mids
	    told; /* informational exchanges, and refusals of ours; not DPD, which has numbers */
	struct ike_stats stats;
	char *why; /* the last line of what was refused on it, or NULL */
	/* the engine's places */
	size_t heap_at;
	struct ike_sa *own_next;
	struct ike_sa *peer_next;
	struct source *source; /* its address */
	bool is_settled;       /* it is or was up */
	struct ike_sa *fifo_prev;
	struct ike_sa *fifo_next;
	struct ike_sa *kin_prev; /* half open, of the same address */
	struct ike_sa *kin_next;
	bool is_hasty; /* the host's: gives up after IKE_TRIES_HASTY messages, also in quick mode */
	void *owner;   /* the host's */
};

/* A pair of IPsec SAs that quick mode made. Valid during the call. */
struct ike_child {
	struct ike_tunnel *tunnel;
	enum v1_side side;
	struct p2_proposal chosen; /* lifetime_s is the shorter one */
	uint32_t peer_lifetime_s;  /* what the peer set, 0: nothing */
	uint32_t lifetime_kb;      /* the same */
	enum dh_group pfs;
	bool is_udp;       /* ESP in UDP on the ports of the SA's path */
	struct p2_spis in; /* ours; 0 where the protocol is not used */
	struct p2_spis out;
	/* lengths are those of lib/crypto/alg.h; bundle: AH has the auth key, ESP the enc key */
	uint8_t in_enc_key[ENC_SECRET_MAX];
	uint8_t in_auth_key[32];
	uint8_t out_enc_key[ENC_SECRET_MAX];
	uint8_t out_auth_key[32];
	/* IKE_CHILD_FAILED */
	enum ike_reason reason; /* TIMEOUT, or what the peer answered */
	const char *why;        /* one line, "" if the reason says it all */
};

/* What a peer told in a message that was proved to be its own. Valid during the call. */
struct ike_word {
	bool is_delete;   /* else a notify */
	uint16_t notify;  /* enum v1_notify_type, or an error of reason.h */
	uint8_t protocol; /* enum v1_protocol: whose SPIs they are */
	uint8_t spi_len;  /* octets of one */
	uint16_t n_spis;
	const uint8_t *spis;
	uint32_t sequence; /* R-U-THERE, R-U-THERE-ACK */
};

enum ike_child_event {
	IKE_CHILD_IN,     /* responder: packets may come from now on; nothing is sent yet */
	IKE_CHILD_UP,     /* both directions */
	IKE_CHILD_FAILED, /* the peer did not answer, or refused; what came of IKE_CHILD_IN is void */
};

/* Names a question to the host. An answer that comes when its SA is gone, or for a second time, does nothing. */
struct ike_ticket {
	uint64_t cookie;
	uint32_t serial;
};

/* What a peer says it is, and its proof. Valid during the call. */
struct ike_claim {
	enum auth_method method; /* METHOD_RSA or METHOD_DSA */
	struct id id;            /* allowed by the policy; the certificate must have it */
	struct part certs
	    [IKE_CERTS_MAX]; /* X.509, DER; the peer's own is the first, as a rule; maybe none */
	size_t n_certs;
	struct part hash;
	struct part signature;
};

struct ike_host {
	void *ctx;
	void (*random)(void *ctx, void *out, size_t n);
	void (*send)(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len);
	/* Which policy has a peer that begins? PEER is who it says it is, without proof, in aggressive mode, and NULL in main
	 * mode. NULL: none. *KNOWN_AS may be set; see struct ike_sa. */
	struct ike_policy *(*policy)(
	    void *ctx, const struct ike_path *path, const struct id *peer, struct addr *known_as);
	/* Which tunnel has these networks with this peer? NULL: none, and WHY gets what there is instead. */
	struct ike_tunnel *(*tunnel)(void *ctx, const struct ike_sa *sa, struct prefix local,
	    struct prefix remote, struct text *why);
	/* A new inbound SPI, at least 256, for TUNNEL. */
	uint32_t (*spi)(void *ctx, enum v1_protocol protocol, const struct ike_tunnel *tunnel);
	/* Is this the first SA with this peer since we started? Then INITIAL-CONTACT is sent. */
	bool (*is_first)(void *ctx, const struct ike_sa *sa);
	/* Sign HASH with the key of the SA's policy, as lib/crypto/sign.h does; answer with ike_signed(), after returning. */
	void (*sign)(
	    void *ctx, const struct ike_sa *sa, struct ike_ticket ticket, struct part hash);
	/* Is there a certificate of this identity that is trusted, and is the signature its? Answer with ike_proved(), after
	 * returning. */
	void (*prove)(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket,
	    const struct ike_claim *claim);
	void (*sa_up)(void *ctx, struct ike_sa *sa);
	/* The SA is gone after this, also one that never came up and that the host has not heard of before (half open). IKE_OK: it
	 * was asked for; TIMEOUT; HALF_OPEN; DELETED; EXPIRED; or why the peer was not proved. WHY is the last line of what was
	 * refused on it, or "". */
	void (*sa_down)(void *ctx, struct ike_sa *sa, enum ike_reason reason, const char *why);
	/* The SA's path is another one than OLD: ESP in UDP goes there too. */
	void (*moved)(void *ctx, struct ike_sa *sa, const struct ike_path *old);
	void (*child)(void *ctx, struct ike_sa *sa, enum ike_child_event event,
	    const struct ike_child *child);
	/* INITIAL-CONTACT, errors, deleted SPIs, DPD: R-U-THERE (answered already) and its ACK, if it is new; the SA itself deleted
	 * comes as sa_down(). */
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

/* Does what is due: retransmits, gives up, ends SAs whose lifetime is over. */
void ike_tick(struct ike *ike, uint64_t now_ms);

/* When ike_tick() has something to do next; UINT64_MAX: never. */
uint64_t ike_due(const struct ike *ike);

/* Begins main or aggressive mode. The SA may be gone already when it gives up later: see sa_down(). */
struct ike_sa *ike_start(
    struct ike *ike, uint64_t now_ms, const struct ike_path *path, struct ike_policy *policy);

/* The host's answers. An empty signature: it cannot be made, and the SA goes with WHY. CERTS are our own certificate and those
 * between it and a root, DER; at most IKE_CERTS_MAX of together IKE_CHAIN_MAX octets. */
void ike_signed(struct ike *ike, uint64_t now_ms, struct ike_ticket ticket, struct part signature,
    const struct part *certs, size_t n_certs, const char *why);

/* IKE_OK: it is the peer; else the message is refused with REASON (SIGNATURE, CERT, ID) and WHY, one line or NULL. The SA goes
 * with the third one. */
void ike_proved(struct ike *ike, uint64_t now_ms, struct ike_ticket ticket, enum ike_reason reason,
    const char *why);

/* Something authentic of the peer of SA, which is up, has come from REMOTE. What is sent goes there from now on, if the peer is
 * behind a NAT (RFC 3947 s6), and the host hears of it as moved(). */
void ike_move(struct ike *ike, struct ike_sa *sa, const struct natt_end *remote);

/* Begins quick mode on an SA that is up. False if it is not, or has IKE_QUICK_MAX already. */
__attribute__((warn_unused_result)) bool ike_quick_start(
    struct ike *ike, uint64_t now_ms, struct ike_sa *sa, struct ike_tunnel *tunnel);

/* Forgets the running quick modes of a tunnel on an SA, without an event. */
void ike_quick_drop(struct ike *ike, struct ike_sa *sa, const struct ike_tunnel *tunnel);

/* Tell the peer something, on an SA that is up; nothing is sent again. Deletes of IPsec SAs name our inbound SPIs. */
void ike_notify(struct ike *ike, struct ike_sa *sa, const struct v1_notify *n);
void ike_bad_spi(struct ike *ike, struct ike_sa *sa, enum v1_protocol protocol, uint32_t spi);
void ike_delete(struct ike *ike, struct ike_sa *sa, enum v1_protocol protocol, uint32_t spi);
void ike_probe(struct ike *ike, struct ike_sa *sa); /* DPD: R-U-THERE with the next number */

/* Forget an SA. ike_end() tells the peer if the SA is up. */
void ike_drop(struct ike *ike, struct ike_sa *sa);
void ike_end(struct ike *ike, struct ike_sa *sa);

/* Counters begin again. */
void ike_stats_clear(struct ike_sa *sa);

/* --- looking --- */

size_t ike_n_sas(const struct ike *ike);
size_t ike_n_half_open(const struct ike *ike);
struct ike_sa *ike_sa_at(const struct ike *ike,
    size_t i); /* 0..n-1, any order, until the next call that changes something */
struct ike_sa *ike_find(const struct ike *ike, uint64_t cky_i, uint64_t cky_r); /* or NULL */

/* A quick mode of an SA. */
struct ike_quick_view {
	uint32_t mid;
	enum v1_side side;
	bool is_done;                    /* only kept for repeated messages */
	const struct ike_tunnel *tunnel; /* NULL: not known yet, or done */
};

/* The I-th one, from 0; false if there are not so many. */
__attribute__((warn_unused_result)) bool ike_quick_at(
    const struct ike_sa *sa, unsigned i, struct ike_quick_view *out);

#endif
