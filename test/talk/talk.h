/* SPDX-License-Identifier: BSD-2-Clause
 *
 * talk.h - two IKE engines in one process, joined by a wire that a test holds in its hand.
 *
 * Messages wait on the wire until the test delivers, drops, repeats or changes them. Time is a number; randomness is a
 * generator with a seed, so every run is the same.
 */
#ifndef TALK_H
#define TALK_H

#include "lib/base/text.h"
#include "lib/crypto/sign.h"
#include "lib/ike/ike.h"

enum {
	TALK_QUEUE_MAX = 64,
	TALK_CHILDREN_MAX = 32,
	TALK_LOG_MAX = 256,
	TALK_ASKS_MAX = 16,
	TALK_MSG_MAX = 4096
};

struct talk;

/* What an engine asked its host. A certificate is a bare public key here: what makes a certificate is not the engine's. */
struct talk_ask {
	bool is_proof; /* else a signature */
	bool is_dsa;
	struct ike_ticket ticket;
	uint8_t hash[HASH_LEN_MAX];
	size_t hash_len;
	uint8_t cert[2048];
	size_t cert_len;
	unsigned n_certs;
	uint8_t signature[SIGN_MAX];
	size_t signature_len;
};

struct talk_side {
	struct talk *talk;
	struct ike *ike;
	struct natt_end end;
	uint64_t seed;
	struct ike_policy policy; /* the engine gets a copy of it for each SA */
	struct ike_tunnel tunnels[4];
	unsigned n_tunnels;
	bool keeps_policy;       /* all SAs share the first copy */
	struct ike_policy *made; /* the last copies */
	struct ike_tunnel *made_tunnel;
	bool is_first;             /* it says INITIAL-CONTACT */
	bool has_rsa_b;            /* signs with the second key */
	struct part more_certs[4]; /* that it sends behind its own */
	size_t n_more_certs;
	struct talk_ask asks[TALK_ASKS_MAX];
	unsigned n_asks;
	struct ike_sa *sa; /* the last one that came up */
	unsigned n_up;
	unsigned n_down;
	unsigned n_in; /* IKE_CHILD_IN */
	unsigned n_failed;
	struct ike_child children[TALK_CHILDREN_MAX]; /* IKE_CHILD_UP */
	unsigned n_children;
	enum ike_reason refused; /* the last one */
	unsigned n_refused;
	enum ike_reason down; /* why the last SA went */
	char down_why[256];
	unsigned n_moved;
	struct id claimed;      /* what policy() was told; without octets */
	enum ike_reason failed; /* why the last quick mode did */
	char failed_why[256];
	struct ike_word word; /* the last one; without the SPIs */
	uint32_t word_spi;    /* the first SPI of it */
	unsigned n_words;
	struct text why;
};

struct talk_msg {
	struct talk_side *to;
	struct ike_path path; /* as the receiver sees it */
	uint8_t b[TALK_MSG_MAX];
	size_t n;
};

struct talk {
	struct talk_side a; /* begins */
	struct talk_side b;
	uint64_t now_ms;
	struct talk_msg queue[TALK_QUEUE_MAX];
	unsigned n;
	unsigned n_sent; /* messages ever */
	/* every message that was sent, in the order of sending */
	struct talk_msg log[TALK_LOG_MAX];
	bool holds_answers; /* the test gives the hosts' answers itself */
	struct addr nat;    /* where messages of A seem to come from; ADDR_NONE: no NAT */
};

struct talk *talk_new(void); /* 3des-cbc sha1 group2 on both sides, one tunnel, a key */
void talk_free(struct talk *t);

/* Begins phase 1 and quick mode with copies of what the side has now. */
struct ike_sa *talk_begin(struct talk *t, struct talk_side *s);
bool talk_quick(struct talk *t, struct talk_side *s, unsigned tunnel);

/* Answers the first question of a side, as a host with the keys of keys.h does. */
void talk_answer(struct talk *t, struct talk_side *s);

/* Takes the first message off the wire and gives it to whom it is for; returns what was made of it. */
enum ike_reason talk_deliver(struct talk *t);
struct talk_msg talk_take(struct talk *t); /* takes it off the wire */
enum ike_reason talk_give(struct talk *t, const struct talk_msg *m);

/* Delivers until the wire is empty. */
void talk_run(struct talk *t);

/* Lets time pass to what is due next, on both sides. False if nothing is. */
bool talk_wait(struct talk *t);

/* Do the last children of both sides have the same keys, crosswise? */
bool talk_children_agree(const struct talk *t);

#endif
