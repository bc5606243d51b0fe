/* SPDX-License-Identifier: BSD-2-Clause
 *
 * matching.c - filter expressions; see matching.h. Called by input.c.
 *
 * libpcap says "syntax error" and not where. The place is found by asking it again: the longest beginning, in whole words,
 * that can still become an expression with some usual ending is right, so what follows it is wrong.
 */
#include "cli/matching.h"

#include <dlfcn.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bpf_vm.h"
#include "lib/base/text.h"

enum { SNAP = 65535, WORDS_MAX = 64 };

/* The functions under their own names without `pcap_`. */
static struct {
	__typeof__(pcap_open_dead) *open_dead;
	__typeof__(pcap_compile) *compile;
	__typeof__(pcap_geterr) *geterr;
	__typeof__(pcap_freecode) *freecode;
	__typeof__(pcap_close) *close;
} lib;

/* Sets the pointer to a function at TO, of which only the caller knows the type. */
static bool
find(void *handle, const char *name, void *to)
{
	void *at = dlsym(handle, name);
	memcpy(to, &at, sizeof(at));
	return at != NULL;
}

static bool
lib_load(void)
{
	static bool is_ready;
	if (is_ready)
		return true;
	void *handle = dlopen("libpcap.so.0.8", RTLD_NOW | RTLD_LOCAL);
	is_ready = handle != NULL && find(handle, "pcap_open_dead", &lib.open_dead) &&
		   find(handle, "pcap_compile", &lib.compile) &&
		   find(handle, "pcap_geterr", &lib.geterr) &&
		   find(handle, "pcap_freecode", &lib.freecode) &&
		   find(handle, "pcap_close", &lib.close);
	if (handle != NULL && !is_ready)
		dlclose(handle);
	return is_ready;
}

static bool
is_syntax_error(pcap_t *p)
{
	return strstr(lib.geterr(p), "syntax error") != NULL;
}

/* Where a word, a number or a sign ends that begins at AT. */
static size_t
word_end(const char *s, size_t at)
{
	at += strspn(s + at, " \t");
	if (s[at] == '(' || s[at] == ')' || s[at] == '[' || s[at] == ']')
		return at + 1;
	size_t n_signs = strspn(s + at, "!&|=<>");
	return at + (n_signs > 0 ? n_signs : strcspn(s + at, "()[]!&|=<> \t"));
}

/* Can the first N octets of S become an expression? */
static bool
is_beginning(pcap_t *p, const char *s, size_t n)
{
	static const char *const endings[] = { "", " ip", " 1", " 10.0.0.1", " host 10.0.0.1",
		" net 10.0.0.0/8", " port 1", " 1-2", " 0] = 1", "] = 1", " = 1", " 1] = 1" };
	unsigned depth = 0;
	for (size_t i = 0; i < n; i++)
		depth += s[i] == '(' ? 1U : s[i] == ')' && depth > 0 ? -1U : 0U;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct bpf_program program;
		struct text t = { 0 };
		text_putn(&t, s, n);
		text_put(&t, endings[i]);
		text_fill(&t, ')', depth);
		bool is_good = lib.compile(p, &program, text_str(&t), 1, PCAP_NETMASK_UNKNOWN) == 0;
		text_done(&t);
		if (is_good)
			lib.freecode(&program);
		if (is_good || !is_syntax_error(p))
			return true;
	}
	return false;
}

/* Says where EXPRESSION is wrong. */
static void
place_put(pcap_t *p, const char *expression, struct text *out)
{
	size_t good = 0;
	size_t end = 0;
	for (unsigned i = 0; i < WORDS_MAX && expression[end] != '\0'; i++) {
		end = word_end(expression, end);
		if (is_beginning(p, expression, end))
			good = end;
	}
	good += strspn(expression + good, " \t");
	if (expression[good] == '\0')
		text_put(out, "syntax error at the end, something is missing");
	else
		text_printf(out, "syntax error at '%s'", expression + good);
}

static void
program_put(const struct bpf_program *program, struct text *out)
{
	for (unsigned i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *from = &program->bf_insns[i];
		const struct bpf_op op = {
			.code = from->code, .jt = from->jt, .jf = from->jf, .k = from->k
		};
		bpf_put(out, &op, 1);
	}
}

bool
matching_compile(const char *expression, struct text *out)
{
	struct bpf_program program;
	bool is_good = false;
	if (!lib_load()) {
		text_put(out, "libpcap cannot be used");
		return false;
	}
	pcap_t *p = lib.open_dead(DLT_RAW, SNAP);
	if (p == NULL)
		abort();
	if (lib.compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		text_printf(out, "matching: ");
		if (is_syntax_error(p))
			place_put(p, expression, out);
		else
			text_put(out, lib.geterr(p));
	} else {
		is_good = program.bf_len <= BPF_OPS_MAX;
		if (is_good)
			program_put(&program, out);
		else
			text_put(out, "matching: the expression is too long");
		lib.freecode(&program);
	}
	lib.close(p);
	return is_good;
}
