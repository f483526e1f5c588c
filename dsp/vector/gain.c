/* SPDX-License-Identifier: GPL-2.0-only */
#include "gain_vector.h"

#include "pairs.h"
#include "sizes.h"

/* A sample stands beside a one and its factor beside the half that rounds: one multiply-add is the product, rounded. */
static inline bl_h16 beside(int16_t factor, int fraction)
{
	return (bl_h16)((bl_i8){0} + (int32_t)((uint32_t)(uint16_t)factor | 1u << (fraction - 1 + 16)));
}

static inline bl_h16 scaled(bl_h16 samples, bl_h16 factors, int fraction)
{
	bl_h16 ones = (bl_h16){0} + 1;

	return bl_packed(bl_dot_pairs(bl_zip_low(samples, ones), factors) >> fraction,
	                 bl_dot_pairs(bl_zip_high(samples, ones), factors) >> fraction);
}

static inline void scale_eight(const int16_t *in, int16_t *out, bl_h16 factors, int fraction)
{
	bl_h16 result = scaled(bl_h16_of_half(bl_load_bl_h8(in)), factors, fraction);

	memcpy(out, &result, sizeof(bl_h8));
}

static inline __attribute__((always_inline)) void scale(const int16_t *in, int16_t *out, size_t n, bl_h16 factors,
                                                        int fraction)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16)
		bl_store_bl_h16(out + i, scaled(bl_load_bl_h16(in + i), factors, fraction));
	if (i < n)
		scale_eight(in + i, out + i, factors, fraction);
}

void bl_gain_scale_vector(const int16_t *in, int16_t *out, size_t n, int16_t factor, int fraction)
{
	bl_h16 factors = beside(factor, fraction);

	if (n == BL_TICK_SAMPLES)
		scale(in, out, BL_TICK_SAMPLES, factors, fraction);
	else
		scale(in, out, n, factors, fraction);
}

void bl_gain_ramp_vector(const int16_t *in, int16_t *out, size_t n, const int16_t factors[], int fraction)
{
	for (size_t i = 0; i < n; i += BL_LANES)
		scale_eight(in + i, out + i, beside(factors[i / BL_LANES], fraction), fraction);
}
