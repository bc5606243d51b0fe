/* SPDX-License-Identifier: BSD-2-Clause
 *
 * give.c - other programs in our place: a shell on the terminal, scp for a login shell.
 *
 * sshd runs the login shell of a user with `-c 'scp -t FILE'` when somebody copies a file. No shell sees that line: it is
 * cut at blanks and quotes, and only the two programs of OpenSSH's file transfer, with the options of its server side,
 * are run. Called by main.c and client.c.
 */
#include "cli/give.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { ARGS_MAX = 64, STATUS_CANNOT_RUN = 127 };

int
give_terminal(char *const argv[])
{
	struct termios tio;
	bool has_tio = tcgetattr(STDIN_FILENO, &tio) == 0;
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction was_int;
	struct sigaction was_quit;
	int status = 0;
	fflush(stdout);
	sigaction(SIGINT, &ignore, &was_int);
	sigaction(SIGQUIT, &ignore, &was_quit);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		execv(argv[0], argv);
		fprintf(stderr, "error: %s: %s\n", argv[0], strerror(errno));
		_exit(STATUS_CANNOT_RUN);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGQUIT, &was_quit, NULL);
	if (has_tio)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &tio);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Cuts LINE, which is changed, into words as a shell would that knows blanks, quotes and `\` only. Returns how many, or 0 if
 * there are too many or a quote is open. */
static size_t
words_cut(char *line, char *argv[ARGS_MAX])
{
	size_t n = 0;
	char *to = line;
	for (char *p = line + strspn(line, " \t"); *p != '\0'; p += strspn(p, " \t")) {
		if (n + 1 == ARGS_MAX)
			return 0;
		argv[n++] = to;
		char quote = '\0';
		for (; *p != '\0' && (quote != '\0' || (*p != ' ' && *p != '\t')); p++) {
			if (quote == '\0' && (*p == '\'' || *p == '"'))
				quote = *p;
			else if (*p == quote)
				quote = '\0';
			else if (*p == '\\' && quote != '\'' && p[1] != '\0')
				*to++ = *++p;
			else
				*to++ = *p;
		}
		if (quote != '\0')
			return 0;
		p += *p != '\0';
		*to++ = '\0';
	}
	argv[n] = NULL;
	return n;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

/* Only what scp's own other end sends: no option that names a program. */
static bool
is_scp_server(char *const argv[])
{
	bool has_direction = false;
	size_t i = 1;
	for (; argv[i] != NULL && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++) {
		if (strspn(argv[i] + 1, "tfrpdvq") != strlen(argv[i] + 1))
			return false;
		has_direction = has_direction || strpbrk(argv[i], "tf") != NULL;
	}
	return has_direction;
}

int
give_transfer(const char *command)
{
	static const char *const sftp_servers[] = { "/usr/lib/openssh/sftp-server",
		"/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server" };
	char *argv[ARGS_MAX];
	char *line = strdup(command);
	if (line == NULL)
		abort();
	size_t n = words_cut(line, argv);
	if (n > 0 && strcmp(argv[0], "scp") == 0 && is_scp_server(argv)) {
		execvp("scp", argv);
	} else if (n == 1 && strcmp(base_name(argv[0]), "sftp-server") == 0) {
		for (size_t i = 0; i < sizeof(sftp_servers) / sizeof(sftp_servers[0]); i++)
			execv(sftp_servers[i], argv);
	} else {
		free(line);
		return -1;
	}
	fprintf(stderr, "error: %s: %s\n", argv[0], strerror(errno));
	free(line);
	return STATUS_CANNOT_RUN;
}
