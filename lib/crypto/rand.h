/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rand.h - randomness for keys, nonces and cookies, from the operating system through OpenSSL.
 *
 * Only programs call it; libraries are given their randomness. Any thread.
 */
#ifndef RAND_H
#define RAND_H

#include <stddef.h>

/* Fills N octets. Aborts if the system has no randomness: going on without would be worse. */
void rand_fill(void *out, size_t n);

#endif
