/* SPDX-License-Identifier: GPL-2.0-only */
#include "gain_vector.h"

#include "pairs.h"

/* A sample in a lane, its sign above it; the factor stands beside a zero, so that the product is the sample's alone. */
static inline bl_i8 scaled(const int16_t *in, int16_t factor, int fraction)
{
	bl_h16 factors = (bl_h16)((bl_i8){0} + (uint16_t)factor);

	return (bl_pairs((bl_h16)bl_wide_of(bl_load_bl_h8(in)), factors) + (1 << (fraction - 1))) >> fraction;
}

void bl_gain_scale_vector(const int16_t *in, int16_t *out, size_t n, int16_t factor, int fraction)
{
	size_t i = 0;

	for (; i + 2 * BL_LANES <= n; i += 2 * BL_LANES)
		bl_store_saturated(out + i, scaled(in + i, factor, fraction),
		                   scaled(in + i + BL_LANES, factor, fraction));
	if (i < n)
		bl_store_bl_h8(out + i, bl_saturated(scaled(in + i, factor, fraction)));
}

void bl_gain_ramp_vector(const int16_t *in, int16_t *out, size_t n, const int16_t factors[], int fraction)
{
	for (size_t i = 0; i < n; i += BL_LANES)
		bl_store_bl_h8(out + i, bl_saturated(scaled(in + i, factors[i / BL_LANES], fraction)));
}
