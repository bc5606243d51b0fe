/* SPDX-License-Identifier: BSD-2-Clause
 *
 * name.h - distinguished names as they are displayed. Control characters are escaped. Pure; any thread.
 */
#ifndef NAME_H
#define NAME_H

#include "lib/pki/cert.h"

/* Adds "DC=example, CN=gw1, O=Example", in the order of the DER. */
void pki_name_print(struct octets der, struct text *out);
/* Adds "C = us, O = Example, CN = Root". */
void pki_name_print_spaced(struct octets der, struct text *out);

/* Adds the value of the part number K (from 0) of this TYPE ("CN", "emailAddress"); false if there is none. */
bool pki_name_part(struct octets der, const char *type, unsigned k, struct text *out);

#endif
