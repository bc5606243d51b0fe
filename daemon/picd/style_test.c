/* SPDX-License-Identifier: BSD-2-Clause
 *
 * style_test.c - interface style, encryption interfaces and the host's own transport mode.
 */
#include "daemon/picd/test_gw.h"
#include "daemon/picd/workers.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINK_HEADER = 14, DF = 0x4000 };

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

/* --- interface style --- */

static const char *
conf_interface(unsigned local, unsigned remote, const char *direction)
{
	static char text[4096];
	snprintf(text, sizeof(text),
	    "interfaces\n"
	    "  interface ge-0/0/0\n"
	    "    unit 0\n"
	    "      family\n"
	    "        inet\n"
	    "          service\n"
	    "            input\n"
	    "              service-set ss:\n"
	    "            output\n"
	    "              service-set ss:\n"
	    "          address 192.0.2.%u/24:\n"
	    "  interface sp-1/2/0\n"
	    "    unit 0\n"
	    "      family\n"
	    "        inet:\n"
	    "services\n"
	    "  service-set ss\n"
	    "    syslog\n"
	    "      host local\n"
	    "        services info\n"
	    "    interface-service\n"
	    "      service-interface sp-1/2/0\n"
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
	    "          remote-gateway 192.0.2.%u\n"
	    "          manual\n"
	    "            direction bidirectional\n"
	    "              protocol bundle\n"
	    "              spi 300\n"
	    "              auxiliary-spi 301\n"
	    "              authentication\n"
	    "                algorithm hmac-md5-96\n"
	    "                key:\n"
	    "                  ascii-text 0123456789abcdef\n"
	    "              encryption\n"
	    "                algorithm aes-256-cbc\n"
	    "                key:\n"
	    "                  ascii-text 0123456789abcdef0123456789ABCDEF\n"
	    "          syslog\n"
	    "      match-direction %s\n",
	    local, local, local, remote, remote, direction);
	return text;
}

struct lab {
	struct gw a;
	struct gw b;
	int enters_a;
	int leaves_a;
	int service_a;
	int enters_b;
	int service_b;
};

static void
lab_init(struct lab *l, const char *direction)
{
	gw_init(&l->a, "sp-1/2/0");
	gw_init(&l->b, "sp-1/2/0");
	const char *error = gw_commit(&l->a, conf_interface(1, 2, direction));
	if (error != NULL)
		fail_msg("%s", error);
	assert_null(gw_commit(&l->b, conf_interface(2, 1, direction)));
	gw_join(&l->a, &l->b, "ah");
	l->enters_a = gw_capture(&l->a, "capture-in", "ss");
	l->leaves_a = gw_capture(&l->a, "capture-out", "ss");
	l->service_a = gw_unit(&l->a, "sp-1/2/0.0");
	l->enters_b = gw_capture(&l->b, "capture-in", "ss");
	l->service_b = gw_unit(&l->b, "sp-1/2/0.0");
	gw_sync(&l->a);
	gw_sync(&l->b);
}

static void
lab_done(struct lab *l)
{
	int fds[] = { l->enters_a, l->leaves_a, l->service_a, l->enters_b, l->service_b };
	gw_done(&l->a);
	gw_done(&l->b);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
}

static void
leaving_packets_appear_on_the_other_service_unit(void **state)
{
	(void)state;
	struct lab l;
	uint8_t frame[2000] = { 0 };
	uint8_t got[2000];
	struct flow_event e;
	lab_init(&l, "output");
	size_t n = udp4(frame + LINK_HEADER, "10.1.0.5", "10.2.0.6", 100, 0, 63);
	put(l.leaves_a, frame, LINK_HEADER + n + 8); /* with the padding of a short frame */
	gw_turns(&l.a);
	gw_turns(&l.b);
	assert_int_equal(take(l.service_b, got, sizeof(got)), n);
	assert_memory_equal(frame + LINK_HEADER, got, n);
	/* syslog: one line per flow, not per packet */
	put(l.leaves_a, frame, LINK_HEADER + n);
	gw_turns(&l.a);
	assert_true(worker_next_event(l.a.p.workers[0], &e));
	assert_true(e.is_output);
	assert_int_equal(e.protocol, 17);
	assert_int_equal(e.dport, 6000);
	assert_string_equal(l.a.p.assocs.by_slot[e.slot]->name, "ss/r/a");
	assert_false(worker_next_event(l.a.p.workers[0], &e));
	lab_done(&l);
}

static void
entering_packets_are_routed_here(void **state)
{
	(void)state;
	struct lab l;
	uint8_t frame[2000] = { 0 };
	uint8_t got[2000];
	lab_init(&l, "input");
	size_t n = udp4(frame + LINK_HEADER, "10.1.0.5", "10.2.0.6", 100, 0, 63);
	put(l.enters_a, frame, LINK_HEADER + n);
	gw_turns(&l.a);
	gw_turns(&l.b);
	assert_int_equal(take(l.service_b, got, sizeof(got)), n);
	assert_int_equal(got[8], 62); /* one hop */
	/* the last hop of a packet is answered; the source is the gateway, for the unit has no address */
	n = udp4(frame + LINK_HEADER, "10.1.0.5", "10.2.0.6", 100, 0, 1);
	put(l.enters_a, frame, LINK_HEADER + n);
	gw_turns(&l.a);
	assert_true(take(l.service_a, got, sizeof(got)) >= 56);
	assert_int_equal(got[20], 11);
	assert_memory_equal(got + 12, "\xc0\x00\x02\x01", 4);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_TTL), 1);
	lab_done(&l);
}

static void
clear_text_that_should_be_protected_is_dropped(void **state)
{
	(void)state;
	struct lab l;
	uint8_t frame[2000] = { 0 };
	uint8_t got[2000];
	lab_init(&l, "output");
	size_t n = udp4(frame + LINK_HEADER, "10.2.0.6", "10.1.0.5", 100, 0, 63);
	put(l.enters_a, frame, LINK_HEADER + n);
	n = udp4(frame + LINK_HEADER, "10.9.0.6", "10.1.0.5", 100, 0, 63);
	put(l.enters_a, frame, LINK_HEADER + n);
	gw_turns(&l.a);
	assert_int_equal(take(l.service_a, got, sizeof(got)), 0);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_CLEAR_TEXT), 1);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_NO_RULE), 1);
	lab_done(&l);
}

static void
protected_packets_among_the_captured_are_opened(void **state)
{
	(void)state;
	struct lab l;
	uint8_t frame[2000] = { 0 };
	uint8_t got[2000];
	const char *send4[] = { "kind", "send4", NULL };
	lab_init(&l, "output");
	int wire = gw_give_pair(&l.a, MSG_SOCKET, send4); /* in place of the way to B */
	gw_sync(&l.a);
	size_t n = udp4(frame + LINK_HEADER, "10.1.0.5", "10.2.0.6", 100, 0, 63);
	put(l.leaves_a, frame, LINK_HEADER + n);
	gw_turns(&l.a);
	uint8_t outer[2000] = { 0 };
	size_t n_outer = take(wire, outer + LINK_HEADER, sizeof(outer) - LINK_HEADER);
	assert_true(n_outer > n);
	assert_int_equal(outer[LINK_HEADER + 9], 51);
	/* the kernel fills in the checksum that a raw socket leaves open */
	ip4_seal(outer + LINK_HEADER);
	put(l.enters_b, outer, LINK_HEADER + n_outer);
	gw_turns(&l.b);
	assert_int_equal(take(l.service_b, got, sizeof(got)), n);
	close(wire);
	lab_done(&l);
}

/* --- encryption interfaces --- */

static const char *
conf_es(unsigned local, unsigned remote)
{
	static char text[2048];
	snprintf(text, sizeof(text),
	    "interfaces\n"
	    "  interface es-0/0/0\n"
	    "    unit 0\n"
	    "      tunnel\n"
	    "        source 192.0.2.%u\n"
	    "        destination 192.0.2.%u\n"
	    "      family\n"
	    "        inet\n"
	    "          ipsec-sa sa-es\n"
	    "          address 10.50.0.%u/32:\n"
	    "            destination 10.50.0.%u\n"
	    "security\n"
	    "  ipsec\n"
	    "    security-association sa-es\n"
	    "      manual\n"
	    "        direction bidirectional\n"
	    "          protocol esp\n"
	    "          spi 400\n"
	    "          authentication\n"
	    "            algorithm hmac-sha1-96\n"
	    "            key:\n"
	    "              ascii-text ES000-AUTH-20-CHARAC\n"
	    "          encryption\n"
	    "            algorithm 3des-cbc\n"
	    "            key:\n"
	    "              ascii-text ES000-ENC-24-CHARACTERS-\n",
	    local, remote, local, remote);
	return text;
}

static void
everything_routed_to_an_es_unit_is_encrypted(void **state)
{
	(void)state;
	struct gw a;
	struct gw b;
	uint8_t p[2000];
	uint8_t got[2000];
	gw_init(&a, "es-0/0/0");
	gw_init(&b, "es-0/0/0");
	const char *error = gw_commit(&a, conf_es(1, 2));
	if (error != NULL)
		fail_msg("%s", error);
	assert_null(gw_commit(&b, conf_es(2, 1)));
	gw_join(&a, &b, "esp");
	int es_a = gw_unit(&a, "es-0/0/0.0");
	int es_b = gw_unit(&b, "es-0/0/0.0");
	gw_sync(&a);
	gw_sync(&b);
	size_t n = udp4(p, "172.16.0.1", "172.17.0.1", 77, 0, 60);
	put(es_a, p, n);
	gw_turns(&a);
	gw_turns(&b);
	assert_int_equal(take(es_b, got, sizeof(got)), n);
	assert_memory_equal(p, got, n);
	gw_done(&a);
	gw_done(&b);
	close(es_a);
	close(es_b);
}

/* --- the host's own packets --- */

static const char *
conf_host(const char *peer)
{
	static char text[4096];
	snprintf(text, sizeof(text),
	    "interfaces\n"
	    "  interface lo0\n"
	    "    unit 0\n"
	    "      family\n"
	    "        inet\n"
	    "          filter\n"
	    "            output protect\n"
	    "          address 192.0.2.1/32:\n"
	    "firewall\n"
	    "  family\n"
	    "    inet\n"
	    "      filter protect\n"
	    "        term not-this\n"
	    "          from\n"
	    "            destination-port 6001\n"
	    "          then\n"
	    "            accept\n"
	    "        term that\n"
	    "          from\n"
	    "            destination-address %s/32:\n"
	    "            protocol udp\n"
	    "            destination-port 6000\n"
	    "          then\n"
	    "            ipsec-sa sa-host\n"
	    "        term reply\n"
	    "          from\n"
	    "            destination-address %s/32:\n"
	    "            protocol udp\n"
	    "            source-port 6000\n"
	    "          then\n"
	    "            ipsec-sa sa-host\n"
	    "        term rest\n"
	    "          then\n"
	    "            accept\n"
	    "security\n"
	    "  ipsec\n"
	    "    security-association sa-host\n"
	    "      mode transport\n"
	    "      manual\n"
	    "        direction bidirectional\n"
	    "          protocol ah\n"
	    "          spi 500\n"
	    "          authentication\n"
	    "            algorithm hmac-sha1-96\n"
	    "            key:\n"
	    "              ascii-text RE000-AUTH-20-CHARAC\n",
	    peer, peer);
	return text;
}

static void
filter_terms_choose_the_transport_sa_both_ways(void **state)
{
	(void)state;
	struct gw a;
	struct gw b;
	uint8_t p[2000];
	uint8_t got[2000];
	gw_init(&a, "re0");
	gw_init(&b, "re0");
	const char *error = gw_commit(&a, conf_host("192.0.2.2"));
	if (error != NULL)
		fail_msg("%s", error);
	assert_null(gw_commit(&b, conf_host("192.0.2.1")));
	gw_join(&a, &b, "ah");
	int re_a = gw_unit(&a, "re0.0");
	int re_b = gw_unit(&b, "re0.0");
	gw_sync(&a);
	gw_sync(&b);
	size_t n = udp4(p, "192.0.2.1", "192.0.2.2", 77, 0, 64);
	put(re_a, p, n);
	gw_turns(&a);
	gw_turns(&b);
	assert_int_equal(take(re_b, got, sizeof(got)), n);
	assert_memory_equal(p + 12, got + 12, n - 12);

	/* the host learns what fits, from where the packet went */
	put(re_a, p, udp4(p, "192.0.2.1", "192.0.2.2", 1472, DF, 64));
	gw_turns(&a);
	assert_true(take(re_a, got, sizeof(got)) >= 56);
	assert_int_equal(got[20], 3);
	assert_memory_equal(got + 12, "\xc0\x00\x02\x02", 4);
	assert_memory_equal(got + 16, "\xc0\x00\x02\x01", 4);
	n = udp4(p, "192.0.2.1", "192.0.2.2", 77, 0, 64);

	/* the right key, but a packet that B's filter would never have answered on this SA */
	assert_null(gw_commit(&b, conf_host("192.0.2.77")));
	put(re_a, p, n);
	gw_turns(&a);
	gw_turns(&b);
	assert_int_equal(take(re_b, got, sizeof(got)), 0);

	/* a term before takes it away */
	n = udp4(p, "192.0.2.1", "192.0.2.2", 77, 0, 64);
	p[23] = 6001 & 0xff;
	p[22] = 6001 >> 8;
	put(re_a, p, n);
	gw_turns(&a);
	gw_turns(&b);
	assert_int_equal(take(re_b, got, sizeof(got)), 0);
	assert_int_equal(gw_drops(&a, NULL, DROP_NO_RULE), 1);
	gw_done(&a);
	gw_done(&b);
	close(re_a);
	close(re_b);
}

/* A host that hears nothing would send the same segment for ever. */
static void
the_host_learns_what_fits_into_its_transport_sa(void **state)
{
	(void)state;
	struct gw a;
	uint8_t p[2000];
	uint8_t got[2000];
	gw_init(&a, "re0");
	assert_null(gw_commit(&a, conf_host("192.0.2.2")));
	int re_a = gw_unit(&a, "re0.0");
	gw_sync(&a);
	put(re_a, p, udp4(p, "192.0.2.1", "192.0.2.2", 1472, 0x4000, 64));
	gw_turns(&a);
	assert_true(take(re_a, got, sizeof(got)) > 28);
	assert_int_equal(got[9], 1);
	assert_memory_equal(got + 12, "\xc0\x00\x02\x02", 4); /* as if a router near the peer */
	assert_memory_equal(got + 16, "\xc0\x00\x02\x01", 4);
	assert_int_equal(got[20], 3);
	assert_int_equal(got[21], 4);
	assert_int_equal(got[26] << 8 | got[27], 1500 - 24); /* an AH with 12 octets of ICV */
	gw_done(&a);
	close(re_a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaving_packets_appear_on_the_other_service_unit),
		cmocka_unit_test(entering_packets_are_routed_here),
		cmocka_unit_test(clear_text_that_should_be_protected_is_dropped),
		cmocka_unit_test(protected_packets_among_the_captured_are_opened),
		cmocka_unit_test(everything_routed_to_an_es_unit_is_encrypted),
		cmocka_unit_test(filter_terms_choose_the_transport_sa_both_ways),
		cmocka_unit_test(the_host_learns_what_fits_into_its_transport_sa),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
