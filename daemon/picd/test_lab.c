/* SPDX-License-Identifier: BSD-2-Clause
 *
 * test_lab.c - two services PICs with a dynamic tunnel between them, and what kmd would say to both; see test_lab.h.
 */
#include "daemon/picd/test_lab.h"

#include "lib/base/arena.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

const char *
lab_conf(unsigned local, unsigned remote, const char *options)
{
	char address[32];
	char terms[2048];
	snprintf(address, sizeof(address), "192.0.2.%u", local);
	snprintf(terms, sizeof(terms),
	    "      term d\n"
	    "        from\n"
	    "          source-address 10.%u.0.0/16:\n"
	    "          destination-address 10.%u.0.0/16:\n"
	    "        then\n"
	    "%s"
	    "          remote-gateway 192.0.2.%u\n"
	    "          dynamic\n"
	    "            ike-policy p\n"
	    "      term m\n"
	    "        from\n"
	    "          source-address 172.16.%u.0/24:\n"
	    "        then\n"
	    "          remote-gateway 192.0.2.%u\n"
	    "          manual\n"
	    "            direction bidirectional\n"
	    "              protocol esp\n"
	    "              spi 256\n"
	    "              authentication\n"
	    "                algorithm hmac-sha1-96\n"
	    "                key:\n"
	    "                  ascii-text 01234567890123456789\n",
	    local, remote, options, remote, local, remote);
	return gw_conf(NULL, address, terms);
}

void
lab_init(struct lab *l, const char *kind)
{
	gw_init(&l->a, "sp-1/2/0");
	gw_init(&l->b, "sp-1/2/0");
	must(gw_commit(&l->a, lab_conf(1, 2, "")) == NULL, "commit");
	must(gw_commit(&l->b, lab_conf(2, 1, "")) == NULL, "commit");
	gw_join(&l->a, &l->b, kind);
	l->in_a = gw_unit(&l->a, "sp-1/2/0.1");
	l->in_b = gw_unit(&l->b, "sp-1/2/0.1");
	gw_kmd(&l->a);
	gw_kmd(&l->b);
	gw_sync(&l->a);
	gw_sync(&l->b);
	gw_kmd_hush(&l->a);
	gw_kmd_hush(&l->b);
}

void
lab_done(struct lab *l)
{
	test_n_workers = 1;
	test_help_ns = UINT64_MAX;
	test_engine = ESP_ENGINE_FASTEST;
	gw_done(&l->a);
	gw_done(&l->b);
	close(l->in_a);
	close(l->in_b);
}

const char *const lab_plain[] = { NULL };

const char *
lab_sa_add(struct gw *g, bool is_out, const char *spi, bool is_b, const char *const *changes)
{
	static char why[256];
	const char *leaves[GW_LEAVES_MAX];
	struct arena *a = arena_new();
	gw_sa_leaves(leaves, is_out, spi, is_b, changes);
	gw_kmd_say(g, MSG_SA_ADD, 77, leaves);
	gw_turns(g);
	struct ipc_msg m = gw_kmd_hear(g, a);
	while (m.type == MSG_ACQUIRE || m.type == MSG_BAD_SPI)
		m = gw_kmd_hear(g, a);
	must(m.type == MSG_SA_DONE && m.seq == 77, "answer");
	const char *text = elem_value(m.body, "text");
	must(strcmp(elem_value(m.body, "status"), text == NULL ? "ok" : "error") == 0, "status");
	snprintf(why, sizeof(why), "%s", text != NULL ? text : "");
	arena_free(a);
	return *why != '\0' ? why : NULL;
}

void
lab_must_add(struct gw *g, bool is_out, const char *spi, bool is_b, const char *const *changes)
{
	const char *why = lab_sa_add(g, is_out, spi, is_b, changes);
	must(why == NULL, why);
}

void
lab_pair_add(struct lab *l, const char *spi_a, const char *spi_b, const char *const *changes)
{
	lab_must_add(&l->a, false, spi_a, false, changes);
	lab_must_add(&l->b, false, spi_b, true, changes);
	lab_must_add(&l->a, true, spi_b, false, changes);
	lab_must_add(&l->b, true, spi_a, true, changes);
}

void
lab_sa_del(struct gw *g, const char *direction, const char *spi)
{
	const char *leaves[] = { "tunnel", "ss/r/d", "direction", direction, "spi", spi, NULL };
	gw_kmd_say(g, MSG_SA_DEL, 0, leaves);
}

size_t
lab_pass(struct gw *from, int in, struct gw *to, int out, const char *src, const char *dst)
{
	uint8_t p[2000];
	uint8_t got[2000];
	size_t n = udp4(p, src, dst, 100, 0, 9);
	must(write(in, p, n) == (ssize_t)n, "write");
	gw_turns(from);
	gw_turns(to);
	ssize_t len = recv(out, got, sizeof(got), MSG_DONTWAIT);
	if (len > 0)
		must(memcmp(got, p, n) == 0, "the packet is another one");
	return len > 0 ? (size_t)len : 0;
}

bool
lab_passes(struct lab *l)
{
	bool there = lab_pass(&l->a, l->in_a, &l->b, l->in_b, "10.1.0.1", "10.2.0.1") == 128;
	bool back = lab_pass(&l->b, l->in_b, &l->a, l->in_a, "10.2.0.1", "10.1.0.1") == 128;
	return there && back;
}

struct assoc *
lab_tunnel(struct gw *g)
{
	return assoc_of_kmd(&g->p.assocs, g->p.conf, "ss/r/d");
}
