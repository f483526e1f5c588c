/* SPDX-License-Identifier: GPL-2.0-only */
/* Arithmetic of 16-bit words as the ITU's recommendations have it: sums saturate, products keep the upper 16 of 31
 * bits. */
#ifndef BL_WORDS16_H
#define BL_WORDS16_H

#include <stdint.h>

static inline int16_t bl_limit16(int32_t value)
{
	return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

static inline int16_t bl_add16(int16_t a, int16_t b)
{
	return bl_limit16(a + b);
}

static inline int16_t bl_sub16(int16_t a, int16_t b)
{
	return bl_limit16(a - b);
}

/* Not both may be -32768. */
static inline int16_t bl_mult16(int16_t a, int16_t b)
{
	return (int16_t)(a * b >> 15);
}

#endif
