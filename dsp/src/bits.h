/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BL_BITS_H
#define BL_BITS_H

#include <stdint.h>

/* How many bits of an octet are set; the compiler calls a function where the machine may lack the instruction. */
static inline int ones(uint8_t octet)
{
	uint32_t pairs = octet - (octet >> 1 & 0x55u), fours = (pairs & 0x33u) + (pairs >> 2 & 0x33u);

	return (int)((fours + (fours >> 4)) & 0xfu);
}

#endif
