/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store.c - the folder of keys and certificates.
 *
 * Called by command.c and main.c, on the loop's thread.
 */
#include "daemon/pkid/store.h"

#include "lib/base/text.h"
#include "lib/crypto/sign.h"
#include "lib/os/log.h"
#include "lib/pki/key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LEN = STORE_NAME_MAX + 8 };

bool
store_name_is_good(const char *name)
{
	size_t n = name != NULL ? strlen(name) : 0;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~' || strchr("/%.", name[i]) != NULL)
			return false;
	/* "clear ... certificate-id all" means something else */
	return n > 0 && n <= STORE_NAME_MAX && strcmp(name, "all") != 0;
}

/* --- files --- */

static void
path_make(char out[PATH_LEN], const char *name, const char *suffix)
{
	snprintf(out, PATH_LEN, "%s.%s", name, suffix);
}

static bool
folder_sync(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_good = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return is_good;
}

static bool
write_whole(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);
		if (k < 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return fsync(fd) == 0;
}

static bool
file_put(const char *name, const char *suffix, const uint8_t *p, size_t n, struct text *why)
{
	char path[PATH_LEN];
	path_make(path, name, suffix);
	int fd = open(".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool is_good = fd >= 0 && write_whole(fd, p, n);
	int err = errno;
	if (fd >= 0)
		close(fd);
	if (is_good && renameat(AT_FDCWD, ".new", AT_FDCWD, path) < 0) {
		is_good = false;
		err = errno;
	}
	if (!is_good) {
		text_printf(why, "could not write %s: %s", path, strerror(err));
		(void)unlinkat(AT_FDCWD, ".new", 0);
		return false;
	}
	(void)folder_sync();
	return true;
}

static bool
file_drop(const char *name, const char *suffix, struct text *why)
{
	char path[PATH_LEN];
	path_make(path, name, suffix);
	if (unlinkat(AT_FDCWD, path, 0) < 0 && errno != ENOENT) {
		text_printf(why, "could not remove %s: %s", path, strerror(errno));
		return false;
	}
	(void)folder_sync();
	return true;
}

/* Returns what is in the file, to be wiped and freed. */
static uint8_t *
file_get(const char *path, size_t *out_len)
{
	struct stat st;
	uint8_t *p = NULL;
	*out_len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= PKI_CERT_MAX) {
		size_t n = (size_t)st.st_size;
		p = malloc(n);
		if (p == NULL)
			abort();
		if (read(fd, p, n) == (ssize_t)n) {
			*out_len = n;
		} else {
			pki_key_wipe(p, n);
			p = NULL;
		}
	}
	if (fd >= 0)
		close(fd);
	return p;
}

/* --- entries --- */

struct entry *
store_entry(const struct store *s, const char *id)
{
	for (size_t i = 0; i < s->n_entries && id != NULL; i++)
		if (strcmp(s->entries[i].id, id) == 0)
			return &s->entries[i];
	return NULL;
}

struct anchor *
store_anchor(const struct store *s, const char *profile)
{
	for (size_t i = 0; i < s->n_anchors && profile != NULL; i++)
		if (strcmp(s->anchors[i].profile, profile) == 0)
			return &s->anchors[i];
	return NULL;
}

/* Makes room at the place of NAME in a sorted array of elements that begin with their name; returns where it is. */
static void *
room_make(void **array, size_t *n, size_t size, const char *name)
{
	char *p = realloc(*array, (*n + 1) * size);
	if (p == NULL)
		abort();
	*array = p;
	size_t at = 0;
	while (at < *n && strcmp(p + at * size, name) < 0)
		at++;
	memmove(p + (at + 1) * size, p + at * size, (*n - at) * size);
	memset(p + at * size, 0, size);
	memcpy(p + at * size, name, strlen(name) + 1);
	(*n)++;
	return p + at * size;
}

static struct entry *
entry_get(struct store *s, const char *id)
{
	struct entry *e = store_entry(s, id);
	return e != NULL ? e : room_make((void **)&s->entries, &s->n_entries, sizeof(*e), id);
}

static bool
is_full(const struct store *s, struct text *why)
{
	if (s->n_entries < STORE_MAX && s->n_anchors < STORE_MAX)
		return false;
	text_put(why, "too many certificates");
	return true;
}

static void
request_free(struct entry *e)
{
	free(e->request);
	e->request = NULL;
	e->request_len = 0;
}

static void
entry_done(struct entry *e)
{
	pki_key_wipe(e->key_der, e->key_len);
	sign_key_free(e->key);
	pki_cert_free(e->cert);
	request_free(e);
}

/* Puts a key into an entry; false if it is none that can be used. */
static bool
key_take(struct entry *e, const uint8_t *der, size_t len, struct sign_key *key)
{
	uint8_t *copy = malloc(len);
	if (copy == NULL)
		abort();
	memcpy(copy, der, len);
	pki_key_wipe(e->key_der, e->key_len);
	sign_key_free(e->key);
	e->key_der = copy;
	e->key_len = len;
	e->key = key;
	e->bits = pki_key_bits(der, len);
	return true;
}

/* --- keeping --- */

bool
store_put_key(struct store *s, const char *id, const uint8_t *der, size_t len, struct text *why)
{
	struct sign_key *key = sign_key_private(der, len);
	if (key == NULL) {
		text_put(why, "not an RSA or DSA key of a fit size");
		return false;
	}
	if (is_full(s, why) || !file_put(id, "key", der, len, why)) {
		sign_key_free(key);
		return false;
	}
	return key_take(entry_get(s, id), der, len, key);
}

bool
store_put_request(struct store *s, const char *id, const uint8_t *der, size_t len, struct text *why)
{
	struct entry *e = store_entry(s, id);
	if (e == NULL) {
		text_printf(why, "Keypair doesn't exist for certificate %s", id);
		return false;
	}
	if (!file_put(id, "p10", der, len, why))
		return false;
	request_free(e);
	e->request = malloc(len);
	if (e->request == NULL)
		abort();
	memcpy(e->request, der, len);
	e->request_len = len;
	return true;
}

bool
store_put_cert(struct store *s, const char *id, struct pki_cert *c, struct text *why)
{
	struct entry *e = store_entry(s, id);
	struct octets der = pki_cert_der(c);
	bool is_good = false;
	if (e == NULL)
		text_printf(why, "Keypair doesn't exist for certificate %s", id);
	else if (!pki_cert_has_key(c, e->key))
		text_printf(why, "the certificate does not belong to the key pair of %s", id);
	else
		is_good = file_put(id, "crt", der.p, der.n, why);
	if (!is_good) {
		pki_cert_free(c);
		return false;
	}
	pki_cert_free(e->cert);
	e->cert = c;
	return true;
}

bool
store_put_anchor(struct store *s, const char *profile, struct pki_cert *c, struct text *why)
{
	struct octets der = pki_cert_der(c);
	if (is_full(s, why) || !file_put(profile, "ca", der.p, der.n, why)) {
		pki_cert_free(c);
		return false;
	}
	struct anchor *a = store_anchor(s, profile);
	if (a == NULL)
		a = room_make((void **)&s->anchors, &s->n_anchors, sizeof(*a), profile);
	pki_cert_free(a->cert);
	a->cert = c;
	return true;
}

/* --- forgetting --- */

bool
store_drop_cert(struct store *s, struct entry *e, struct text *why)
{
	(void)s;
	if (!file_drop(e->id, "crt", why))
		return false;
	pki_cert_free(e->cert);
	e->cert = NULL;
	return true;
}

bool
store_drop_request(struct store *s, struct entry *e, struct text *why)
{
	(void)s;
	if (!file_drop(e->id, "p10", why))
		return false;
	request_free(e);
	return true;
}

bool
store_drop_entry(struct store *s, struct entry *e, struct text *why)
{
	/* the key last: what is left over after a stop in between still belongs to one */
	if (!store_drop_cert(s, e, why) || !store_drop_request(s, e, why) ||
	    !file_drop(e->id, "key", why))
		return false;
	entry_done(e);
	size_t at = (size_t)(e - s->entries);
	s->n_entries--;
	memmove(e, e + 1, (s->n_entries - at) * sizeof(*e));
	return true;
}

bool
store_drop_anchor(struct store *s, struct anchor *a, struct text *why)
{
	if (!file_drop(a->profile, "ca", why))
		return false;
	pki_cert_free(a->cert);
	size_t at = (size_t)(a - s->anchors);
	s->n_anchors--;
	memmove(a, a + 1, (s->n_anchors - at) * sizeof(*a));
	return true;
}

/* --- the start --- */

/* Takes one file into memory; false if it is not what its name says. */
static bool
file_take(struct store *s, const char *name, const char *suffix, const uint8_t *p, size_t n)
{
	struct entry *e = store_entry(s, name);
	if (strcmp(suffix, "key") == 0) {
		struct sign_key *key = sign_key_private(p, n);
		return key != NULL && key_take(entry_get(s, name), p, n, key);
	}
	if (strcmp(suffix, "ca") == 0) {
		struct pki_cert *c = pki_cert_read(p, n, NULL);
		if (c == NULL)
			return false;
		struct anchor *a = room_make((void **)&s->anchors, &s->n_anchors, sizeof(*a), name);
		a->cert = c;
		return true;
	}
	if (e == NULL)
		return false;
	if (strcmp(suffix, "p10") == 0) {
		e->request = malloc(n);
		if (e->request == NULL)
			abort();
		memcpy(e->request, p, n);
		e->request_len = n;
		return true;
	}
	e->cert = pki_cert_read(p, n, NULL);
	if (e->cert != NULL && pki_cert_has_key(e->cert, e->key))
		return true;
	pki_cert_free(e->cert);
	e->cert = NULL;
	return false;
}

/* Takes all files with this suffix. */
static void
suffix_take(struct store *s, DIR *d, const char *suffix)
{
	struct dirent *de;
	rewinddir(d);
	while ((de = readdir(d)) != NULL) {
		char name[STORE_NAME_MAX + 1];
		const char *dot = strchr(de->d_name, '.');
		size_t n = dot != NULL ? (size_t)(dot - de->d_name) : 0;
		if (n == 0 || n >= sizeof(name) || strcmp(dot + 1, suffix) != 0)
			continue;
		memcpy(name, de->d_name, n);
		name[n] = '\0';
		size_t len;
		uint8_t *p = store_name_is_good(name) ? file_get(de->d_name, &len) : NULL;
		if (p == NULL || s->n_entries >= STORE_MAX || s->n_anchors >= STORE_MAX ||
		    !file_take(s, name, suffix, p, len))
			log_line(LOG_LEVEL_ERROR, "PKID_STORE", "%s: cannot be used", de->d_name);
		if (p != NULL)
			pki_key_wipe(p, len);
	}
}

void
store_open(struct store *s)
{
	static const char *const suffixes[] = { "key", "crt", "p10", "ca" }; /* keys first */
	*s = (struct store){ 0 };
	(void)unlinkat(AT_FDCWD, ".new", 0);
	DIR *d = opendir(".");
	if (d == NULL) {
		log_line(LOG_LEVEL_ERROR, "PKID_STORE", "the folder cannot be read: %s",
		    strerror(errno));
		return;
	}
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		suffix_take(s, d, suffixes[i]);
	closedir(d);
}

void
store_close(struct store *s)
{
	for (size_t i = 0; i < s->n_entries; i++)
		entry_done(&s->entries[i]);
	for (size_t i = 0; i < s->n_anchors; i++)
		pki_cert_free(s->anchors[i].cert);
	free(s->entries);
	free(s->anchors);
	*s = (struct store){ 0 };
}
