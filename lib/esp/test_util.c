/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_util.c - see test_util.h.
 */
#include "lib/esp/test_util.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/esp/ip.h"

static void
count_rand(void *arg, void *buf, size_t n)
{
	static uint8_t next;
	uint8_t *out = buf;
	(void)arg;
	for (size_t i = 0; i < n; i++)
		out[i] = next++;
}

struct esp_worker *
test_worker(size_t n)
{
	struct esp_worker_params params = { .n_pkts = n, .rand = count_rand };
	if (!esp_engine_by_name(getenv("SALLYPORT_ENGINE"), &params.engine))
		abort();
	struct esp_worker *w = esp_worker_new(&params);
	if (w == NULL)
		abort();
	return w;
}

struct addr
test_addr(const char *text)
{
	struct addr a;
	if (!addr_parse(text, &a))
		abort();
	return a;
}

struct prefix
test_prefix(const char *text)
{
	struct prefix p;
	if (!prefix_parse(text, &p))
		abort();
	return p;
}

struct sa_params
test_params(enum sa_direction direction)
{
	struct sa_params p = {
		.protocol = SA_ESP,
		.mode = SA_TUNNEL,
		.direction = direction,
		.spi = 0x1001,
		.aux_spi = 0x2002,
		.auth = AUTH_HMAC_SHA1_96,
		.enc = ENC_AES_128_CBC,
		.src = test_addr("192.0.2.1"),
		.dst = test_addr("192.0.2.2"),
		.window = 64,
		.tos = SA_TOS_COPY,
	};
	for (unsigned i = 0; i < SA_KEY_MAX; i++) {
		p.auth_key[i] = (uint8_t)(0x11 + i * 3);
		p.enc_key[i] = (uint8_t)(0x23 + i * 5);
	}
	return p;
}

struct sa *
test_sa(const struct esp_worker *w, const struct sa_params *p)
{
	struct sa *sa;
	if (sa_new(w, p, &sa) != SA_OK)
		abort();
	return sa;
}

struct pkt *
test_packet(struct esp_worker *w, int family, uint32_t len)
{
	struct pkt *p = pkt_get(esp_worker_pool(w));
	if (p == NULL)
		abort();
	uint8_t *data = pkt_data(p);
	uint32_t hdr_len = family == 4 ? IP4_LEN : IP6_LEN;
	memset(data, 0, hdr_len);
	for (uint32_t i = hdr_len; i < len; i++)
		data[i] = (uint8_t)(i * 7);
	if (family == 4) {
		struct addr src = test_addr("10.1.0.1");
		struct addr dst = test_addr("10.2.0.2");
		data[0] = 0x45;
		put16(data + IP4_TOTAL, len);
		put16(data + IP4_ID, 0x4242);
		data[IP4_TTL] = 63;
		data[IP4_PROTO] = PROTO_UDP;
		memcpy(data + IP4_SRC, src.b, 4);
		memcpy(data + IP4_DST, dst.b, 4);
		ip4_sum_set(data, IP4_LEN);
	} else {
		struct addr src = test_addr("2001:db8:1::1");
		struct addr dst = test_addr("2001:db8:2::2");
		data[0] = 0x60;
		put16(data + IP6_PAYLOAD, len - IP6_LEN);
		data[IP6_NEXT] = PROTO_UDP;
		data[IP6_HOPS] = 63;
		memcpy(data + IP6_SRC, src.b, 16);
		memcpy(data + IP6_DST, dst.b, 16);
	}
	p->len = len;
	return p;
}

struct pkt *
test_bytes(struct esp_worker *w, const void *bytes, size_t n)
{
	struct pkt *p = pkt_get(esp_worker_pool(w));
	if (p == NULL || n > pkt_room(p))
		abort();
	if (n > 0)
		memcpy(pkt_data(p), bytes, n);
	p->len = (uint32_t)n;
	return p;
}

size_t
test_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (; *text != '\0'; text++) {
		if (isspace((unsigned char)*text))
			continue;
		char pair[3] = { text[0], text[1], '\0' };
		if (n == cap || !isxdigit((unsigned char)pair[0]) ||
		    !isxdigit((unsigned char)pair[1]))
			abort();
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
		text++;
	}
	return n;
}

void
test_tos(struct pkt *p, uint8_t tos)
{
	ip_tos_set(pkt_data(p), pkt_data(p)[0] >> 4, tos);
}

void
test_frag(struct pkt *p, uint16_t field)
{
	ip4_frag_set(pkt_data(p), field);
}
