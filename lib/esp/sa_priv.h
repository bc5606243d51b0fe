/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sa_priv.h - the inside of an SA, for the files of lib/esp only.
 *
 * Constant parts first (what every packet reads), then the lines that the owning worker writes,
 * then what only the control side needs. Sizes and offsets that follow from the parameters are
 * worked out once.
 */
#ifndef SA_PRIV_H
#define SA_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <intel-ipsec-mb.h>

#include "lib/esp/ip.h"
#include "lib/esp/replay.h"
#include "lib/esp/sa.h"
#include "lib/esp/sad.h"

enum {
	ESP_HDR_LEN = 8,   /* SPI, sequence number */
	AH_FIXED_LEN = 12, /* next header, length, reserved, SPI, sequence number */
	AH_ICV_AT = 12,
	SA_DES_PARTS = 3,
	SA_HMAC_STATE_LEN = 32,
	SA_SALT_LEN = 4,
	SA_HOT_KEYS_LEN = 192, /* an AES-128 key schedule */
	SA_GCM_KEY_LEN = 32,
};

/* Who does the arithmetic; see engine.h. */
enum engine_id { ENGINE_MB, ENGINE_MB_SSE, ENGINE_OPENSSL, ENGINE_MAX };

/* What the source and the destination of an IPv4 packet must be, as they lie in memory, and which bits of them count. */
struct sa_selectors4 {
	uint32_t want[2];
	uint32_t mask[2];
};

struct sa {
	struct sad_key key; /* constant; first, because sad.c compares it */
	/* constant: what the crypto job is filled from */
	IMB_CIPHER_MODE cipher;
	IMB_HASH_ALG hash;
	uint8_t key_len;
	uint8_t iv_len;
	uint8_t block_len;   /* a power of two; 4 for ENC_NULL */
	uint8_t esp_icv_len; /* 0 for a bundle and for encryption alone */
	uint8_t ah_icv_len;
	uint8_t hash_icv_len; /* the one of both that is used */
	uint8_t engine;       /* enum engine_id */
	bool is_aead;
	bool
	    is_quick; /* GCM by libipsec-mb in tunnel mode: out.c and in.c have a short way for it */
	bool has_icv;
	bool has_esp;
	bool has_ah;
	bool is_tunnel;
	bool is_in;
	bool seq_cycles;
	bool checks_source;    /* inbound: outer packets must come from `source` */
	bool checks_selectors; /* inbound */
	bool has_selectors4;   /* inbound, and neither is of IPv6 */
	uint8_t source_family;
	_Atomic uint8_t df; /* enum sa_df; written by the control side */
	uint8_t outer_len;  /* tunnel: of the IP header in the template */
	uint32_t home;      /* see sa_home() */
	uint32_t esp_spi;   /* as in the ESP header; a bundle's is not the one in the key */
	int16_t tos;        /* of the outer header, or SA_TOS_COPY */
	uint16_t udp_port;  /* inbound: what ESP in UDP must be sent to; 0: it comes bare */
	_Atomic uint16_t tunnel_mtu; /* written by the control side */
	_Atomic uint16_t path_mtu;   /* 0 = unknown; written by the control side */
	uint32_t salt;               /* AEAD; as its octets lie in memory */
	uint64_t icv_mask[2];        /* ones where the ICV is */
	union {
		const void *cipher_keys; /* into keys */
		uint64_t gcm_id;         /* GCM by libipsec-mb: see gcm.h */
		uint64_t key_id;         /* OpenSSL: no other SA ever has it */
	};
	aes_gcm_enc_dec_t gcm; /* GCM: libipsec-mb's function for this direction; else NULL */
	uint32_t outer_sum;    /* IPv4: of what is constant in the header, not folded */
	uint8_t around[2];     /* see sa_sealed_len(): without and with IPv6 outside */
	uint8_t lead_len;      /* tunnel: of the outer headers, with UDP if there is one */
	uint8_t ah_len;        /* AH header with ICV and padding, 0 without AH */
	union {
		struct {
			struct ip_words source; /* inbound */
			struct sa_selectors4 selectors4;
		};
		/* outbound, tunnel: the outer headers, variable fields zero */
		uint8_t outer[IP6_LEN + UDP_LEN];
	};
	union {
		_Alignas(16) uint8_t ipad[SA_HMAC_STATE_LEN];
		uint8_t gcm_key[SA_GCM_KEY_LEN]; /* which gcm.h expands */
	};
	_Alignas(16) uint8_t opad[SA_HMAC_STATE_LEN];

	/* counted by the owning worker and whoever finishes for him, read by anyone */
	_Alignas(64) _Atomic uint64_t packets;
	_Atomic uint64_t bytes;
	_Atomic uint64_t errors;
	_Atomic uint64_t auth_errors;
	_Atomic uint64_t decrypt_errors;
	_Atomic uint64_t replay_errors;
	_Atomic uint32_t seq;
	struct replay replay; /* moved by who finishes; its words lie behind the keys */
	uint64_t iv_next; /* AEAD, outbound: starts at random, never comes again under this key */

	/* what packets hardly ever need */
	struct sa_params params; /* keys zeroed */
	uint32_t len;            /* octets of all this */
	/* The key schedule for this direction, as the engine wants it and as long as this algorithm needs. */
	_Alignas(64) uint8_t keys[];
};

_Static_assert(offsetof(struct sa, packets) == 256, "four cache lines that every packet reads");

/* sa_limit(), inline. */
static inline uint16_t
sa_limit_now(const struct sa *sa)
{
	uint16_t path = atomic_load_explicit(&sa->path_mtu, memory_order_relaxed);
	uint16_t limit = atomic_load_explicit(&sa->tunnel_mtu, memory_order_relaxed);
	return path != 0 && path < limit ? path : limit;
}

/* Counts N packets that went through with BYTES octets of outer packets. Any worker; so not for each packet. */
static inline void
sa_count_packets(struct sa *sa, uint32_t n, uint64_t bytes)
{
	atomic_fetch_add_explicit(&sa->packets, n, memory_order_relaxed);
	atomic_fetch_add_explicit(&sa->bytes, bytes, memory_order_relaxed);
}

/* Counts packets of one SA in registers, as long as no other comes between. */
struct sa_run {
	struct sa *sa;
	uint32_t n;
	uint64_t bytes;
};

static inline void
sa_run_end(struct sa_run *r)
{
	if (r->n > 0)
		sa_count_packets(r->sa, r->n, r->bytes);
	*r = (struct sa_run){ 0 };
}

static inline void
sa_run_add(struct sa_run *r, struct sa *sa, uint32_t bytes)
{
	if (r->sa != sa)
		sa_run_end(r);
	r->sa = sa;
	r->n++;
	r->bytes += bytes;
}

/* Starts loading what opening or sealing a packet will read. */
static inline void
sa_prefetch(const struct sa *sa)
{
	const char *at = (const char *)sa;
	for (unsigned i = 0; i < offsetof(struct sa, packets); i += 64)
		__builtin_prefetch(at + i);
	__builtin_prefetch(&sa->packets, 1);
	__builtin_prefetch((const char *)&sa->packets + 64, 1);
	for (unsigned i = 0; i < SA_HOT_KEYS_LEN; i += 64)
		__builtin_prefetch(sa->keys + i);
}

/* Do the addresses of the IPv4 packet at DATA fit the selectors of an SA that has_selectors4? */
static inline bool
sa_selectors4_fit(const struct sa *sa, const uint8_t *data)
{
	const struct sa_selectors4 *s = &sa->selectors4;
	uint32_t addrs[2];
	memcpy(addrs, data + IP4_SRC, sizeof(addrs));
	return (((addrs[0] ^ s->want[0]) & s->mask[0]) | ((addrs[1] ^ s->want[1]) & s->mask[1])) ==
	       0;
}

/* Counts a packet that was dropped on SA. Any worker. */
void sa_count_drop(struct sa *sa, enum drop reason);

/* Octets of the encapsulated packet made of HDR_LEN octets of clear header that stay in front
 * (transport mode; tunnel: 0) and BODY_LEN octets that are protected. IS_V6: family of the header
 * in front. */
static inline uint32_t
sa_sealed_len(const struct sa *sa, uint32_t hdr_len, uint32_t body_len, bool is_v6)
{
	uint32_t n = hdr_len + sa->around[is_v6];
	uint32_t mask = sa->block_len - 1U;
	return sa->has_esp ? n + ((body_len + 2 + mask) & ~mask) : n + body_len;
}

/* The largest body for which sa_sealed_len() is at most LIMIT; 0 if there is none. */
uint32_t sa_body_max(const struct sa *sa, uint32_t hdr_len, uint32_t limit, bool is_v6);

/* Octets of the AH header towards that family (RFC 4302 s2.6: a multiple of 8 in IPv6). */
uint32_t sa_ah_len(const struct sa *sa, bool is_v6);

#endif
