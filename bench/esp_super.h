/* SPDX-License-Identifier: BSD-2-Clause
 *
 * esp_super.h - the part of esp_bench about superpackets.
 */
#ifndef ESP_SUPER_H
#define ESP_SUPER_H

/* Prints what cutting, sealing and merging cost a packet; the least of so many rounds. */
void super_run(unsigned rounds);

#endif
