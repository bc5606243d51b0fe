/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dump.c - writes a conversation of two engines as a capture file, for judges that we did not write.
 *
 * usage: talk_dump FILE [nat] [aggressive]   Main or aggressive mode and two quick modes, ESP with PFS and a bundle. Prints the
 * initiator's cookie and the key of the cipher, in hexadecimal, which is what tshark wants to decrypt it. The engines' randomness is a
 * constant.
 */
#include "test/talk/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_RAW_IP = 101 };

static void
host_u16(struct wr *w, uint16_t v)
{
	wr_bytes(w, &v, sizeof(v));
}

static void
host_u32(struct wr *w, uint32_t v)
{
	wr_bytes(w, &v, sizeof(v));
}

static void
file_header(FILE *f)
{
	uint8_t b[24];
	struct wr w = wr_init(b, sizeof(b));
	host_u32(&w, 0xa1b2c3d4);
	host_u16(&w, 2);
	host_u16(&w, 4);
	host_u32(&w, 0);
	host_u32(&w, 0);
	host_u32(&w, 65535);
	host_u32(&w, LINK_RAW_IP);
	fwrite(b, 1, sizeof(b), f);
}

/* One message as an IPv4 UDP packet; the checksums are left out. */
static void
packet(FILE *f, unsigned number, const struct talk_msg *m)
{
	const struct natt_end *from = &m->path.remote;
	const struct natt_end *to = &m->path.local;
	size_t marker = to->port == 500 || from->port == 500 ? 0 : NATT_MARKER_LEN;
	uint16_t udp = (uint16_t)(8 + marker + m->n);
	uint8_t b[16 + 28 + NATT_MARKER_LEN + TALK_MSG_MAX];
	struct wr w = wr_init(b, sizeof(b));
	host_u32(&w, number);
	host_u32(&w, 0);
	host_u32(&w, 20U + udp);
	host_u32(&w, 20U + udp);
	wr_u16(&w, 0x4500);
	wr_u16(&w, (uint16_t)(20 + udp));
	wr_u32(&w, 0);
	wr_u16(&w, 64 << 8 | 17);
	wr_u16(&w, 0);
	wr_bytes(&w, from->addr.b, 4);
	wr_bytes(&w, to->addr.b, 4);
	wr_u16(&w, from->port);
	wr_u16(&w, to->port);
	wr_u16(&w, udp);
	wr_u16(&w, 0);
	wr_bytes(&w, "\0\0\0\0", marker);
	wr_bytes(&w, m->b, m->n);
	fwrite(b, 1, w.len, f);
}

static void
hex(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
}

int
main(int argc, char **argv)
{
	static const struct p1_proposal p1 = { METHOD_PSK, ENC_AES_256_CBC, HASH_SHA1, DH_GROUP14,
		86400 };
	static const struct p2_proposal p2[] = {
		{ P2_ESP, AUTH_HMAC_SHA_256_128, ENC_AES_192_CBC, 28800 },
		{ P2_BUNDLE, AUTH_HMAC_SHA1_96, ENC_3DES_CBC, 86400 },
	};
	FILE *f = argc > 1 ? fopen(argv[1], "wb") : NULL;
	if (f == NULL) {
		fprintf(stderr, "usage: talk_dump FILE [nat] [aggressive]\n");
		return 2;
	}
	struct talk *t = talk_new();
	struct ike_remote_id id = { .id = { .type = ID_IPV4, .p = t->a.end.addr.b, .n = 4 } };
	if (argc > 2 && strcmp(argv[2], "nat") == 0)
		t->nat = (struct addr){ ADDR_V4, { 203, 0, 113, 5 } };
	if (strcmp(argv[argc - 1], "aggressive") == 0)
		t->a.policy.is_aggressive = t->b.policy.is_aggressive = true;
	t->a.policy.proposals = t->b.policy.proposals = &p1;
	t->b.policy.remote_ids = &id;
	t->b.policy.n_remote_ids = 1;
	t->a.tunnels[0].policy = (struct p2_policy){ .proposals = p2, .n = 2, .pfs = DH_GROUP5 };
	t->b.tunnels[0].policy = t->a.tunnels[0].policy;

	(void)talk_begin(t, &t->a);
	talk_run(t);
	for (unsigned i = 0; i < 2 && t->a.sa != NULL; i++) {
		t->b.tunnels[0].policy.proposals = &p2[i];
		t->b.tunnels[0].policy.n = 1;
		if (!talk_quick(t, &t->a, 0))
			return 1;
		talk_run(t);
	}
	if (t->a.n_children != 2 || t->b.n_children != 2)
		return 1;

	file_header(f);
	for (unsigned i = 0; i < t->n_sent; i++)
		packet(f, i, &t->log[i]);
	fclose(f);
	uint8_t cookie[HDR_COOKIE_LEN];
	struct wr w = wr_init(cookie, sizeof(cookie));
	wr_u64(&w, t->a.sa->cky_i);
	hex(cookie, sizeof(cookie));
	printf(" ");
	hex(t->a.sa->keys.key, enc_info(p1.enc)->key_len);
	printf("\n");
	talk_free(t);
	return 0;
}
