/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_in_fuzz.c - any octets as outer packets into SAs of every kind.
 *
 * The input is a sequence of packets, each behind two octets of length (little-endian). Integrity
 * would stop every invented packet, so there are also SAs that only encrypt; and the octet behind the
 * length may ask for packets that are sealed by us, from the octets given, and spoiled at
 * one place, and for packets whose outer headers are beside them.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/esp/in.h"
#include "lib/esp/ip.h"
#include "lib/esp/out.h"
#include "lib/esp/sad.h"
#include "lib/esp/test_util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	KINDS = 6, /* of SA: see kinds_make() */
	FAMILIES = 2,
	MODES = 2,
	SAS = KINDS * FAMILIES * MODES,
};

static struct esp_worker *w;
static struct sad *sad;
static struct sa *outs[SAS];
static struct sa *ins[SAS];

/* SPI 0x1000 + n: inbound and outbound SAs of all kinds, towards any destination. */
static void
sas_make(void)
{
	for (unsigned n = 0; n < SAS; n++) {
		struct sa_params p = test_params(SA_IN);
		unsigned kind = n % KINDS;
		p.spi = 0x1000 + n;
		p.aux_spi = 0x2000 + n;
		p.mode = n / KINDS % MODES ? SA_TRANSPORT : SA_TUNNEL;
		p.protocol = kind == 0 ? SA_AH : kind == 1 ? SA_BUNDLE : SA_ESP;
		p.window = kind == 2 ? 64 : 0;
		p.enc = kind == 3 ? ENC_NULL : kind == 5 ? ENC_3DES_CBC : ENC_AES_128_CBC;
		p.auth = kind >= 4 ? AUTH_NONE : AUTH_HMAC_SHA1_96;
		if (n >= KINDS * MODES) {
			p.src = test_addr("2001:db8::1");
			p.dst = test_addr("2001:db8::2");
		}
		if (kind == 5 && p.mode == SA_TUNNEL)
			p.src_port = p.dst_port = 4500;
		p.direction = SA_OUT;
		p.seq_cycles = true;
		p.tunnel_mtu = 65535;
		if (p.mode == SA_TRANSPORT)
			p.src = p.dst = (struct addr){ 0 };
		outs[n] = test_sa(w, &p);
		p.direction = SA_IN;
		p.src = p.dst = (struct addr){ 0 };
		ins[n] = test_sa(w, &p);
		if (sad_add(sad, ins[n]) != SAD_OK)
			abort();
	}
}

/* What was accepted must be an IP packet inside its buffer. */
static void
result_check(const struct pkt *p)
{
	if (p->verdict >= DROP_MAX)
		abort();
	if (p->verdict != DROP_NONE)
		return;
	if (p->sa == NULL || p->off + p->len > PKT_HEADROOM + PKT_MAX_LEN)
		abort();
	struct ip_hdr h;
	if (ip_read(pkt_data(p), p->len, &h) != DROP_NONE || h.total_len != p->len)
		abort();
	if (h.family != p->family)
		abort();
}

/* Takes the outer headers off, or says that there were some, as with a packet that a UDP socket received. */
static void
outer_take(struct pkt *p, uint8_t how, struct pkt_outer *outer)
{
	*outer = (struct pkt_outer){
		.src = test_addr(how & 1 ? "192.0.2.1" : "2001:db8::1"),
		.dst = test_addr(how & 1 ? "192.0.2.2" : "2001:db8::2"),
		.dst_port = 4500,
		.tos = how,
	};
	if (p->lead > 0 && out_outer(p, outer)) {
		p->off += p->lead;
		p->len -= p->lead;
	}
	p->outer = outer;
}

/* P lies elsewhere, in as much room as it needs; returns what the caller frees. */
static uint8_t *
take_away(struct pkt *p)
{
	uint8_t *room = malloc(p->len > 0 ? p->len : 1);
	if (room == NULL)
		abort();
	memcpy(room, pkt_data(p), p->len);
	memset(pkt_data(p), 0, p->len);
	p->away = room;
	return room;
}

static void
one_packet(const uint8_t *data, size_t n, uint8_t how)
{
	struct pkt *p = test_bytes(w, data, n);
	if (how & 0x80) {
		p->sa = outs[(how & 0x7f) % SAS];
		out_burst(w, &p, 1);
		if (p->verdict == DROP_NONE && n > 4)
			pkt_data(p)[(data[0] * 256U + data[1]) % p->len] ^= data[2];
	}
	struct pkt_outer outer;
	if (how & 0x40)
		outer_take(p, how, &outer);
	if (p->next == NULL) {
		uint8_t *room = how & 0x20 ? take_away(p) : NULL;
		in_burst(w, sad, &p, 1);
		if (p->away != NULL)
			abort();
		free(room);
		result_check(p);
	}
	pkt_put(esp_worker_pool(w), p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (w == NULL) {
		w = test_worker(128);
		sad = sad_new(SAS);
		sas_make();
	}
	while (size >= 3) {
		size_t n = data[0] | (size_t)data[1] << 8;
		uint8_t how = data[2];
		data += 3;
		size -= 3;
		if (n > size)
			n = size;
		one_packet(data, n, how);
		data += n;
		size -= n;
	}
	return 0;
}
