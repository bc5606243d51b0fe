/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rows.c - answers operational commands: one MSG_ROW at a time, never faster than mgd reads.
 *
 * Jobs wait in a queue and the first one runs until the channel holds enough; it goes on when the channel
 * is empty again. So ten thousand tunnels cost a bounded buffer, and the loop stays free for
 * configuration. A commit in between may add or hide rows of the answer, never more. Main thread.
 */
#include "daemon/picd/rows.h"

#include "daemon/picd/picd.h"
#include "daemon/picd/watch.h"
#include "lib/msg/elem.h"
#include "lib/msg/msg.h"
#include "lib/os/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_HIGH = 256 * 1024, JOBS_MAX = 32 };

static const struct {
	const char *rpc;
	struct elem *(*next_row)(struct picd *p, struct row_job *j, struct arena *a);
	const char *level_leaf;
	const char *name_leaf;
	const char *remote_leaf;
	bool has_interface; /* may be about one services interface */
} commands[] = {
	{ "get-services-security-associations-information", show_services_sas, "level",
	    "service-set", NULL },
	{ "get-services-ipsec-statistics-information", show_statistics, "display", "service-set",
	    "remote-gw" },
	{ "get-security-associations-information", show_security_sas, "level", "sa-name", NULL },
	{ "get-services-ipsec-match-information", show_match, NULL, NULL, NULL },
	{ "get-packet-drop-information", show_drops, NULL, "service-set", NULL, true },
	{ "clear-packet-drop-information", clear_drops, NULL, "service-set", NULL, true },
	{ "get-service-set-cpu-statistics", show_cpu, NULL, "service-set", NULL, true },
	{ "get-service-set-summary-information", show_summary, NULL, NULL, NULL, true },
	{ "get-service-set-memory-statistics", show_memory, NULL, "service-set", NULL, true },
	{ "get-service-worker-information", show_workers, NULL, NULL, NULL, true },
	{ "get-packet-io-information", show_io, NULL, NULL, NULL, true },
	{ "clear-ipsec-vpn-statistics", clear_statistics, NULL, "service-set", "remote-gateway" },
};

static void
job_free(struct row_job *j)
{
	free(j->match);
	free(j);
}

static void
job_drop(struct picd *p)
{
	struct row_job *j = p->jobs;
	p->jobs = j->next;
	job_free(j);
}

static void on_drained(struct ipc *c, void *arg);

/* Sends rows until the channel holds enough or nothing is left to say. */
static void
jobs_run(struct picd *p)
{
	while (p->jobs != NULL) {
		struct row_job *j = p->jobs;
		if (ipc_queued(p->mgd) >= QUEUE_HIGH) {
			ipc_on_drained(p->mgd, on_drained);
			return;
		}
		struct arena *a = arena_new();
		struct elem *row = p->conf != NULL ? j->next_row(p, j, a) : NULL;
		int rc = row != NULL ? ipc_send(p->mgd, MSG_ROW, j->seq, row, -1) : 0;
		arena_free(a);
		if (rc < 0) {
			answer_rpc(p->mgd, j->seq, "the answer could not be sent");
			job_drop(p);
		} else if (row == NULL) {
			answer_rpc(p->mgd, j->seq, NULL);
			job_drop(p);
		}
	}
}

static void
on_drained(struct ipc *c, void *arg)
{
	(void)c;
	jobs_run(arg);
}

static enum row_level
level_of(const char *word)
{
	if (word != NULL && strcmp(word, "detail") == 0)
		return LEVEL_DETAIL;
	if (word != NULL && strcmp(word, "extensive") == 0)
		return LEVEL_EXTENSIVE;
	return LEVEL_BRIEF;
}

/* A number up to MAX; true, and 0, if it is not there. */
static bool
number_parse(const struct elem *rpc, const char *name, unsigned long max, unsigned long *out)
{
	const char *text = elem_value(rpc, name);
	char *end = NULL;
	*out = 0;
	if (text == NULL)
		return true;
	*out = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && *out <= max;
}

/* The protocol by its number, or a name that people would type. */
static bool
protocol_parse(const struct elem *rpc, unsigned long *out)
{
	static const struct {
		const char *name;
		unsigned char number;
	} names[] = {
		{ "ah", 51 },
		{ "esp", 50 },
		{ "gre", 47 },
		{ "icmp", 1 },
		{ "icmp6", 58 },
		{ "icmpv6", 58 },
		{ "ospf", 89 },
		{ "sctp", 132 },
		{ "tcp", 6 },
		{ "udp", 17 },
	};
	const char *text = elem_value(rpc, "protocol");
	for (size_t i = 0; text != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0) {
			*out = names[i].number;
			return true;
		}
	return number_parse(rpc, "protocol", UINT8_MAX, out);
}

/* Reads the packet that is asked for. */
static bool
match_parse(const struct elem *rpc, struct row_job *j, const char **why)
{
	const char *source = elem_value(rpc, "source-ip");
	const char *destination = elem_value(rpc, "destination-ip");
	const char *interface = elem_value(rpc, "interface");
	unsigned long protocol;
	unsigned long source_port;
	unsigned long destination_port;
	struct row_match *m = j->match = calloc(1, sizeof(*m));
	if (m == NULL)
		abort();
	*why = "source-ip and destination-ip are needed";
	if (source == NULL || destination == NULL)
		return false;
	*why = "invalid argument";
	if (!addr_parse(source, &m->source) || !addr_parse(destination, &m->destination) ||
	    !protocol_parse(rpc, &protocol) ||
	    !number_parse(rpc, "source-port", UINT16_MAX, &source_port) ||
	    !number_parse(rpc, "destination-port", UINT16_MAX, &destination_port) ||
	    (interface != NULL && strlen(interface) >= sizeof(m->interface)))
		return false;
	m->protocol = (uint8_t)protocol;
	m->source_port = (uint16_t)source_port;
	m->destination_port = (uint16_t)destination_port;
	snprintf(m->interface, sizeof(m->interface), "%s", interface != NULL ? interface : "");
	*why = "the addresses are of different families";
	return m->source.family == m->destination.family;
}

/* Of a services interface that the command is not about. */
static struct elem *
show_nothing(struct picd *p, struct row_job *j, struct arena *a)
{
	(void)p;
	(void)j;
	(void)a;
	return NULL;
}

/* Makes a job of an RPC; NULL, and WHY says the reason, if it is not one of ours. */
static struct row_job *
job_parse(const struct picd *p, const struct elem *rpc, const char **why)
{
	size_t n = sizeof(commands) / sizeof(commands[0]);
	size_t i = 0;
	while (i < n && strcmp(commands[i].rpc, rpc->name) != 0)
		i++;
	*why = "unknown command";
	if (i == n)
		return NULL;
	const char *name = commands[i].name_leaf ? elem_value(rpc, commands[i].name_leaf) : NULL;
	const char *level = commands[i].level_leaf ? elem_value(rpc, commands[i].level_leaf) : NULL;
	const char *remote =
	    commands[i].remote_leaf ? elem_value(rpc, commands[i].remote_leaf) : NULL;
	struct row_job *j = calloc(1, sizeof(*j));
	if (j == NULL)
		abort();
	const char *interface = commands[i].has_interface ? elem_value(rpc, "interface") : NULL;
	bool is_ours = interface == NULL || strcmp(interface, p->instance) == 0;
	j->next_row = is_ours ? commands[i].next_row : show_nothing;
	j->level = level_of(level);
	j->is_hex = elem_has(rpc, "hex");
	*why = "invalid argument";
	if (name != NULL && strlen(name) >= sizeof(j->name))
		goto refuse;
	snprintf(j->name, sizeof(j->name), "%s", name != NULL ? name : "");
	if (remote != NULL && !addr_parse(remote, &j->remote))
		goto refuse;
	if (j->next_row == show_match && !match_parse(rpc, j, why))
		goto refuse;
	return j;
refuse:
	job_free(j);
	return NULL;
}

void
rows_start(struct picd *p, uint32_t seq, const struct elem *rpc)
{
	const char *why;
	size_t n = 0;
	struct row_job **last = &p->jobs;
	for (; *last != NULL; last = &(*last)->next)
		n++;
	if (n >= JOBS_MAX) {
		answer_rpc(p->mgd, seq, "too many commands at once");
		return;
	}
	struct row_job *j = job_parse(p, rpc, &why);
	if (j == NULL) {
		answer_rpc(p->mgd, seq, why);
		return;
	}
	j->seq = seq;
	*last = j;
	if (p->jobs == j) /* else one before it is at work */
		jobs_run(p);
}

void
rows_stop(struct picd *p)
{
	while (p->jobs != NULL)
		job_drop(p);
	watch_stop_all(p);
}
