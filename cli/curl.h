/* SPDX-License-Identifier: BSD-2-Clause
 *
 * curl.h - libcurl, loaded when the first URL is used.
 *
 * It brings thirty libraries along, and to load those takes longer than most commands: a script that calls the program a
 * thousand times shall not pay for what it does not use. One thread.
 */
#ifndef CURL_H
#define CURL_H

#include <curl/curl.h>

/* The functions of libcurl that fetch.c calls, under their own names without `curl_`. */
struct curl {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__((curl_easy_setopt)) *easy_setopt;
	__typeof__(curl_easy_perform) *easy_perform;
	__typeof__((curl_easy_getinfo)) *easy_getinfo;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
};

/* Loads the library at the first call. Returns NULL if it is not there or too old; it stays until the process ends. */
const struct curl *curl_load(void);

#endif
