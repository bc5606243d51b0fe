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
};

enum { V1_OUR_NONCE_LEN = 32, V1_ID_BODY_MAX = 4 + ID_NAME_MAX };

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

/* Main mode while it runs. */
struct v1_hand {
	struct v1_memory memory;
	struct dh_key dh;
	uint8_t peer_public[DH_PUBLIC_MAX];
	struct v1_nonce ni;
	struct v1_nonce nr;
	uint8_t *sai; /* the body of the initiator's SA payload; owned */
	size_t sai_len;
};

enum v1_quick_state {
	V1_QM_I1, /* initiator: sent message 1 */
	V1_QM_R0, /* responder: nothing sent yet */
	V1_QM_R1, /* sent message 2 */
	V1_QM_DONE,
};

struct v1_quick {
	struct v1_quick *next;
	uint32_t mid;
	enum v1_side side;
	enum v1_quick_state state;
	const struct ike_tunnel *tunnel;
	struct v1_memory memory;
	struct v1_iv iv;
	struct v1_nonce ni;
	struct v1_nonce nr;
	struct dh_key *dh; /* initiator with PFS, until the answer; owned */
	struct ike_child child;
};

/* One message on its way through. */
struct v1_turn {
	struct ike *ike;
	uint64_t now_ms;
	const struct ike_path *path; /* where it came from */
	struct ike_sa *sa;
	struct v1_quick *quick; /* quick mode, else NULL */
	const struct hdr *hdr;
	const struct v1_msg *m;
	const uint8_t *chain; /* first octet after the header */
	struct text *why;     /* a handler that refuses may say more */
	struct v1_out out;    /* the answer; started by the engine */
	bool has_answer;
};

typedef enum ike_reason v1_handler(struct v1_turn *t);

/* main mode */
v1_handler v1_mm_r1, v1_mm_i2, v1_mm_r3, v1_mm_i4, v1_mm_r5, v1_mm_i6;
void v1_mm_first(struct ike_sa *sa, struct v1_out *o); /* message 1 */

/* quick mode */
v1_handler v1_qm_r1, v1_qm_i2, v1_qm_r3;
void v1_qm_first(struct ike *ike, struct ike_sa *sa, struct v1_quick *q, struct v1_out *o);

/* informational exchanges: the answer to a message, and what is told by ourselves */
enum ike_reason v1_info_input(struct v1_turn *t, uint8_t *msg, size_t len);
void v1_info_refuse(struct ike *ike, struct ike_sa *sa, enum ike_reason reason); /* encrypted */
void v1_info_refuse_clear(
    struct ike *ike, const struct ike_path *path, const struct hdr *h, enum ike_reason reason);
void v1_info_contact(struct v1_turn *t); /* INITIAL-CONTACT in message 5 or 6 of main mode */

/* a whole message of an exchange */
enum ike_reason v1_main_input(struct v1_turn *t, uint8_t *msg, size_t len);
enum ike_reason v1_quick_input(struct v1_turn *t, uint8_t *msg, size_t len);

/* what all use */
enum ike_reason v1_message_read(const struct ike_sa *sa, const struct hdr *h, struct v1_iv *iv,
    uint8_t *msg, size_t len, struct v1_msg *out);
void v1_send(struct ike *ike, const struct ike_sa *sa, const uint8_t *msg, size_t len);
void v1_frags_free(struct ike *ike, struct ike_sa *sa); /* nothing if there are none */
void v1_sa_free(struct ike *ike, struct ike_sa *sa);    /* it is in no table any more */
void v1_sa_end(struct ike *ike, struct ike_sa *sa, enum ike_reason reason); /* frees SA */
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

#endif
