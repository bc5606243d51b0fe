/* SPDX-License-Identifier: BSD-2-Clause
 *
 * give.c - another program on our terminal. Its keys are its own: ^C ends it and not us. Called by client.c.
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

enum { STATUS_CANNOT_RUN = 127 };

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
