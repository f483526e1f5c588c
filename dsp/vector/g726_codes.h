/* SPDX-License-Identifier: GPL-2.0-only */
/* Codes of 2 to 5 bits in octets, for both forms of g726.c. */
#ifndef BL_G726_CODES_H
#define BL_G726_CODES_H

#include "g726.h"

static inline unsigned int bl_g726_bits(const struct bl_g726 *g)
{
	return 2u + (g->rate & 3u);
}

static inline void bl_g726_pack(const struct bl_g726 *g, const int16_t *codes, uint8_t *out, size_t n)
{
	unsigned int bits = bl_g726_bits(g), filled = 0, first_up = g->packing == BL_G726_AAL2 ? 1u : 0u;
	uint32_t held = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t code = (uint16_t)codes[i];

		held = first_up ? held << bits | code : held | code << filled;
		filled += bits;
		if (filled < 8)
			continue;
		filled -= 8;
		*out++ = (uint8_t)(first_up ? held >> filled : held);
		held = first_up ? held : held >> 8;
	}
}

static inline void bl_g726_unpack(const struct bl_g726 *g, const uint8_t *in, int16_t *codes, size_t n)
{
	unsigned int bits = bl_g726_bits(g), filled = 0, first_up = g->packing == BL_G726_AAL2 ? 1u : 0u;
	uint32_t held = 0;

	for (size_t i = 0; i < n; i++) {
		if (filled < bits) {
			held = first_up ? held << 8 | *in++ : held | (uint32_t)*in++ << filled;
			filled += 8;
		}
		filled -= bits;
		codes[i] = (int16_t)((first_up ? held >> filled : held) & ((1u << bits) - 1u));
		held = first_up ? held : held >> bits;
	}
}

#endif
