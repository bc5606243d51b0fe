/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tool.h - ping and traceroute: programs of the host that run with the rights of the user.
 *
 * mgd names the tool and its options, as it would name them to a person; which program that is and with which arguments it
 * is called is decided here, from a fixed table, and every value is looked at again. No shell has a part in it. The program
 * is in a process group of its own: ^C comes here and is passed on.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct elem;
struct text;
struct tool;

enum { TOOL_ARGS_MAX = 64 };

/* Makes the arguments for REQUEST, an RPC "ping" or "traceroute", in A: ARGV[0] is the name of the program, NULL ends them. Returns false
 * and the error for the user in WHY. Pure. */
bool tool_arguments(
    const struct elem *request, struct arena *a, const char *argv[TOOL_ARGS_MAX], struct text *why);

/* Starts it. Returns NULL and the error for the user in WHY. */
struct tool *tool_start(const struct elem *request, struct text *why);
/* To be polled for input; then tool_read() adds what came to OUT, as JUNOS would say it. It returns false at the end. */
int tool_fd(const struct tool *t);
bool tool_read(struct tool *t, struct text *out);
/* ^C: it says what it knows and ends. */
void tool_interrupt(struct tool *t);
/* Waits for its end. Returns whether it succeeded. */
bool tool_end(struct tool *t);

#endif
