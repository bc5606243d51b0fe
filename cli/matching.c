/* SPDX-License-Identifier: BSD-2-Clause
 *
 * matching.c - filter expressions; see matching.h. Called by input.c.
 *
 * libpcap says "syntax error" and not where. The place is found by asking it again: the longest beginning, in whole words,
 * that can still become an expression with some usual ending is right, so what follows it is wrong. It looks up names while it
 * reads, so it is given addresses in their place until the rest is known to be right: only then are they asked for.
 */
#include "cli/matching.h"

#include <ctype.h>
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

/* Is EXPRESSION one, but for what its words mean? */
static bool
is_well_formed(pcap_t *p, const char *expression)
{
	struct bpf_program program;
	if (lib.compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0) {
		lib.freecode(&program);
		return true;
	}
	return !is_syntax_error(p);
}

/* Can a name be written where the word of N octets at S is? Words of the language cannot, nor can numbers and their names. */
static bool
is_name(pcap_t *p, const char *s, size_t n)
{
	bool has_letter = false;
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)s[i]) && strchr("._-", s[i]) == NULL)
			return false;
		has_letter = has_letter || isalpha((unsigned char)s[i]);
	}
	if (!has_letter)
		return false;
	struct text as_name = { 0 };
	struct text as_number = { 0 };
	text_printf(&as_name, "port %.*s", (int)n, s); /* of services only, which are in a file */
	text_printf(&as_number, "len = %.*s", (int)n, s);
	bool is = is_well_formed(p, text_str(&as_name)) && !is_well_formed(p, text_str(&as_number));
	text_done(&as_name);
	text_done(&as_number);
	return is;
}

static bool
is_word(const char *s, size_t n, const char *const *words)
{
	while (*words != NULL && (strlen(*words) != n || memcmp(*words, s, n) != 0))
		words++;
	return *words != NULL;
}

/* What stands for a name, after the words before it. */
struct meaning {
	bool is_net;
	bool is_other; /* of a port or protocol: stays, since nobody is asked for it */
	bool is_v6;
};

/* A word that is no name: what does one that follows mean? A conjunction changes nothing: `host a or b`. */
static void
meaning_take(struct meaning *m, const char *s, size_t n)
{
	static const char *const joins[] = { "and", "or", "not", "&&", "||", "!", "(", ")", NULL };
	static const char *const kinds[] = { "host", "net", "port", "portrange", "proto",
		"protochain", NULL };
	static const char *const ways[] = { "src", "dst", NULL };
	static const char *const v6[] = { "ip6", "icmp6", NULL };
	if (is_word(s, n, joins))
		return;
	if (is_word(s, n, kinds)) {
		m->is_net = s[0] == 'n';
		m->is_other = s[0] == 'p';
		return;
	}
	bool is_v6 = is_word(s, n, v6) || (m->is_v6 && is_word(s, n, ways));
	*m = (struct meaning){ .is_v6 = is_v6 };
}

/* Writes the first N octets of S with an address in the place of each name. */
static void
nameless_put(pcap_t *p, const char *s, size_t n, struct text *out)
{
	struct meaning m = { 0 };
	size_t at = 0;
	while (at < n) {
		size_t end = word_end(s, at);
		end = end > at && end <= n ? end : n;
		size_t start = at + strspn(s + at, " \t");
		start = start < end ? start : end;
		text_putn(out, s + at, start - at);
		if (!is_name(p, s + start, end - start)) {
			meaning_take(&m, s + start, end - start);
			text_putn(out, s + start, end - start);
		} else if (m.is_other) {
			text_putn(out, s + start, end - start);
		} else {
			text_printf(out, "%s%s", m.is_v6 ? "2001:db8::" : "10.0.0.0",
			    !m.is_net ? ""
			    : m.is_v6 ? "/32"
				      : "/8");
		}
		at = end;
	}
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
	struct text begun = { 0 };
	bool is_good = false;
	nameless_put(p, s, n, &begun);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && !is_good; i++) {
		struct text t = { 0 };
		text_put(&t, text_str(&begun));
		text_put(&t, endings[i]);
		text_fill(&t, ')', depth);
		is_good = is_well_formed(p, text_str(&t));
		text_done(&t);
	}
	text_done(&begun);
	return is_good;
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

/* Compiles what is well-formed; names are looked up. */
static bool
expression_compile(pcap_t *p, const char *expression, struct text *out)
{
	struct bpf_program program;
	if (lib.compile(p, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		text_printf(out, "matching: %s", lib.geterr(p));
		return false;
	}
	bool is_good = program.bf_len <= BPF_OPS_MAX;
	if (is_good)
		program_put(&program, out);
	else
		text_put(out, "matching: the expression is too long");
	lib.freecode(&program);
	return is_good;
}

bool
matching_compile(const char *expression, struct text *out)
{
	bool is_good = false;
	struct text nameless = { 0 };
	if (!lib_load()) {
		text_put(out, "libpcap cannot be used");
		return false;
	}
	pcap_t *p = lib.open_dead(DLT_RAW, SNAP);
	if (p == NULL)
		abort();
	nameless_put(p, expression, strlen(expression), &nameless);
	if (is_well_formed(p, text_str(&nameless))) {
		is_good = expression_compile(p, expression, out);
	} else {
		text_put(out, "matching: ");
		place_put(p, expression, out);
	}
	text_done(&nameless);
	lib.close(p);
	return is_good;
}
