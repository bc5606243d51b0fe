/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ping_text.c - what Linux's ping says, as JUNOS's ping says it. Called by act_tool.c.
 */
#include "cli/ping_text.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

enum { NAME_MAX_LEN = 255, MARKS_MAX = 1 << 20 };

/* "PING host (address) [from ...] 56(84) bytes of data." and, for IPv6, "PING host(address) ... 56 data bytes" */
static bool
head_line(const char *line, struct text *out)
{
	char name[NAME_MAX_LEN + 1];
	char address[NAME_MAX_LEN + 1];
	unsigned size;
	if (sscanf(line, "PING %255[^ (] (%255[^)])", name, address) != 2 &&
	    sscanf(line, "PING %255[^ (](%255[^)])", name, address) != 2)
		return false;
	const char *end = strstr(line, " data bytes");
	if (end == NULL)
		end = strstr(line, " bytes of data");
	if (end == NULL)
		return false;
	while (end > line && end[-1] != ' ')
		end--;
	if (sscanf(end, "%u", &size) != 1)
		return false;
	text_printf(out, "PING %s (%s): %u data bytes\n", name, address, size);
	return true;
}

static void
marks_put(struct ping_text *p, unsigned upto, struct text *out)
{
	for (; p->n_seen < upto && p->n_seen < MARKS_MAX; p->n_seen++)
		text_putc(out, '.');
}

static bool
sequence_line(struct ping_text *p, const char *line, struct text *out)
{
	const char *at = strstr(line, "icmp_seq=");
	unsigned seq;
	int len = 0;
	if (at == NULL || sscanf(at, "icmp_seq=%u%n", &seq, &len) != 1 || seq == 0)
		return false;
	bool is_answer = strstr(line, " bytes from ") != NULL;
	if (p->is_rapid && !is_answer)
		return true; /* the gap in the numbers will tell */
	if (p->is_rapid) {
		marks_put(p, seq - 1, out);
		text_putc(out, '!');
		p->n_seen++;
		p->is_open = true;
	} else if (strncmp(line, "From ", 5) == 0) {
		const char *why = at + len + strspn(at + len, " ");
		text_printf(
		    out, "36 bytes from %.*s: %s\n", (int)strcspn(line + 5, " "), line + 5, why);
	} else {
		text_printf(out, "%.*sicmp_seq=%u%s\n", (int)(at - line), line, seq - 1, at + len);
	}
	return true;
}

/* "3 packets transmitted, 3 received, 0% packet loss, time 2003ms" */
static bool
loss_line(const char *line, struct text *out)
{
	const char *received = strstr(line, " received");
	const char *time = strstr(line, ", time ");
	if (strstr(line, " packets transmitted") == NULL || received == NULL)
		return false;
	text_printf(out, "%.*s packets received", (int)(received - line), line);
	received += strlen(" received");
	/* JUNOS counts no errors */
	const char *errors = strstr(received, " errors");
	if (errors != NULL && strncmp(received, ", +", 3) == 0)
		received = errors + strlen(" errors");
	size_t rest =
	    time != NULL && time > received ? (size_t)(time - received) : strlen(received);
	text_putn(out, received, rest);
	text_putc(out, '\n');
	return true;
}

/* "rtt min/avg/max/mdev = 1.0/2.0/3.0/4.0 ms, pipe 2" */
static bool
times_line(const char *line, struct text *out)
{
	static const char head[] = "rtt min/avg/max/mdev = ";
	const char *values = line + sizeof(head) - 1;
	if (strncmp(line, head, sizeof(head) - 1) != 0)
		return false;
	text_printf(
	    out, "round-trip min/avg/max/stddev = %.*s\n", (int)strcspn(values, ","), values);
	return true;
}

static bool
too_long_line(const char *line, struct text *out)
{
	if (strstr(line, ": message too long") == NULL)
		return false;
	text_put(out, "ping: sendto: Message too long\n");
	return true;
}

/* What is of no interest: that a packet is late is said when the next one is sent; what follows the statistics. */
static bool
is_noise(const struct ping_text *p, const char *line)
{
	return strncmp(line, "no answer yet for ", 18) == 0 || strncmp(line, "pipe ", 5) == 0 ||
	       (*line == '\0' && p->is_over);
}

/* "ping: name: Name or service not known" */
static bool
unknown_line(const char *line, struct text *out)
{
	const char *why = strstr(line, ": Name or service not known");
	if (why == NULL)
		why = strstr(line, ": Temporary failure in name resolution");
	if (why == NULL || strncmp(line, "ping: ", 6) != 0)
		return false;
	text_printf(
	    out, "ping: cannot resolve %.*s: Unknown host\n", (int)(why - line) - 6, line + 6);
	return true;
}

void
ping_text_line(struct ping_text *p, const char *line, struct text *out)
{
	if (*line == '\0' && p->is_rapid) {
		marks_put(p, p->count, out);
		p->is_open = p->is_open || p->n_seen > 0;
	}
	if (p->is_open && strstr(line, "icmp_seq=") == NULL) {
		text_putc(out, '\n');
		p->is_open = false;
		if (*line == '\0')
			return;
	}
	if (is_noise(p, line))
		return;
	if (loss_line(line, out))
		p->is_over = true;
	else if (!head_line(line, out) && !sequence_line(p, line, out) && !times_line(line, out) &&
		 !unknown_line(line, out) && !too_long_line(line, out))
		text_printf(out, "%s\n", line);
}
