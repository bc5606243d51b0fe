/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bare_pump.c - the least that any IPsec gateway in user space does, and nothing else: what it carries is this machine's ceiling.
 *
 * usage: bare_pump [-t] DEVICE LOCAL REMOTE PORT       (-t: a thread for each direction)
 *
 * Out: one read of a TUN device brings up to 64 KB of a flow, whose segments are sealed with AES-128-GCM and leave by one
 * sendmsg as a train of ESP in UDP that the kernel cuts. In: one recvmmsg brings trains that the kernel has put together, which
 * are opened where they are, and what continues a flow goes to the device by one writev. There is no SA to be found, no rule, no
 * replay window, no counter, no path MTU, no key exchange: keys are the same at each start. Checksums of the packets inside are
 * neither computed nor verified; the other pump has the kernel take them as they are. IPv4 only. Two of them understand each
 * other, and nobody else should: this protects nothing. What a device or socket does not take is lost, as on a wire.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <intel-ipsec-mb.h>

#include "lib/esp/ip.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20 /* Linux 6.2 */
#define TUN_F_USO6 0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
	PACKET_MAX = 65536,
	TRAIN_SEGMENTS = 64,
	TRAIN_MAX = 65000,
	MESSAGES = 8, /* received at once */
	TURN = 64,    /* reads of the device before the socket has its turn */
	HEADERS_MAX = 120,
	AAD_LEN = 8, /* SPI and sequence number, which are authenticated only */
	IV_LEN = 8,
	NONCE_LEN = 12,
	ICV_LEN = 16,
	TRAILER_MAX = 5, /* padding to 4 octets, its length, next header */
	NEXT_IPV4 = 4,
	SPI = 0x1001,
	TCP_FIN_PSH = 0x09,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_CWR = 0x80,
};

struct pump {
	int tun;
	int udp;
	IMB_MGR *mgr;
	struct gcm_key_data key __attribute__((aligned(64)));
};

/* What leaves for the socket; one thread's. */
struct sealer {
	struct pump *pump;
	struct gcm_context_data gcm;
	struct in_addr salt; /* our address: no nonce is the other's */
	uint64_t n_sealed;
	/* of two packets: the library loads these first, so they are written one packet ahead */
	struct start {
		uint8_t esp[AAD_LEN + IV_LEN];
		uint8_t nonce[NONCE_LEN];
	} starts[2];
	uint8_t packet[PACKET_MAX + TRAILER_MAX] __attribute__((aligned(64)));
	unsigned n; /* segments of the train */
	uint32_t segment_len;
	uint32_t len;
	uint8_t train[PACKET_MAX + PACKET_MAX / 8];
};

/* What leaves for the device; one thread's. */
struct opener {
	struct pump *pump;
	struct gcm_context_data gcm;
	struct in_addr salt; /* of the other pump */
	struct mmsghdr messages[MESSAGES];
	struct iovec iov[MESSAGES];
	uint8_t control[MESSAGES][CMSG_SPACE(sizeof(int))] __attribute__((aligned(16)));
	uint8_t in[MESSAGES][PACKET_MAX];
	/* the flow that is being put together */
	unsigned n;   /* segments; 0: none */
	uint8_t *hdr; /* of the first */
	uint32_t hdr_len;
	uint32_t size; /* payload of all but the last */
	uint32_t payload_len;
	uint32_t next_seq;
	bool is_full; /* the last was shorter, or said that it ends here */
	struct iovec pieces[2 + TRAIN_SEGMENTS];
};

static uint32_t
sum_of(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i += 2)
		sum += get16(p + i);
	return sum;
}

static uint16_t
fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static uint32_t
ip_len(const uint8_t *ip)
{
	return (ip[0] & 0xfU) * 4;
}

/* Octets of headers of a packet of TCP or UDP that is no fragment; 0: it is something else. */
static uint32_t
headers_len(const uint8_t *ip, uint32_t len)
{
	uint32_t l4 = ip_len(ip);
	if ((get16(ip + 6) & 0x3fff) != 0 || l4 < 20 || len < l4 + 8)
		return 0;
	if (ip[9] == PROTO_UDP)
		return l4 + 8;
	if (ip[9] != PROTO_TCP || len < l4 + 20)
		return 0;
	l4 += (ip[l4 + 12] >> 4) * 4U;
	return l4 <= len && l4 <= HEADERS_MAX ? l4 : 0;
}

/* --- out --- */

static void
train_send(struct sealer *s)
{
	uint8_t control[CMSG_SPACE(sizeof(uint16_t))] __attribute__((aligned(16))) = { 0 };
	struct iovec iov = { .iov_base = s->train, .iov_len = s->len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (s->n > 1) {
		uint16_t size = (uint16_t)s->segment_len;
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		*c = (struct cmsghdr){
			.cmsg_level = SOL_UDP,
			.cmsg_type = UDP_SEGMENT,
			.cmsg_len = CMSG_LEN(sizeof(size)),
		};
		memcpy(CMSG_DATA(c), &size, sizeof(size));
	}
	if (s->n > 0 && sendmsg(s->pump->udp, &m, MSG_DONTWAIT) < 0 && errno != EAGAIN &&
	    errno != ENOBUFS && errno != ECONNREFUSED)
		perror("bare_pump: sendmsg");
	s->n = 0;
	s->len = 0;
}

/* Writes what is ahead of the next packet. */
static void
start_next(struct sealer *s)
{
	struct start *start = &s->starts[s->n_sealed & 1];
	uint64_t iv = s->n_sealed;
	put32(start->esp, SPI);
	put32(start->esp + 4, (uint32_t)iv + 1);
	memcpy(start->esp + AAD_LEN, &iv, IV_LEN);
	memcpy(start->nonce, &s->salt, sizeof(s->salt));
	memcpy(start->nonce + sizeof(s->salt), &iv, IV_LEN);
}

/* Seals the LEN octets at IP, behind which there is room for a trailer, as the next of the train. */
static void
seal(struct sealer *s, uint8_t *ip, uint32_t len)
{
	const struct start *start = &s->starts[s->n_sealed & 1];
	uint32_t pad = (0U - len - 2) & 3;
	uint32_t sealed = len + pad + 2;
	uint32_t whole = AAD_LEN + IV_LEN + sealed + ICV_LEN;
	if (s->n > 0 && (whole > s->segment_len || s->n == TRAIN_SEGMENTS ||
			    s->len != s->n * s->segment_len || s->len + whole > TRAIN_MAX))
		train_send(s);
	if (s->n == 0)
		s->segment_len = whole;
	for (uint32_t i = 0; i < pad; i++)
		ip[len + i] = (uint8_t)(i + 1);
	ip[len + pad] = (uint8_t)pad;
	ip[len + pad + 1] = NEXT_IPV4;
	uint8_t *esp = s->train + s->len;
	memcpy(esp, start->esp, sizeof(start->esp));
	s->n_sealed++;
	start_next(s);
	uint8_t *body = esp + AAD_LEN + IV_LEN;
	IMB_AES128_GCM_ENC(s->pump->mgr, &s->pump->key, &s->gcm, body, ip, sealed, start->nonce,
	    start->esp, AAD_LEN, body + sealed, ICV_LEN);
	s->n++;
	s->len += whole;
}

/* Makes HDR, LEN octets, that of segment I, which begins AT octets into the payload. */
static void
segment_header(uint8_t *hdr, uint32_t len, uint32_t i, uint32_t at, uint32_t payload, bool is_last)
{
	uint8_t *l4 = hdr + ip_len(hdr);
	put16(hdr + 2, len + payload);
	put16(hdr + 4, get16(hdr + 4) + i);
	if (hdr[9] == PROTO_UDP) {
		put16(l4 + 4, 8 + payload);
		return;
	}
	put32(l4 + 4, get32(l4 + 4) + at);
	if (!is_last)
		l4[13] &= (uint8_t)~TCP_FIN_PSH;
	if (i > 0)
		l4[13] &= (uint8_t)~TCP_CWR;
}

/* The headers of each segment overwrite the end of the one before, which is sealed already; its trailer the start of the next,
 * which is put back. */
static void
super_seal(struct sealer *s, uint32_t len, uint32_t size)
{
	uint8_t hdr[HEADERS_MAX];
	uint8_t beyond[TRAILER_MAX];
	uint8_t *ip = s->packet;
	uint32_t hdr_len = headers_len(ip, len);
	if (hdr_len == 0 || size == 0)
		return;
	uint32_t payload = len - hdr_len;
	memcpy(hdr, ip, hdr_len);
	for (uint32_t i = 0, at = 0; at < payload; i++, at += size) {
		uint32_t n = payload - at < size ? payload - at : size;
		memcpy(ip + at, hdr, hdr_len);
		segment_header(ip + at, hdr_len, i, at, n, at + n == payload);
		uint8_t *end = ip + at + hdr_len + n;
		memcpy(beyond, end, sizeof(beyond));
		seal(s, ip + at, hdr_len + n);
		memcpy(end, beyond, sizeof(beyond));
	}
}

/* Moves what the device has. */
static void
pump_out(struct sealer *s)
{
	struct virtio_net_hdr v;
	struct iovec iov[] = { { &v, sizeof(v) }, { s->packet, PACKET_MAX } };
	for (unsigned i = 0; i < TURN; i++) {
		ssize_t n = readv(s->pump->tun, iov, 2);
		if (n < 0)
			break;
		if ((size_t)n < sizeof(v) + 20 || s->packet[0] >> 4 != 4)
			continue;
		uint32_t len = (uint32_t)((size_t)n - sizeof(v));
		if (v.gso_type == VIRTIO_NET_HDR_GSO_NONE)
			seal(s, s->packet, len);
		else
			super_seal(s, len, v.gso_size);
	}
	train_send(s);
}

/* --- in --- */

/* Makes the headers of what was put together true, but for the checksum inside: the kernel is told to complete it, if ever. */
static void
flow_write(struct opener *o)
{
	struct virtio_net_hdr v = { 0 };
	uint8_t *ip = o->hdr;
	if (o->n == 0)
		return;
	uint32_t len = o->hdr_len + o->payload_len;
	uint32_t l4 = ip_len(ip);
	bool is_udp = ip[9] == PROTO_UDP;
	put16(ip + 2, len);
	put16(ip + 10, 0);
	put16(ip + 10, ~(uint32_t)fold(sum_of(ip, l4)));
	if (is_udp)
		put16(ip + l4 + 4, len - l4);
	v.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	v.csum_start = (uint16_t)l4;
	v.csum_offset = is_udp ? 6 : 16;
	put16(ip + l4 + v.csum_offset, fold(sum_of(ip + 12, 8) + ip[9] + (len - l4)));
	if (o->n > 1) {
		v.gso_type = is_udp ? VIRTIO_NET_HDR_GSO_UDP_L4 : VIRTIO_NET_HDR_GSO_TCPV4;
		v.gso_size = (uint16_t)o->size;
		v.hdr_len = (uint16_t)o->hdr_len;
	}
	o->pieces[0] = (struct iovec){ &v, sizeof(v) };
	o->pieces[1] = (struct iovec){ ip, o->hdr_len };
	if (writev(o->pump->tun, o->pieces, 2 + (int)o->n) < 0 && errno != EAGAIN &&
	    errno != ENOBUFS)
		perror("bare_pump: writev");
	o->n = 0;
}

/* Is the packet at IP the next of the flow? What differs legitimately: lengths, identification, checksums, sequence number, PSH. */
static bool
is_next(const struct opener *o, const uint8_t *ip, uint32_t hdr_len, uint32_t payload)
{
	const uint8_t *a = o->hdr;
	uint32_t l4 = ip_len(ip);
	if (o->n == 0 || o->is_full || o->n == TRAIN_SEGMENTS || hdr_len != o->hdr_len ||
	    payload > o->size || payload == 0 || hdr_len + o->payload_len + payload >= PACKET_MAX)
		return false;
	if (get16(a) != get16(ip) || memcmp(a + 6, ip + 6, 4) != 0 ||
	    memcmp(a + 12, ip + 12, l4 - 12 + 4) != 0)
		return false;
	if (ip[9] == PROTO_UDP)
		return true;
	return get32(ip + l4 + 4) == o->next_seq && memcmp(a + l4 + 8, ip + l4 + 8, 5) == 0 &&
	       (ip[l4 + 13] & ~TCP_PSH) == TCP_ACK && get16(a + l4 + 14) == get16(ip + l4 + 14) &&
	       memcmp(a + l4 + 20, ip + l4 + 20, hdr_len - l4 - 20) == 0;
}

static void
flow_take(struct opener *o, uint8_t *ip, uint32_t hdr_len, uint32_t payload)
{
	const uint8_t *l4 = ip + ip_len(ip);
	bool is_tcp = ip[9] == PROTO_TCP;
	if (!is_next(o, ip, hdr_len, payload)) {
		flow_write(o);
		o->hdr = ip;
		o->hdr_len = hdr_len;
		o->size = payload;
		o->payload_len = 0;
		o->is_full = payload == 0 || (is_tcp && (l4[13] & ~TCP_PSH) != TCP_ACK);
	}
	o->pieces[2 + o->n++] = (struct iovec){ ip + hdr_len, payload };
	o->payload_len += payload;
	if (is_tcp) {
		o->next_seq = get32(l4 + 4) + payload;
		o->hdr[ip_len(ip) + 13] |= l4[13] & TCP_PSH;
	}
	o->is_full = o->is_full || payload < o->size || (is_tcp && (l4[13] & TCP_PSH) != 0);
}

/* The LEN octets at ESP, as they came. */
static void
open_one(struct opener *o, uint8_t *esp, uint32_t len)
{
	uint8_t nonce[NONCE_LEN];
	uint8_t icv[ICV_LEN];
	if (len < AAD_LEN + IV_LEN + 20 + 2 + ICV_LEN)
		return;
	uint8_t *ip = esp + AAD_LEN + IV_LEN;
	uint32_t sealed = len - AAD_LEN - IV_LEN - ICV_LEN;
	memcpy(nonce, &o->salt, sizeof(o->salt));
	memcpy(nonce + sizeof(o->salt), esp + AAD_LEN, IV_LEN);
	IMB_AES128_GCM_DEC(o->pump->mgr, &o->pump->key, &o->gcm, ip, ip, sealed, nonce, esp,
	    AAD_LEN, icv, ICV_LEN);
	uint32_t inner = get16(ip + 2);
	if (memcmp(icv, ip + sealed, ICV_LEN) != 0 || ip[sealed - 1] != NEXT_IPV4 ||
	    inner + 2 > sealed)
		return;
	uint32_t hdr_len = headers_len(ip, inner);
	if (hdr_len > 0) {
		flow_take(o, ip, hdr_len, inner - hdr_len);
		return;
	}
	struct virtio_net_hdr v = { 0 };
	struct iovec iov[] = { { &v, sizeof(v) }, { ip, inner } };
	flow_write(o);
	if (writev(o->pump->tun, iov, 2) < 0 && errno != EAGAIN)
		perror("bare_pump: writev");
}

/* How long each but the last datagram of a message is. */
static uint32_t
segment_len(struct mmsghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg_hdr);
	int size;
	if (c == NULL || c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
		return m->msg_len;
	memcpy(&size, CMSG_DATA(c), sizeof(size));
	return size > 0 ? (uint32_t)size : m->msg_len;
}

/* Moves what the socket has. */
static void
pump_in(struct opener *o)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		o->iov[i] = (struct iovec){ o->in[i], PACKET_MAX };
		o->messages[i] = (struct mmsghdr){ .msg_hdr = {
						       .msg_iov = &o->iov[i],
						       .msg_iovlen = 1,
						       .msg_control = o->control[i],
						       .msg_controllen = sizeof(o->control[i]),
						   } };
	}
	int n = recvmmsg(o->pump->udp, o->messages, MESSAGES, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		uint32_t left = o->messages[i].msg_len;
		uint32_t size = segment_len(&o->messages[i]);
		for (uint8_t *at = o->in[i]; left > 0;) {
			uint32_t len = left < size ? left : size;
			open_one(o, at, len);
			at += len;
			left -= len;
		}
	}
	flow_write(o);
}

/* --- the program --- */

static void
must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "bare_pump: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
device_open(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	must(fd, "/dev/net/tun");
	strncpy(r.ifr_name, name, sizeof(r.ifr_name) - 1);
	must(ioctl(fd, TUNSETIFF, &r), "TUNSETIFF");
	if (ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6) < 0)
		must(ioctl(fd, TUNSETOFFLOAD, tcp), "TUNSETOFFLOAD");
	return fd;
}

static int
socket_open(struct sockaddr_in local, struct sockaddr_in remote)
{
	int yes = 1;
	int room = 4 << 20;
	int df = IP_PMTUDISC_PROBE;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	must(fd, "socket");
	must(setsockopt(fd, SOL_UDP, UDP_GRO, &yes, sizeof(yes)), "UDP_GRO");
	must(setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &df, sizeof(df)), "IP_MTU_DISCOVER");
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), "SO_RCVBUFFORCE");
	must(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)), "SO_SNDBUFFORCE");
	must(bind(fd, (struct sockaddr *)&local, sizeof(local)), "bind");
	must(connect(fd, (struct sockaddr *)&remote, sizeof(remote)), "connect");
	return fd;
}

static void
wait_for(struct pollfd *fds, nfds_t n)
{
	if (poll(fds, n, -1) < 0 && errno != EINTR)
		must(-1, "poll");
}

static void *
out_run(void *arg)
{
	struct sealer *s = arg;
	struct pollfd wait = { .fd = s->pump->tun, .events = POLLIN };
	for (;;) {
		wait_for(&wait, 1);
		pump_out(s);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	static const uint8_t key[16] = "the same always";
	static struct pump pump;
	static struct sealer sealer = { .pump = &pump };
	static struct opener opener = { .pump = &pump };
	pthread_t thread;
	bool has_two = argc > 1 && strcmp(argv[1], "-t") == 0;
	char **words = argv + has_two;
	if (argc - has_two != 5) {
		fprintf(stderr, "usage: bare_pump [-t] DEVICE LOCAL REMOTE PORT\n");
		return 2;
	}
	struct sockaddr_in local = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(words[4])) };
	struct sockaddr_in remote = local;
	must(inet_pton(AF_INET, words[2], &local.sin_addr) - 1, words[2]);
	must(inet_pton(AF_INET, words[3], &remote.sin_addr) - 1, words[3]);
	pump.mgr = alloc_mb_mgr(0);
	must(pump.mgr == NULL ? -1 : 0, "libipsec-mb");
	init_mb_mgr_auto(pump.mgr, NULL);
	IMB_AES128_GCM_PRE(pump.mgr, key, &pump.key);
	sealer.salt = local.sin_addr;
	start_next(&sealer);
	opener.salt = remote.sin_addr;
	pump.tun = device_open(words[1]);
	pump.udp = socket_open(local, remote);
	printf("ready\n");
	fflush(stdout);
	if (has_two && pthread_create(&thread, NULL, out_run, &sealer) != 0)
		must(-1, "pthread_create");
	struct pollfd wait[] = { { .fd = pump.udp, .events = POLLIN },
		{ .fd = pump.tun, .events = POLLIN } };
	for (;;) {
		wait_for(wait, has_two ? 1 : 2);
		if (wait[0].revents)
			pump_in(&opener);
		if (wait[1].revents)
			pump_out(&sealer);
	}
}
