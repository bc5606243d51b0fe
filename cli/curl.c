/* SPDX-License-Identifier: BSD-2-Clause
 *
 * curl.c - dlopen() of libcurl. Called by fetch.c.
 */
#include "cli/curl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Sets the pointer to a function at TO, of which only the caller knows the type. */
static bool
find(void *lib, const char *name, void *to)
{
	void *at = dlsym(lib, name);
	memcpy(to, &at, sizeof(at));
	return at != NULL;
}

static bool
find_all(void *lib, struct curl *c)
{
	return find(lib, "curl_global_init", &c->global_init) &&
	       find(lib, "curl_easy_init", &c->easy_init) &&
	       find(lib, "curl_easy_setopt", &c->easy_setopt) &&
	       find(lib, "curl_easy_perform", &c->easy_perform) &&
	       find(lib, "curl_easy_getinfo", &c->easy_getinfo) &&
	       find(lib, "curl_easy_strerror", &c->easy_strerror) &&
	       find(lib, "curl_easy_cleanup", &c->easy_cleanup);
}

const struct curl *
curl_load(void)
{
	static struct curl curl;
	static bool is_ready;
	if (is_ready)
		return &curl;
	/* the name holds the version of the interface that curl.h of the build describes */
	void *lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return NULL;
	is_ready = find_all(lib, &curl) && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	if (!is_ready)
		dlclose(lib);
	return is_ready ? &curl : NULL;
}
