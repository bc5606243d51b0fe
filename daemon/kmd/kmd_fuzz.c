/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kmd_fuzz.c - what picds and the PKI daemon say, and the messages that are traced.
 *
 * The first octet says what follows: 0 a datagram that is put into words; else the type of a message, whose body is one
 * element. Messages go to a life without a configuration. Run over fuzz/corpus/kmd by every test run.
 */
#include "daemon/kmd/kmd.h"
#include "lib/base/text.h"
#include "lib/crypto/warm.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct life *life;
static struct pics pics;
static struct pki pki;
static int pkid = -1; /* what is asked of the PKI daemon, to be read away */

uint64_t
kmd_now(void)
{
	static uint64_t now_ms;
	return ++now_ms;
}

/* --- a host that does nothing --- */

static void
host_random(void *ctx, void *out, size_t n)
{
	(void)ctx;
	memset(out, 0x5a, n);
}

static void
host_send(void *ctx, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	(void)ctx;
	(void)path;
	(void)msg;
	(void)len;
}

static void
host_keepalive(void *ctx, const struct ike_path *path)
{
	(void)ctx;
	(void)path;
}

static void
host_sa_add(void *ctx, const struct life_sa *sa)
{
	(void)ctx;
	(void)sa;
}

static void
host_sa_del(void *ctx, const char *pic, const char *tunnel, bool is_out, uint32_t spi)
{
	(void)ctx;
	pics_sa_del(&pics, pic, tunnel, is_out, spi);
}

static void
host_watch(void *ctx, const char *pic, const char *tunnel, unsigned interval_s)
{
	(void)ctx;
	(void)pic;
	(void)tunnel;
	(void)interval_s;
}

static void
host_redundancy(void *ctx, const struct life_redundancy *r)
{
	(void)ctx;
	(void)r;
}

static void
host_chain(void *ctx, const char *certificate)
{
	(void)ctx;
	(void)certificate;
}

static void
host_sign(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket, const char *certificate,
    struct part hash)
{
	(void)ctx;
	(void)sa;
	(void)ticket;
	(void)certificate;
	(void)hash;
}

static void
host_prove(void *ctx, const struct ike_sa *sa, struct ike_ticket ticket,
    const struct ike_claim *claim, const char *const *cas, size_t n_cas)
{
	(void)ctx;
	(void)sa;
	(void)ticket;
	(void)claim;
	(void)cas;
	(void)n_cas;
}

static void
host_event(void *ctx, const struct life_event *e)
{
	(void)ctx;
	(void)e;
}

static void
world_make(void)
{
	static uv_loop_t loop;
	int sv[2];
	const struct life_host host = {
		.random = host_random,
		.send = host_send,
		.keepalive = host_keepalive,
		.sa_add = host_sa_add,
		.sa_del = host_sa_del,
		.watch = host_watch,
		.redundancy = host_redundancy,
		.chain = host_chain,
		.sign = host_sign,
		.prove = host_prove,
		.event = host_event,
	};
	log_to(-1); /* what makes no sense is told once for every input */
	crypto_warm();
	uv_loop_init(&loop);
	life = life_new(&host);
	pics_init(&pics, &loop, life);
	pki_init(&pki, &loop, life);
	pics_open(&pics);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0) {
		pics_link(&pics, "sp-1/2/0", sv[0]);
		close(sv[1]);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0) {
		pki_link(&pki, sv[0]);
		pkid = sv[1];
	}
	pki_chain(&pki, "c"); /* a certificate that messages may be about */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (life == NULL)
		world_make();
	if (size == 0)
		return 0;
	if (data[0] == 0) {
		struct text t = { 0 };
		event_message_print(data + 1, size - 1, false, &t);
		event_message_print(data + 1, size - 1, true, &t);
		text_done(&t);
		return 0;
	}
	struct arena *a = arena_new();
	struct rd r = rd_init(data + 1, size - 1);
	struct ipc_msg m = { .type = data[0], .body = elem_decode(a, &r), .fd = -1 };
	if (m.body != NULL &&
	    (m.type == MSG_PKI_CHAIN || m.type == MSG_PKI_SIGN || m.type == MSG_PKI_VERIFY)) {
		uint8_t asked[4096];
		if (m.type == MSG_PKI_CHAIN)
			pki_chain(&pki, "c");
		else
			pki_sign(
			    &pki, (struct ike_ticket){ 0 }, "c", (struct part){ .p = "h", .n = 1 });
		m.seq = pki.seq;
		pki_message(&pki, &m);
		m.seq = 0; /* nobody asked */
		pki_message(&pki, &m);
		while (recv(pkid, asked, sizeof(asked), MSG_DONTWAIT) > 0)
			continue;
	} else if (m.body != NULL) {
		pic_message(&pics, "sp-1/2/0", &m);
		pics_tick(&pics);
	}
	arena_free(a);
	return 0;
}
