/* SPDX-License-Identifier: BSD-2-Clause
 *
 * drop.h - every reason for which the data plane does not deliver a packet.
 *
 * One row each: identifier, word (CLI, traces), the column of `show services ipsec-vpn ipsec
 * statistics` to which it adds, sentence (log). Everything that counts, prints or documents drops
 * is made from this table. Rows marked P are found by the caller of lib/esp (the services PIC),
 * the rest by lib/esp. Constant data; any thread.
 */
#ifndef DROP_H
#define DROP_H

#include <stdatomic.h>
#include <stdint.h>

/* The columns of the JUNOS statistics display, with the element name that Juniper's RPC uses. */
#define STAT_TABLE(X)                                              \
	X(STAT_NONE, "")                                           \
	X(STAT_AH_AUTH, "ah-authentication-failures")              \
	X(STAT_ESP_AUTH, "esp-authentication-failures")            \
	X(STAT_ESP_DECRYPT, "esp-decryption-failures")             \
	X(STAT_BAD_HEADERS, "bad-headers")                         \
	X(STAT_BAD_TRAILERS, "bad-trailers")                       \
	X(STAT_REPLAY_BEFORE_WINDOW, "replay-before-window-drops") \
	X(STAT_REPLAY, "replay-pkts")                              \
	X(STAT_RULE_LOOKUP, "rule-lookup-fail")                    \
	X(STAT_NO_SA, "no-sa-errors")                              \
	X(STAT_IP_INTEGRITY, "ip-integrity-errors")                \
	X(STAT_EXCEEDS_MTU, "exceeds-tunnel-mtu")                  \
	X(STAT_FLOW, "flow-errors")                                \
	X(STAT_MISC, "misc-errors")

/* clang-format off */
#define DROP_TABLE(X)                                                                              \
	X(DROP_NONE, "ok", STAT_NONE, "delivered")                                                 \
	/* the outer packet, before its SA is known */                                             \
	X(DROP_OUTER_HEADER, "outer-header", STAT_BAD_HEADERS,                                     \
		"the outer IP header is malformed")                                                \
	X(DROP_OUTER_FRAGMENT, "outer-fragment", STAT_BAD_HEADERS,                                 \
		"an outer fragment arrived that was not reassembled")                              \
	X(DROP_OUTER_PROTOCOL, "outer-protocol", STAT_BAD_HEADERS,                                 \
		"the outer packet carries neither ESP nor AH")                                     \
	X(DROP_TRUNCATED, "truncated", STAT_BAD_HEADERS,                                           \
		"the packet is too short for its IPsec header, IV and ICV")                        \
	X(DROP_AH_LENGTH, "ah-length", STAT_BAD_HEADERS,                                           \
		"the AH length field does not fit the algorithm of the SA")                        \
	X(DROP_BLOCK_LENGTH, "block-length", STAT_ESP_DECRYPT,                                     \
		"the ciphertext is not a whole number of cipher blocks")                           \
	X(DROP_TOO_LONG, "too-long", STAT_BAD_HEADERS,                                             \
		"the packet is longer than IP or the crypto engine allows")                        \
	X(DROP_NO_SA, "unknown-spi", STAT_NO_SA,                                                   \
		"no SA has this SPI, protocol and destination")                                    \
	X(DROP_ELSEWHERE, "elsewhere", STAT_NONE,                                                  \
		"another services interface takes or counts it")                                          \
	X(DROP_UNCLEAR, "unclear", STAT_NONE,                                                      \
		"no SA has this SPI here; another services interface may have negotiated it")      \
	X(DROP_SA_PROTOCOL, "wrong-protocol", STAT_NO_SA,                                          \
		"the SPI belongs to an SA of the other protocol")                                  \
	X(DROP_OUTER_SOURCE, "outer-source", STAT_NO_SA,                                           \
		"the packet does not come from the remote gateway of its SA")                      \
	X(DROP_ENCAPSULATION, "wrong-encapsulation", STAT_NO_SA,                                   \
		"the SA wants ESP in UDP and the packet has none, or the other way round")         \
	/* replay */                                                                               \
	X(DROP_REPLAY_OLD, "replay-before-window", STAT_REPLAY_BEFORE_WINDOW,                      \
		"the sequence number lies before the replay window")                               \
	X(DROP_REPLAY_SEEN, "replayed", STAT_REPLAY,                                               \
		"the sequence number was received before")                                         \
	X(DROP_SEQ_ZERO, "sequence-zero", STAT_REPLAY,                                             \
		"sequence number zero on an SA with replay protection")                            \
	/* after decryption */                                                                     \
	X(DROP_ESP_AUTH, "esp-authentication", STAT_ESP_AUTH,                                      \
		"the ESP integrity check value is wrong")                                          \
	X(DROP_AH_AUTH, "ah-authentication", STAT_AH_AUTH,                                         \
		"the AH integrity check value is wrong")                                           \
	X(DROP_PAD, "bad-padding", STAT_BAD_TRAILERS,                                              \
		"the ESP pad bytes or pad length are wrong")                                       \
	X(DROP_NEXT_HEADER, "bad-next-header", STAT_BAD_TRAILERS,                                  \
		"the next header does not fit the mode of the SA")                                 \
	X(DROP_BUNDLE, "bad-bundle", STAT_BAD_HEADERS,                                             \
		"the AH of a bundle does not carry the ESP of the same SA")                        \
	X(DROP_DUMMY, "dummy", STAT_NONE,                                                          \
		"an ESP dummy packet (traffic flow confidentiality) was discarded")                \
	X(DROP_INNER_HEADER, "inner-header", STAT_IP_INTEGRITY,                                    \
		"the inner IP header is malformed")                                                \
	X(DROP_INNER_CHECKSUM, "inner-checksum", STAT_IP_INTEGRITY,                                \
		"the inner IPv4 header checksum is wrong")                                         \
	X(DROP_ECN, "ecn", STAT_IP_INTEGRITY,                                                      \
		"congestion was signalled on a packet that is not ECN-capable (RFC 6040)")         \
	X(DROP_SELECTOR, "selector-mismatch", STAT_RULE_LOOKUP,                                    \
		"the decrypted packet does not fit the selectors of its tunnel")                   \
	/* outbound */                                                                             \
	X(DROP_TOO_BIG, "exceeds-tunnel-mtu", STAT_EXCEEDS_MTU,                                    \
		"the packet exceeds the tunnel MTU and must not be fragmented")                    \
	X(DROP_SEQ_EXHAUSTED, "sequence-exhausted", STAT_MISC,                                     \
		"the sequence numbers of the SA are used up")                                      \
	X(DROP_WRONG_DIRECTION, "wrong-direction", STAT_NO_SA,                                     \
		"the SA does not serve this direction")                                            \
	X(DROP_OPTION, "ip-option", STAT_IP_INTEGRITY,                                             \
		"an IPv4 option or IPv6 extension header cannot be handled here")                  \
	X(DROP_TRANSPORT_FRAGMENT, "transport-fragment", STAT_IP_INTEGRITY,                        \
		"a fragment cannot be protected in transport mode")                                \
	X(DROP_FAMILY, "address-family", STAT_MISC,                                                \
		"a transport mode packet does not have the addresses of its SA")                   \
	/* fragments */                                                                            \
	X(DROP_FRAG_HEADER, "fragment-header", STAT_IP_INTEGRITY,                                  \
		"a fragment is malformed")                                                         \
	X(DROP_FRAG_OVERLAP, "fragment-overlap", STAT_IP_INTEGRITY,                                \
		"a fragment overlaps another one of its datagram")                                 \
	X(DROP_FRAG_TIMEOUT, "fragment-timeout", STAT_MISC,                                        \
		"a datagram was not complete in time")                                             \
	X(DROP_FRAG_LIMIT, "fragment-limit", STAT_MISC,                                            \
		"too many datagrams are waiting for fragments")                                    \
	/* resources */                                                                            \
	X(DROP_NO_BUFFER, "no-buffer", STAT_MISC,                                                  \
		"no packet buffer was free")                                                       \
	X(DROP_ENGINE, "crypto-engine", STAT_MISC,                                                 \
		"the crypto engine refused the packet")                                            \
	X(DROP_LATE, "helper-late", STAT_MISC,                                                     \
		"the worker that computed the packet for its owner did not finish in time")        \
	/* superpackets */                                                                         \
	X(DROP_VNET_HEADER, "vnet-header", STAT_MISC,                                              \
		"the device described its packet wrongly")                                         \
	/* P: policy and I/O */                                                                    \
	X(DROP_NO_RULE, "no-rule", STAT_RULE_LOOKUP,                                               \
		"no rule of the service set matches")                                              \
	X(DROP_NO_SERVICE_SET, "no-service-set", STAT_FLOW,                                        \
		"no service set takes packets from this unit")                                     \
	X(DROP_NO_TUNNEL, "no-tunnel", STAT_NO_SA,                                                 \
		"the tunnel of the matching term has no SA")                                       \
	X(DROP_LOOP, "encapsulation-loop", STAT_FLOW,                                              \
		"a protected packet of the tunnel was routed into the tunnel again")               \
	X(DROP_CLEAR_TEXT, "clear-text", STAT_RULE_LOOKUP,                                         \
		"a clear packet arrived that should have been protected")                          \
	X(DROP_TTL, "ttl-expired", STAT_IP_INTEGRITY,                                              \
		"the TTL or hop limit is used up")                                                 \
	X(DROP_NO_UNIT, "no-unit", STAT_FLOW,                                                      \
		"the unit that should take the packet does not exist")                             \
	X(DROP_FILTER, "filter-discard", STAT_NONE,                                                \
		"a firewall filter discarded the packet")                                          \
	X(DROP_SEND, "send-failure", STAT_MISC,                                                    \
		"the kernel did not take the packet")                                              \
	X(DROP_SEND_FULL, "send-queue-full", STAT_MISC,                                            \
		"the queue of the device or socket is full")                                       \
	X(DROP_HAND_OVER, "hand-over-full", STAT_MISC,                                             \
		"the queue to the worker that owns the SA is full")                                \
	X(DROP_ICMP_LIMIT, "icmp-limit", STAT_NONE,                                                \
		"an ICMP error was suppressed by the rate limit")                                  \
	X(DROP_BAD_LENGTH, "bad-length", STAT_MISC,                                                \
		"the device delivered an empty or overlong packet")
/* clang-format on */

enum stat_column {
#define X(id, word) id,
	STAT_TABLE(X)
#undef X
	    STAT_MAX
};

enum drop {
#define X(id, word, column, sentence) id,
	DROP_TABLE(X)
#undef X
	    DROP_MAX
};

struct drop_info {
	const char *id;   /* "DROP_ESP_AUTH" */
	const char *word; /* "esp-authentication" */
	enum stat_column column;
	const char *sentence; /* lower case, no full stop */
};

/* Describes a reason; values outside the table give the row of DROP_ENGINE. */
const struct drop_info *drop_info(enum drop reason);

/* Names a column: "bad-headers"; STAT_NONE: "". */
const char *stat_name(enum stat_column column);

/* One counter per reason. One thread writes (drop_count), any thread reads. */
struct drop_counts {
	_Atomic uint64_t n[DROP_MAX];
};

/* Adds one. Only the owning thread may call this. */
void drop_count(struct drop_counts *c, enum drop reason);

/* Adds the counts of C to the columns they belong to; OUT is not cleared first. Any thread. */
void drop_columns(const struct drop_counts *c, uint64_t out[STAT_MAX]);

#endif
