/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fetch.c - libcurl, told what it may do. Called by input.c, act_file.c and netconf_rfc.c.
 */
#include "cli/fetch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/curl.h"

static const char *const schemes[] = { "http", "https", "ftp" };

struct transfer {
	const struct curl *lib;
	CURL *curl;
	int fd;
	uint64_t left;    /* bytes that may still come */
	bool is_too_much; /* more than that came */
	int error;        /* errno of reading or writing the file, 0: none */
	char text[CURL_ERROR_SIZE];
};

/* --- names --- */

/* Has S this scheme? Letters of either case are the same, as in any URL. */
static bool
has_scheme(const char *s, const char *scheme)
{
	size_t n = strlen(scheme);
	return strncasecmp(s, scheme, n) == 0 && strncmp(s + n, "://", 3) == 0;
}

/* The path in a file: URL of this host, which begins with `/`; NULL: it is none. */
static const char *
file_path(const char *name)
{
	static const char here[] = "localhost/";
	if (!has_scheme(name, "file"))
		return NULL;
	const char *rest = name + strlen("file://");
	if (strncasecmp(rest, here, sizeof(here) - 1) == 0)
		rest += sizeof(here) - 2;
	return rest[0] == '/' ? rest : NULL;
}

enum fetch_place
fetch_place(const char *name)
{
	const char *colon = strstr(name, "://");
	const char *slash = strchr(name, '/');
	if (colon == NULL || slash != colon + 1)
		return FETCH_LOCAL;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (has_scheme(name, schemes[i]))
			return FETCH_REMOTE;
	return file_path(name) != NULL ? FETCH_LOCAL : FETCH_UNKNOWN;
}

char *
fetch_path(const char *name)
{
	const char *path = file_path(name);
	char *out = strdup(path != NULL ? path : name);
	if (out == NULL)
		abort();
	if (path == NULL)
		return out;
	/* %20 and the like; %00 would end the path before its time and stays as it is */
	char *to = out;
	for (const char *s = path; *s != '\0'; s++) {
		unsigned byte = 0;
		int n = 0;
		bool is_code = *s == '%' && sscanf(s + 1, "%2x%n", &byte, &n) == 1 && n == 2 &&
			       strspn(s + 1, "0123456789abcdefABCDEF") >= 2 && byte != 0;
		*to++ = is_code ? (char)byte : *s;
		s += is_code ? 2 : 0;
	}
	*to = '\0';
	return out;
}

/* --- what libcurl calls --- */

static size_t
on_bytes(char *s, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;
	if (len > t->left) {
		t->is_too_much = true;
		return 0;
	}
	t->left -= len;
	for (size_t at = 0; at < len;) {
		ssize_t k = write(t->fd, s + at, len - at);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			t->error = errno;
			return 0;
		}
		at += (size_t)k;
	}
	return len;
}

static size_t
on_wanted(char *s, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	ssize_t k;
	do
		k = read(t->fd, s, size * n);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		t->error = errno;
	return k < 0 ? CURL_READFUNC_ABORT : (size_t)k;
}

/* Called at least once a second: anything but 0 gives the transfer up. */
static int
on_progress(void *arg, curl_off_t all, curl_off_t have, curl_off_t all_sent, curl_off_t have_sent)
{
	(void)arg;
	(void)all;
	(void)have;
	(void)all_sent;
	(void)have_sent;
	return client_is_interrupted() ? 1 : 0;
}

/* --- transfers --- */

static void
option_number(struct transfer *t, CURLcode *rc, CURLoption option, long value)
{
	if (*rc == CURLE_OK)
		*rc = t->lib->easy_setopt(t->curl, option, value);
}

static void
option_text(struct transfer *t, CURLcode *rc, CURLoption option, const char *value)
{
	if (*rc == CURLE_OK)
		*rc = t->lib->easy_setopt(t->curl, option, value);
}

/* What holds for both directions. Nothing starts unless all of it could be set. */
static CURLcode
options_set(struct transfer *t, const char *url)
{
	CURLcode rc = CURLE_OK;
	option_text(t, &rc, CURLOPT_URL, url);
	option_text(t, &rc, CURLOPT_PROTOCOLS_STR, "http,https,ftp");
	/* what came by https is not to come in clear after all */
	option_text(
	    t, &rc, CURLOPT_REDIR_PROTOCOLS_STR, has_scheme(url, "https") ? "https" : "http,https");
	option_number(t, &rc, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	option_text(t, &rc, CURLOPT_PROXY, "");
	option_text(t, &rc, CURLOPT_USERAGENT, "sallyport");
	option_number(t, &rc, CURLOPT_FAILONERROR, 1);
	option_number(t, &rc, CURLOPT_CONNECTTIMEOUT, FETCH_CONNECT_S);
	option_number(t, &rc, CURLOPT_SERVER_RESPONSE_TIMEOUT, FETCH_STALL_S);
	option_number(t, &rc, CURLOPT_LOW_SPEED_LIMIT, 1);
	option_number(t, &rc, CURLOPT_LOW_SPEED_TIME, FETCH_STALL_S);
	option_number(t, &rc, CURLOPT_TIMEOUT, FETCH_TIME_S);
	option_number(t, &rc, CURLOPT_NOPROGRESS, 0);
	if (rc == CURLE_OK)
		rc = t->lib->easy_setopt(t->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	if (rc == CURLE_OK)
		rc = t->lib->easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->text);
	return rc;
}

static CURLcode
get_set(struct transfer *t)
{
	CURLcode rc = CURLE_OK;
	option_number(t, &rc, CURLOPT_FOLLOWLOCATION, 1);
	option_number(t, &rc, CURLOPT_MAXREDIRS, FETCH_REDIRECTS);
	if (rc == CURLE_OK)
		rc = t->lib->easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_bytes);
	if (rc == CURLE_OK)
		rc = t->lib->easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	return rc;
}

static size_t
on_answer(char *s, size_t size, size_t n, void *arg)
{
	(void)s;
	(void)arg;
	return size * n; /* what a server says to a PUT is of no interest */
}

static CURLcode
put_set(struct transfer *t)
{
	CURLcode rc = CURLE_OK;
	struct stat st;
	if (fstat(t->fd, &st) < 0) {
		t->error = errno;
		return CURLE_READ_ERROR;
	}
	option_number(t, &rc, CURLOPT_UPLOAD, 1);
	if (rc == CURLE_OK)
		rc = t->lib->easy_setopt(t->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)st.st_size);
	if (rc == CURLE_OK)
		rc = t->lib->easy_setopt(t->curl, CURLOPT_READFUNCTION, on_wanted);
	if (rc == CURLE_OK)
		rc = t->lib->easy_setopt(t->curl, CURLOPT_READDATA, t);
	if (rc == CURLE_OK)
		rc = t->lib->easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_answer);
	return rc;
}

/* Says why a transfer failed, without the URL, which may hold a password. */
static void
why(const struct transfer *t, CURLcode rc, char error[FETCH_ERROR_MAX])
{
	long status = 0;
	if (rc == CURLE_HTTP_RETURNED_ERROR)
		t->lib->easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	const char *text = t->is_too_much                      ? "file too large"
			   : t->error != 0                     ? strerror(t->error)
			   : rc == CURLE_ABORTED_BY_CALLBACK   ? "interrupted"
			   : rc == CURLE_REMOTE_FILE_NOT_FOUND ? "File unavailable"
			   : rc == CURLE_UNSUPPORTED_PROTOCOL  ? "Protocol not supported"
			   : status == 401                     ? "Unauthorized"
			   : status == 403                     ? "Forbidden"
			   : status == 404                     ? "Not Found"
			   : t->text[0] != '\0' && status == 0 ? t->text
							       : t->lib->easy_strerror(rc);
	if (status != 0 && status != 401 && status != 403 && status != 404)
		snprintf(error, FETCH_ERROR_MAX, "file-fetch failed: HTTP status %ld", status);
	else
		snprintf(error, FETCH_ERROR_MAX, "file-fetch failed: %s", text);
}

static int
run(struct transfer *t, const char *url, CURLcode (*set)(struct transfer *t),
    char error[FETCH_ERROR_MAX])
{
	t->lib = curl_load();
	if (t->lib == NULL) {
		snprintf(error, FETCH_ERROR_MAX, "file-fetch failed: libcurl cannot be used");
		return -1;
	}
	t->curl = t->lib->easy_init();
	CURLcode rc = t->curl != NULL ? options_set(t, url) : CURLE_FAILED_INIT;
	if (rc == CURLE_OK)
		rc = set(t);
	if (rc == CURLE_OK)
		rc = t->lib->easy_perform(t->curl);
	if (rc != CURLE_OK)
		why(t, rc, error);
	t->lib->easy_cleanup(t->curl);
	return rc == CURLE_OK ? 0 : -1;
}

int
fetch_get(const char *url, int fd, uint64_t max, char error[FETCH_ERROR_MAX])
{
	struct transfer t = { .fd = fd, .left = max };
	return run(&t, url, get_set, error);
}

int
fetch_put(const char *url, int fd, char error[FETCH_ERROR_MAX])
{
	struct transfer t = { .fd = fd };
	return run(&t, url, put_set, error);
}
