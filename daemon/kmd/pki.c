/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pki.c - what life asks of certificates, as messages to the PKI daemon, which alone has private keys.
 *
 * Answers are told from their question's sequence number. Called by main.c on the loop's thread.
 */
#include "daemon/kmd/pki.h"

#include "daemon/kmd/kmd.h"
#include "lib/base/hex.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 64, SIGNATURE_MAX = 2048 };

#define NO_DAEMON "no PKI daemon"

/* A certificate of ours. */
struct pki_cert_known {
	struct pki_cert_known *next;
	struct arena *a; /* the chain's */
	struct part chain[IKE_CERTS_MAX];
	size_t n_chain;
	char name[NAME_MAX_LEN];
};

struct pki_question {
	struct pki_question *next;
	uint16_t type; /* MSG_PKI_* */
	uint32_t seq;  /* 0: it was not sent, and WHY says why */
	const char *why;
	struct ike_ticket ticket;
	struct pki_cert_known *cert; /* MSG_PKI_CHAIN, MSG_PKI_SIGN */
};

/* --- questions --- */

static struct pki_question *
question_add(struct pki *p, uint16_t type, int rc)
{
	struct pki_question *q = calloc(1, sizeof(*q));
	if (q == NULL)
		abort();
	*q = (struct pki_question){ .type = type, .seq = rc == 0 ? p->seq : 0 };
	if (rc < 0)
		q->why = p->ipc == NULL ? NO_DAEMON : "the PKI daemon takes no more questions";
	*p->last = q;
	p->last = &q->next;
	p->n_questions++;
	return q;
}

/* Takes the question of SEQ out of the queue; NULL if there is none. 0: one that was not sent. */
static struct pki_question *
question_take(struct pki *p, uint32_t seq)
{
	for (struct pki_question **at = &p->first; *at != NULL; at = &(*at)->next) {
		struct pki_question *q = *at;
		if (q->seq != seq)
			continue;
		*at = q->next;
		if (*at == NULL)
			p->last = at;
		p->n_questions--;
		return q;
	}
	return NULL;
}

static int
ask(struct pki *p, uint16_t type, const struct elem *e)
{
	if (p->ipc == NULL || p->n_questions >= PKI_QUESTIONS_MAX)
		return -1;
	p->seq = p->seq == UINT32_MAX ? 1 : p->seq + 1;
	return ipc_send(p->ipc, type, p->seq, e, -1);
}

static void
hex_leaf(struct arena *a, struct elem *e, const char *name, struct part octets)
{
	struct text t = { 0 };
	hex_put(&t, octets.p, octets.n);
	elem_leaf(a, e, name, text_str(&t));
	text_done(&t);
}

/* Reads the hexadecimal value of E into A; `p` NULL if it is none. */
static struct part
hex_part(struct arena *a, const struct elem *e)
{
	size_t cap = e != NULL && e->value != NULL ? strlen(e->value) / 2 : 0;
	uint8_t *b = arena_alloc(a, cap + 1);
	size_t n;
	if (cap == 0 || !hex_read(e->value, b, cap, &n))
		return (struct part){ 0 };
	return (struct part){ .p = b, .n = n };
}

/* --- our certificates --- */

static struct pki_cert_known *
cert_get(struct pki *p, const char *name)
{
	struct pki_cert_known *c = p->certs;
	while (c != NULL && strcmp(c->name, name) != 0)
		c = c->next;
	if (c != NULL || strlen(name) >= NAME_MAX_LEN)
		return c;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	strcpy(c->name, name);
	c->a = arena_new();
	c->next = p->certs;
	p->certs = c;
	return c;
}

static void
cert_ask(struct pki *p, struct pki_cert_known *c)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "chain");
	elem_leaf(a, e, "certificate", c->name);
	question_add(p, MSG_PKI_CHAIN, ask(p, MSG_PKI_CHAIN, e))->cert = c;
	arena_free(a);
}

void
pki_chain(struct pki *p, const char *certificate)
{
	struct pki_cert_known *c = cert_get(p, certificate);
	if (c != NULL)
		cert_ask(p, c);
}

static void
chain_take(struct pki_cert_known *c, const struct elem *body)
{
	arena_free(c->a);
	c->a = arena_new();
	c->n_chain = 0;
	elem_each (cert, body, "certificate") {
		struct part der = hex_part(c->a, cert);
		if (der.p != NULL && c->n_chain < IKE_CERTS_MAX)
			c->chain[c->n_chain++] = der;
	}
}

/* The first address among the alternate names, since that is what a peer expects that was told nothing; else the first name. */
static const struct elem *
alternate_find(const struct elem *body)
{
	elem_each (e, body, "alternate") {
		const char *type = elem_value(e, "type");
		if (type != NULL && (strcmp(type, "ipv4") == 0 || strcmp(type, "ipv6") == 0))
			return e;
	}
	return elem_find(body, "alternate");
}

/* An alternate name, as an identity of IKE. */
static struct id
alternate_read(struct arena *a, const struct elem *body)
{
	const struct elem *e = alternate_find(body);
	const char *type = elem_value(e, "type");
	const char *value = elem_value(e, "value");
	struct addr addr;
	if (type == NULL || value == NULL)
		return (struct id){ 0 };
	if (strcmp(type, "fqdn") == 0)
		return id_of_bytes(ID_FQDN, arena_strdup(a, value), strlen(value));
	if (strcmp(type, "email") == 0)
		return id_of_bytes(ID_USER_FQDN, arena_strdup(a, value), strlen(value));
	if (!addr_parse(value, &addr))
		return (struct id){ 0 };
	return id_of_addr(addr, arena_alloc(a, ID_ADDR_MAX));
}

static void
on_chain(struct pki *p, struct pki_cert_known *c, const struct elem *body, const char *why)
{
	if (why != NULL) {
		c->n_chain = 0;
		log_line(LOG_LEVEL_ERROR, "KMD_PM_CERTIFICATE", "certificate %s cannot be used: %s",
		    c->name, why);
		life_chain(p->life, kmd_now(), c->name, NULL, why);
		return;
	}
	chain_take(c, body);
	struct life_chain chain = {
		.subject = hex_part(c->a, elem_find(body, "subject")),
		.alternate = alternate_read(c->a, body),
	};
	struct part cas[IKE_CAS_MAX];
	elem_each (ca, body, "ca") {
		struct part der = hex_part(c->a, ca);
		if (der.p != NULL && chain.n_cas < IKE_CAS_MAX)
			cas[chain.n_cas++] = der;
	}
	chain.cas = cas;
	life_chain(p->life, kmd_now(), c->name, &chain, NULL);
}

/* --- signatures --- */

void
pki_sign(struct pki *p, struct ike_ticket ticket, const char *certificate, struct part hash)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "sign");
	elem_leaf(a, e, "certificate", certificate);
	hex_leaf(a, e, "hash", hash);
	struct pki_question *q = question_add(p, MSG_PKI_SIGN, ask(p, MSG_PKI_SIGN, e));
	q->ticket = ticket;
	q->cert = cert_get(p, certificate);
	arena_free(a);
}

static void
on_signed(struct pki *p, const struct pki_question *q, const struct elem *body, const char *why)
{
	uint8_t signature[SIGNATURE_MAX];
	size_t n = 0;
	const struct pki_cert_known *c = q->cert;
	if (why == NULL &&
	    !hex_read(elem_value(body, "signature"), signature, sizeof(signature), &n))
		why = "the answer of the PKI daemon cannot be read";
	if (why != NULL)
		life_signed(p->life, kmd_now(), q->ticket, (struct part){ 0 }, NULL, 0, why);
	else
		life_signed(p->life, kmd_now(), q->ticket, (struct part){ .p = signature, .n = n },
		    c != NULL ? c->chain : NULL, c != NULL ? c->n_chain : 0, NULL);
}

/* --- proofs of peers --- */

static const char *
id_type_name(enum id_type type)
{
	switch (type) {
	case ID_IPV4:
		return "ipv4";
	case ID_IPV6:
		return "ipv6";
	case ID_FQDN:
		return "fqdn";
	case ID_USER_FQDN:
		return "user-fqdn";
	case ID_DN:
		return "dn";
	default:
		return "key-id";
	}
}

void
pki_prove(struct pki *p, struct ike_ticket ticket, const struct ike_claim *claim,
    const char *const *cas, size_t n_cas)
{
	struct arena *a = arena_new();
	struct elem *e = elem_new(a, "verify");
	for (size_t i = 0; i < claim->n_certs; i++)
		hex_leaf(a, e, "certificate", claim->certs[i]);
	elem_leaf(a, e, "id-type", id_type_name(claim->id.type));
	hex_leaf(a, e, "id", (struct part){ .p = claim->id.p, .n = claim->id.n });
	hex_leaf(a, e, "hash", claim->hash);
	hex_leaf(a, e, "signature", claim->signature);
	for (size_t i = 0; i < n_cas; i++)
		elem_leaf(a, e, "trusted-ca", cas[i]);
	question_add(p, MSG_PKI_VERIFY, ask(p, MSG_PKI_VERIFY, e))->ticket = ticket;
	arena_free(a);
}

/* --- answers --- */

static void
answer(struct pki *p, const struct pki_question *q, const struct elem *body, const char *why)
{
	const char *subject = elem_value(body, "subject");
	log_trace("certificates", LOG_LEVEL_INFO, "%s %s: %s",
	    q->type == MSG_PKI_CHAIN  ? "chain of"
	    : q->type == MSG_PKI_SIGN ? "signature with"
				      : "proof of",
	    q->cert != NULL                                ? q->cert->name
	    : q->type == MSG_PKI_VERIFY && subject != NULL ? subject
							   : "a peer",
	    why != NULL ? why : "good");
	switch (q->type) {
	case MSG_PKI_CHAIN:
		on_chain(p, q->cert, body, why);
		break;
	case MSG_PKI_SIGN:
		on_signed(p, q, body, why);
		break;
	default:
		life_proved(p->life, kmd_now(), q->ticket, why == NULL ? IKE_OK : IKE_CERT, why);
	}
}

void
pki_tick(struct pki *p)
{
	for (struct pki_question *q = question_take(p, 0); q != NULL; q = question_take(p, 0)) {
		answer(p, q, NULL, q->why);
		free(q);
	}
}

void
pki_message(struct pki *p, const struct ipc_msg *m)
{
	const char *status = elem_value(m->body, "status");
	const char *text = elem_value(m->body, "text");
	bool is_ok = status != NULL && strcmp(status, "ok") == 0;
	const char *why = is_ok ? NULL : text != NULL ? text : "refused by the PKI daemon";
	const char *name = elem_value(m->body, "certificate-id");
	if (m->type == MSG_PKI_CHAIN && m->seq == 0 && name != NULL) {
		/* nobody asked: it is another one now; only what life has named is of interest */
		for (struct pki_cert_known *c = p->certs; c != NULL; c = c->next)
			if (strcmp(c->name, name) == 0)
				on_chain(p, c, m->body, why);
		return;
	}
	struct pki_question *q = m->seq != 0 ? question_take(p, m->seq) : NULL;
	if (q == NULL || q->type != m->type) {
		log_line(LOG_LEVEL_WARNING, "KMD_MESSAGE", "pkid: unexpected message %u", m->type);
	} else {
		answer(p, q, m->body, why);
	}
	free(q);
}

/* --- the channel --- */

static void
on_message(struct ipc *c, struct ipc_msg *m, void *arg)
{
	(void)c;
	pki_message(arg, m);
}

/* What it has been asked is answered by the next tick. */
static void
questions_fail(struct pki *p)
{
	for (struct pki_question *q = p->first; q != NULL; q = q->next) {
		q->seq = 0;
		q->why = "the PKI daemon is gone";
	}
}

static void
on_closed(struct ipc *c, const char *why, void *arg)
{
	struct pki *p = arg;
	(void)c;
	log_line(LOG_LEVEL_NOTICE, "KMD_LINK", "pkid is gone (%s)", why);
	ipc_free(p->ipc);
	p->ipc = NULL;
	questions_fail(p);
}

static const struct ipc_ops ipc_ops = { .on_message = on_message, .on_closed = on_closed };

void
pki_link(struct pki *p, int fd)
{
	ipc_free(p->ipc);
	questions_fail(p);
	p->ipc = ipc_new(p->loop, fd, &ipc_ops, p);
	for (struct pki_cert_known *c = p->certs; c != NULL; c = c->next)
		cert_ask(p, c);
}

void
pki_init(struct pki *p, uv_loop_t *loop, struct life *life)
{
	*p = (struct pki){ .loop = loop, .life = life };
	p->last = &p->first;
}

void
pki_done(struct pki *p)
{
	ipc_free(p->ipc);
	while (p->first != NULL) {
		struct pki_question *q = p->first;
		p->first = q->next;
		free(q);
	}
	while (p->certs != NULL) {
		struct pki_cert_known *c = p->certs;
		p->certs = c->next;
		arena_free(c->a);
		free(c);
	}
}
