/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seg_model.h - segmentation done the slow and obvious way: the judge of cut.c, merge.c and super.c.
 *
 * Shares no code with them. Also makes the packets that the tests are about. Aborts when asked for
 * nonsense.
 */
#ifndef SEG_MODEL_H
#define SEG_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct esp_worker;
struct pkt;

enum { SEG_PACKET_MAX = 65575 };

/* A TCP or UDP packet with right checksums. */
struct seg_spec {
	int family;    /* 4 or 6 */
	uint8_t proto; /* 6 or 17 */
	uint8_t host;  /* last octet of both addresses */
	uint16_t sport;
	uint16_t dport;
	uint32_t seq;
	uint32_t ack;
	uint8_t flags; /* TCP */
	uint8_t tos;
	uint8_t ttl;
	uint16_t id;    /* IPv4 */
	uint16_t frag;  /* IPv4: flags and offset */
	uint32_t stamp; /* TCP: value of a timestamp option; 0: no option */
	bool has_ext;   /* IPv6: a destination options header; IPv4: four NOP options */
	uint32_t payload_len;
	uint32_t seed; /* of the payload */
};

size_t seg_build(const struct seg_spec *s, uint8_t *out);
/* The same as a packet of W's pool. */
struct pkt *seg_pkt(struct esp_worker *w, const struct seg_spec *s);

/* The sum of 16-bit words, folded and inverted. */
uint16_t seg_sum(uint32_t acc, const uint8_t *p, size_t n);
/* Writes all checksums of a TCP or UDP packet. */
void seg_sums_set(uint8_t *ip, size_t len);
/* Whether all checksums are right. */
bool seg_sums_ok(const uint8_t *ip, size_t len);

/* Where the transport header and where the payload start. */
size_t seg_l4_at(const uint8_t *ip);
size_t seg_payload_at(const uint8_t *ip);

/* Puts the payloads of N packets behind the headers of the first, as a superpacket with its checksum
 * open; returns the length. FIN and PSH are those of the last. */
size_t seg_join(const uint8_t *const *pkts, const size_t *lens, unsigned n, uint8_t *out);
/* Writes the ten octets of vnet header for a superpacket. */
void seg_vnet(const uint8_t *super, uint16_t gso_size, uint8_t *out);
/* Builds the packet as a superpacket in OUT, with its vnet header; returns the length. */
size_t seg_super(const struct seg_spec *s, uint16_t gso_size, uint8_t *out, uint8_t *vnet);
/* Writes segment I of a superpacket to OUT and returns its length; 0: there is none. */
size_t seg_cut(const uint8_t *super, size_t len, size_t gso_size, unsigned i, uint8_t *out);

#endif
