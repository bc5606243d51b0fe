/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.c - lines for an operator: standard error, the places of [edit system syslog], and the system's log where there is one.
 *
 * One write() a line, so that lines of several processes in one file do not mix. The socket to the system's log is
 * connected once and never again: a sandboxed process cannot open another. Places are few, so they are looked through.
 */
#include "lib/os/log.h"

#include <errno.h>
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
static int log_sock = -1; /* -1: no system log */
static char log_host[65] = "localhost";

static struct place {
	struct log_sink sink;
	int fd;
} places[LOG_PLACES_MAX];
static unsigned n_places;

/* What a line looks like where nobody says how. */
static const struct log_sink plain = { .kind = LOG_SINK_FILE, .code = -1 };

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

/* --- places --- */

static struct place *
place_find(enum log_sink_kind kind, const char *name)
{
	for (unsigned i = 0; i < n_places; i++)
		if (places[i].sink.kind == kind && strcmp(places[i].sink.name, name) == 0)
			return &places[i];
	return NULL;
}

static bool
is_own(int fd)
{
	struct stat own;
	struct stat other;
	return fstat(log_fd, &own) == 0 && fstat(fd, &other) == 0 && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino;
}

void
log_messages_to(int fd)
{
	struct log_sink s = { .kind = LOG_SINK_FILE, .name = "messages", .code = -1 };
	if (is_own(fd) || place_find(s.kind, s.name) != NULL)
		return;
	memset(s.least, LOG_LEVEL_NOTICE, sizeof(s.least));
	s.least[LOG_AUTHORIZATION] = LOG_LEVEL_INFO;
	places[n_places++] = (struct place){ .sink = s, .fd = fd };
}

bool
log_place_set(const struct elem *e, int fd)
{
	struct log_sink s;
	struct place *p = NULL;
	bool is_good = fd >= 0 && log_sink_init(&s, e);
	if (is_good)
		p = place_find(s.kind, s.name);
	if (is_good && p == NULL && n_places < LOG_PLACES_MAX) {
		places[n_places++] = (struct place){ .sink = s, .fd = fd };
		return true;
	}
	if (p != NULL) {
		log_sink_done(&p->sink);
		p->sink = s;
		is_good = dup2(fd, p->fd) >= 0;
	} else if (is_good) {
		log_sink_done(&s);
		is_good = false;
	}
	if (fd >= 0)
		close(fd);
	return is_good;
}

void
log_place_del(const struct elem *e)
{
	struct log_sink s;
	if (!log_sink_init(&s, e))
		return;
	struct place *p = place_find(s.kind, s.name);
	log_sink_done(&s);
	if (p == NULL || p->fd <= STDERR_FILENO)
		return;
	log_sink_done(&p->sink);
	close(p->fd);
	*p = places[--n_places];
}

void
log_place_turn(const char *name, int fd)
{
	for (unsigned i = 0; i < n_places; i++) {
		struct place *p = &places[i];
		bool is_file = p->sink.kind == LOG_SINK_FILE || p->sink.kind == LOG_SINK_TRACE;
		if (is_file && strcmp(p->sink.name, name) == 0 && dup2(fd, p->fd) < 0)
			log_line(LOG_LEVEL_ERROR, "DAEMON_LOG", "%s: %s", name, strerror(errno));
	}
}

const struct log_sink *
log_place_find(enum log_sink_kind kind, const char *name)
{
	const struct place *p = place_find(kind, name);
	return p != NULL ? &p->sink : NULL;
}

/* --- lines --- */

/* A file is written to; who passes lines on to users and hosts gets each as a datagram. Neither a full disk nor somebody who
 * does not read may stop a gateway. */
static void
place_write(const struct place *p, const struct log_entry *e)
{
	char line[LINE_MAX_LEN + 512];
	size_t n = log_sink_print(&p->sink, e, line, sizeof(line));
	bool is_file = p->sink.kind == LOG_SINK_FILE || p->sink.kind == LOG_SINK_TRACE;
	ssize_t rc =
	    is_file ? write(p->fd, line, n) : send(p->fd, line, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)rc;
}

/* Fills in E around TEXT, in which what a peer made us say must not look like a line of its own, nor act on a terminal. */
__attribute__((format(printf, 3, 0))) static void
entry_fill(struct log_entry *e, char text[LINE_MAX_LEN], const char *fmt, va_list ap)
{
	vsnprintf(text, LINE_MAX_LEN, fmt, ap);
	/* what a peer made us say must not look like a line of its own */
	tame_str(text);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	e->host = log_host;
	e->process = log_name;
	e->pid = getpid();
	e->text = text;
	clock_gettime(CLOCK_REALTIME, &e->when);
}

void
log_line(enum log_level level, const char *tag, const char *fmt, ...)
{
	char text[LINE_MAX_LEN];
	char line[LINE_MAX_LEN + 512];
	struct log_entry e = { .facility = log_facility_of(tag), .level = level, .tag = tag };
	va_list ap;
	va_start(ap, fmt);
	entry_fill(&e, text, fmt, ap);
	va_end(ap);
	size_t n = log_sink_print(&plain, &e, line, sizeof(line));
	ssize_t rc = write(log_fd, line, n);
	for (unsigned i = 0; i < n_places; i++)
		if (places[i].sink.kind != LOG_SINK_TRACE && log_sink_wants(&places[i].sink, &e))
			place_write(&places[i], &e);
	if (log_sock >= 0) {
		char stamp[32];
		struct tm tm;
		strftime(stamp, sizeof(stamp), "%b %e %T", gmtime_r(&e.when.tv_sec, &tm));
		int k = snprintf(line, sizeof(line), "<%d>%s %s[%d]: %s: %s",
		    LOG_DAEMON | (int)level, stamp, log_name, e.pid, tag, text);
		rc = send(log_sock, line, (size_t)k, MSG_NOSIGNAL);
	}
	(void)rc; /* a full disk or a restarting logger must not stop a gateway */
}

bool
log_is_traced(const char *flag, enum log_level level)
{
	for (unsigned i = 0; i < n_places; i++)
		if (log_sink_traces(&places[i].sink, flag, level))
			return true;
	return false;
}

void
log_trace(const char *flag, enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX_LEN];
	struct log_entry e = { .facility = LOG_DAEMONS, .level = level, .tag = "" };
	va_list ap;
	if (!log_is_traced(flag, level))
		return;
	va_start(ap, fmt);
	entry_fill(&e, text, fmt, ap);
	va_end(ap);
	for (unsigned i = 0; i < n_places; i++)
		if (log_sink_traces(&places[i].sink, flag, level) &&
		    log_sink_wants(&places[i].sink, &e))
			place_write(&places[i], &e);
}
