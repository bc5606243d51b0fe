/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tcp.h - the TCP header inside lib/esp: offsets and flags, and when identifications count.
 *
 * Private to lib/esp. RFC 9293 s3.1, RFC 3168 s6.1, RFC 6864.
 */
#ifndef TCP_H
#define TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/esp/ip.h"

enum {
	TCP_LEN = 20,
	TCP_LEN_MAX = 60,

	/* offsets of fields */
	TCP_SEQ = 4,
	TCP_ACK = 8,
	TCP_FLAGS = 12, /* 16 bits: data offset, reserved bits, flags */
	TCP_WINDOW = 14,
	TCP_SUM = 16,
	TCP_URGENT = 18,

	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACKED = 0x10,
	TCP_URG = 0x20,
	TCP_CWR = 0x80,
};

/* Octets of a TCP header with its options, as it says. */
static inline uint32_t
tcp_hdr_len(const uint8_t *tcp)
{
	return (tcp[TCP_FLAGS] >> 4) * 4U;
}

/* Senders that never fragment need not count their packets, and some put 0 into all of them: then segments keep it. */
static inline bool
ip4_keeps_id(const uint8_t *hdr)
{
	return get16(hdr + IP4_ID) == 0 && (get16(hdr + IP4_FRAG) & IP4_DF) != 0;
}

#endif
