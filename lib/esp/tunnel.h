/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel.h - what an outer header takes from the inner one, and gives back to it.
 *
 * Private to lib/esp. Any thread. RFC 4301 s5.1.2, RFC 6040.
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <stdint.h>

#include "lib/esp/drop.h"
#include "lib/esp/ip.h"

struct pkt_outer;
struct sa;

/* The TOS octet of the outer header: DSCP from CONFIGURED, or from inside if that is SA_TOS_COPY;
 * ECN always from inside (RFC 6040 s4.1, normal mode). */
uint8_t tunnel_tos_out(int configured, uint8_t inner_tos);

/* The TOS octet of the inner packet after decapsulation (RFC 6040 s4.2): DROP_NONE, or DROP_ECN
 * when a router signalled congestion and the transport inside would not understand it. */
enum drop tunnel_tos_in(uint8_t outer_tos, uint8_t inner_tos, uint8_t *out);

/* Writes SA's outer headers, for a packet of TOTAL_LEN octets with them, around INNER; *ID is the identification of the
 * last one and becomes that of this one (IPv4). A UDP header gets no checksum. */
void tunnel_outer_build(uint16_t *id, const struct sa *sa, const struct ip_hdr *inner,
    uint32_t total_len, uint8_t *out);

/* The identification that follows ID. */
uint16_t tunnel_id_next(uint16_t id);

/* What of these headers a UDP socket must be told. */
void tunnel_outer_facts(const struct sa *sa, const struct ip_hdr *inner, struct pkt_outer *out);

/* Puts the checksum into the UDP header behind an IPv6 header; all of TOTAL_LEN octets is written. Receivers that follow
 * RFC 8200 discard a packet without one, while RFC 3948 wants none in IPv4. */
void tunnel_udp_sum(uint8_t *outer, uint32_t total_len);

#endif
