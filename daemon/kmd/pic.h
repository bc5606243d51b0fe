/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pic.h - the channels to the services interfaces: what life says to a picd and hears from it, as messages.
 *
 * Every picd has a channel of its own, named after its services interface. A channel is not read before life has a
 * configuration: what a picd holds is told first, and would belong to nothing. lib/msg/msg.h has the messages. One thread.
 */
#ifndef PIC_H
#define PIC_H

#include "lib/vpn/life.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct arena;
struct elem;
struct ipc_msg;
struct pic;

struct pics {
	uv_loop_t *loop;
	struct life *life;
	struct pic *list;
	struct arena *secret; /* of the message that is being made; empty between two */
	bool is_open;         /* channels are read */
	unsigned long n_lost; /* messages that no picd was there for */
};

void pics_init(struct pics *p, uv_loop_t *loop, struct life *life);
void pics_done(struct pics *p);

/* Takes over FD as the channel to the picd of INSTANCE ("sp-1/2/0"), in the place of an older one. */
void pics_link(struct pics *p, const char *instance, int fd);
/* Life has a configuration: what has been kept waiting is heard now. */
void pics_open(struct pics *p);

/* What life wants said (struct life_host). A picd that is not there tells what it holds when it comes back. */
void pics_sa_add(struct pics *p, const struct life_sa *sa);
void pics_sa_del(struct pics *p, const char *pic, const char *tunnel, bool is_out, uint32_t spi);
void pics_watch(struct pics *p, const char *pic, const char *tunnel, unsigned interval_s);
void pics_redundancy(struct pics *p, const struct life_redundancy *r);

/* Tells life, outside of its calls, of SAs that could not even be sent. */
void pics_tick(struct pics *p);

/* The body of MSG_SA_ADD, in A, which should be a secret arena: there are keys in it. */
struct elem *pic_sa_build(struct arena *a, const struct life_sa *sa);
/* Reads that of MSG_SA_HELD, strings borrowed from BODY. False if it makes no sense; OUT is untouched then. */
__attribute__((warn_unused_result)) bool pic_sa_parse(
    const struct elem *body, const char *pic, struct life_sa *out);

/* What arrives from the picd of a channel; for tests and the fuzz target. */
void pic_message(struct pics *p, const char *instance, const struct ipc_msg *m);

#endif
