/* SPDX-License-Identifier: BSD-2-Clause
 *
 * picd_test.c - packets through whole services PICs: what goes in, what comes out, what is counted.
 */
#include "daemon/picd/snap.h"
#include "daemon/picd/test_gw.h"
#include "daemon/picd/worker_priv.h"
#include "daemon/picd/workers.h"
#include "lib/base/arena.h"
#include "lib/base/report.h"
#include "lib/base/text.h"
#include "lib/conf/conf.h"
#include "lib/conf/test_tree.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DF = 0x4000, MF = 0x2000 };

/* --- counting allocations: the linker sends every call in our libraries here --- */

static unsigned n_allocations;
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *
__wrap_malloc(size_t n)
{
	n_allocations++;
	return __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	n_allocations++;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	n_allocations++;
	return __real_realloc(p, n);
}

/* --- configurations --- */

/* LOCAL, REMOTE gateway; local and remote net; extra lines of the term, key of the first tunnel. */
static const char *
conf_next_hop(unsigned local, unsigned remote, const char *key, const char *options)
{
	static char text[2][4096];
	static int turn;
	char *out = text[turn ^= 1];
	snprintf(out, sizeof(text[0]),
	    "interfaces\n"
	    "  interface sp-1/2/0\n"
	    "    unit 1\n"
	    "      family\n"
	    "        inet\n"
	    "          address 10.%u.255.1/32:\n"
	    "        inet6:\n"
	    "      service-domain inside\n"
	    "    unit 2\n"
	    "      family\n"
	    "        inet:\n"
	    "      service-domain outside\n"
	    "    unit 3\n"
	    "      family\n"
	    "        inet:\n"
	    "      service-domain inside\n"
	    "services\n"
	    "  service-set ss\n"
	    "    next-hop-service\n"
	    "      inside-service-interface sp-1/2/0.1\n"
	    "      outside-service-interface sp-1/2/0.2\n"
	    "    ipsec-vpn-options\n"
	    "      local-gateway:\n"
	    "        address 192.0.2.%u\n"
	    "    ipsec-vpn-rules r\n"
	    "  ipsec-vpn\n"
	    "    rule r\n"
	    "      term a\n"
	    "        from\n"
	    "          source-address 10.%u.0.0/16:\n"
	    "          destination-address 10.%u.0.0/16:\n"
	    "        then\n"
	    "%s"
	    "          remote-gateway 192.0.2.%u\n"
	    "          manual\n"
	    "            direction bidirectional\n"
	    "              protocol esp\n"
	    "              spi 256\n"
	    "              authentication\n"
	    "                algorithm hmac-sha1-96\n"
	    "                key:\n"
	    "                  ascii-text %s\n"
	    "              encryption\n"
	    "                algorithm aes-128-cbc\n"
	    "                key:\n"
	    "                  hexadecimal 000102030405060708090a0b0c0d0eFF\n"
	    "      term b\n"
	    "        from\n"
	    "          ipsec-inside-interface sp-1/2/0.3\n"
	    "        then\n"
	    "          remote-gateway 192.0.2.%u\n"
	    "          manual\n"
	    "            direction bidirectional\n"
	    "              protocol esp\n"
	    "              spi 257\n"
	    "              authentication\n"
	    "                algorithm hmac-sha-256-128\n"
	    "                key:\n"
	    "                  ascii-text 01234567890123456789012345678901\n"
	    "      match-direction input\n",
	    local, local, local, remote, options, remote, key, remote);
	return out;
}

static const char key1[] = "01234567890123456789";
static const char key2[] = "98765432109876543210";

/* Two gateways, joined, with their inside units. */
struct lab {
	struct gw a;
	struct gw b;
	int in_a;   /* unit .1 of A */
	int out_a;  /* unit .2 */
	int link_a; /* unit .3 */
	int in_b;
	int link_b;
};

static void
lab_init_keys(struct lab *l, const char *key_a, const char *key_b, const char *options)
{
	gw_init(&l->a, "sp-1/2/0");
	gw_init(&l->b, "sp-1/2/0");
	assert_null(gw_commit(&l->a, conf_next_hop(1, 2, key_a, options)));
	assert_null(gw_commit(&l->b, conf_next_hop(2, 1, key_b, options)));
	gw_join(&l->a, &l->b, "esp");
	l->in_a = gw_unit(&l->a, "sp-1/2/0.1");
	l->out_a = gw_unit(&l->a, "sp-1/2/0.2");
	l->link_a = gw_unit(&l->a, "sp-1/2/0.3");
	l->in_b = gw_unit(&l->b, "sp-1/2/0.1");
	l->link_b = gw_unit(&l->b, "sp-1/2/0.3");
	gw_sync(&l->a);
	gw_sync(&l->b);
}

static void
lab_init(struct lab *l)
{
	lab_init_keys(l, key1, key1, "");
}

static void
lab_done(struct lab *l)
{
	int fds[] = { l->in_a, l->out_a, l->link_a, l->in_b, l->link_b };
	gw_done(&l->a);
	gw_done(&l->b);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
}

static void
put(int fd, const uint8_t *p, size_t n)
{
	assert_int_equal(write(fd, p, n), (ssize_t)n);
}

static size_t
take(int fd, uint8_t *out, size_t cap)
{
	ssize_t n = recv(fd, out, cap, MSG_DONTWAIT);
	return n > 0 ? (size_t)n : 0;
}

static void
lab_turn(struct lab *l)
{
	gw_turns(&l->a);
	gw_turns(&l->b);
}

static struct sa_counts
counts(const struct gw *g, size_t tunnel, bool is_out)
{
	struct sa_counts c;
	const struct assoc *a = assoc_of_tunnel(&g->p.assocs, g->p.conf->service_sets[0], tunnel);
	sa_count(is_out ? a->out.sa : a->in.sa, &c);
	return c;
}

/* --- next hop style --- */

static void
a_packet_goes_through_the_tunnel_unchanged(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	size_t n = udp4(p, "10.1.0.5", "10.2.0.6", 500, DF, 63);
	put(l.in_a, p, n);
	lab_turn(&l);
	assert_int_equal(take(l.in_b, got, sizeof(got)), n);
	assert_memory_equal(p, got, n);
	assert_int_equal(counts(&l.a, 0, true).packets, 1);
	assert_int_equal(counts(&l.b, 0, false).packets, 1);
	assert_int_equal(counts(&l.b, 1, false).packets, 0);
	lab_done(&l);
}

static void
the_inside_interface_chooses_between_any_tunnels(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	size_t n = udp4(p, "172.16.0.5", "172.17.0.6", 20, 0, 63);
	put(l.link_a, p, n);
	lab_turn(&l);
	assert_int_equal(take(l.link_b, got, sizeof(got)), n);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	assert_int_equal(counts(&l.a, 1, true).packets, 1);
	lab_done(&l);
}

static void
what_no_rule_takes_is_dropped_and_counted(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	put(l.in_a, p, udp4(p, "10.9.0.5", "10.2.0.6", 20, 0, 63));
	put(l.in_a, p, udp6(p, "2001:db8::1", "2001:db8::2", 20));
	/* the rules are for input; this is output */
	put(l.out_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
	lab_turn(&l);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	assert_int_equal(take(l.out_a, got, sizeof(got)), 0);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_NO_RULE), 3);
	lab_done(&l);
}

static void
garbage_from_a_device_is_counted(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	lab_init(&l);
	put(l.in_a, p, 0);
	memset(p, 0xff, sizeof(p));
	put(l.in_a, p, 100);
	size_t n = udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63);
	p[10] ^= 1;
	put(l.in_a, p, n);
	put(l.in_a, p, 19);
	lab_turn(&l);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_BAD_LENGTH), 1);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_INNER_HEADER), 2);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_INNER_CHECKSUM), 1);
	lab_done(&l);
}

static void
a_wrong_key_is_an_authentication_failure(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init_keys(&l, key1, key2, "");
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
	lab_turn(&l);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	assert_int_equal(gw_drops(&l.b, "ss", DROP_ESP_AUTH), 1);
	lab_done(&l);
}

static void
a_decrypted_packet_must_fit_the_selectors(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	/* A now believes that 10.3/16 lies behind B */
	assert_null(gw_commit(&l.a, conf_next_hop(1, 2, key1, "")));
	char *other = strdup(conf_next_hop(1, 2, key1, ""));
	char *dst = strstr(other, "destination-address 10.2");
	dst[strlen("destination-address 10.")] = '3';
	assert_null(gw_commit(&l.a, other));
	free(other);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.3.0.6", 20, 0, 63));
	lab_turn(&l);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	assert_int_equal(gw_drops(&l.b, "ss", DROP_SELECTOR), 1);
	lab_done(&l);
}

static void
an_unknown_spi_is_counted(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[200];
	lab_init(&l);
	const char *leaves[] = { "kind", "esp", "address", "192.0.2.1", NULL };
	int fd = gw_give_pair(&l.a, MSG_SOCKET, leaves);
	gw_sync(&l.a);
	size_t n = udp4(p, "192.0.2.2", "192.0.2.1", 60, 0, 63);
	p[9] = 50;
	ip4_seal(p);
	put(fd, p, n);
	lab_turn(&l);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_NO_SA), 1);
	close(fd);
	lab_done(&l);
}

static void
too_big_with_df_is_answered_with_the_right_mtu(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 1460, DF, 63));
	lab_turn(&l);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	size_t n = take(l.in_a, got, sizeof(got));
	assert_true(n >= 56);
	assert_int_equal(got[9], 1);                          /* ICMP */
	assert_memory_equal(got + 12, "\x0a\x01\xff\x01", 4); /* from the unit's own address */
	assert_memory_equal(got + 16, "\x0a\x01\x00\x05", 4);
	assert_int_equal(got[20], 3);
	assert_int_equal(got[21], 4);
	size_t mtu = (size_t)got[26] << 8 | got[27];
	assert_int_equal(gw_drops(&l.a, "ss", DROP_TOO_BIG), 1);
	/* exactly that size passes, one more does not */
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", mtu - 28, DF, 63));
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", mtu - 27, DF, 63));
	lab_turn(&l);
	assert_int_equal(take(l.in_b, got, sizeof(got)), mtu);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_TOO_BIG), 2);
	lab_done(&l);
}

static void
errors_are_limited_in_rate(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	unsigned n = 0;
	for (unsigned i = 0; i < 300; i++) {
		put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 1460, DF, 63));
		gw_turns(&l.a);
		n += take(l.in_a, got, sizeof(got)) > 0;
	}
	assert_int_equal(n, 200);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_ICMP_LIMIT), 100);
	lab_done(&l);
}

static void
too_big_without_df_is_fragmented_before_encapsulation(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[4000];
	uint8_t got[4000];
	lab_init(&l);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 1460, 0, 63));
	lab_turn(&l);
	size_t first = take(l.in_b, got, sizeof(got));
	assert_true(first > 1000);
	assert_int_equal(got[6] & 0x20, 0x20);
	size_t second = take(l.in_b, got, sizeof(got));
	assert_int_equal(first + second, 1488 + 20);
	assert_int_equal(counts(&l.a, 0, true).packets, 2);
	lab_done(&l);
}

static void
fragments_are_put_together_before_the_rules(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	put(l.in_a, p,
	    udp4(p, "10.1.0.5", "10.2.0.6", 92, 15, 63)); /* the tail: 100 octets at 120 */
	gw_turns(&l.a);
	assert_int_equal(counts(&l.a, 0, true).packets, 0);
	/* the same fragment on another unit completes nothing */
	put(l.link_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 112, MF, 63));
	gw_turns(&l.a);
	assert_int_equal(counts(&l.a, 0, true).packets, 0);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 112, MF, 63));
	lab_turn(&l);
	assert_int_equal(counts(&l.a, 0, true).packets, 1);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 20 + 120 + 100);
	test_now_ms += 5000;
	gw_turns(&l.a);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_FRAG_TIMEOUT), 1);
	lab_done(&l);
}

static void
a_tunnel_does_not_wrap_its_own_packets_again(void **state)
{
	(void)state;
	static const uint8_t protocols[] = { 50, 51 };
	struct lab l;
	uint8_t p[2000];
	lab_init(&l);
	for (size_t i = 0; i < 2; i++) {
		size_t n = udp4(p, "192.0.2.1", "192.0.2.2", 60, 0, 63);
		p[9] = protocols[i];
		ip4_seal(p);
		put(l.link_a, p, n);
		/* what another gateway behind this one has protected is data like any other */
		n = udp4(p, "192.0.2.9", "192.0.2.2", 60, 0, 63);
		p[9] = protocols[i];
		ip4_seal(p);
		put(l.link_a, p, n);
	}
	put(l.link_a, p, udp4(p, "192.0.2.1", "192.0.2.2", 60, 0, 63));
	gw_turns(&l.a);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_LOOP), 2);
	assert_int_equal(counts(&l.a, 1, true).packets, 3);
	lab_done(&l);
}

/* --- commits --- */

static void
a_commit_touches_only_the_tunnels_it_changes(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	for (unsigned i = 0; i < 3; i++) {
		put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
		put(l.link_a, p, udp4(p, "172.16.0.5", "172.17.0.6", 20, 0, 63));
	}
	gw_turns(&l.a);
	const struct sa *kept =
	    assoc_of_tunnel(&l.a.p.assocs, l.a.p.conf->service_sets[0], 1)->out.sa;
	assert_null(gw_commit(&l.a, conf_next_hop(1, 2, key2, "")));
	assert_ptr_equal(
	    kept, assoc_of_tunnel(&l.a.p.assocs, l.a.p.conf->service_sets[0], 1)->out.sa);
	assert_int_equal(counts(&l.a, 1, true).packets, 3);
	assert_int_equal(counts(&l.a, 1, true).seq, 3);
	assert_int_equal(counts(&l.a, 0, true).packets, 0); /* a new key is a new SA */
	assert_int_equal(counts(&l.a, 0, true).seq, 0);
	lab_turn(&l);
	while (take(l.link_b, got, sizeof(got)) > 0)
		;
	put(l.link_a, p, udp4(p, "172.16.0.5", "172.17.0.6", 20, 0, 63));
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
	lab_turn(&l);
	assert_true(take(l.link_b, got, sizeof(got)) > 0);
	assert_int_equal(gw_drops(&l.b, "ss", DROP_ESP_AUTH), 1);
	assert_int_equal(counts(&l.a, 1, true).packets, 4);
	lab_done(&l);
}

static void
an_mtu_change_continues_the_sequence(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	lab_init(&l);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
	gw_turns(&l.a);
	/* what only concerns sending leaves the receiving SA alone */
	const struct sa *in = assoc_of_tunnel(&l.a.p.assocs, l.a.p.conf->service_sets[0], 0)->in.sa;
	assert_null(gw_commit(&l.a, conf_next_hop(1, 2, key1, "          tunnel-mtu 600\n")));
	gw_turns(&l.a);
	assert_int_equal(counts(&l.a, 0, true).seq, 1);
	assert_ptr_equal(in, assoc_of_tunnel(&l.a.p.assocs, l.a.p.conf->service_sets[0], 0)->in.sa);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 600, DF, 63));
	gw_turns(&l.a);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_TOO_BIG), 1);
	lab_done(&l);
}

/* The worker goes on sending on the old SA until it takes the snapshot that has the new one. */
static void
numbers_used_during_a_commit_are_not_used_again(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	struct text why = { 0 };
	struct report r = { 0 };
	struct arena *a = arena_new();
	lab_init(&l);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
	gw_turns(&l.a);
	struct picd *pic = &l.a.p;
	for (unsigned round = 0; round < 2; round++) {
		struct conf *c = conf_load(
		    test_tree(a,
			conf_next_hop(1, 2, key1, round == 0 ? "          tunnel-mtu 600\n" : "")),
		    &r);
		assert_non_null(c);
		struct assoc_retired retired =
		    assoc_apply(&pic->assocs, c, worker_esp(pic->workers[0]), &why);
		assert_int_equal(retired.n_heirs, 1);
		if (round == 0) {
			put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
			worker_turn(pic->workers[0], 0);
		}
		conf_free(pic->conf);
		pic->conf = c;
		publish_now(
		    pic, retired); /* the second time before the worker has seen the first */
	}
	gw_turns(&l.a);
	assert_int_equal(counts(&l.a, 0, true).seq, 2);
	assert_null(pic->olds);
	assert_null(gw_commit(&l.a, conf_next_hop(1, 2, key2, "")));
	gw_turns(&l.a);
	assert_int_equal(counts(&l.a, 0, true).seq, 0);
	report_done(&r);
	text_done(&why);
	arena_free(a);
	lab_done(&l);
}

static void
old_snapshots_wait_for_the_worker(void **state)
{
	(void)state;
	struct lab l;
	lab_init(&l);
	assert_null(l.a.p.olds);
	assert_null(gw_commit(&l.a, conf_next_hop(1, 2, key2, "")));
	assert_null(gw_commit(&l.a, conf_next_hop(1, 2, key1, "")));
	publish_reclaim(&l.a.p);
	assert_non_null(l.a.p.olds); /* no turn was taken: somebody may still be looking */
	assert_non_null(l.a.p.olds->next_old);
	gw_turns(&l.a);
	assert_null(l.a.p.olds);
	lab_done(&l);
}

static void
a_bad_configuration_changes_nothing(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	assert_non_null(gw_commit(&l.a, conf_next_hop(1, 2, "short", "")));
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
	lab_turn(&l);
	assert_true(take(l.in_b, got, sizeof(got)) > 0);
	lab_done(&l);
}

static void
a_unit_that_goes_and_comes_back_works_again(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	const char *leaves[] = { "unit", "sp-1/2/0.1", "role", "unit", NULL };
	lab_init(&l);
	gw_take(&l.b, MSG_DEVICE_GONE, leaves);
	gw_sync(&l.b);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
	lab_turn(&l);
	assert_int_equal(gw_drops(&l.b, "ss", DROP_NO_UNIT), 1);
	close(l.in_b);
	l.in_b = gw_unit(&l.b, "sp-1/2/0.1");
	int again = gw_unit(&l.b, "sp-1/2/0.1"); /* a netd that was restarted */
	gw_sync(&l.b);
	put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 20, 0, 63));
	lab_turn(&l);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	assert_true(take(again, got, sizeof(got)) > 0);
	close(again);
	lab_done(&l);
}

/* Nobody signs these reports; a larger one must not undo a smaller one (RFC 8201 s4). */
static void
a_path_mtu_only_grows_by_growing_old(void **state)
{
	(void)state;
	struct lab l;
	struct addr b;
	lab_init(&l);
	assert_true(addr_parse("192.0.2.2", &b));
	struct worker *w = l.a.p.workers[0];
	const struct sa *sa =
	    assoc_of_tunnel(&l.a.p.assocs, l.a.p.conf->service_sets[0], 0)->out.sa;
	w->snap = l.a.p.snap;
	pmtu_learn(w, &b, 900);
	assert_int_equal(sa_limit(sa), 900);
	pmtu_learn(w, &b, 9000);
	assert_int_equal(sa_limit(sa), 900);
	pmtu_learn(w, &b, 800);
	assert_int_equal(sa_limit(sa), 800);
	w->now_ms += PMTU_AGE_MS;
	pmtu_expire(w);
	assert_int_equal(sa_limit(sa), 1500);
	pmtu_learn(w, &b, 1200);
	assert_int_equal(sa_limit(sa), 1200);
	w->snap = NULL;
	lab_done(&l);
}

/* --- with the worker's thread --- */

/* Waits for one packet; its length, or 0 after two seconds. */
static size_t
wait_for(int fd, uint8_t *out, size_t cap)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 2000) == 1 ? take(fd, out, cap) : 0;
}

static void
commits_lose_no_packet_of_an_untouched_tunnel(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l);
	assert_int_equal(worker_start(l.a.p.workers[0]), 0);
	assert_int_equal(worker_start(l.b.p.workers[0]), 0);
	for (unsigned i = 0; i < 300; i++) {
		size_t n = udp4(p, "172.16.0.5", "172.17.0.6", i, 0, 63);
		put(l.link_a, p, n);
		if (i % 3 == 0)
			assert_null(gw_commit(&l.a, conf_next_hop(1, 2, i % 2 ? key1 : key2, "")));
		put(l.link_a, p, n);
		put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", i, 0, 63));
		if (i % 10 == 0) { /* a unit comes again meanwhile */
			close(l.in_a);
			l.in_a = gw_unit(&l.a, "sp-1/2/0.1");
			publish_now(&l.a.p, (struct assoc_retired){ 0 });
		}
		publish_reclaim(&l.a.p);
		assert_int_equal(wait_for(l.link_b, got, sizeof(got)), n);
		assert_int_equal(wait_for(l.link_b, got, sizeof(got)), n);
	}
	assert_int_equal(counts(&l.b, 1, false).packets, 600);
	lab_done(&l);
}

/* --- the rule that the packet path allocates nothing, but for the first drop of a tunnel --- */

static void
the_packet_path_allocates_nothing(void **state)
{
	(void)state;
	struct lab l;
	static uint8_t p[65536];
	static uint8_t got[65536];
	lab_init(&l);
	unsigned before = 0;
	unsigned n_got = 0;
	for (unsigned i = 0; i < 2000; i++) {
		if (i == 1000) /* every tally has had something to count */
			before = n_allocations;
		put(l.in_a, p, udp4(p, "10.1.0.5", "10.2.0.6", i * 13 % 3000, i % 2 ? DF : 0, 63));
		put(l.link_a, p, udp6(p, "2001:db8::1", "2001:db8::2", i % 1000));
		put(l.link_a, p, udp4(p, "10.1.0.5", "10.2.0.6", 64, MF, 63));
		worker_turn(l.a.p.workers[0], 0);
		worker_turn(l.b.p.workers[0], 0);
		while (take(l.in_b, got, sizeof(got)) > 0)
			n_got++;
		while (take(l.in_a, got, sizeof(got)) > 0)
			;
		test_now_ms += 37;
	}
	assert_int_equal(n_allocations, before);
	assert_true(n_got > 1500);
	lab_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_goes_through_the_tunnel_unchanged),
		cmocka_unit_test(the_inside_interface_chooses_between_any_tunnels),
		cmocka_unit_test(what_no_rule_takes_is_dropped_and_counted),
		cmocka_unit_test(garbage_from_a_device_is_counted),
		cmocka_unit_test(a_wrong_key_is_an_authentication_failure),
		cmocka_unit_test(a_decrypted_packet_must_fit_the_selectors),
		cmocka_unit_test(an_unknown_spi_is_counted),
		cmocka_unit_test(too_big_with_df_is_answered_with_the_right_mtu),
		cmocka_unit_test(errors_are_limited_in_rate),
		cmocka_unit_test(too_big_without_df_is_fragmented_before_encapsulation),
		cmocka_unit_test(fragments_are_put_together_before_the_rules),
		cmocka_unit_test(a_commit_touches_only_the_tunnels_it_changes),
		cmocka_unit_test(a_tunnel_does_not_wrap_its_own_packets_again),
		cmocka_unit_test(an_mtu_change_continues_the_sequence),
		cmocka_unit_test(numbers_used_during_a_commit_are_not_used_again),
		cmocka_unit_test(old_snapshots_wait_for_the_worker),
		cmocka_unit_test(a_bad_configuration_changes_nothing),
		cmocka_unit_test(a_unit_that_goes_and_comes_back_works_again),
		cmocka_unit_test(a_path_mtu_only_grows_by_growing_old),
		cmocka_unit_test(commits_lose_no_packet_of_an_untouched_tunnel),
		cmocka_unit_test(the_packet_path_allocates_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
