/* SPDX-License-Identifier: BSD-2-Clause
 *
 * spi_slot.c - which inbound SPIs belong to which services interface, so that the kernel can tell by a packet's.
 *
 * The first octet of an SPI that is negotiated says for which services interface. It comes from the name, so that other
 * services interfaces may come and go without any effect on SAs that are there; where two names make the same number, the
 * first in alphabetical order has it and the other one takes the next that is free. kmd and netd, whose parts of the configuration
 * have all that negotiate, come to the same result. Called by conf_load().
 */
#include "lib/conf/builder.h"

#include <stdlib.h>
#include <string.h>

static bool
has_dynamic_unit(const struct conf_ifd *ifd)
{
	for (size_t i = 0; i < ifd->n_units; i++)
		if (ifd->units[i]->ipsec_sa != NULL && ifd->units[i]->ipsec_sa->dynamic.is_set)
			return true;
	return false;
}

static bool
negotiates(const struct conf *c, const struct conf_ifd *ifd)
{
	if (ifd->kind == IFD_ES)
		return has_dynamic_unit(ifd);
	for (size_t i = 0; i < c->n_service_sets && ifd->kind == IFD_SERVICES; i++)
		if (c->service_sets[i]->pic == ifd && c->service_sets[i]->is_dynamic)
			return true;
	return false;
}

/* Names that differ in one character have different ones. */
static uint8_t
slot_of(const char *name)
{
	unsigned h = 0;
	for (; *name != '\0'; name++)
		h = 31 * h + (uint8_t)*name;
	return (uint8_t)h;
}

static int
by_name(const void *a, const void *b)
{
	const struct conf_ifd *const *x = a;
	const struct conf_ifd *const *y = b;
	return strcmp((*x)->name, (*y)->name);
}

void
spi_slots_set(struct builder *b)
{
	bool is_taken[SPI_SLOTS] = { false };
	struct conf_ifd **pics = arena_array(b->scratch, b->c->n_ifds + 1, sizeof(*pics));
	size_t n = 0;
	for (size_t i = 0; i < b->c->n_ifds; i++)
		if (negotiates(b->c, &b->ifds[i]))
			pics[n++] = &b->ifds[i];
	if (n > 1)
		qsort(pics, n, sizeof(*pics), by_name);
	for (size_t i = 0; i < n; i++) {
		uint8_t slot = slot_of(pics[i]->name);
		/* more of them than slots: far more than can run */
		for (unsigned tries = 0; is_taken[slot] && tries < SPI_SLOTS; tries++)
			slot++;
		is_taken[slot] = true;
		pics[i]->spi_slot = slot;
	}
}
