/* SPDX-License-Identifier: GPL-2.0-only */
/* Network order, for RTP's relatives. */
#ifndef BL_OCTET_ORDER_H
#define BL_OCTET_ORDER_H

#include <stdint.h>

static inline uint32_t bl_get16(const uint8_t *in)
{
	return (uint32_t)in[0] << 8 | in[1];
}

static inline uint32_t bl_get32(const uint8_t *in)
{
	return bl_get16(in) << 16 | bl_get16(in + 2);
}

static inline void bl_put16(uint8_t *out, uint32_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static inline void bl_put32(uint8_t *out, uint32_t value)
{
	bl_put16(out, value >> 16);
	bl_put16(out + 2, value);
}

#endif
