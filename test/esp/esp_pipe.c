/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_pipe.c - drives lib/esp by text, so that another implementation can judge every octet.
 *
 * Reads commands from standard input, a line each, and answers each packet with a line
 * "VERDICT MTU SA HEX[,HEX...]" ("-" where there is nothing), then "." for the command.
 *   sa NAME KEY=VALUE...    makes an SA; inbound ones enter the SAD
 *   reset                   forgets all SAs
 *   seq NAME N              the last sequence number sent
 *   pmtu NAME N             lowers the size limit
 *   out NAME=HEX...         protects a burst
 *   in HEX...               opens a burst
 *   count NAME              prints "packets bytes errors auth decrypt replay seq"
 * Run by test_scapy.py. IVs come from /dev/urandom.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/esp/in.h"
#include "lib/esp/out.h"
#include "lib/esp/pkt.h"
#include "lib/esp/sa.h"
#include "lib/esp/sad.h"
#include "lib/esp/worker.h"

enum {
	SAS_MAX = 256,
	NAME_LEN = 32,
};

static struct {
	char name[NAME_LEN];
	struct sa *sa;
} sas[SAS_MAX];
static unsigned n_sas;
static struct sad *sad;
static struct esp_worker *worker;

static void
system_rand(void *arg, void *buf, size_t n)
{
	(void)arg;
	if (getrandom(buf, n, 0) != (ssize_t)n)
		abort();
}

static void
die(const char *what, const char *word)
{
	printf("error %s: %.40s\n", what, word);
	fflush(stdout);
	exit(1);
}

static struct sa *
sa_get(const char *name)
{
	for (unsigned i = 0; i < n_sas; i++)
		if (strcmp(sas[i].name, name) == 0)
			return sas[i].sa;
	die("no such SA", name);
	return NULL;
}

static const char *
sa_name(const struct sa *sa)
{
	for (unsigned i = 0; i < n_sas; i++)
		if (sas[i].sa == sa)
			return sas[i].name;
	return "-";
}

static int
nibble(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static size_t
hex_read(const char *text, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (; text[0] != '\0'; text += 2) {
		int hi = nibble(text[0]);
		int lo = hi < 0 ? -1 : nibble(text[1]);
		if (lo < 0 || n == cap)
			die("bad hex", text);
		out[n++] = (uint8_t)(hi << 4 | lo);
	}
	return n;
}

static void
hex_print(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		putchar("0123456789abcdef"[p[i] >> 4]);
		putchar("0123456789abcdef"[p[i] & 15]);
	}
}

static void
addr_set(const char *text, struct addr *out)
{
	if (!addr_parse(text, out))
		die("bad address", text);
}

static void
prefix_set(const char *text, struct prefix *out)
{
	if (!prefix_parse(text, out))
		die("bad prefix", text);
}

static int
word_index(const char *word, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	die("bad word", word);
	return 0;
}

static void
param_set(struct sa_params *p, const char *key, const char *value)
{
	static const char *const protocols[] = { "esp", "ah", "bundle", NULL };
	static const char *const modes[] = { "tunnel", "transport", NULL };
	static const char *const directions[] = { "out", "in", NULL };
	static const char *const dfs[] = { "default", "clear", "set", "copy", NULL };
	unsigned long number = strtoul(value, NULL, 0);
	if (strcmp(key, "proto") == 0)
		p->protocol = (enum sa_protocol)word_index(value, protocols);
	else if (strcmp(key, "mode") == 0)
		p->mode = (enum sa_mode)word_index(value, modes);
	else if (strcmp(key, "dir") == 0)
		p->direction = (enum sa_direction)word_index(value, directions);
	else if (strcmp(key, "df") == 0)
		p->df = (enum sa_df)word_index(value, dfs);
	else if (strcmp(key, "spi") == 0)
		p->spi = (uint32_t)number;
	else if (strcmp(key, "aux") == 0)
		p->aux_spi = (uint32_t)number;
	else if (strcmp(key, "auth") == 0)
		p->auth = auth_by_name(value);
	else if (strcmp(key, "enc") == 0)
		p->enc = enc_by_name(value);
	else if (strcmp(key, "authkey") == 0)
		hex_read(value, p->auth_key, sizeof(p->auth_key));
	else if (strcmp(key, "enckey") == 0)
		hex_read(value, p->enc_key, sizeof(p->enc_key));
	else if (strcmp(key, "src") == 0)
		addr_set(value, &p->src);
	else if (strcmp(key, "dst") == 0)
		addr_set(value, &p->dst);
	else if (strcmp(key, "sport") == 0)
		p->src_port = (uint16_t)number;
	else if (strcmp(key, "dport") == 0)
		p->dst_port = (uint16_t)number;
	else if (strcmp(key, "mtu") == 0)
		p->tunnel_mtu = (uint16_t)number;
	else if (strcmp(key, "ttl") == 0)
		p->ttl = (uint8_t)number;
	else if (strcmp(key, "tos") == 0)
		p->tos = (int16_t)number;
	else if (strcmp(key, "window") == 0)
		p->window = (uint16_t)number;
	else if (strcmp(key, "cycles") == 0)
		p->seq_cycles = number != 0;
	else if (strcmp(key, "selsrc") == 0)
		prefix_set(value, &p->selector_src);
	else if (strcmp(key, "seldst") == 0)
		prefix_set(value, &p->selector_dst);
	else
		die("bad key", key);
}

static void
sa_command(char **save)
{
	struct sa_params p = { .tos = SA_TOS_COPY };
	const char *name = strtok_r(NULL, " ", save);
	if (name == NULL || n_sas == SAS_MAX)
		die("sa", "name");
	for (char *word; (word = strtok_r(NULL, " ", save)) != NULL;) {
		char *value = strchr(word, '=');
		if (value == NULL)
			die("no value", word);
		*value++ = '\0';
		param_set(&p, word, value);
	}
	struct sa *sa;
	enum sa_fault fault = sa_new(worker, &p, &sa);
	if (fault != SA_OK) {
		printf("fault %d\n", (int)fault);
		return;
	}
	if (p.direction == SA_IN && sad_add(sad, sa) != SAD_OK)
		die("sad", name);
	snprintf(sas[n_sas].name, NAME_LEN, "%s", name);
	sas[n_sas++].sa = sa;
}

static void
sas_reset(void)
{
	for (unsigned i = 0; i < n_sas; i++) {
		if (sa_params(sas[i].sa)->direction == SA_IN)
			sad_del(sad, sas[i].sa);
		sa_free(sas[i].sa);
	}
	n_sas = 0;
}

static void
answer(struct pkt *p)
{
	printf("%s %u %s ", drop_info(p->verdict)->word, p->mtu, sa_name(p->sa));
	if (p->verdict != DROP_NONE) {
		printf("-\n");
		return;
	}
	for (struct pkt *f = p; f != NULL; f = f->next) {
		if (f != p)
			putchar(',');
		if (f->verdict == DROP_NONE)
			hex_print(pkt_data(f), f->len);
		else
			printf("!%s", drop_info(f->verdict)->word);
	}
	putchar('\n');
}

static void
burst_command(char **save, bool is_out)
{
	struct pkt_pool *pool = esp_worker_pool(worker);
	struct pkt *pkts[ESP_BURST_MAX];
	size_t n = 0;
	for (char *word; n < ESP_BURST_MAX && (word = strtok_r(NULL, " ", save)) != NULL; n++) {
		struct pkt *p = pkt_get(pool);
		if (p == NULL)
			die("pool", word);
		if (is_out) {
			char *value = strchr(word, '=');
			if (value == NULL)
				die("no packet", word);
			*value++ = '\0';
			p->sa = sa_get(word);
			word = value;
		}
		p->len = (uint32_t)hex_read(word, pkt_data(p), pkt_room(p));
		pkts[n] = p;
	}
	if (is_out)
		out_burst(worker, pkts, n);
	else
		in_burst(worker, sad, pkts, n);
	for (size_t i = 0; i < n; i++) {
		answer(pkts[i]);
		pkt_put(pool, pkts[i]);
	}
}

static void
count_command(const struct sa *sa)
{
	struct sa_counts c;
	sa_count(sa, &c);
	printf("%llu %llu %llu %llu %llu %llu %u\n", (unsigned long long)c.packets,
	    (unsigned long long)c.bytes, (unsigned long long)c.errors,
	    (unsigned long long)c.auth_errors, (unsigned long long)c.decrypt_errors,
	    (unsigned long long)c.replay_errors, c.seq);
}

static void
line_run(char *line)
{
	char *save = NULL;
	const char *command = strtok_r(line, " \n", &save);
	if (command == NULL)
		return;
	if (strcmp(command, "sa") == 0) {
		sa_command(&save);
	} else if (strcmp(command, "reset") == 0) {
		sas_reset();
	} else if (strcmp(command, "out") == 0) {
		burst_command(&save, true);
	} else if (strcmp(command, "in") == 0) {
		burst_command(&save, false);
	} else {
		const char *name = strtok_r(NULL, " ", &save);
		struct sa *sa = sa_get(name ? name : "");
		const char *number = strtok_r(NULL, " ", &save);
		uint32_t n = number ? (uint32_t)strtoul(number, NULL, 0) : 0;
		if (strcmp(command, "seq") == 0)
			sa_set_seq(sa, n);
		else if (strcmp(command, "pmtu") == 0)
			sa_set_path_mtu(sa, (uint16_t)n);
		else if (strcmp(command, "count") == 0)
			count_command(sa);
		else
			die("bad command", command);
	}
	puts(".");
	fflush(stdout);
}

int
main(void)
{
	struct esp_worker_params params = { .n_pkts = 1024, .rand = system_rand };
	if (!esp_engine_by_name(getenv("SALLYPORT_ENGINE"), &params.engine))
		die("engine", "SALLYPORT_ENGINE");
	worker = esp_worker_new(&params);
	sad = sad_new(SAS_MAX);
	if (worker == NULL || sad == NULL)
		die("start", "worker");
	char *line = NULL;
	size_t cap = 0;
	for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
		line[strcspn(line, "\n")] = '\0';
		line_run(line);
	}
	free(line);
	sas_reset();
	sad_free(sad);
	esp_worker_free(worker);
	return 0;
}
