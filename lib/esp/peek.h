/* SPDX-License-Identifier: BSD-2-Clause
 *
 * peek.h - the SPI of a protected packet before anything else is known about it.
 *
 * For whoever has to say which worker gets it. Nothing is judged here: what cannot be read has no SPI, and in_burst() says
 * why. Pure function, any thread.
 */
#ifndef PEEK_H
#define PEEK_H

#include <stdbool.h>
#include <stdint.h>

struct pkt;

/* Reads the SPI of P's ESP or AH header, of ESP in UDP too; false if there is none. */
bool peek_spi(const struct pkt *p, uint32_t *out);

#endif
