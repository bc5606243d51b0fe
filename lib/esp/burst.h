/* SPDX-License-Identifier: BSD-2-Clause
 *
 * burst.h - crypto for many packets at once.
 *
 * out.c and in.c describe per packet what is to be hashed and what ciphered; burst_run() hands all
 * of it to the engines (engine.h) of the SAs, which work on 8 to 16 packets in parallel, and returns
 * when all are done. Items of different SAs, algorithms and directions may be mixed; their order
 * stays. An item that only ciphers (ESP without ICV), only hashes (AH, NULL encryption) or does
 * both (also a bundle: its AH hash covers its ESP ciphertext) takes the same path. Private to
 * lib/esp; worker thread only.
 */
#ifndef BURST_H
#define BURST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/esp/engine.h"
#include "lib/esp/ip.h"
#include "lib/esp/worker.h"

struct engines;
struct pkt;
struct sa;

enum {
	BURST_ICV_MAX = 16,
	BURST_LEN_MAX = 65534, /* octets; libipsec-mb keeps lengths of a lane in 16 bits */
};

struct burst_item {
	struct pkt *pkt;
	struct sa *sa;
	bool is_encrypt; /* else decrypt */
	bool is_done;    /* after burst_run(): the engine did it */
	bool is_genuine; /* AEAD, in: the ICV was right */
	uint8_t *
	    hash_at; /* what the ICV covers (in its form for the computation); AEAD: the ESP header */
	uint8_t *cipher_at;
	uint8_t *iv;
	uint8_t *
	    icv_out; /* where the ICV goes: into the packet, or into icv below; AEAD, in: where it is */
	uint32_t hash_len;   /* 0 = no ICV, or AEAD */
	uint32_t cipher_len; /* 0 = no encryption */

	/* for the caller, between its two steps */
	uint32_t seq;
	uint32_t around;     /* in: octets of outer headers that are not in the buffer */
	uint32_t start;      /* in: offset of the outer packet in its buffer */
	uint32_t hdr_len;    /* in: octets of headers ahead of ESP or AH */
	uint32_t nh_at;      /* in: the octet in them that names ESP or AH */
	uint32_t ipsec_len;  /* in: AH header, or ESP header and IV, or all of them */
	uint32_t sealed_len; /* in: octets of the encrypted part, or what would be encrypted */
	uint8_t family;      /* in: of the outer packet */
	uint8_t tos;         /* in: of the outer packet */
	uint8_t ah_next;     /* in: next header field of the AH */
	uint16_t hdr_saved;  /* octets in hdr */
	uint8_t icv[BURST_ICV_MAX];
	uint8_t icv_got[BURST_ICV_MAX]; /* the ICV that came with the packet */
	uint8_t hdr[IP_HDRS_MAX]; /* the header ahead as sent or received, while its mutable fields
				   * are zero in the packet */
};

struct burst {
	struct burst_item items[ESP_BURST_MAX];
	unsigned n;
};

/* Takes the next free item, uncleared. The caller runs the burst before it is full. */
static inline struct burst_item *
burst_next(struct burst *b)
{
	return &b->items[b->n++];
}

static inline bool
burst_is_full(const struct burst *b)
{
	return b->n == ESP_BURST_MAX;
}

/* Computes one of an AEAD SA. */
static inline void
burst_aead(struct engines *e, struct burst_item *it)
{
	it->is_done = true;
	if (it->is_encrypt)
		engine_seal(e, it->sa, it->hash_at, it->cipher_at, it->cipher_at, it->cipher_len,
		    it->icv_out);
	else
		it->is_genuine = engine_open(e, it->sa, it->hash_at, it->cipher_at, it->cipher_at,
		    it->cipher_len, it->icv_out);
}

/* Computes all items; the caller then walks them and sets n to 0. */
void burst_run(struct engines *e, struct burst *b);

#endif
