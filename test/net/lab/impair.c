/* SPDX-License-Identifier: BSD-2-Clause
 *
 * impair.c - a bad wire: joins two interfaces and loses, repeats, alters, delays and reorders what passes.
 *
 * usage: impair LEFT RIGHT SEED [NAME=VALUE]...
 * Frames from LEFT leave by RIGHT and the other way round. Names are loss, duplicate, corrupt, reorder (parts of 1),
 * delay_us (of every frame) and hold_us (longer, for a frame that shall be overtaken). "ready" is printed when it works; later settings
 * come line by line on standard input, and a line "show" prints the counters as JSON. Ends with standard input.
 *
 * What happens to the nth frame of a direction depends on the seed and n alone. Every frame is one packet of the wire: what is
 * larger than a frame may be means that an interface beside it still merges packets, and ends the program. One thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	FRAME_MAX = 1522,
	HELD_MAX = 16384,        /* frames on their way; more are lost */
	BUDGET = 256,            /* frames of one side before the other has its turn */
	HEADERS = ETH_HLEN + 20, /* stay as they are, so that altered packets arrive */
	BUFFER_LEN = 8 << 20,
};

struct frame {
	int64_t due_ns;
	uint64_t order; /* frames that are due at the same time keep it */
	unsigned len, to;
	uint8_t bytes[FRAME_MAX];
};

struct setting {
	const char *name;
	double value;
};

enum { LOSS, DUPLICATE, CORRUPT, REORDER, DELAY_US, HOLD_US, N_SETTINGS };

static struct setting settings[N_SETTINGS] = {
	[LOSS] = { "loss", 0 },
	[DUPLICATE] = { "duplicate", 0 },
	[CORRUPT] = { "corrupt", 0 },
	[REORDER] = { "reorder", 0 },
	[DELAY_US] = { "delay_us", 0 },
	[HOLD_US] = { "hold_us", 2000 },
};

static int sides[2];
static uint64_t random_state[2];
static struct frame frames[HELD_MAX];
static struct frame
    *heap[HELD_MAX]; /* the one that is due first is heap[0]; from n_held on, those that are free */
static unsigned n_held;
static uint64_t n_frames, n_lost, n_duplicated, n_corrupted, n_reordered, n_overflow;

static void
must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	fprintf(stderr, "impair: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The next number of the direction (splitmix64). */
static uint64_t
draw(unsigned side)
{
	uint64_t z = random_state[side] += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static bool
happens(unsigned side, unsigned setting)
{
	return (double)(draw(side) >> 11) / (double)(1ULL << 53) < settings[setting].value;
}

/* --- frames on their way: a heap --- */

static bool
is_before(const struct frame *a, const struct frame *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void
swap(unsigned i, unsigned j)
{
	struct frame *f = heap[i];
	heap[i] = heap[j];
	heap[j] = f;
}

static void
held_add(struct frame *f)
{
	unsigned i = n_held;

	/* F is heap[n_held] already: the first of the free ones */
	must(heap[i] == f, "heap");
	n_held++;
	for (; i > 0 && is_before(heap[i], heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

static void
held_pop(void)
{
	swap(0, --n_held);
	for (unsigned i = 0, child; (child = 2 * i + 1) < n_held; i = child) {
		if (child + 1 < n_held && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], heap[i]))
			break;
		swap(i, child);
	}
}

static void
release_due(int64_t now)
{
	for (; n_held > 0 && heap[0]->due_ns <= now; held_pop()) {
		const struct frame *f = heap[0];
		ssize_t n = send(sides[f->to], f->bytes, f->len, 0);
		must(n >= 0 || errno == ENOBUFS || errno == EAGAIN || errno == ENETDOWN ||
			 errno == EMSGSIZE,
		    "send");
		n_overflow += n < 0;
	}
}

/* --- what happens to a frame --- */

static void
hold(const struct frame *from, int64_t due_ns, bool corrupt, uint64_t dice)
{
	static uint64_t order;

	if (n_held == HELD_MAX) {
		n_overflow++;
		return;
	}
	struct frame *f = heap[n_held];
	memcpy(f->bytes, from->bytes, from->len);
	f->len = from->len;
	f->to = from->to;
	f->due_ns = due_ns;
	f->order = order++;
	if (corrupt) {
		f->bytes[HEADERS + dice % (f->len - HEADERS)] ^= (uint8_t)(1 << (dice >> 32 & 7));
		n_corrupted++;
	}
	held_add(f);
}

/* Draws the same amount of numbers for every frame: what happens to one does not depend on the settings of before. */
static void
impair(const struct frame *f, unsigned from, int64_t now)
{
	bool lost = happens(from, LOSS);
	bool twice = happens(from, DUPLICATE);
	bool late = happens(from, REORDER);
	bool alter = happens(from, CORRUPT);
	uint64_t dice = draw(from);
	bool is_ip = f->bytes[12] == 0x08 && f->bytes[13] == 0x00 && f->len > HEADERS;
	int64_t due = now + (int64_t)(settings[DELAY_US].value * 1000);

	n_frames++;
	if (!is_ip) { /* whoever is next is found in any case */
		hold(f, due, false, 0);
		return;
	}
	if (lost) {
		n_lost++;
		return;
	}
	n_reordered += late;
	hold(f, late ? due + (int64_t)(settings[HOLD_US].value * 1000) : due, alter, dice);
	if (twice) {
		n_duplicated++;
		hold(f, due, false, 0);
	}
}

static void
side_read(unsigned from)
{
	static struct frame f;
	int64_t now = now_ns();

	f.to = !from;
	for (int i = 0; i < BUDGET; i++) {
		struct sockaddr_ll sender;
		socklen_t sender_len = sizeof(sender);
		ssize_t n = recvfrom(sides[from], f.bytes, FRAME_MAX, MSG_DONTWAIT | MSG_TRUNC,
		    (struct sockaddr *)&sender, &sender_len);
		if (n < 0)
			return;
		if (sender.sll_pkttype == PACKET_OUTGOING || n < ETH_HLEN)
			continue;
		if (n > FRAME_MAX) {
			fprintf(stderr, "impair: a frame of %zd octets on side %u\n", n, from);
			exit(1);
		}
		f.len = (unsigned)n;
		impair(&f, from, now);
	}
}

/* --- settings --- */

/* NAME=VALUE; false if there is no such thing. */
static bool
setting_take(const char *text)
{
	for (unsigned i = 0; i < N_SETTINGS; i++) {
		size_t len = strlen(settings[i].name);
		if (strncmp(text, settings[i].name, len) == 0 && text[len] == '=') {
			settings[i].value = strtod(text + len + 1, NULL);
			return true;
		}
	}
	return false;
}

static void
counters_show(void)
{
	printf("{\"frames\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"duplicated\": %" PRIu64
	       ", \"corrupted\": %" PRIu64 ", \"reordered\": %" PRIu64 ", \"overflow\": %" PRIu64
	       "}\n",
	    n_frames, n_lost, n_duplicated, n_corrupted, n_reordered, n_overflow);
	fflush(stdout);
}

/* Returns false at the end of the input. */
static bool
input_read(void)
{
	char line[256];

	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = 0;
	if (strcmp(line, "show") == 0)
		counters_show();
	else if (!setting_take(line))
		fprintf(stderr, "impair: what is %s\n", line);
	return true;
}

static int
side_open(const char *name)
{
	int len = BUFFER_LEN, on = 1;
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name) };
	struct packet_mreq m = { .mr_ifindex = a.sll_ifindex, .mr_type = PACKET_MR_PROMISC };

	must(fd >= 0 && a.sll_ifindex != 0, name);
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len)) == 0, "SO_RCVBUFFORCE");
	must(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)) == 0,
	    "PACKET_ADD_MEMBERSHIP");
	must(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) == 0,
	    "PACKET_IGNORE_OUTGOING");
	must(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "bind");
	return fd;
}

static void
run(void)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct pollfd wait[] = { { sides[0], POLLIN, 0 }, { sides[1], POLLIN, 0 },
		{ STDIN_FILENO, POLLIN, 0 }, { timer, POLLIN, 0 } };

	must(timer >= 0, "timerfd");
	for (;;) {
		int64_t due = n_held > 0 ? heap[0]->due_ns : 0;
		struct itimerspec t = { .it_value = { due / 1000000000, due % 1000000000 } };
		timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
		must(poll(wait, 4, -1) >= 0 || errno == EINTR, "poll");
		for (unsigned side = 0; side < 2; side++)
			if (wait[side].revents)
				side_read(side);
		release_due(now_ns());
		if (wait[2].revents && !input_read())
			return;
	}
}

int
main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: impair LEFT RIGHT SEED [NAME=VALUE]...\n");
		return 2;
	}
	sides[0] = side_open(argv[1]);
	sides[1] = side_open(argv[2]);
	random_state[0] = strtoull(argv[3], NULL, 10);
	random_state[1] = ~random_state[0];
	for (int i = 4; i < argc; i++)
		if (!setting_take(argv[i]))
			return 2;
	for (unsigned i = 0; i < HELD_MAX; i++)
		heap[i] = &frames[i];
	setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees what stdio has not read */
	printf("ready\n");
	fflush(stdout);
	run();
	counters_show();
	return 0;
}
