/* SPDX-License-Identifier: BSD-2-Clause
 *
 * net_test.c - two services PICs over real raw sockets, on the loopback device of a namespace of its own.
 *
 * What socketpairs cannot show: IPv6 sockets that strip the header, a device that is too small, the error
 * queue. Needs root for the namespace and the sockets; skipped (77) without.
 */
#include "daemon/picd/test_gw.h"
#include "daemon/picd/workers.h"
#include "lib/conf/conf.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum { DF = 0x4000, SKIP = 77 };

static const char *
conf(unsigned local, unsigned remote, const char *gateways, const char *protocol)
{
	char families[128];
	char address[ADDR_STRLEN];
	char terms[2048];
	const char *encryption = "              encryption\n"
				 "                algorithm aes-128-cbc\n"
				 "                key:\n"
				 "                  ascii-text 0123456789abcdef\n";
	const char *dynamic = "          dynamic\n"
			      "            ike-policy p\n";
	char manual[1024];
	snprintf(manual, sizeof(manual),
	    "          manual\n"
	    "            direction bidirectional\n"
	    "              protocol %s\n"
	    "              spi 256\n"
	    "%s"
	    "              authentication\n"
	    "                algorithm hmac-sha1-96\n"
	    "                key:\n"
	    "                  ascii-text 01234567890123456789\n"
	    "%s",
	    protocol, strcmp(protocol, "bundle") == 0 ? "              auxiliary-spi 257\n" : "",
	    strcmp(protocol, "ah") != 0 ? encryption : "");
	snprintf(families, sizeof(families),
	    "        inet\n"
	    "          address 10.%u.255.1/32:\n",
	    local);
	snprintf(address, sizeof(address), "%s%u", gateways, local);
	snprintf(terms, sizeof(terms),
	    "      term a\n"
	    "        then\n"
	    "          remote-gateway %s%u\n"
	    "%s",
	    gateways, remote, strcmp(protocol, "udp") == 0 ? dynamic : manual);
	return gw_conf(families, address, terms);
}

static void
on(int fd, int level, int option)
{
	static const int one = 1;
	assert_int_equal(setsockopt(fd, level, option, &one, sizeof(one)), 0);
}

/* The sockets that netd would open for a gateway at ADDRESS. */
static void
sockets_give(struct gw *g, const char *address, bool is_v6, const char *kind)
{
	int protocol = strcmp(kind, "udp") == 0  ? IPPROTO_UDP
		       : strcmp(kind, "ah") == 0 ? IPPROTO_AH
						 : IPPROTO_ESP;
	int family = is_v6 ? AF_INET6 : AF_INET;
	int send = socket(family, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_RAW);
	int receive = socket(family, SOCK_RAW | SOCK_NONBLOCK, protocol);
	assert_true(send >= 0 && receive >= 0);
	struct addr a;
	assert_true(addr_parse(address, &a));
	if (is_v6) {
		struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
		memcpy(&to.sin6_addr, a.b, 16);
		on(send, IPPROTO_IPV6, IPV6_HDRINCL);
		on(receive, IPPROTO_IPV6, IPV6_RECVPKTINFO);
		on(receive, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
		on(receive, IPPROTO_IPV6, IPV6_RECVTCLASS);
		assert_int_equal(bind(receive, (struct sockaddr *)&to, sizeof(to)), 0);
	} else {
		struct sockaddr_in to = { .sin_family = AF_INET };
		memcpy(&to.sin_addr, a.b, 4);
		on(send, IPPROTO_IP, IP_HDRINCL);
		assert_int_equal(bind(receive, (struct sockaddr *)&to, sizeof(to)), 0);
	}
	gw_give(g, MSG_SOCKET, send, (const char *[]){ "kind", is_v6 ? "send6" : "send4", NULL });
	gw_give(g, MSG_SOCKET, receive, (const char *[]){ "kind", kind, "address", address, NULL });
}

/* What kmd would install: SPI 1001 towards 1, 1002 towards 2, both from port 4500 to port 4500. */
static void
sas_add(struct gw *g, const char *gateways, unsigned local, unsigned remote)
{
	char here[ADDR_STRLEN];
	char there[ADDR_STRLEN];
	char spi[2][16];
	snprintf(here, sizeof(here), "%s%u", gateways, local);
	snprintf(there, sizeof(there), "%s%u", gateways, remote);
	snprintf(spi[0], sizeof(spi[0]), "%u", 1000 + local);
	snprintf(spi[1], sizeof(spi[1]), "%u", 1000 + remote);
	const char *changes[] = { "tunnel", "ss/r/a", "local", here, "remote", there, "local-port",
		"4500", "remote-port", "4500", "local-selector", "0.0.0.0/0", "remote-selector",
		"0.0.0.0/0", NULL };
	gw_kmd(g);
	for (unsigned i = 0; i < 2; i++) {
		const char *leaves[GW_LEAVES_MAX];
		gw_sa_leaves(leaves, i == 1, spi[i], false, changes);
		gw_kmd_say(g, MSG_SA_ADD, 1, leaves);
	}
	assert_int_equal(assoc_of_kmd(&g->p.assocs, g->p.conf, "ss/r/a")->n_sas, 2);
}

struct lab {
	struct gw a;
	struct gw b;
	int in_a;
	int in_b;
};

static void
lab_init(struct lab *l, bool is_v6, const char *protocol)
{
	const char *gateways = is_v6 ? "fd00::" : "192.0.2.";
	struct gw *ends[] = { &l->a, &l->b };
	for (unsigned i = 0; i < 2; i++) {
		char address[ADDR_STRLEN];
		gw_init(ends[i], "sp-1/2/0");
		const char *error = gw_commit(ends[i], conf(1 + i, 2 - i, gateways, protocol));
		if (error != NULL)
			fail_msg("%s", error);
		snprintf(address, sizeof(address), "%s%u", gateways, 1 + i);
		sockets_give(ends[i], address, is_v6, "esp");
		sockets_give(ends[i], address, is_v6, "ah");
		sockets_give(ends[i], address, is_v6, "udp");
		if (strcmp(protocol, "udp") == 0)
			sas_add(ends[i], gateways, 1 + i, 2 - i);
	}
	l->in_a = gw_unit(&l->a, "sp-1/2/0.1");
	l->in_b = gw_unit(&l->b, "sp-1/2/0.1");
	gw_sync(&l->a);
	gw_sync(&l->b);
}

static void
lab_done(struct lab *l)
{
	gw_done(&l->a);
	gw_done(&l->b);
	close(l->in_a);
	close(l->in_b);
}

static size_t
take(int fd, uint8_t *out, size_t cap)
{
	ssize_t n = recv(fd, out, cap, MSG_DONTWAIT);
	return n > 0 ? (size_t)n : 0;
}

static void
put(struct lab *l, const uint8_t *p, size_t n)
{
	assert_int_equal(write(l->in_a, p, n), (ssize_t)n);
	gw_turns(&l->a);
	gw_turns(&l->b);
}

static void
device_mtu(int mtu)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	r.ifr_mtu = mtu;
	assert_int_equal(ioctl(fd, SIOCSIFMTU, &r), 0);
	close(fd);
}

static void
packets_pass_in_every_outer_family_and_protocol(void **state)
{
	(void)state;
	static const char *const protocols[] = { "esp", "ah", "udp" };
	for (unsigned i = 0; i < 6; i++) {
		struct lab l;
		uint8_t p[2000];
		uint8_t got[2000];
		lab_init(&l, i & 1, protocols[i / 2]);
		for (unsigned j = 0; j < 100; j++) {
			size_t n = udp4(p, "10.1.0.5", "10.2.0.6", j * 13, 0, 63);
			put(&l, p, n);
			assert_int_equal(take(l.in_b, got, sizeof(got)), n);
			assert_memory_equal(p, got, n);
		}
		lab_done(&l);
	}
}

static void
a_small_device_gets_fragments(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct lab l;
		uint8_t p[2000];
		uint8_t got[2000];
		lab_init(&l, i & 1, i & 2 ? "udp" : "esp");
		device_mtu(1300);
		size_t n = udp4(p, "10.1.0.5", "10.2.0.6", 1350, 0, 63);
		put(&l, p, n);
		assert_int_equal(take(l.in_b, got, sizeof(got)), n);
		assert_memory_equal(p, got, n);
		device_mtu(65536);
		lab_done(&l);
	}
}

static void
a_small_device_and_df_teach_the_path_mtu(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l, false, "esp");
	device_mtu(1300);
	size_t n = udp4(p, "10.1.0.5", "10.2.0.6", 1350, DF, 63);
	put(&l, p, n);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	assert_int_equal(take(l.in_a, got, sizeof(got)), 0);
	put(&l, p, n);
	assert_true(take(l.in_a, got, sizeof(got)) >= 56);
	assert_int_equal(got[20], 3);
	assert_int_equal(got[21], 4);
	size_t mtu = (size_t)got[26] << 8 | got[27];
	assert_true(mtu > 1200 && mtu < 1300);
	n = udp4(p, "10.1.0.5", "10.2.0.6", mtu - 28, DF, 63);
	put(&l, p, n);
	assert_int_equal(take(l.in_b, got, sizeof(got)), n);
	/* and it is forgotten */
	device_mtu(65536);
	n = udp4(p, "10.1.0.5", "10.2.0.6", 1350, DF, 63);
	put(&l, p, n);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	test_now_ms += 601 * 1000;
	gw_turns(&l.a);
	put(&l, p, n);
	assert_int_equal(take(l.in_b, got, sizeof(got)), n);
	assert_int_equal(gw_drops(&l.a, "ss", DROP_TOO_BIG), 3);
	lab_done(&l);
}

/* A router on the way says "fragmentation needed"; the ICMP is made here and sent by loopback. */
static void
icmp_send(uint32_t spi, uint8_t protocol, uint16_t mtu)
{
	uint8_t m[64] = { 3, 4 };
	uint8_t *ip = m + 8;
	m[6] = (uint8_t)(mtu >> 8);
	m[7] = (uint8_t)mtu;
	udp4(ip, "192.0.2.1", "192.0.2.2", 8, DF, 60);
	ip[9] = protocol;
	ip4_seal(ip);
	uint8_t *spi_at = ip + 20;
	if (protocol == IPPROTO_AH)
		spi_at += 4;
	if (protocol == IPPROTO_UDP)
		spi_at += 8;
	spi_at[0] = (uint8_t)(spi >> 24);
	spi_at[1] = (uint8_t)(spi >> 16);
	spi_at[2] = (uint8_t)(spi >> 8);
	spi_at[3] = (uint8_t)spi;
	uint32_t sum = 0;
	for (size_t i = 0; i < sizeof(m); i += 2)
		sum += (uint32_t)m[i] << 8 | m[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	m[2] = (uint8_t)(sum >> 8);
	m[3] = (uint8_t)sum;
	struct sockaddr_in to = { .sin_family = AF_INET };
	memcpy(&to.sin_addr, "\xc0\x00\x02\x01", 4);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	assert_int_equal(
	    sendto(fd, m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)), (ssize_t)sizeof(m));
	close(fd);
}

/* The same for IPv6: "packet too big". */
static void
icmp6_send(uint32_t spi, bool is_bundle, uint16_t mtu)
{
	uint8_t m[8 + 40 + 24 + 24] = { 2, 0 };
	uint8_t *ip = m + 8;
	uint8_t *spi_at = ip + 40 + (is_bundle ? 24 : 0);
	m[6] = (uint8_t)(mtu >> 8);
	m[7] = (uint8_t)mtu;
	ip[0] = 0x60;
	ip[4] = 5; /* a payload of 1280 octets, of which this is the start */
	ip[6] = is_bundle ? IPPROTO_AH : IPPROTO_ESP;
	ip[7] = 60;
	ip[40] = IPPROTO_ESP; /* an AH of 24 octets, or overwritten */
	ip[41] = 4;
	assert_int_equal(inet_pton(AF_INET6, "fd00::1", ip + 8), 1);
	assert_int_equal(inet_pton(AF_INET6, "fd00::2", ip + 24), 1);
	spi_at[0] = (uint8_t)(spi >> 24);
	spi_at[1] = (uint8_t)(spi >> 16);
	spi_at[2] = (uint8_t)(spi >> 8);
	spi_at[3] = (uint8_t)spi;
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	memcpy(&to.sin6_addr, ip + 8, 16);
	int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	assert_int_equal(
	    sendto(fd, m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)), (ssize_t)sizeof(m));
	close(fd);
}

static void
icmp_teaches_the_path_mtu_only_with_our_spi(void **state)
{
	(void)state;
	/* IPv6: the kernel reports to the sockets of what follows AH, so of a bundle it is the ESP that tells */
	static const struct {
		const char *protocol;
		bool is_v6;
		uint32_t spi;
	} rows[] = {
		{ "esp", false, 256 },
		{ "ah", false, 256 },
		{ "bundle", false, 256 },
		{ "udp", false, 1002 },
		{ "esp", true, 256 },
		{ "bundle", true, 257 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lab l;
		uint8_t p[2000];
		uint8_t got[2000];
		bool is_esp = strcmp(rows[i].protocol, "esp") == 0;
		bool is_udp = strcmp(rows[i].protocol, "udp") == 0;
		unsigned limit = rows[i].is_v6 ? 1300 : 1000;
		lab_init(&l, rows[i].is_v6, rows[i].protocol);
		size_t n = udp4(p, "10.1.0.5", "10.2.0.6", 1350, DF, 63);
		for (unsigned k = 0; k < 2; k++) {
			uint32_t spi = k == 0 ? 999 : rows[i].spi;
			if (rows[i].is_v6)
				icmp6_send(spi, !is_esp, (uint16_t)limit);
			else
				icmp_send(spi,
				    is_udp   ? IPPROTO_UDP
				    : is_esp ? IPPROTO_ESP
					     : IPPROTO_AH,
				    (uint16_t)limit);
			gw_turns(&l.a);
			put(&l, p, n);
			assert_int_equal(take(l.in_b, got, sizeof(got)), k == 0 ? n : 0);
		}
		assert_true(take(l.in_a, got, sizeof(got)) >= 56);
		size_t mtu = (size_t)got[26] << 8 | got[27];
		assert_true(mtu > limit - 150 && mtu < limit);
		lab_done(&l);
	}
}

/* To judge a report costs a look at every tunnel to the gateway. */
static void
a_flood_of_reports_is_not_read(void **state)
{
	(void)state;
	struct lab l;
	uint8_t p[2000];
	uint8_t got[2000];
	lab_init(&l, false, "esp");
	size_t n = udp4(p, "10.1.0.5", "10.2.0.6", 1350, DF, 63);
	for (unsigned i = 0; i < 200; i++) {
		icmp_send(999, IPPROTO_ESP, 1000);
		gw_turns(&l.a);
	}
	icmp_send(256, IPPROTO_ESP, 1000);
	gw_turns(&l.a);
	put(&l, p, n);
	assert_int_equal(take(l.in_b, got, sizeof(got)), n);
	test_now_ms += 1000;
	icmp_send(256, IPPROTO_ESP, 1000);
	gw_turns(&l.a);
	put(&l, p, n);
	assert_int_equal(take(l.in_b, got, sizeof(got)), 0);
	lab_done(&l);
}

/* The kernel's own UDP stands for a peer: it takes only what has a right checksum, or none in IPv4. */
static void
esp_in_udp_is_what_the_kernel_takes_for_udp(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct lab l;
		uint8_t p[2000];
		uint8_t got[2000];
		lab_init(&l, i == 1, "udp");
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(4500) };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(4500) };
		assert_int_equal(inet_pton(AF_INET, "192.0.2.2", &in.sin_addr), 1);
		assert_int_equal(inet_pton(AF_INET6, "fd00::2", &in6.sin6_addr), 1);
		int fd = socket(i == 1 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_int_equal(i == 1 ? bind(fd, (struct sockaddr *)&in6, sizeof(in6))
					: bind(fd, (struct sockaddr *)&in, sizeof(in)),
		    0);
		for (unsigned j = 0; j < 50; j++) {
			put(&l, p, udp4(p, "10.1.0.5", "10.2.0.6", 7 * j, 0, 63));
			assert_true(take(fd, got, sizeof(got)) >= 8 + 16 + 12);
			assert_memory_equal(got, "\0\0\x03\xea", 4);
		}
		close(fd);
		lab_done(&l);
	}
}

/* Binds a socket to port 4500 of gateway NUMBER. */
static int
natt_bind(bool is_v6, unsigned number)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(4500) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(4500) };
	in.sin_addr.s_addr = htonl(0xc0000200U | number);
	assert_int_equal(inet_pton(AF_INET6, "fd00::", &in6.sin6_addr), 1);
	in6.sin6_addr.s6_addr[15] = (uint8_t)number;
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	on(fd, SOL_SOCKET, SO_REUSEPORT);
	assert_int_equal(is_v6 ? bind(fd, (struct sockaddr *)&in6, sizeof(in6))
			       : bind(fd, (struct sockaddr *)&in, sizeof(in)),
	    0);
	return fd;
}

/* Connects FD to port 4500 of gateway 2. */
static void
natt_connect(int fd, bool is_v6)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(4500) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(4500) };
	in.sin_addr.s_addr = htonl(0xc0000202U);
	assert_int_equal(inet_pton(AF_INET6, "fd00::2", &in6.sin6_addr), 1);
	assert_int_equal(is_v6 ? connect(fd, (struct sockaddr *)&in6, sizeof(in6))
			       : connect(fd, (struct sockaddr *)&in, sizeof(in)),
	    0);
}

/* Gives B a UDP socket for what is not IKE, and returns kmd's, which is before it in the group. */
static int
natt_give(struct gw *b, bool is_v6)
{
	struct sock_filter by_marker[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 1),
	};
	struct sock_fprog program = { .len = 4, .filter = by_marker };
	int kmd = natt_bind(is_v6, 2);
	int esp = natt_bind(is_v6, 2);
	assert_int_equal(
	    setsockopt(kmd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)), 0);
	on(esp, IPPROTO_UDP, UDP_GRO);
	on(esp, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_RECVPKTINFO : IP_PKTINFO);
	on(esp, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_RECVTCLASS : IP_RECVTOS);
	/* netd mutes it */
	gw_take(b, MSG_SOCKET_GONE,
	    (const char *[]){ "kind", "udp", "address", is_v6 ? "fd00::2" : "192.0.2.2", NULL });
	gw_give(b, MSG_SOCKET, esp,
	    (const char *[]){
		"kind", "natt", "address", is_v6 ? "fd00::2" : "192.0.2.2", "queue", "0", NULL });
	gw_sync(b);
	return kmd;
}

static void
ike_that_was_merged_with_esp_goes_to_kmd(void **state)
{
	(void)state;
	enum { ESP_LEN = 100, IKE_LEN = 61 };
	static const int size = ESP_LEN;
	for (unsigned i = 0; i < 2; i++) {
		struct lab l;
		uint8_t train[3 * ESP_LEN + IKE_LEN] = { 0 };
		uint8_t got[2000];
		lab_init(&l, i == 1, "udp");
		int kmd = natt_give(&l.b, i == 1);
		int peer = natt_bind(i == 1, 1);
		natt_connect(peer, i == 1);
		on(kmd, IPPROTO_UDP, UDP_GRO); /* as netd has it */
		for (unsigned k = 0; k < 3; k++)
			train[k * ESP_LEN + 3] = 77; /* nobody's SPI */
		for (unsigned k = 0; k < IKE_LEN - 4; k++)
			train[3 * ESP_LEN + 4 + k] = (uint8_t)(k + 1);
		assert_int_equal(
		    setsockopt(peer, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
		assert_int_equal(send(peer, train, sizeof(train), 0), sizeof(train));
		assert_int_equal(take(kmd, got, sizeof(got)), 0);
		gw_turns(&l.b);
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		ssize_t n =
		    recvfrom(kmd, got, sizeof(got), MSG_DONTWAIT, (struct sockaddr *)&from, &len);
		assert_int_equal(n, IKE_LEN);
		assert_memory_equal(got, train + 3 * ESP_LEN, IKE_LEN);
		struct sockaddr_storage want;
		socklen_t want_len = sizeof(want);
		assert_int_equal(getsockname(peer, (struct sockaddr *)&want, &want_len), 0);
		assert_int_equal(len, want_len);
		assert_memory_equal(&from, &want, len);
		assert_int_equal(take(kmd, got, sizeof(got)), 0);
		assert_int_equal(gw_drops(&l.b, "ss", DROP_NO_SA), 3);
		close(peer);
		close(kmd);
		lab_done(&l);
	}
}

int
main(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return SKIP;
	if (system(
		"ip link set lo up && ip addr add 192.0.2.1/32 dev lo && ip addr add 192.0.2.2/32 "
		"dev lo && "
		"ip addr add fd00::1/128 dev lo nodad && ip addr add fd00::2/128 dev lo nodad") !=
	    0)
		return SKIP;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_pass_in_every_outer_family_and_protocol),
		cmocka_unit_test(a_small_device_gets_fragments),
		cmocka_unit_test(a_small_device_and_df_teach_the_path_mtu),
		cmocka_unit_test(icmp_teaches_the_path_mtu_only_with_our_spi),
		cmocka_unit_test(a_flood_of_reports_is_not_read),
		cmocka_unit_test(ike_that_was_merged_with_esp_goes_to_kmd),
		cmocka_unit_test(esp_in_udp_is_what_the_kernel_takes_for_udp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
