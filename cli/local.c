/* SPDX-License-Identifier: BSD-2-Clause
 *
 * local.c - programs that the login shell starts, and NETCONF in its place. Called by main.c and client.c.
 */
#include "cli/local.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/netconf.h"
#include "lib/base/text.h"

enum { WORDS_MAX = 16 };

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

/* Cuts S, which is changed, into words as a shell would that knows blanks, quotes and `\`. Returns their number, or 0 if
 * there are too many or a quote is open. */
static size_t
words_cut(char *s, char *words[WORDS_MAX + 1])
{
	size_t n = 0;
	while (*(s += strspn(s, " \t")) != '\0') {
		if (n == WORDS_MAX)
			return 0;
		char *to = words[n++] = s;
		char quote = '\0';
		for (; *s != '\0' && (quote != '\0' || strchr(" \t", *s) == NULL); s++) {
			if (quote == '\0' && (*s == '\'' || *s == '"'))
				quote = *s;
			else if (*s == quote)
				quote = '\0';
			else if (*s == '\\' && quote != '\'' && s[1] != '\0')
				*to++ = *++s;
			else
				*to++ = *s;
		}
		if (quote != '\0')
			return 0;
		s += *s != '\0';
		*to = '\0';
	}
	words[n] = NULL;
	return n;
}

bool
local_is_netconf(const char *argv0, int n, char *const *argv, bool *out_chunks)
{
	bool is_name = strcmp(base_name(argv0), "sallyport-netconf") == 0;
	int at = is_name ? 0 : 1;
	if (!is_name && (n < 1 || strcmp(argv[0], "netconf") != 0))
		return false;
	*out_chunks = n == at + 1 && strcmp(argv[at], "base-1.1") == 0;
	return n == at || *out_chunks;
}

/* Runs a program in our place, from the first of the N places where it is; returns only if it cannot. */
static int
replace(const char *const *paths, size_t n, char *const *words)
{
	signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < n; i++)
		execv(paths[i], words);
	fprintf(stderr, "error: %s: %s\n", words[0], strerror(errno));
	return 1;
}

/* Only what scp's own other end sends: no option that names a program. */
static bool
is_scp_server(char *const *words)
{
	bool has_direction = false;
	for (size_t i = 1; words[i] != NULL && words[i][0] == '-' && words[i][1] != '-'; i++) {
		if (strspn(words[i] + 1, "tfrpdvq") != strlen(words[i] + 1))
			return false;
		has_direction = has_direction || strpbrk(words[i], "tf") != NULL;
	}
	return has_direction;
}

/* A file transfer: the host's own programs, not what somebody has put under their names. Returns false if WORDS is none. */
static bool
transfer(size_t n, char *const *words, int *out_status)
{
	static const char *const scp[] = { "/usr/bin/scp", "/bin/scp" };
	static const char *const sftp[] = { "/usr/lib/openssh/sftp-server",
		"/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server" };
	if (n > 1 && strcmp(words[0], "scp") == 0 && is_scp_server(words))
		*out_status = replace(scp, sizeof(scp) / sizeof(scp[0]), words);
	else if (n == 1 && strcmp(base_name(words[0]), "sftp-server") == 0)
		*out_status = replace(sftp, sizeof(sftp) / sizeof(sftp[0]), words);
	else
		return false;
	return true;
}

bool
local_command(const char *command, const char *rundir, int *out_status)
{
	static const char *const xml_mode[] = { "xml-mode", "netconf", "need-trailer" };
	char *words[WORDS_MAX + 1];
	char *copy = strdup(command);
	size_t n = copy != NULL ? words_cut(copy, words) : 0;
	bool chunks = false;
	bool is_xml_mode = n == 3;
	bool is_ours = true;
	for (size_t i = 0; i < 3 && is_xml_mode; i++)
		is_xml_mode = strcmp(words[i], xml_mode[i]) == 0;
	bool is_program = n > 0 && (strcmp(base_name(words[0]), "sallyport") == 0 ||
				       strcmp(base_name(words[0]), "sallyport-netconf") == 0);
	char **arguments = words + 1;
	if (is_program && n > 2 && strcmp(words[1], "-r") == 0) {
		rundir = words[2];
		arguments += 2;
		n -= 2;
	}
	if (is_xml_mode ||
	    (is_program && local_is_netconf(words[0], (int)n - 1, arguments, &chunks)))
		*out_status = netconf_run(rundir, chunks);
	else
		is_ours = n > 0 && transfer(n, words, out_status);
	free(copy);
	return is_ours;
}
