/* SPDX-License-Identifier: GPL-2.0-only */
/* What both directions of HDLC share: FCS-16 and the order of bits in a timeslot. */
#ifndef BL_HDLC_BITS_H
#define BL_HDLC_BITS_H

#include <stdint.h>

#include "hdlc_tables.h"

#define FCS_START 0xffffu
#define FCS_GOOD 0xf0b8u /* register after a frame with its FCS, ISO/IEC 13239 §4.2.5 */

static inline unsigned int fcs_step(unsigned int fcs, uint8_t octet)
{
	return fcs >> 8 ^ bl_hdlc_fcs[(fcs ^ octet) & 0xffu];
}

/* Bit 0 first on the line <-> timeslot octet, whose first bit on the line is 0x80. */
static inline uint8_t line_order(uint32_t octet)
{
	octet = (octet & 0x0fu) << 4 | (octet & 0xf0u) >> 4;
	octet = (octet & 0x33u) << 2 | (octet & 0xccu) >> 2;
	return (uint8_t)((octet & 0x55u) << 1 | (octet & 0xaau) >> 1);
}

#endif
