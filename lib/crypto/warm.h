/* SPDX-License-Identifier: BSD-2-Clause
 *
 * warm.h - has the library do once what it does on first use: before files are forbidden.
 */
#ifndef WARM_H
#define WARM_H

/* Reads no configuration of OpenSSL: what this process may do is not the host's affair. Called once, before any other
 * function of this folder and before the sandbox. */
void crypto_warm(void);

#endif
