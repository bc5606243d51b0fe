/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event.c - what happened, as lines of the log and of the traces.
 *
 * Every line of a trace names the peer's address, so that `match` of the trace file follows one peer. Called by main.c on the
 * loop's thread.
 */
#include "daemon/kmd/event.h"

#include "lib/base/text.h"
#include "lib/ike/hdr.h"
#include "lib/ike/v1_msg.h"
#include "lib/os/log.h"

#include <string.h>

/* --- lines --- */

/* The flag of traceoptions that a kind belongs to. */
static const char *
flag_of(enum life_kind kind)
{
	switch (kind) {
	case LIFE_SA_UP:
	case LIFE_SA_DOWN:
	case LIFE_TUNNEL_UP:
	case LIFE_TUNNEL_DOWN:
	case LIFE_ADOPTED:
	case LIFE_ORPHAN:
	case LIFE_INSTALL_FAILED:
	case LIFE_SHORT:
	case LIFE_SPI_TWICE:
		return "database";
	case LIFE_P1_NO_POLICY:
	case LIFE_CONF_CHANGED:
		return "policy-manager";
	default:
		return "ike";
	}
}

static enum log_level
level_of(const struct life_kind_info *info)
{
	return info->tag != NULL ? (enum log_level)info->severity : LOG_LEVEL_DEBUG;
}

/* Is there budget for a line? If not, it is counted. */
static bool
budget_has(struct event_budget *b, uint64_t now_ms)
{
	if (now_ms - b->since_ms >= EVENT_WINDOW_MS) {
		b->since_ms = now_ms;
		b->n_lines = 0;
	}
	if (b->n_lines < EVENT_LINES_MAX)
		return true;
	b->n_left_out++;
	return false;
}

/* Who it is about, unless the text says so: " (192.0.2.1 > 198.51.100.7, ss/r/t)". */
static void
who_put(struct text *out, const struct life_event *e)
{
	char local[ADDR_STRLEN];
	char remote[ADDR_STRLEN];
	bool says_peer =
	    e->remote.family == ADDR_NONE || strstr(e->text, addr_print(e->remote, remote)) != NULL;
	bool says_tunnel = e->tunnel == NULL || strstr(e->text, e->tunnel) != NULL;
	if (says_peer && says_tunnel)
		return;
	text_put(out, " (");
	if (!says_peer)
		text_printf(out, "%s > %s", addr_print(e->local, local), remote);
	if (!says_tunnel)
		text_printf(out, "%s%s", says_peer ? "" : ", ", e->tunnel);
	text_putc(out, ')');
}

bool
event_hears(struct events *v, uint64_t now_ms, enum life_kind kind)
{
	const struct life_kind_info *info = life_kind_info(kind);
	return log_is_traced(flag_of(kind), level_of(info)) ||
	       (info->tag != NULL && budget_has(&v->budgets[kind], now_ms));
}

void
event_log(struct events *v, uint64_t now_ms, const struct life_event *e)
{
	const struct life_kind_info *info = life_kind_info(e->kind);
	enum log_level level = level_of(info);
	const char *flag = flag_of(e->kind);
	bool is_line = info->tag != NULL && budget_has(&v->budgets[e->kind], now_ms);
	bool is_traced = log_is_traced(flag, level);
	if (!is_line && !is_traced)
		return;
	struct text t = { 0 };
	v->budgets[e->kind].n_lines += is_line;
	text_put(&t, e->text);
	who_put(&t, e);
	if (is_traced)
		log_trace(flag, level, "%s", text_str(&t));
	if (is_line)
		log_line(level, info->tag, "%s", text_str(&t));
	text_done(&t);
}

void
event_flush(struct events *v, uint64_t now_ms)
{
	for (unsigned i = 0; i < LIFE_KIND_MAX; i++) {
		struct event_budget *b = &v->budgets[i];
		if (b->n_left_out == 0 || now_ms - b->since_ms < EVENT_WINDOW_MS)
			continue;
		log_line(LOG_LEVEL_WARNING, life_kind_info((enum life_kind)i)->tag,
		    "%lu more lines like this were left out", b->n_left_out);
		b->n_left_out = 0;
	}
}

/* --- messages --- */

static void
payloads_put(struct text *out, struct rd *r, uint8_t first, enum v1_where where)
{
	struct v1_msg m = { 0 };
	enum ike_reason rc = v1_msg_parse(r, first, where, &m);
	if (rc != IKE_OK) {
		text_printf(out, "unreadable (%s)", reason_info(rc)->sentence);
		return;
	}
	for (unsigned i = 0; i < m.n; i++)
		text_printf(out, "%s%s", i > 0 ? ", " : "", v1_type_name((uint8_t)m.list[i].type));
}

static const char *
exchange_name(uint8_t exchange)
{
	switch (exchange) {
	case HDR_MAIN:
		return "main mode";
	case HDR_AGGRESSIVE:
		return "aggressive mode";
	case HDR_INFO:
		return "informational";
	case HDR_QUICK:
		return "quick mode";
	default:
		return NULL;
	}
}

void
event_message_print(const uint8_t *msg, size_t len, bool is_decrypted, struct text *out)
{
	struct rd r = rd_init(msg, len);
	struct hdr h;
	enum ike_reason rc = hdr_parse(&r, &h);
	if (rc != IKE_OK) {
		text_printf(out, "%zu octets: %s", len, reason_info(rc)->sentence);
		return;
	}
	const char *name = exchange_name(h.exchange);
	if (name != NULL)
		text_put(out, name);
	else
		text_printf(out, "exchange %u", h.exchange);
	text_printf(out, ", %u octets, cookies %016llx %016llx", h.len, (unsigned long long)h.cky_i,
	    (unsigned long long)h.cky_r);
	if (h.mid != 0)
		text_printf(out, ", message ID %u", h.mid);
	text_put(out, ": ");
	if (h.version >> 4 != HDR_V1 >> 4)
		text_printf(out, "version %u", h.version >> 4);
	else if ((h.flags & HDR_ENCRYPTED) != 0 && !is_decrypted)
		text_put(out, "encrypted");
	else
		payloads_put(out, &r, h.next, is_decrypted ? V1_DECRYPTED : V1_IN_CLEAR);
}

static void
message_trace(
    const char *way, const struct ike_path *path, const uint8_t *msg, size_t len, bool is_decrypted)
{
	struct text t = { 0 };
	char local[ADDR_STRLEN];
	char remote[ADDR_STRLEN];
	event_message_print(msg, len, is_decrypted, &t);
	log_trace("ike", LOG_LEVEL_INFO, "%s %s:%u > %s:%u %s", way,
	    addr_print(path->local.addr, local), path->local.port,
	    addr_print(path->remote.addr, remote), path->remote.port, text_str(&t));
	text_done(&t);
}

void
event_trace_message(const char *way, const struct ike_path *path, const uint8_t *msg, size_t len)
{
	message_trace(way, path, msg, len, false);
}

void
event_trace_inside(
    const struct ike_path *path, const uint8_t *was_encrypted, const uint8_t *msg, size_t len)
{
	size_t n = len < EVENT_PROBE_LEN ? len : EVENT_PROBE_LEN;
	if (n > HDR_LEN && memcmp(was_encrypted + HDR_LEN, msg + HDR_LEN, n - HDR_LEN) != 0)
		message_trace("inside", path, msg, len, true);
}
