/* SPDX-License-Identifier: BSD-2-Clause
 *
 * udp_load.c - many UDP packets a second from one program to another, and how many of them came, in which order.
 *
 * usage: udp_load send ADDRESS PORT SECONDS [-s OCTETS] [-r PACKETS] [-g SEGMENTS] [-n ADDRESSES] [-p PORTS]
 *        udp_load receive PORT [-G]
 *        udp_load replay FILE LOCAL REMOTE PORT SECONDS [-r PACKETS] [-g SEGMENTS]
 *        udp_load drain PID COUNTER...
 *
 * send: datagrams of OCTETS payload (22: 64 octets on an Ethernet with its check sum) from one socket, 64 a system call, as
 * fast as it goes or PACKETS a second. With SEGMENTS each message is that many datagrams, which the kernel cuts
 * (UDP_SEGMENT). They go to ADDRESSES addresses from ADDRESS on, and PORTS ports from PORT on, in turn. Prints how many it sent.
 * receive: prints "ready", waits for the first packet, ends when none has come for half a second, and prints as JSON packets,
 * seconds between the first and the last, and how many came after a later one of their address. -G: packets may come
 * merged (UDP_GRO), which a program has to ask for.
 * replay: sends the datagrams to PORT that tcpdump caught in FILE (Ethernet, IPv4; those of the length of the first), again and again.
 * drain: lets process PID, which was stopped, go on, and prints as JSON by how much the numbers in the files COUNTER rose altogether and
 * in how many seconds, until they have not risen for a while.
 */
#include "lib/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	AT_ONCE = 64,
	SHORTEST = 8, /* flow and number */
	LONGEST = 65000,
	FLOWS_MAX = 65536,
	BUFFER_LEN = 16 << 20,
	CAUGHT_MAX = 8192,
	CAUGHT_LEN = 1500,
	QUIET_MS = 500, /* after which nothing more is expected */
	PATIENCE_MS = 30000,
	LOOK_US = 200, /* how often counters are read */
	STILL_MS = 60, /* after which they will not rise any more */
};

struct load {
	struct in_addr first;
	uint16_t port;
	unsigned payload, segments, n_addresses, n_ports;
	unsigned n_caught; /* replay: datagrams there are */
	double rate, seconds;
};

static uint32_t numbers[FLOWS_MAX];
static uint8_t out[AT_ONCE][LONGEST];
static uint8_t caught[CAUGHT_MAX * CAUGHT_LEN]; /* datagrams of one length, one behind the other */
static uint8_t in[AT_ONCE][LONGEST + 1024];

static double
now_s(void)
{
	return (double)clock_ns() / 1e9;
}

static void
must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	fprintf(stderr, "udp_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- send --- */

/* Numbers the datagrams of a message to FLOW. */
static void
message_number(const struct load *l, uint8_t *message, uint32_t flow)
{
	for (unsigned s = 0; s < l->segments; s++) {
		uint8_t *p = message + (size_t)s * l->payload;
		memcpy(p, &flow, sizeof(flow));
		memcpy(p + sizeof(flow), &numbers[flow], sizeof(flow));
		numbers[flow]++;
	}
}

static void
sleep_until(double then)
{
	struct timespec t = { .tv_sec = (time_t)then };
	t.tv_nsec = (int64_t)((then - (double)t.tv_sec) * 1e9);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* What is given to one system call. */
static struct {
	struct mmsghdr messages[AT_ONCE];
	struct sockaddr_in to[AT_ONCE];
	struct iovec parts[AT_ONCE];
} batch;

/* Fills N messages, beginning with FLOW; returns the flow after them. */
static uint32_t
batch_fill(const struct load *l, unsigned n, uint32_t flow)
{
	uint32_t n_flows = l->n_addresses * l->n_ports;

	for (unsigned i = 0; i < n; i++) {
		message_number(l, out[i], flow);
		batch.to[i].sin_addr.s_addr = htonl(ntohl(l->first.s_addr) + flow % l->n_addresses);
		batch.to[i].sin_port = htons((uint16_t)(l->port + flow / l->n_addresses));
		flow = flow + 1 == n_flows ? 0 : flow + 1;
	}
	return flow;
}

/* The same with what was caught, beginning with datagram FIRST. */
static uint32_t
batch_fill_caught(const struct load *l, unsigned n, uint32_t first)
{
	for (unsigned i = 0; i < n; i++) {
		batch.parts[i].iov_base = caught + (size_t)first * l->payload;
		first += l->segments;
		if (first + l->segments > l->n_caught)
			first = 0;
	}
	return first;
}

/* For replay the socket knows where to. */
static void
batch_init(const struct load *l)
{
	for (unsigned i = 0; i < AT_ONCE; i++) {
		struct msghdr *m = &batch.messages[i].msg_hdr;
		batch.to[i].sin_family = AF_INET;
		batch.parts[i] = (struct iovec){ out[i], (size_t)l->payload * l->segments };
		m->msg_iov = &batch.parts[i];
		m->msg_iovlen = 1;
		m->msg_name = l->n_caught > 0 ? NULL : &batch.to[i];
		m->msg_namelen = l->n_caught > 0 ? 0 : sizeof(batch.to[i]);
	}
}

/* Sends the first N messages; what is refused counts as lost. */
static void
batch_send(int fd, unsigned n)
{
	for (unsigned done = 0; done < n;) {
		int r = sendmmsg(fd, batch.messages + done, n - done, 0);
		bool is_lost = errno == ENOBUFS || errno == EAGAIN || errno == EINTR ||
			       errno == EMSGSIZE || errno == ECONNREFUSED;
		must(r >= 0 || is_lost, "sendmmsg");
		done += r > 0 ? (unsigned)r : 1;
	}
}

/* Sends for the time of L; returns the number of datagrams. */
static uint64_t
load_send(const struct load *l, int fd)
{
	double start = now_s();
	double step = l->rate > 0 ? 1 / l->rate : 0;
	uint64_t sent = 0;
	uint32_t next = 0;

	batch_init(l);
	for (double now = start; now < start + l->seconds; now = now_s()) {
		unsigned n = AT_ONCE;
		if (step > 0) {
			double due = (now - start) * l->rate - (double)sent;
			if (due < l->segments) {
				sleep_until(start + (double)(sent + l->segments) * step);
				continue;
			}
			n = due > n * l->segments ? n : (unsigned)due / l->segments;
		}
		next = l->n_caught > 0 ? batch_fill_caught(l, n, next) : batch_fill(l, n, next);
		batch_send(fd, n);
		sent += (uint64_t)n * l->segments;
	}
	return sent;
}

/* Sends L by the socket FD, which is new, and says how many datagrams that were. */
static int
load_run(const struct load *l, int fd)
{
	int len = BUFFER_LEN, size = (int)l->payload;

	must(fd >= 0, "socket");
	must(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &len, sizeof(len)) == 0, "SO_SNDBUFFORCE");
	if (l->segments > 1)
		must(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)) == 0, "UDP_SEGMENT");
	printf("%" PRIu64 "\n", load_send(l, fd));
	return 0;
}

/* Takes the options of send and replay; false if one is unknown. */
static bool
load_options(struct load *l, int argc, char **argv)
{
	for (int c; (c = getopt(argc, argv, "s:r:g:n:p:")) != -1;) {
		unsigned value = (unsigned)strtoul(optarg ? optarg : "0", NULL, 10);
		switch (c) {
		case 's':
			l->payload = value;
			break;
		case 'r':
			l->rate = value;
			break;
		case 'g':
			l->segments = value;
			break;
		case 'n':
			l->n_addresses = value;
			break;
		case 'p':
			l->n_ports = value;
			break;
		default:
			return false;
		}
	}
	return l->segments > 0 && l->n_addresses > 0 && l->n_ports > 0;
}

static int
run_send(int argc, char **argv)
{
	struct load l = { .payload = 22, .segments = 1, .n_addresses = 1, .n_ports = 1 };

	if (!load_options(&l, argc, argv) || argc - optind != 3 ||
	    inet_pton(AF_INET, argv[optind], &l.first) != 1 || l.payload < SHORTEST ||
	    l.payload * l.segments > LONGEST || l.n_addresses * l.n_ports > FLOWS_MAX)
		return 2;
	l.port = (uint16_t)strtoul(argv[optind + 1], NULL, 10);
	l.seconds = strtod(argv[optind + 2], NULL);
	return load_run(&l, socket(AF_INET, SOCK_DGRAM, 0));
}

/* --- replay --- */

static uint32_t
get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* Reads the UDP payloads to PORT from the file PATH of tcpdump, of this machine's byte order. */
static void
caught_read(struct load *l, const char *path, unsigned port)
{
	enum { FILE_HEADER = 24, RECORD_HEADER = 16, IP = 14, UDP = IP + 20, PAYLOAD = UDP + 8 };
	static uint8_t packet[65536 + PAYLOAD];
	uint8_t head[FILE_HEADER];
	FILE *f = fopen(path, "rb");
	uint32_t len;

	must(f != NULL && fread(head, 1, FILE_HEADER, f) == FILE_HEADER, path);
	while (l->n_caught < CAUGHT_MAX && fread(head, 1, RECORD_HEADER, f) == RECORD_HEADER) {
		memcpy(&len, head + 8, sizeof(len));
		if (len > sizeof(packet) || fread(packet, 1, len, f) != len)
			break;
		if (len <= PAYLOAD || len > PAYLOAD + CAUGHT_LEN || packet[IP] != 0x45 ||
		    packet[IP + 9] != IPPROTO_UDP || get16(packet + UDP + 2) != port)
			continue;
		if (l->n_caught == 0)
			l->payload = len - PAYLOAD;
		if (len - PAYLOAD != l->payload)
			continue;
		memcpy(caught + (size_t)l->n_caught * l->payload, packet + PAYLOAD, l->payload);
		l->n_caught++;
	}
	fclose(f);
}

static int
run_replay(int argc, char **argv)
{
	struct load l = { .segments = 1, .n_addresses = 1, .n_ports = 1 };
	struct sockaddr_in here = { .sin_family = AF_INET }, there = here;

	if (!load_options(&l, argc, argv) || argc - optind != 5 ||
	    inet_pton(AF_INET, argv[optind + 1], &here.sin_addr) != 1 ||
	    inet_pton(AF_INET, argv[optind + 2], &there.sin_addr) != 1)
		return 2;
	l.port = (uint16_t)strtoul(argv[optind + 3], NULL, 10);
	l.seconds = strtod(argv[optind + 4], NULL);
	here.sin_port = there.sin_port = htons(l.port);
	caught_read(&l, argv[optind], l.port);
	if (l.n_caught < l.segments || l.payload * l.segments > LONGEST) {
		fprintf(stderr, "udp_load: %u datagrams in %s\n", l.n_caught, argv[optind]);
		return 1;
	}
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0, "bind");
	must(connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0, "connect");
	return load_run(&l, fd);
}

/* --- receive --- */

struct seen {
	uint64_t packets, octets, late;
	double first, last;
};

/* Counts the datagram P of LEN octets. */
static void
seen_add(struct seen *s, const uint8_t *p, size_t len)
{
	uint32_t flow, number;

	if (len < SHORTEST)
		return;
	memcpy(&flow, p, sizeof(flow));
	memcpy(&number, p + sizeof(flow), sizeof(number));
	if (flow < FLOWS_MAX) {
		s->late += number < numbers[flow];
		numbers[flow] = number < numbers[flow] ? numbers[flow] : number + 1;
	}
	s->packets++;
	s->octets += len;
}

/* Counts what message M brought; merged datagrams all have the size that a control message tells. */
static void
seen_message(struct seen *s, struct msghdr *m, size_t len)
{
	const uint8_t *p = m->msg_iov->iov_base;
	size_t size = len;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		int gso;
		if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&gso, CMSG_DATA(c), sizeof(gso));
		size = (size_t)gso;
	}
	for (size_t at = 0; size > 0 && at < len; at += size)
		seen_add(s, p + at, len - at < size ? len - at : size);
}

static void
load_receive(int fd, struct seen *s)
{
	static struct mmsghdr messages[AT_ONCE];
	static struct iovec parts[AT_ONCE];
	static _Alignas(struct cmsghdr) uint8_t control[AT_ONCE][CMSG_SPACE(sizeof(int))];
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	while (poll(&wait, 1, s->packets > 0 ? QUIET_MS : PATIENCE_MS) > 0) {
		for (unsigned i = 0; i < AT_ONCE; i++) {
			parts[i] = (struct iovec){ in[i], sizeof(in[i]) };
			messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i],
				.msg_iovlen = 1,
				.msg_control = control[i],
				.msg_controllen = sizeof(control[i]) };
		}
		int n = recvmmsg(fd, messages, AT_ONCE, MSG_DONTWAIT, NULL);
		must(n >= 0 || errno == EAGAIN || errno == EINTR, "recvmmsg");
		s->last = now_s();
		if (s->packets == 0)
			s->first = s->last;
		for (int i = 0; i < n; i++)
			seen_message(s, &messages[i].msg_hdr, messages[i].msg_len);
	}
}

static int
run_receive(int argc, char **argv)
{
	int on = 1, len = BUFFER_LEN;
	bool merged = false;

	for (int c; (c = getopt(argc, argv, "G")) != -1;) {
		if (c != 'G')
			return 2;
		merged = true;
	}
	if (argc - optind != 1)
		return 2;
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(argv[optind], NULL, 10)) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0, "socket");
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len)) == 0, "SO_RCVBUFFORCE");
	if (merged)
		must(setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)) == 0, "UDP_GRO");
	printf("ready\n");
	fflush(stdout);

	struct seen s = { 0 };
	load_receive(fd, &s);
	printf("{\"packets\": %" PRIu64 ", \"octets\": %" PRIu64
	       ", \"seconds\": %.6f, \"late\": %" PRIu64 "}\n",
	    s.packets, s.octets, s.last - s.first, s.late);
	return 0;
}

/* --- drain --- */

static uint64_t
counters_sum(char **paths, int n)
{
	uint64_t sum = 0;
	for (int i = 0; i < n; i++) {
		unsigned long long value = 0;
		FILE *f = fopen(paths[i], "r");
		must(f != NULL && fscanf(f, "%llu", &value) == 1, paths[i]);
		fclose(f);
		sum += value;
	}
	return sum;
}

static int
run_drain(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	pid_t pid = (pid_t)strtol(argv[1], NULL, 10);
	uint64_t first = counters_sum(argv + 2, argc - 2);
	uint64_t last = first;
	double start = now_s();
	double risen = start;
	must(pid > 0 && kill(pid, SIGCONT) == 0, "kill");
	for (double now = start; now < risen + STILL_MS / 1e3; now = now_s()) {
		uint64_t sum = counters_sum(argv + 2, argc - 2);
		if (sum != last)
			risen = now;
		last = sum;
		sleep_until(now + LOOK_US / 1e6);
	}
	printf("{\"octets\": %" PRIu64 ", \"seconds\": %.6f}\n", last - first, risen - start);
	return 0;
}

int
main(int argc, char **argv)
{
	int status = 2;

	if (argc > 1 && strcmp(argv[1], "send") == 0)
		status = run_send(argc - 1, argv + 1);
	else if (argc > 1 && strcmp(argv[1], "receive") == 0)
		status = run_receive(argc - 1, argv + 1);
	else if (argc > 1 && strcmp(argv[1], "replay") == 0)
		status = run_replay(argc - 1, argv + 1);
	else if (argc > 1 && strcmp(argv[1], "drain") == 0)
		status = run_drain(argc - 1, argv + 1);
	if (status == 2)
		fprintf(stderr, "usage: udp_load send ADDRESS PORT SECONDS [-s OCTETS] [-r "
				"PACKETS] [-g SEGMENTS] "
				"[-n ADDRESSES] [-p PORTS]\n       udp_load receive PORT [-G]\n"
				"       udp_load replay FILE LOCAL REMOTE PORT SECONDS [-r "
				"PACKETS] [-g SEGMENTS]\n       udp_load drain PID COUNTER...\n");
	return status;
}
