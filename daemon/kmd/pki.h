/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pki.h - what life asks of certificates, as messages to the PKI daemon, which alone has private keys.
 *
 * A certificate that life names stays known here with the chain that goes to peers; when the channel is new it is asked for again, for
 * there may be another one now. Without a PKI daemon every question is answered with that, a moment later. lib/msg/msg.h
 * has the messages. One thread.
 */
#ifndef PKI_H
#define PKI_H

#include "lib/vpn/life.h"

#include <stdint.h>
#include <uv.h>

struct ipc;
struct ipc_msg;
struct pki_cert_known;
struct pki_question;

enum { PKI_QUESTIONS_MAX = 8192 }; /* that are not answered; more are refused */

struct pki {
	uv_loop_t *loop;
	struct life *life;
	struct ipc *ipc; /* NULL: no PKI daemon */
	struct pki_cert_known *certs;
	struct pki_question *first; /* in the order in which they were asked */
	struct pki_question **last;
	unsigned n_questions;
	uint32_t seq;
};

void pki_init(struct pki *p, uv_loop_t *loop, struct life *life);
void pki_done(struct pki *p);

/* Takes over FD as the channel to the PKI daemon, in the place of an older one. */
void pki_link(struct pki *p, int fd);

/* What life asks (struct life_host). */
void pki_chain(struct pki *p, const char *certificate);
void pki_sign(struct pki *p, struct ike_ticket ticket, const char *certificate, struct part hash);
void pki_prove(struct pki *p, struct ike_ticket ticket, const struct ike_claim *claim,
    const char *const *cas, size_t n_cas);

/* Answers, outside of life's calls, what cannot be asked. */
void pki_tick(struct pki *p);

/* What arrives from the PKI daemon; for tests. */
void pki_message(struct pki *p, const struct ipc_msg *m);

#endif
