/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event.h - what happened, as lines of the log and of the traces.
 *
 * Strangers can make some things happen as often as they like, so each kind of line has a budget; what goes beyond it is
 * counted and said in one line. Traces go to the files of traceoptions and cost one branch when nobody asked. Never
 * key material: of a message only the header and the types of its payloads are told. One thread.
 */
#ifndef EVENT_H
#define EVENT_H

#include "lib/vpn/life.h"

struct text;

enum {
	EVENT_LINES_MAX = 20, /* of one kind in EVENT_WINDOW_MS */
	EVENT_WINDOW_MS = 1000,
};

struct event_budget {
	uint64_t since_ms;
	unsigned n_lines;
	unsigned long n_left_out;
};

struct events {
	struct event_budget budgets[LIFE_KIND_MAX];
};

/* Would anything be written of this kind? If only the budget is against it, the line counts as left out. */
bool event_hears(struct events *v, uint64_t now_ms, enum life_kind kind);
/* Writes the line of E, if there is still budget for its kind. */
void event_log(struct events *v, uint64_t now_ms, const struct life_event *e);
/* Says what has been left out, when the time of a budget is over. */
void event_flush(struct events *v, uint64_t now_ms);

/* Traces a message (flag ike): WAY is "in" or "out". */
void event_trace_message(
    const char *way, const struct ike_path *path, const uint8_t *msg, size_t len);
/* Traces what was inside an encrypted message, once the engine has decrypted it in place. WAS_ENCRYPTED holds what it was
 * before. Says nothing if it has not been decrypted. */
enum { EVENT_PROBE_LEN = 64 };
void event_trace_inside(
    const struct ike_path *path, const uint8_t *was_encrypted, const uint8_t *msg, size_t len);

/* Adds "main mode, cookies 0123456789abcdef 0000000000000000: SA, VID, VID" to OUT. */
void event_message_print(const uint8_t *msg, size_t len, bool is_decrypted, struct text *out);

#endif
