/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.h - who does the arithmetic of a packet: libipsec-mb or OpenSSL, behind one table of functions.
 *
 * Every worker has a struct engines: libipsec-mb in the flavour it likes best on this CPU, the same
 * in its SSE flavour (which is faster for some algorithms), and OpenSSL. An SA is given one of them
 * when it is made, because its expanded keys are of that one's form; the worker that seals or opens
 * its packets uses its own instance of it. Which one: measured per pair of algorithms when the
 * process makes its first worker (engine_pick.c), OpenSSL where libipsec-mb cannot run, or what
 * esp_worker_params says.
 *
 * AEAD packets (GCM, ChaCha20-Poly1305) are sealed and opened one at a time, from where they lie to
 * where they shall lie; all others in bursts, burst.h. Private to lib/esp; an instance belongs to
 * its worker's thread, but for expand() and forget().
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <intel-ipsec-mb.h>

#include "lib/esp/gcm.h"
#include "lib/esp/sa_priv.h"
#include "lib/esp/worker.h"

struct burst_item;
struct engine;

enum {
	AEAD_AAD_LEN = 8, /* SPI and sequence number, which lie right before the IV */
	AEAD_IV_LEN = 8,
	AEAD_NONCE_LEN = 12, /* salt and IV */
	AEAD_ICV_LEN = 16,
	ENGINE_STREAM_KEY_LEN = 32,
};

struct engine_ops {
	/* Octets of keys in an SA with this encryption. */
	size_t (*keys_len)(enum enc_alg enc);
	/* Fills in the SA's expanded keys and HMAC states. Any thread. */
	void (*expand)(const struct engine *e, struct sa *sa, const struct sa_params *p);
	/* Wipes what workers keep of the SA's keys. NULL: nothing is. Any thread. */
	void (*forget)(const struct sa *sa);
	/* Computes N items that are not AEAD and sets their is_done. */
	void (*run)(struct engine *e, struct burst_item *const *items, unsigned n);
	/* See engine_seal() and engine_open(). */
	void (*seal)(struct engine *e, struct sa *sa, const uint8_t *esp, const uint8_t *src,
	    uint8_t *dst, uint32_t len, uint8_t *icv);
	bool (*open)(struct engine *e, struct sa *sa, const uint8_t *esp, const uint8_t *src,
	    uint8_t *dst, uint32_t len, const uint8_t *icv);
	/* Writes N octets of AES-256 in counter mode from zero: what iv.c is made of. */
	void (*stream)(struct engine *e, const uint8_t *key, uint8_t *out, size_t n);
	/* Wipes what is kept of keys from one packet to the next. NULL: nothing is. */
	void (*rest)(struct engine *e);
};

/* OpenSSL: a context, and whose key it has. */
struct engine_evp {
	struct evp_cipher_ctx_st *ctx;
	uint64_t key_id; /* of an SA; 0: nobody's */
};

/* One of them in one worker. */
struct engine {
	const struct engine_ops *ops;      /* NULL: not here */
	IMB_MGR *mgr;                      /* libipsec-mb */
	struct gcm_context_data gcm;       /* libipsec-mb: scratch of one call */
	struct gcm_cache *gcm_cache;       /* libipsec-mb: owned */
	struct evp_cipher_ctx_st *stream;  /* OpenSSL: for stream() */
	struct engine_evp evp[ENC_MAX][2]; /* OpenSSL: out, in */
};

struct engines {
	struct engine of[ENGINE_MAX];
	enum engine_id common; /* for what belongs to no SA */
	/* constant after engines_init(): the one for new SAs of these algorithms */
	uint8_t pick[ENC_MAX][AUTH_MAX];
	char name[32]; /* for the user */
};

extern const struct engine_ops engine_mb_ops;
extern const struct engine_ops engine_ssl_ops;

/* Makes one. False: out of memory, or it cannot run on this CPU. */
__attribute__((warn_unused_result)) bool engine_mb_init(
    struct engine *e, enum engine_id id, const char **out_flavour);
__attribute__((warn_unused_result)) bool engine_ssl_init(struct engine *e);
/* Also of one that was not made. */
void engine_mb_done(struct engine *e);
void engine_ssl_done(struct engine *e);

/* Fills in e->pick with the fastest of those that E has. Takes some milliseconds. False: out of memory. */
__attribute__((warn_unused_result)) bool engine_pick(struct engines *e);

/* Makes those that are used for some algorithm. False: out of memory, or FORCE cannot run on this CPU. */
__attribute__((warn_unused_result)) bool engines_init(struct engines *e, enum esp_engine force);
void engines_done(struct engines *e);
/* Wipes what the workers' engines keep of the keys of SA, which ends. Any thread. */
void engine_forget(const struct sa *sa);
/* Wipes what they keep of keys from one packet to the next. */
void engines_rest(struct engines *e);

/* Without an early exit, so that time tells nothing about the right value. */
static inline bool
engine_icv_eq(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2];
	uint64_t y[2];
	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* Writes IV to its place in the packet, and with the salt ahead of it to NONCE, 16 octets. */
static inline void
engine_iv_put(uint64_t iv, const struct sa *sa, uint8_t *place, uint8_t *nonce)
{
	uint64_t words[2] = { iv << 32 | sa->salt, iv >> 32 };
	memcpy(place, &iv, sizeof(iv));
	memcpy(nonce, words, sizeof(words));
}

/* The salt and the IV that follows the header at ESP, in 16 octets. */
static inline void
engine_nonce(const struct sa *sa, const uint8_t *esp, uint8_t *out)
{
	uint64_t iv;
	memcpy(&iv, esp + AEAD_AAD_LEN, sizeof(iv));
	uint64_t words[2] = { iv << 32 | sa->salt, iv >> 32 };
	memcpy(out, words, sizeof(words));
}

/* GCM by libipsec-mb, for an SA that has it. The function loads the nonce and the 8 octets at ESP first of all and cannot
 * begin before they have reached the cache: who can, writes them some packets ahead (20 ns a packet on Sapphire Rapids). */
static inline void
engine_gcm(struct engines *e, const struct sa *sa, const uint8_t *nonce, const uint8_t *esp,
    const uint8_t *src, uint8_t *dst, uint32_t len, uint8_t *icv)
{
	struct engine *one = &e->of[sa->engine];
	sa->gcm(gcm_keys(one->gcm_cache, sa), &one->gcm, dst, src, len, nonce, esp, AEAD_AAD_LEN,
	    icv, AEAD_ICV_LEN);
}

/* Starts loading what the crypto of SA reads beyond the SA itself. */
static inline void
engine_prefetch(const struct engines *e, const struct sa *sa)
{
	if (sa->gcm != NULL)
		gcm_prefetch(e->of[sa->engine].gcm_cache, sa);
}

/* Encrypts LEN octets (at most 65,535) of an AEAD SA from SRC to DST, which are equal or do not overlap. ESP: the packet's
 * SPI, sequence number and IV, 16 octets in a row. The ICV's 16 octets go to ICV. */
static inline void
engine_seal(struct engines *e, struct sa *sa, const uint8_t *esp, const uint8_t *src, uint8_t *dst,
    uint32_t len, uint8_t *icv)
{
	struct engine *one = &e->of[sa->engine];
	_Alignas(16) uint8_t nonce[16];
	if (sa->gcm == NULL) {
		one->ops->seal(one, sa, esp, src, dst, len, icv);
		return;
	}
	engine_nonce(sa, esp, nonce);
	engine_gcm(e, sa, nonce, esp, src, dst, len, icv);
}

/* engine_seal() with the NONCE of that packet, which was made by engine_iv_put() some packets ago. */
static inline void
engine_seal_nonce(struct engines *e, struct sa *sa, const uint8_t *nonce, const uint8_t *esp,
    const uint8_t *src, uint8_t *dst, uint32_t len, uint8_t *icv)
{
	if (sa->gcm != NULL)
		engine_gcm(e, sa, nonce, esp, src, dst, len, icv);
	else
		engine_seal(e, sa, esp, src, dst, len, icv);
}

/* Decrypts likewise. False: ICV is not the right one (compared in constant time), and what DST holds must not be used. */
static inline bool
engine_open(struct engines *e, struct sa *sa, const uint8_t *esp, const uint8_t *src, uint8_t *dst,
    uint32_t len, const uint8_t *icv)
{
	struct engine *one = &e->of[sa->engine];
	uint8_t right[AEAD_ICV_LEN];
	_Alignas(16) uint8_t nonce[16];
	if (sa->gcm == NULL)
		return one->ops->open(one, sa, esp, src, dst, len, icv);
	engine_nonce(sa, esp, nonce);
	engine_gcm(e, sa, nonce, esp, src, dst, len, right);
	return engine_icv_eq(right, icv);
}

#endif
