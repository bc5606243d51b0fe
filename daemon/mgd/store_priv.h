/* SPDX-License-Identifier: BSD-2-Clause
 *
 * store_priv.h - what store.c and store_pack.c share: the names in the folder, and writing.
 */
#ifndef STORE_PRIV_H
#define STORE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#define STORE_NAME "juniper.conf"
#define STORE_NEW "juniper.conf.new"
#define STORE_PACKING "juniper.conf.packing"
#define STORE_FILE_NEW "other.new"
#define STORE_RESCUE_NAME "rescue.conf.gz"

enum { STORE_NAME_LEN = 32, HEADER_MAX = 2048, STORE_FILE_MODE = 0600 };

const char *store_name(unsigned n, bool is_packed, char buf[STORE_NAME_LEN]);
bool store_has(int dir, unsigned n, bool is_packed);
/* Each returns 0 or -errno. */
int store_write_all(int fd, const void *from, size_t n);
int store_rename(int dir, const char *from, const char *to);

#endif
