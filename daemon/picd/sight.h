/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sight.h - what a person wants to know about a packet, of which only the beginning may be there.
 *
 * For monitors and traces, not for decisions: what cannot be read is left out. Pure function, any thread.
 */
#ifndef SIGHT_H
#define SIGHT_H

#include "lib/base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sight {
	struct addr source; /* ADDR_NONE: it is no IP */
	struct addr destination;
	uint32_t total_len; /* octets, by its own header */
	uint32_t frag_off;  /* octets */
	bool has_more;      /* fragments after this one */
	bool has_df;
	uint8_t protocol;
	uint8_t ttl;
	bool has_ports; /* TCP and UDP */
	uint16_t sport;
	uint16_t dport;
	bool has_tcp_flags;
	uint8_t tcp_flags;
	bool has_icmp;
	uint8_t icmp_type;
	uint8_t icmp_code;
	bool has_icmp_id; /* echo */
	uint16_t icmp_id;
	uint16_t icmp_seq;
	bool has_spi; /* ESP, AH, and ESP in UDP */
	uint32_t spi;
	uint32_t seq;
};

void sight_read(const uint8_t *data, size_t len, struct sight *out);

#endif
