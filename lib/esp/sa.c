/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sa.c - makes security associations: checks parameters, expands keys, works out sizes.
 *
 * All that does not change from packet to packet is computed here, once: the keys as the SA's engine
 * wants them for the one direction, the outer header with its variable fields zero. Control side; the counters at the end are
 * read by any thread.
 */
#include "lib/esp/sa.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/esp/sa_priv.h"
#include "lib/esp/worker_priv.h"

enum {
	SPI_RESERVED_MAX = 255,
	MTU_MIN = 256,
	WINDOW_MIN = 32,
};

/* Zeroes the parameters that the protocol does not use, and fills in defaults. */
static struct sa_params
params_settle(const struct sa_params *given)
{
	struct sa_params p = *given;
	if (p.protocol == SA_AH)
		p.enc = ENC_NULL;
	if (p.protocol != SA_BUNDLE)
		p.aux_spi = 0;
	if (p.tunnel_mtu == 0)
		p.tunnel_mtu = SA_TUNNEL_MTU_DEFAULT;
	if (p.ttl == 0)
		p.ttl = SA_TTL_DEFAULT;
	bool has_icv = p.auth != AUTH_NONE || enc_is_aead(p.enc);
	if (p.direction == SA_OUT || !has_icv)
		p.window = 0;
	if (p.window <= SA_WINDOW_MAX) /* rounding a larger one could wrap to none */
		p.window = (uint16_t)((p.window + WINDOW_MIN - 1U) / WINDOW_MIN * WINDOW_MIN);
	return p;
}

static enum sa_fault
addresses_check(const struct sa_params *p)
{
	bool has_src = p->src.family != ADDR_NONE;
	bool has_dst = p->dst.family != ADDR_NONE;
	if (has_src && has_dst && p->src.family != p->dst.family)
		return SA_BAD_ADDRESS;
	if (p->mode == SA_TUNNEL && p->direction == SA_OUT && (!has_src || !has_dst))
		return SA_BAD_ADDRESS;
	uint8_t a = p->selector_src.addr.family;
	uint8_t b = p->selector_dst.addr.family;
	if (a != ADDR_NONE && b != ADDR_NONE && a != b)
		return SA_BAD_ADDRESS;
	return SA_OK;
}

static enum sa_fault
ports_check(const struct sa_params *p)
{
	if (p->src_port == 0 && p->dst_port == 0)
		return SA_OK;
	bool fits = p->protocol == SA_ESP && p->mode == SA_TUNNEL;
	return fits && p->src_port != 0 && p->dst_port != 0 ? SA_OK : SA_BAD_PORT;
}

static enum sa_fault
params_check(const struct sa_params *p)
{
	if (p->auth >= AUTH_MAX || p->enc >= ENC_MAX)
		return SA_BAD_ALGORITHM;
	if (p->protocol == SA_AH && p->auth == AUTH_NONE)
		return SA_BAD_ALGORITHM;
	if (enc_is_aead(p->enc) && (p->protocol != SA_ESP || p->auth != AUTH_NONE))
		return SA_BAD_ALGORITHM;
	if (p->protocol == SA_ESP && p->auth == AUTH_NONE && p->enc == ENC_NULL)
		return SA_BAD_ALGORITHM;
	if (p->protocol == SA_BUNDLE && (p->auth == AUTH_NONE || p->enc == ENC_NULL))
		return SA_BAD_ALGORITHM;
	if (p->spi <= SPI_RESERVED_MAX)
		return SA_BAD_SPI;
	if (p->protocol == SA_BUNDLE && p->aux_spi <= SPI_RESERVED_MAX)
		return SA_BAD_SPI;
	if (p->window > SA_WINDOW_MAX)
		return SA_BAD_WINDOW;
	if (p->tunnel_mtu < MTU_MIN)
		return SA_BAD_MTU;
	if (ports_check(p) != SA_OK)
		return SA_BAD_PORT;
	return addresses_check(p);
}

/* What lies under an outer header's "protocol" field. */
static uint8_t
outer_proto(const struct sa *sa)
{
	return sa->has_ah ? PROTO_AH : PROTO_ESP;
}

/* RFC 3948 s2.1; the length, and in IPv6 the checksum, come with the packet. */
static void
udp_build(struct sa *sa, const struct sa_params *p)
{
	uint8_t *udp = sa->outer + sa->outer_len;
	if (p->dst_port == 0)
		return;
	sa->lead_len = (uint8_t)(sa->outer_len + UDP_LEN);
	sa->outer[p->src.family == ADDR_V4 ? IP4_PROTO : IP6_NEXT] = PROTO_UDP;
	put16(udp, p->src_port);
	put16(udp + UDP_DPORT, p->dst_port);
}

/* Of what does not change; 16-bit words as they lie in memory. */
static uint32_t
outer4_sum(const uint8_t *ip)
{
	return (uint32_t)ip_sum_add(0, ip + IP4_TTL, 2) + (uint32_t)ip_sum_add(0, ip + IP4_SRC, 2) +
	       (uint32_t)ip_sum_add(0, ip + IP4_SRC + 2, 2) +
	       (uint32_t)ip_sum_add(0, ip + IP4_DST, 2) +
	       (uint32_t)ip_sum_add(0, ip + IP4_DST + 2, 2);
}

static void
outer_build(struct sa *sa, const struct sa_params *p)
{
	if (p->src.family == ADDR_V4) {
		sa->outer_len = IP4_LEN;
		sa->outer[0] = 0x45;
		sa->outer[IP4_TTL] = p->ttl;
		sa->outer[IP4_PROTO] = outer_proto(sa);
		memcpy(sa->outer + IP4_SRC, p->src.b, 4);
		memcpy(sa->outer + IP4_DST, p->dst.b, 4);
	} else {
		sa->outer_len = IP6_LEN;
		sa->outer[0] = 0x60;
		sa->outer[IP6_NEXT] = outer_proto(sa);
		sa->outer[IP6_HOPS] = p->ttl;
		memcpy(sa->outer + IP6_SRC, p->src.b, 16);
		memcpy(sa->outer + IP6_DST, p->dst.b, 16);
	}
	sa->lead_len = sa->outer_len;
	udp_build(sa, p);
	sa->outer_sum = outer4_sum(sa->outer); /* IPv6 has none */
}

/* Octets around the body that do not depend on its length. */
static void
around_set(struct sa *sa)
{
	for (unsigned is_v6 = 0; is_v6 < 2; is_v6++) {
		uint32_t n = sa->lead_len + sa_ah_len(sa, is_v6);
		if (sa->has_esp)
			n += ESP_HDR_LEN + (uint32_t)sa->iv_len + sa->esp_icv_len;
		sa->around[is_v6] = (uint8_t)n;
	}
}

static bool
is_quick(const struct sa *sa)
{
	return sa->is_tunnel && !sa->has_ah && (sa->is_in || sa->outer_len == IP4_LEN);
}

static void
selectors_set(struct sa *sa, const struct sa_params *p)
{
	const struct prefix *both[2] = { &p->selector_src, &p->selector_dst };
	sa->checks_selectors =
	    both[0]->addr.family != ADDR_NONE || both[1]->addr.family != ADDR_NONE;
	if (!sa->is_in || both[0]->addr.family == ADDR_V6 || both[1]->addr.family == ADDR_V6)
		return;
	sa->has_selectors4 = sa->checks_selectors;
	for (unsigned i = 0; i < 2; i++) {
		if (both[i]->addr.family == ADDR_NONE || both[i]->len == 0)
			continue;
		memcpy(&sa->selectors4.want[i], both[i]->addr.b, 4);
		sa->selectors4.mask[i] = __builtin_bswap32(UINT32_MAX << (32 - both[i]->len));
	}
}

static void
sizes_set(struct sa *sa, const struct sa_params *p)
{
	const struct enc_info *enc = enc_info(p->enc);
	sa->is_aead = enc_is_aead(p->enc);
	uint8_t icv_len = sa->is_aead ? enc->icv_len : auth_info(p->auth)->icv_len;
	sa->has_icv = icv_len > 0;
	memcpy(&sa->salt, p->enc_key + enc->key_len, enc->salt_len);
	sa->key_len = enc->key_len;
	sa->iv_len = enc->iv_len;
	sa->block_len = enc->block_len;
	sa->has_esp = p->protocol != SA_AH;
	sa->has_ah = p->protocol != SA_ESP;
	sa->hash_icv_len = icv_len;
	sa->esp_icv_len = sa->has_ah ? 0 : icv_len;
	sa->ah_icv_len = sa->has_ah ? icv_len : 0;
	sa->is_tunnel = p->mode == SA_TUNNEL;
	sa->is_in = p->direction == SA_IN;
	sa->seq_cycles = p->seq_cycles;
	atomic_init(&sa->df, (uint8_t)p->df);
	sa->udp_port = sa->is_in ? p->dst_port : 0;
	sad_key_init(&sa->key, p->spi, sa->has_ah ? PROTO_AH : PROTO_ESP, p->dst.family, p->dst.b);
	sa->home = p->direction == SA_IN ? p->spi : p->home;
	sa->esp_spi = p->protocol == SA_BUNDLE ? p->aux_spi : p->spi;
	sa->tos = p->tos;
	atomic_init(&sa->tunnel_mtu, p->tunnel_mtu);
	memset(sa->icv_mask, 0xff, icv_len);
	sa->checks_source = sa->is_in && p->src.family != ADDR_NONE;
	if (sa->checks_source) {
		sa->source_family = p->src.family;
		sa->source = ip_words(p->src.b, p->src.family);
	}
	selectors_set(sa, p);
}

/* One piece of memory: the SA, its keys, the words of its window. P is checked, and loses its keys. */
static struct sa *
sa_build(const struct esp_worker *w, struct sa_params *p)
{
	enum engine_id id = w->engines.pick[p->enc][p->auth];
	const struct engine *engine = &w->engines.of[id];
	/* helpers read the keys while the owner writes the window: never the same line */
	size_t keys_len = engine->ops->keys_len(p->enc);
	size_t words_at = (keys_len + 63) / 64 * 64;
	size_t words_len = replay_words(p->window) * sizeof(uint64_t);
	size_t len = sizeof(struct sa) + (words_len == 0 ? keys_len : words_at + words_len);
	void *memory; /* its last line may be the heap's, too */
	if (posix_memalign(&memory, _Alignof(struct sa), len) != 0)
		return NULL;
	struct sa *sa = memset(memory, 0, len);
	sa->len = (uint32_t)len;
	sa->engine = (uint8_t)id;
	sizes_set(sa, p);
	engine->ops->expand(engine, sa, p);
	if (sa->is_tunnel && !sa->is_in)
		outer_build(sa, p);
	around_set(sa);
	sa->is_quick = is_quick(sa);
	if (sa->is_aead && !sa->is_in)
		w->iv.rand(w->iv.rand_arg, &sa->iv_next, sizeof(sa->iv_next));
	replay_init(&sa->replay, p->window,
	    words_len == 0 ? NULL : (_Atomic uint64_t *)(void *)(sa->keys + words_at));
	explicit_bzero(p->auth_key, sizeof(p->auth_key));
	explicit_bzero(p->enc_key, sizeof(p->enc_key));
	sa->params = *p;
	return sa;
}

enum sa_fault
sa_new(const struct esp_worker *w, const struct sa_params *params, struct sa **out)
{
	struct sa_params p = params_settle(params);
	enum sa_fault fault = params_check(&p);
	if (fault == SA_OK) {
		struct sa *sa = sa_build(w, &p);
		if (sa == NULL)
			fault = SA_NO_MEMORY;
		else
			*out = sa;
	}
	explicit_bzero(&p, sizeof(p));
	return fault;
}

void
sa_free(struct sa *sa)
{
	if (sa == NULL)
		return;
	engine_forget(sa);
	explicit_bzero(sa, sa->len);
	free(sa);
}

const struct sa_params *
sa_params(const struct sa *sa)
{
	return &sa->params;
}

uint32_t
sa_home(const struct sa *sa)
{
	return sa->home;
}

void *
sa_user(const struct sa *sa)
{
	return sa->params.user;
}

void
sa_count(const struct sa *sa, struct sa_counts *out)
{
	*out = (struct sa_counts){
		.packets = atomic_load_explicit(&sa->packets, memory_order_relaxed),
		.bytes = atomic_load_explicit(&sa->bytes, memory_order_relaxed),
		.errors = atomic_load_explicit(&sa->errors, memory_order_relaxed),
		.auth_errors = atomic_load_explicit(&sa->auth_errors, memory_order_relaxed),
		.decrypt_errors = atomic_load_explicit(&sa->decrypt_errors, memory_order_relaxed),
		.replay_errors = atomic_load_explicit(&sa->replay_errors, memory_order_relaxed),
		.seq = atomic_load_explicit(&sa->seq, memory_order_relaxed),
	};
}

void
sa_count_clear(struct sa *sa)
{
	atomic_store_explicit(&sa->packets, 0, memory_order_relaxed);
	atomic_store_explicit(&sa->bytes, 0, memory_order_relaxed);
	atomic_store_explicit(&sa->errors, 0, memory_order_relaxed);
	atomic_store_explicit(&sa->auth_errors, 0, memory_order_relaxed);
	atomic_store_explicit(&sa->decrypt_errors, 0, memory_order_relaxed);
	atomic_store_explicit(&sa->replay_errors, 0, memory_order_relaxed);
}

static void
counter_add(_Atomic uint64_t *n)
{
	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

void
sa_count_drop(struct sa *sa, enum drop reason)
{
	counter_add(&sa->errors);
	switch (drop_info(reason)->column) {
	case STAT_ESP_AUTH:
	case STAT_AH_AUTH:
		counter_add(&sa->auth_errors);
		break;
	case STAT_ESP_DECRYPT:
	case STAT_BAD_TRAILERS:
		counter_add(&sa->decrypt_errors);
		break;
	case STAT_REPLAY:
	case STAT_REPLAY_BEFORE_WINDOW:
		counter_add(&sa->replay_errors);
		break;
	default:
		break;
	}
}

void
sa_set_seq(struct sa *sa, uint32_t seq)
{
	atomic_store_explicit(&sa->seq, seq, memory_order_relaxed);
}

void
sa_inherit(struct sa *to, const struct sa *from)
{
	assert(to->is_in == from->is_in);
	sa_set_seq(to, atomic_load_explicit(&from->seq, memory_order_relaxed));
	to->iv_next = from->iv_next; /* the same key: no IV may come again */
	replay_inherit(&to->replay, &from->replay);
}

void
sa_set_path_mtu(struct sa *sa, uint16_t mtu)
{
	if (mtu != 0 && mtu < MTU_MIN)
		mtu = MTU_MIN;
	atomic_store_explicit(&sa->path_mtu, mtu, memory_order_relaxed);
}

uint16_t
sa_path_mtu(const struct sa *sa)
{
	return atomic_load_explicit(&sa->path_mtu, memory_order_relaxed);
}

void
sa_set_fit(struct sa *sa, enum sa_df df, uint16_t mtu)
{
	assert(mtu >= MTU_MIN);
	sa->params.df = df;
	sa->params.tunnel_mtu = mtu;
	atomic_store_explicit(&sa->df, (uint8_t)df, memory_order_relaxed);
	atomic_store_explicit(&sa->tunnel_mtu, mtu, memory_order_relaxed);
}

uint16_t
sa_limit(const struct sa *sa)
{
	return sa_limit_now(sa);
}

uint32_t
sa_ah_len(const struct sa *sa, bool is_v6)
{
	if (!sa->has_ah)
		return 0;
	uint32_t len = AH_FIXED_LEN + (uint32_t)sa->ah_icv_len;
	return is_v6 ? (len + 7) / 8 * 8 : (len + 3) / 4 * 4;
}

uint32_t
sa_body_max(const struct sa *sa, uint32_t hdr_len, uint32_t limit, bool is_v6)
{
	uint32_t n = hdr_len + sa->around[is_v6];
	if (limit <= n)
		return 0;
	uint32_t room = limit - n;
	if (!sa->has_esp)
		return room;
	room &= ~(sa->block_len - 1U);
	return room > 2 ? room - 2 : 0;
}

uint16_t
sa_inner_mtu(const struct sa *sa)
{
	bool is_v6 = sa->params.src.family == ADDR_V6;
	uint32_t hdr_len = sa->is_tunnel ? 0 : (is_v6 ? IP6_LEN : IP4_LEN);
	return (uint16_t)(hdr_len + sa_body_max(sa, hdr_len, sa_limit(sa), is_v6));
}
