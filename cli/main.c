/* SPDX-License-Identifier: BSD-2-Clause
 *
 * main.c - sallyport, the command line.
 *
 * usage: sallyport [-r RUNDIR] [-c 'COMMAND']
 *        sallyport check FILE
 *
 * A person at a terminal gets prompts and line editing; without a terminal, standard input is read line by line
 * and the exit status is 1 if any line failed. Everything that is known about commands and configuration
 * lives in mgd; `check` alone works without a gateway.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "cli/check.h"
#include "cli/client.h"

static void
usage(void)
{
	fputs("usage: sallyport [-r RUNDIR] [-c 'COMMAND']\n"
	      "       sallyport check FILE\n",
	    stderr);
	exit(2);
}

static void
on_sigint(int sig)
{
	(void)sig;
	client_interrupt();
}

/* ^C while a line is typed: a fresh prompt. */
static int
on_typing_interrupted(void)
{
	rl_crlf();
	rl_replace_line("", 0);
	rl_on_new_line();
	rl_redisplay();
	return 0;
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
	while (c->mode != MODE_END) {
		ssize_t n = getline(&line, &cap, stdin);
		if (n < 0)
			break;
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		if (!is_blank(line) && client_line(c, line) != 0)
			status = 1;
	}
	free(line);
	return status;
}

static int
run_person(struct client *c)
{
	struct sigaction sa = { .sa_handler = on_sigint }; /* no SA_RESTART: poll() must return */
	sigaction(SIGINT, &sa, NULL);
	rl_readline_name = "sallyport";
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_bind_key('\t', rl_insert);
	rl_signal_event_hook = on_typing_interrupted;
	stifle_history(100);
	while (c->mode != MODE_END) {
		char prompt[512];
		if (c->mode == MODE_CONFIGURATION)
			printf("\n[edit%s%s]\n", c->edit[0] != '\0' ? " " : "", c->edit);
		char *line = readline(client_prompt(c, prompt, sizeof(prompt)));
		if (line == NULL)
			break;
		if (!is_blank(line)) {
			add_history(line);
			if (client_line(c, line) < 0) {
				free(line);
				return 1;
			}
		}
		free(line);
		if (c->mode == MODE_OPERATIONAL)
			putchar('\n');
	}
	return 0;
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
	int status;
	if (command != NULL)
		status = is_blank(command) ? 0 : client_line(&c, command) != 0;
	else if (c.is_terminal)
		status = run_person(&c);
	else
		status = run_script(&c);
	client_close(&c);
	return status;
}
