/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sa.h - one security association: parameters in, keys precomputed, counters out.
 *
 * An SA serves one direction; a bidirectional manual SA is two of them. The control side makes and
 * frees it; while packets can reach it, it belongs to one worker, the only writer of its sequence
 * number, replay window and counters. Freeing an SA that a worker may still see is the caller's
 * mistake: unpublish, wait for the worker's quiet point, then free.
 * RFC 4301 s4.4.2; RFC 4302; RFC 4303; RFC 6479 (window).
 */
#ifndef SA_H
#define SA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/addr.h"
#include "lib/crypto/alg.h"

struct esp_worker;
struct sa;

enum sa_protocol {
	SA_ESP,
	SA_AH,
	SA_BUNDLE, /* AH applied outside ESP; the ESP only encrypts, the AH authenticates */
};

enum sa_mode { SA_TUNNEL, SA_TRANSPORT };
enum sa_direction { SA_OUT, SA_IN };

enum sa_df {
	SA_DF_DEFAULT, /* inner DF respected; outer DF = inner DF (IPv6 inside: 0) */
	SA_DF_CLEAR,   /* inner DF cleared, so that the packet may be fragmented; outer DF = 0 */
	SA_DF_SET,     /* inner DF respected; outer DF = 1 */
	SA_DF_COPY,    /* the same as default, said explicitly */
};

enum {
	SA_KEY_MAX = ENC_SECRET_MAX,
	SA_WINDOW_MAX = 4096,
	SA_TUNNEL_MTU_DEFAULT = 1500,
	SA_TTL_DEFAULT = 64,
	SA_TOS_COPY = -1,
};

struct sa_params {
	enum sa_protocol protocol;
	enum sa_mode mode;
	enum sa_direction direction;
	uint32_t spi;     /* host order; bundle: of the AH */
	uint32_t aux_spi; /* bundle: of the ESP; else ignored */
	enum auth_alg auth;
	enum enc_alg
	    enc; /* ah: ignored; esp with ENC_NULL needs an auth, an AEAD must have none and
			   * is for esp alone; bundle needs both */
	uint8_t auth_key[SA_KEY_MAX]; /* the length is that of lib/crypto/alg.h */
	uint8_t
	    enc_key[SA_KEY_MAX]; /* enc_secret_len() octets: the salt of an AEAD is at the end */
	/* Tunnel: the outer addresses of packets on this SA, of one family. For SA_IN `dst` is
	 * ours; `dst` ADDR_NONE takes any destination. A set `src` is what outer packets must come
	 * from; ADDR_NONE accepts any source. Transport: SA_OUT may leave both ADDR_NONE (taken
	 * from the packet); if set, packets must have them. */
	struct addr src;
	struct addr dst;
	/* ESP in UDP (RFC 3948), tunnel mode only: the ports of the outer packets; 0: none. SA_IN takes only
	 * packets that were sent to `dst_port`, whatever port they come from. */
	uint16_t src_port;
	uint16_t dst_port;
	enum sa_df df;
	uint16_t tunnel_mtu; /* octets, largest encapsulated packet; 0 = 1500 */
	uint8_t ttl;         /* of the outer header; 0 = 64 */
	/* The TOS octet of the outer header; SA_TOS_COPY: DSCP from inside. The two ECN bits always
	 * follow RFC 6040, whatever is given here. */
	int16_t tos;
	/* SA_IN: replay window in sequence numbers, 0 = none, else 32..4096, rounded up to a
	 * multiple of 32. Without an authentication there is none (RFC 4303 s3.4.3). */
	uint16_t window;
	/* SA_OUT: the number wraps to 1 after 2^32-1 instead of refusing. Only for manual SAs, whose
	 * receiver keeps no window (RFC 4303 s3.3.3); a keyed SA must not cycle. */
	bool seq_cycles;
	/* SA_IN: the source and destination that a decrypted packet must have; family ADDR_NONE:
	 * any. */
	struct prefix selector_src;
	struct prefix selector_dst;
	/* SA_OUT: the caller's, says who among several workers it belongs to; see sa_home(). */
	uint32_t home;
	void *user; /* the caller's; see sa_user() */
};

enum sa_fault {
	SA_OK,
	SA_BAD_ALGORITHM, /* not a combination the protocol allows */
	SA_BAD_ADDRESS,   /* SA_OUT tunnel without its two addresses, or mixed families */
	SA_BAD_WINDOW,
	SA_BAD_SPI,  /* 0..255 are reserved (RFC 4303 s2.1) */
	SA_BAD_MTU,  /* below 256: nothing useful would fit */
	SA_BAD_PORT, /* UDP ports, but not both, or around something else than ESP in tunnel mode */
	SA_NO_MEMORY,
};

/* Makes an SA; copies PARAMS and expands the keys (the caller wipes its own copy). Key weakness is
 * judged by the commit check, not here. Reads only constant tables of W and calls its rand: may run on any thread. */
__attribute__((warn_unused_result)) enum sa_fault sa_new(
    const struct esp_worker *w, const struct sa_params *params, struct sa **out);

/* Wipes the keys and frees. NULL is fine. */
void sa_free(struct sa *sa);

/* The parameters with both keys zeroed and defaults filled in. Constant but for sa_set_fit(); any thread. */
const struct sa_params *sa_params(const struct sa *sa);
void *sa_user(const struct sa *sa);
/* Which worker it belongs to: the number that was given, or of an inbound one its SPI, since a packet says no more. */
uint32_t sa_home(const struct sa *sa);

struct sa_counts {
	uint64_t packets; /* encapsulated, or accepted after every check */
	uint64_t bytes;   /* octets of those packets, outer IP header included */
	uint64_t errors;  /* dropped on this SA, for any reason */
	uint64_t auth_errors;
	uint64_t decrypt_errors; /* bad block length, padding or next header */
	uint64_t replay_errors;
	uint32_t seq; /* last sent, or highest accepted */
};

/* Reads the counters; any thread, each value is exact but they are not one snapshot. */
void sa_count(const struct sa *sa, struct sa_counts *out);
/* Sets the counters (not the sequence number) to zero; any thread. A packet that the worker counts
 * in the same moment may survive it. */
void sa_count_clear(struct sa *sa);

/* Continues an SA where another process left it: SEQ is the last number sent. Before publishing. */
void sa_set_seq(struct sa *sa, uint32_t seq);

/* Lets TO, a fresh SA with the keys and SPI of FROM, go on where FROM is: sequence number or replay window. On the
 * worker that owns both, before a packet uses TO and after the last one that used FROM. */
void sa_inherit(struct sa *to, const struct sa *from);

/* Changes how an outbound SA treats packets that are large; MTU as in sa_params, and must be valid. From the thread that
 * made it; the packets that follow obey. */
void sa_set_fit(struct sa *sa, enum sa_df df, uint16_t mtu);

/* Lowers the size limit to what the path takes (octets of the encapsulated packet); 0 = forget.
 * Values below 256 are taken as 256. Any thread. */
void sa_set_path_mtu(struct sa *sa, uint16_t mtu);

/* What sa_set_path_mtu() said last; 0 = unknown. Any thread. */
uint16_t sa_path_mtu(const struct sa *sa);

/* Largest encapsulated packet now: the lower of tunnel MTU and path MTU. Any thread. */
uint16_t sa_limit(const struct sa *sa);

/* Largest inner packet that stays within the limit (tunnel mode; transport: largest IP packet
 * before protection with a header of 20 or 40 octets). Any thread. */
uint16_t sa_inner_mtu(const struct sa *sa);

#endif
