/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.c - lines for an operator: standard error, and the system's log where there is one.
 *
 * One write() a line, so that lines of several processes in one file do not mix. The socket to the system's log is
 * connected once and never again: a sandboxed process cannot open another.
 */
#include "lib/os/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/tame.h"

enum { LINE_MAX_LEN = 1024 };

static const char *log_name = "sallyport";
static int log_fd = STDERR_FILENO;
static int log_messages = -1; /* -1: none */
static int log_sock = -1;     /* -1: no system log */
static char log_host[65] = "localhost";

static const int severity[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_NOTICE] = LOG_NOTICE,
	[LOG_LEVEL_INFO] = LOG_INFO,
};

void
log_open(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	log_name = name;
	if (gethostname(log_host, sizeof(log_host) - 1) < 0 || log_host[0] == '\0')
		strcpy(log_host, "localhost");
	log_host[strcspn(log_host, ".")] = '\0';
	tzset(); /* reads the zone file once, while we still may */
	if (log_sock >= 0)
		return;
	log_sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (log_sock >= 0 && connect(log_sock, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(log_sock);
		log_sock = -1;
	}
}

void
log_to(int fd)
{
	log_fd = fd;
}

void
log_messages_to(int fd)
{
	struct stat own;
	struct stat all;
	bool is_same = fstat(log_fd, &own) == 0 && fstat(fd, &all) == 0 &&
		       own.st_dev == all.st_dev && own.st_ino == all.st_ino;
	log_messages = is_same ? -1 : fd;
}

void
log_line(enum log_level level, const char *tag, const char *fmt, ...)
{
	char text[LINE_MAX_LEN];
	char line[LINE_MAX_LEN + 256];
	char stamp[32];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* what a peer made us say must not look like a line of its own */
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	tame_str(text);
	time_t now = time(NULL);
	struct tm tm;
	strftime(stamp, sizeof(stamp), "%b %e %T", gmtime_r(&now, &tm));
	int n = snprintf(line, sizeof(line), "%s %s %s[%d]: %s: %s\n", stamp, log_host, log_name,
	    getpid(), tag, text);
	ssize_t rc = write(log_fd, line, (size_t)n);
	if (log_messages >= 0 && level <= LOG_LEVEL_NOTICE)
		rc = write(log_messages, line, (size_t)n);
	if (log_sock >= 0) {
		n = snprintf(line, sizeof(line), "<%d>%s %s[%d]: %s: %s",
		    LOG_DAEMON | severity[level], stamp, log_name, getpid(), tag, text);
		rc = send(log_sock, line, (size_t)n, MSG_NOSIGNAL);
	}
	(void)rc; /* a full disk or a restarting logger must not stop a gateway */
}
