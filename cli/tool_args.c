/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tool_args.c - the options of JUNOS's ping and traceroute in the spelling of the programs of the host. Called by act_tool.c.
 */
#include "cli/tool.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/addr.h"
#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/msg/elem.h"

enum kind { FLAG, NUMBER, HEX, ADDRESS, DEVICE, REFUSED, SILENT };

struct option {
	const char *name; /* JUNOS's, a leaf of the request */
	enum kind kind;
	const char *option; /* the program's */
	const char *value;  /* of a flag, or NULL */
};

static const struct option ping_options[] = {
	{ "bypass-routing", FLAG, "-r", NULL },
	{ "count", NUMBER, "-c", NULL },
	{ "do-not-fragment", FLAG, "-M", "do" },
	{ "inet", FLAG, "-4", NULL },
	{ "inet6", FLAG, "-6", NULL },
	{ "interface", SILENT, NULL, NULL }, /* the device says it */
	{ "interval", NUMBER, "-i", NULL },
	{ "no-resolve", FLAG, "-n", NULL },
	{ "pattern", HEX, "-p", NULL },
	{ "rapid", FLAG, "-A", NULL },
	{ "record-route", FLAG, "-R", NULL },
	{ "routing-instance", SILENT, NULL, NULL },
	{ "size", NUMBER, "-s", NULL },
	{ "source", ADDRESS, "-I", NULL },
	{ "tos", NUMBER, "-Q", NULL },
	{ "ttl", NUMBER, "-t", NULL },
	{ "verbose", FLAG, "-v", NULL },
	{ "wait", NUMBER, "-W", NULL },
	{ NULL, FLAG, NULL, NULL },
};

static const struct option traceroute_options[] = {
	{ "as-number-lookup", REFUSED, NULL, NULL },
	{ "bypass-routing", FLAG, "-r", NULL },
	{ "gateway", ADDRESS, "-g", NULL },
	{ "inet", FLAG, "-4", NULL },
	{ "inet6", FLAG, "-6", NULL },
	{ "interface", SILENT, NULL, NULL },
	{ "no-resolve", FLAG, "-n", NULL },
	{ "routing-instance", SILENT, NULL, NULL },
	{ "source", ADDRESS, "-s", NULL },
	{ "tos", NUMBER, "-t", NULL },
	{ "ttl", NUMBER, "-m", NULL },
	{ "wait", NUMBER, "-w", NULL },
	{ NULL, FLAG, NULL, NULL },
};

static const struct {
	const char *name;
	const struct option *options;
	const char *device; /* the option for a device */
} tools[] = {
	{ "ping", ping_options, "-I" },
	{ "traceroute", traceroute_options, "-i" },
};

static bool
consists_of(const char *s, const char *more, bool (*is_one)(unsigned char c))
{
	if (*s == '\0' || *s == '-' || strlen(s) > 255)
		return false;
	for (; *s != '\0'; s++)
		if (!is_one((unsigned char)*s) && strchr(more, *s) == NULL)
			return false;
	return true;
}

static bool
is_digit(unsigned char c)
{
	return isdigit(c) != 0;
}

static bool
is_hex(unsigned char c)
{
	return isxdigit(c) != 0;
}

static bool
is_letter(unsigned char c)
{
	return isalnum(c) != 0;
}

static bool
value_is_fine(enum kind kind, const char *v)
{
	struct addr ignored;
	switch (kind) {
	case NUMBER:
		return v != NULL && consists_of(v, "", is_digit) && strlen(v) <= 10;
	case HEX:
		return v != NULL && consists_of(v, "", is_hex);
	case ADDRESS:
		return v != NULL && addr_parse(v, &ignored);
	case DEVICE:
		return v != NULL && consists_of(v, "._-", is_letter) && strlen(v) < 16;
	case FLAG:
	case SILENT:
		return true;
	case REFUSED:
		break;
	}
	return false;
}

struct arguments {
	struct arena *a;
	const char **argv;
	size_t n;
};

static void
add(struct arguments *x, const char *s)
{
	if (x->n < TOOL_ARGS_MAX - 1)
		x->argv[x->n++] = arena_strdup(x->a, s);
	x->argv[x->n] = NULL;
}

static bool
option_add(struct arguments *x, const struct option *o, const struct elem *leaf, struct text *why)
{
	if (o->kind == REFUSED) {
		text_printf(why, "error: option %s is not supported\n", o->name);
		return false;
	}
	if (!value_is_fine(o->kind, leaf->value)) {
		text_printf(why, "error: invalid value of %s\n", o->name);
		return false;
	}
	if (o->kind == SILENT)
		return true;
	add(x, o->option);
	if (o->kind == FLAG && o->value != NULL)
		add(x, o->value);
	if (o->kind != FLAG)
		add(x, leaf->value);
	return true;
}

/* What JUNOS does without being told. */
static void
defaults_add(struct arguments *x, const struct elem *request)
{
	bool is_ping = strcmp(request->name, "ping") == 0;
	if (!is_ping || !elem_has(request, "rapid"))
		return;
	if (!elem_has(request, "count")) {
		add(x, "-c");
		add(x, "5");
	}
	if (!elem_has(request, "wait")) {
		add(x, "-W");
		add(x, "1");
	}
}

bool
tool_arguments(const struct elem *request, const struct elem *facts, struct arena *a,
    const char *argv[TOOL_ARGS_MAX], struct text *why)
{
	struct arguments x = { .a = a, .argv = argv };
	const char *host = elem_value(request, "host");
	size_t i = 0;
	while (i < sizeof(tools) / sizeof(tools[0]) && strcmp(tools[i].name, request->name) != 0)
		i++;
	if (i == sizeof(tools) / sizeof(tools[0])) {
		text_printf(why, "error: no program for %s\n", request->name);
		return false;
	}
	add(&x, tools[i].name);
	for (const struct option *o = tools[i].options; o->name != NULL; o++) {
		const struct elem *leaf = elem_find(request, o->name);
		if (leaf != NULL && !option_add(&x, o, leaf, why))
			return false;
	}
	/* being bound to the device of an instance, or to one in it, says which instance */
	const struct elem *device = elem_find(facts, "device");
	if (device == NULL)
		device = elem_find(facts, "vrf");
	const struct option o = { "interface", DEVICE, tools[i].device, NULL };
	if (device != NULL && !option_add(&x, &o, device, why))
		return false;
	defaults_add(&x, request);
	if (host == NULL || !consists_of(host, ".:_%-", is_letter)) {
		text_put(why, "error: invalid host\n");
		return false;
	}
	add(&x, host);
	return true;
}
