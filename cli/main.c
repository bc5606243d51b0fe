/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - sallyport, the command line.
 *
 * usage: sallyport [-r RUNDIR] [-c 'COMMAND']
 *        sallyport check FILE
 *        sallyport [-r RUNDIR] netconf [base-1.1]
 *
 * It can be the login shell of a user: `-c` with the server side of scp or sftp runs that.
 * A person at a terminal gets prompts and line editing; without a terminal, standard input is read line by line
 * and the exit status is 1 if any line failed. Everything that is known about commands and configuration
 * lives in mgd; `check` alone works without a gateway.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/check.h"
#include "cli/client.h"
#include "cli/local.h"
#include "cli/netconf.h"
#include "cli/typing.h"

static void
usage(void)
{
	fputs("usage: sallyport [-r RUNDIR] [-c 'COMMAND']\n"
	      "       sallyport check FILE\n"
	      "       sallyport [-r RUNDIR] netconf [base-1.1]\n",
	    stderr);
	exit(2);
}

static bool
is_blank(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == '\0' || *line == '#';
}

/* Runs standard input line by line; 1 if any line failed. */
static int
run_script(struct client *c)
{
	char *line = NULL;
	size_t cap = 0;
	int status = 0;
	c->is_script = true;
	while (c->mode != MODE_END && client_next_line(c, &line, &cap)) {
		if (!is_blank(line) && client_line(c, line) != 0)
			status = 1;
	}
	free(line);
	return status;
}

int
main(int argc, char **argv)
{
	const char *rundir = NULL;
	const char *command = NULL;
	int opt;
	while ((opt = getopt(argc, argv, "r:c:")) != -1) {
		if (opt == 'r')
			rundir = optarg;
		else if (opt == 'c')
			command = optarg;
		else
			usage();
	}
	bool chunks;
	int status;
	if (command == NULL && local_is_netconf(argv[0], argc - optind, argv + optind, &chunks))
		return netconf_run(rundir, chunks);
	if (command != NULL && optind == argc && local_command(command, rundir, &status))
		return status;
	if (optind < argc) {
		if (strcmp(argv[optind], "check") != 0 || argc - optind != 2 || command != NULL)
			usage();
		return check_main(argv[optind + 1]);
	}
	signal(SIGPIPE, SIG_DFL);
	struct client c = {
		.fd = -1,
		.in = stdin,
		.is_terminal = command == NULL && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
	};
	if (client_open(&c, rundir) != 0)
		return 1;
	if (command != NULL)
		status = is_blank(command) ? 0 : client_line(&c, command) != 0;
	else if (c.is_terminal)
		status = typing_run(&c);
	else
		status = run_script(&c);
	client_close(&c);
	return status;
}
