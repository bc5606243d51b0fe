/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pcap.c - writes a file of packets; see pcap.h.
 *
 * The format: a header of 24 octets, then each packet behind 16 octets that say when it came and how long it was. Numbers in
 * the order of this machine; readers see by the magic number which that is.
 */
#include "cli/pcap.h"

#include "lib/msg/elem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SNAP_MAX = 65535, LINKTYPE_RAW = 101 };

struct pcap {
	FILE *f;
	uint64_t n;
	int error; /* errno of the first failure; 0: none */
};

struct file_header {
	uint32_t magic;
	uint16_t major;
	uint16_t minor;
	uint32_t zone;
	uint32_t accuracy;
	uint32_t snap;
	uint32_t link_type;
};

struct packet_header {
	uint32_t seconds;
	uint32_t microseconds;
	uint32_t captured;
	uint32_t len;
};

static void
put(struct pcap *p, const void *data, size_t n)
{
	if (fwrite(data, 1, n, p->f) != n && p->error == 0)
		p->error = errno != 0 ? errno : EIO;
}

struct pcap *
pcap_open(const char *name)
{
	static const struct file_header header = { .magic = 0xa1b2c3d4,
		.major = 2,
		.minor = 4,
		.snap = SNAP_MAX,
		.link_type = LINKTYPE_RAW };
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	struct pcap *p = calloc(1, sizeof(*p));
	if (p != NULL)
		p->f = fdopen(fd, "w");
	if (p == NULL || p->f == NULL) {
		close(fd);
		free(p);
		return NULL;
	}
	put(p, &header, sizeof(header));
	return p;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Turns hexadecimal TEXT into octets; returns how many, or 0 if it is none. */
static size_t
octets_read(const char *text, uint8_t out[SNAP_MAX])
{
	size_t n = strlen(text) / 2;
	if (n > SNAP_MAX)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int high = nibble(text[2 * i]);
		int low = nibble(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return n;
}

void
pcap_put(struct pcap *p, const struct elem *row)
{
	static uint8_t octets[SNAP_MAX];
	const char *hex = elem_value(row, "packet-octets");
	const char *when = elem_value(row, "packet-time");
	const char *len = elem_value(row, "packet-length");
	const char *dot = when != NULL ? strchr(when, '.') : NULL;
	size_t n = hex != NULL ? octets_read(hex, octets) : 0;
	if (n == 0 || dot == NULL || len == NULL)
		return;
	struct packet_header header = {
		.seconds = (uint32_t)strtoull(when, NULL, 10),
		.microseconds = (uint32_t)strtoul(dot + 1, NULL, 10),
		.captured = (uint32_t)n,
		.len = (uint32_t)strtoul(len, NULL, 10),
	};
	put(p, &header, sizeof(header));
	put(p, octets, n);
	p->n++;
	if (fflush(p->f) != 0 && p->error == 0)
		p->error = errno;
}

int
pcap_close(struct pcap *p, uint64_t *out_n)
{
	*out_n = 0;
	if (p == NULL)
		return 0;
	*out_n = p->n;
	int error = p->error;
	if (fclose(p->f) != 0 && error == 0)
		error = errno;
	free(p);
	return -error;
}
