/* SPDX-License-Identifier: BSD-2-Clause
 *
 * v1_priv.h - what the files of the IKEv1 engine share: the engine, running exchanges, and the row of a table.
 *
 * Nobody outside lib/ike includes it. One thread.
 */
#ifndef V1_PRIV_H
#define V1_PRIV_H

#include "lib/base/text.h"
#include "lib/crypto/dh.h"
#include "lib/ike/table.h"

struct ike {
	struct ike_host host;
	struct table table;
	unsigned n_frags; /* SAs with a message that is not complete */
	uint16_t frag_id; /* of the last message that went in fragments */
	/* aggressive mode of peers that nothing is known of, and of the others: both may begin so often */
	struct ike_bucket beginnings[2]; /* in aggressive mode: [is_known] */
	struct ike_bucket renewals;      /* of addresses that have an SA */
};

enum {
	V1_OUR_NONCE_LEN = 32,
	V1_ID_BODY_MAX = 4 + ID_BODY_MAX,
	V1_WRONG_MAX = 3, /* wrong signatures; then the SA goes */
};

/* The last question and our answer to it: a repeated question gets the same answer, an unanswered one is sent again. */
struct v1_memory {
	uint8_t in[20]; /* sha1 of the last message taken; all zero: none */
	uint8_t *out;   /* the last message sent, encrypted as it went; owned; NULL: none */
	size_t out_len;
	unsigned n_sent;
	uint64_t due_ms;  /* retransmission or end; UINT64_MAX: none */
	bool is_awaiting; /* an answer is due: retransmit */
};

struct v1_nonce {
	uint8_t b[V1_NONCE_MAX];
	uint16_t n;
};

/* The key exchange of phase 1. */
struct v1_kex {
	struct dh_key dh;
	uint8_t peer_public[DH_PUBLIC_MAX];
	struct v1_nonce ni;
	struct v1_nonce nr;
};

struct v1_row;

/* What the host was asked while a step of phase 1 is being done. */
enum v1_ask { V1_ASK_NOTHING, V1_ASK_PROOF, V1_ASK_SIGNATURE };

/* A message of phase 1 that was taken and is not answered yet. */
struct v1_step {
	const struct v1_row *row; /* NULL: none */
	enum v1_ask asked;
	uint8_t print[20];
	bool is_encrypted;
	struct v1_iv iv; /* after it was decrypted */
	struct ike_path path;
};

/* Phase 1 while it runs; a minute longer, only the memory is of use. */
struct v1_hand {
	struct v1_memory memory;
	struct v1_kex *kex; /* owned, wiped; from the first KE to the end */
	uint8_t *sai;       /* the body of the initiator's SA payload; owned */
	size_t sai_len;
	uint8_t *peer_id; /* the body of the peer's ID; owned */
	size_t peer_id_len;
	struct p1_choice choice; /* responder: of what was offered in `sai` */
	struct v1_step step;
	unsigned n_wrong;     /* proofs that the host refused */
	uint32_t n_asked;     /* the host: the number of the last question */
	bool has_complained;  /* the peer knows why we refused it */
	bool has_contact;     /* the peer said INITIAL-CONTACT */
	uint32_t peer_life_s; /* the peer said RESPONDER-LIFETIME; 0: it did not */
};

enum v1_quick_state {
	V1_QM_I1, /* initiator: sent message 1 */
	V1_QM_R0, /* responder: nothing sent yet */
	V1_QM_R1, /* sent message 2 */
	V1_QM_I3, /* initiator, done: sent message 3; a peer that set the commit bit may say CONNECTED */
	V1_QM_DONE,
};

/* What a quick mode needs until it is done. */
struct v1_quick_work {
	struct v1_nonce ni;
	struct v1_nonce nr;
	struct dh_key *dh; /* initiator with PFS, until the answer; owned */
	struct ike_child child;
};

struct v1_quick {
	struct v1_quick *next;
	uint32_t mid;
	enum v1_side side;
	enum v1_quick_state state;
	struct ike_tunnel *tunnel; /* a reference; NULL: not known yet, or done */
	struct v1_memory memory;
	struct v1_iv iv;
	struct v1_quick_work *work; /* owned, wiped; NULL: done */
};

/* One message on its way through. */
struct v1_turn {
	struct ike *ike;
	uint64_t now_ms;
	const struct ike_path *path; /* where it came from */
	struct ike_sa *sa;           /* NULL again if it has gone meanwhile */
	struct v1_quick *quick;      /* quick mode, else NULL */
	struct text *why;            /* a handler that refuses may say more */
	struct v1_out out;           /* the answer; started by the engine */
	bool has_answer;
	/* the message; not there when a step goes on that had to wait */
	const struct hdr *hdr;
	const struct v1_msg *m;
	const uint8_t *chain; /* first octet after the header */
	/* what the host answered */
	struct part signature;
	const struct part *certs;
	size_t n_certs;
};

typedef enum ike_reason v1_handler(struct v1_turn *t); /* takes a message */
typedef void v1_writer(struct v1_turn *t);             /* writes the answer to t->out */

/* main mode: message 1 to 6 */
v1_handler v1_mm_take1, v1_mm_take2, v1_mm_take3, v1_mm_take4, v1_mm_take5, v1_mm_take6;
v1_writer v1_mm_put1, v1_mm_put2, v1_mm_put3, v1_mm_put4, v1_mm_put5, v1_mm_put6;

/* aggressive mode: message 1 to 3 */
v1_handler v1_am_take1, v1_am_take2, v1_am_take3;
v1_writer v1_am_put1, v1_am_put2, v1_am_put3;

/* quick mode; these write their answers themselves */
v1_handler v1_qm_r1, v1_qm_i2, v1_qm_r3, v1_qm_i4;
void v1_qm_first(struct ike *ike, struct ike_sa *sa, struct v1_quick *q, struct v1_out *o);
/* Writes what the peer did not like in our first message, if it answers it with NOTIFY. */
void v1_qm_offer_put(
    const struct ike_sa *sa, const struct ike_tunnel *tunnel, uint16_t notify, struct text *why);
void v1_qm_failed(struct ike *ike, struct ike_sa *sa, const struct v1_quick *q,
    enum ike_reason reason, const char *why);

/* what main and aggressive mode have in common: v1_phase1.c */
unsigned v1_our_vids(const struct ike_policy *policy);
void v1_sai_keep(
    struct v1_hand *h, const struct v1_out *o);    /* the SA payload that was just written */
enum ike_reason v1_offer_take(struct v1_turn *t);  /* responder: chooses */
enum ike_reason v1_answer_take(struct v1_turn *t); /* initiator */
void v1_answer_put(struct v1_turn *t);
void v1_kex_make(struct v1_turn *t, enum dh_group group); /* our key and our nonce */
void v1_kex_put(struct v1_turn *t);
enum ike_reason v1_kex_take(struct v1_turn *t); /* the peer's; makes all keys and the first IV */
void v1_nat_put(struct v1_turn *t);
void v1_nat_judge(struct v1_turn *t);
void v1_nat_float(struct ike_sa *sa); /* initiator: to port 4500, if there is a NAT */

/* who we are and who the peer is: v1_auth.c */
void v1_id_put(struct v1_turn *t);
void v1_cert_ask_put(struct v1_turn *t); /* CERTREQ, where signatures are used, or may be */
void v1_proof_put(struct v1_turn *t);    /* HASH, or CERT and SIG */
void v1_contact_put(struct v1_turn *t);  /* INITIAL-CONTACT, RESPONDER-LIFETIME */
enum ike_reason v1_id_take(struct v1_turn *t);
enum ike_reason v1_id_judge(struct v1_turn *t);   /* what was taken; a proof is judged with it */
enum ike_reason v1_proof_take(struct v1_turn *t); /* may ask the host, see v1_step.asked */
void v1_signature_ask(struct v1_turn *t);         /* nothing if none is needed */
void v1_words_take(struct v1_turn *t);            /* the notifies that come with a proof */

/* informational exchanges: the answer to a message, and what is told by ourselves */
enum ike_reason v1_info_input(struct v1_turn *t, uint8_t *msg, size_t len);
void v1_info_refuse(struct ike *ike, struct ike_sa *sa, enum ike_reason reason); /* encrypted */
void v1_info_refuse_clear(
    struct ike *ike, const struct ike_path *path, const struct hdr *h, enum ike_reason reason);
void v1_info_complain(
    struct ike *ike, struct ike_sa *sa, enum ike_reason reason, const struct v1_iv *last);
void v1_info_delete(struct ike *ike, struct ike_sa *sa); /* the SA itself */

/* a whole message of an exchange */
enum ike_reason v1_phase1_input(struct v1_turn *t, uint8_t *msg, size_t len);
enum ike_reason v1_quick_input(struct v1_turn *t, uint8_t *msg, size_t len);
enum ike_reason v1_message_read(const struct ike_sa *sa, const struct hdr *h, struct v1_iv *iv,
    uint8_t *msg, size_t len, struct v1_msg *out);

/* SAs and exchanges, made, kept and freed: v1_state.c */
struct ike_sa *v1_sa_new(struct ike *ike, uint64_t now_ms, const struct ike_path *path,
    struct ike_policy *policy, enum v1_side side, uint64_t cky_i);
void v1_sa_free(struct ike *ike, struct ike_sa *sa); /* it is in no table any more */
void v1_sa_end(struct ike *ike, struct ike_sa *sa, enum ike_reason reason); /* frees SA */
void v1_hand_free(struct v1_hand *h);                                       /* NULL is fine */
void v1_hand_clean(struct v1_hand *h);                                      /* all but the memory */
struct v1_quick *v1_quick_add(struct ike_sa *sa, uint32_t mid, enum v1_side side);
struct v1_quick *v1_quick_find(const struct ike_sa *sa, uint32_t mid);
void v1_quick_del(struct ike_sa *sa, struct v1_quick *q);
void v1_quick_finish(struct v1_quick *q); /* what is needed no more after the last message */
bool v1_mid_is_used(const struct ike_mids *m, uint32_t mid);
void v1_mid_note(struct ike_mids *m, uint32_t mid);
void v1_frags_free(struct ike *ike, struct ike_sa *sa); /* nothing if there are none */
void v1_path_follow(struct v1_turn *t); /* what was proved and is new says where the peer is */
void v1_due_update(struct ike *ike, struct ike_sa *sa);
void v1_why_drop(struct ike_sa *sa);
void v1_why_keep(struct ike_sa *sa, enum ike_reason reason, const char *why);

void v1_memory_end(struct v1_memory *m, uint64_t now_ms);
void v1_memory_send(struct ike *ike, struct ike_sa *sa, struct v1_memory *m, uint64_t now_ms);
bool v1_was_repeated(
    struct ike *ike, struct ike_sa *sa, struct v1_memory *m, const uint8_t print[20]);
void v1_print(const uint8_t *msg, size_t len, uint8_t out[20]);
void v1_out_begin(const struct ike_sa *sa, uint8_t exchange, uint32_t mid, bool is_encrypted,
    uint8_t *buf, struct v1_out *o);
void v1_out_send(struct v1_turn *t, uint8_t *buf, bool is_encrypted, struct v1_iv *iv,
    struct v1_memory *memory, bool is_awaiting);
void v1_send(struct ike *ike, struct ike_sa *sa, const uint8_t *msg, size_t len);

/* what all use */
size_t v1_hash_open(const struct ike_sa *sa, struct v1_out *o);
void v1_hash_close(
    const struct ike_sa *sa, uint32_t mid, struct part ni, struct v1_out *o, size_t at);
bool v1_hash_is(const struct v1_turn *t, const uint8_t *want); /* the message's first payload */
struct part v1_rest_of(const struct v1_turn *t);               /* what follows it */
struct part v1_body(const struct v1_payload *p);
struct part v1_nonce_part(const struct v1_nonce *n);
void v1_nonce_make(struct ike *ike, struct v1_nonce *n);
void v1_nonce_take(const struct v1_msg *m, struct v1_nonce *n);
void v1_dh_make(struct ike *ike, enum dh_group group, struct dh_key *out);
void *v1_new(size_t n); /* zeroes; never NULL */

/* Takes one of a bucket that is filled with RATE in a second up to BURST; false if it is empty. */
bool v1_bucket_take(struct ike_bucket *b, uint64_t now_ms, unsigned rate, unsigned burst);

#endif
