/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tool.h - ping and traceroute: which programs of the host they are, and how they are called.
 *
 * mgd names the tool and its options, as it would name them to a person; which program that is and with which arguments it
 * is called is decided here, from a fixed table, and every value is looked at again. No shell has a part in it. act_tool.c runs it.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>

struct arena;
struct elem;
struct text;

enum { TOOL_ARGS_MAX = 64 };

/* Makes the arguments for REQUEST, an RPC "ping" or "traceroute", in A: ARGV[0] is the name of the program, NULL ends them. FACTS may
 * hold a device and a vrf, the Linux names of what the request calls interface and routing-instance. Returns false
 * and the error for the user in WHY. Pure. */
bool tool_arguments(const struct elem *request, const struct elem *facts, struct arena *a,
    const char *argv[TOOL_ARGS_MAX], struct text *why);

#endif
