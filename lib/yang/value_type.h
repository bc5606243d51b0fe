/* SPDX-License-Identifier: BSD-2-Clause
 *
 * value_type.h - the types of values that are judged by hand: addresses, interfaces, protocols, ports.
 *
 * The names are those of the typedefs in yang/sallyport-types.yang. The readers of protocols and ports are
 * here for whoever loads a configuration that passed: the same words mean the same numbers there. Pure; any thread.
 */
#ifndef VALUE_TYPE_H
#define VALUE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct value_type {
	const char *name;
	const char *placeholder; /* for `?` */
	/* Judges VALUE; on refusal writes ERR, on success may write the form to store to CANONICAL (an empty string
	 * before the call). */
	bool (*check)(
	    const char *value, char *err, size_t err_size, char *canonical, size_t canonical_size);
};

/* Returns the type called NAME, or NULL. */
const struct value_type *value_type_find(const char *name);

/* Reads the name or number of an IP protocol, or "N-M". False and nothing written for anything else. */
bool value_protocol(const char *text, uint32_t *out_lo, uint32_t *out_hi);

/* The same for a TCP or UDP port. */
bool value_port(const char *text, uint32_t *out_lo, uint32_t *out_hi);

/* The same for a security parameter index; no names. */
bool value_spi(const char *text, uint32_t *out_lo, uint32_t *out_hi);

#endif
