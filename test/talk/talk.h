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
#include "lib/ike/ike.h"

enum { TALK_QUEUE_MAX = 64, TALK_CHILDREN_MAX = 32, TALK_LOG_MAX = 256 };

struct talk;

struct talk_side {
	struct talk *talk;
	struct ike *ike;
	struct natt_end end;
	uint64_t seed;
	struct ike_policy policy;
	struct ike_tunnel tunnels[4];
	unsigned n_tunnels;
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
	struct ike_word word; /* the last one; without the SPIs */
	uint32_t word_spi;    /* the first SPI of it */
	unsigned n_words;
	struct text why;
};

struct talk_msg {
	struct talk_side *to;
	struct ike_path path; /* as the receiver sees it */
	uint8_t b[IKE_OUT_MAX];
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
	struct addr nat; /* where messages of A seem to come from; ADDR_NONE: no NAT */
};

struct talk *talk_new(void); /* 3des-cbc sha1 group2 on both sides, one tunnel, a key */
void talk_free(struct talk *t);

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
