/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tun_relay.c - a tunnel without any protection: the floor of what a program between a TUN device and a socket costs.
 *
 * usage: tun_relay DEVICE LOCAL REMOTE PORT
 * Makes the device, prints "ready", and moves packets between it and a UDP socket, one a system call, until it is ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUDGET = 64 }; /* packets of one side before the other has its turn */

static void
must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "tun_relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
device_open(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	must(fd, "/dev/net/tun");
	strncpy(r.ifr_name, name, sizeof(r.ifr_name) - 1);
	must(ioctl(fd, TUNSETIFF, &r), "TUNSETIFF");
	return fd;
}

static int
socket_open(const char *local, const char *remote, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	must(fd, "socket");
	inet_pton(AF_INET, local, &a.sin_addr);
	must(bind(fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	inet_pton(AF_INET, remote, &a.sin_addr);
	must(connect(fd, (struct sockaddr *)&a, sizeof(a)), "connect");
	return fd;
}

/* Moves what FROM has to TO; what TO does not take is lost, as on a wire. */
static void
move(int from, int to)
{
	static char packet[65536];

	for (int i = 0; i < BUDGET; i++) {
		ssize_t n = read(from, packet, sizeof(packet));
		if (n <= 0)
			return;
		if (write(to, packet, (size_t)n) < 0)
			continue;
	}
}

int
main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: tun_relay DEVICE LOCAL REMOTE PORT\n");
		return 2;
	}
	int tun = device_open(argv[1]);
	int udp = socket_open(argv[2], argv[3], argv[4]);
	struct pollfd wait[] = { { .fd = tun, .events = POLLIN }, { .fd = udp, .events = POLLIN } };
	printf("ready\n");
	fflush(stdout);
	while (poll(wait, 2, -1) >= 0 || errno == EINTR) {
		if (wait[0].revents)
			move(tun, udp);
		if (wait[1].revents)
			move(udp, tun);
	}
	return 1;
}
