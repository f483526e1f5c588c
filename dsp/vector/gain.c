/* SPDX-License-Identifier: GPL-2.0-only */
#include "gain_vector.h"

#include "pairs.h"
#include "words.h"

#define WHOLE_MOST 3 /* times a sample is added to itself: factors under 12 dB */

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

/* The sample times the factor's fraction, and the sample itself as often as the factor has it whole: exact, as nothing
 * is rounded but the fraction's product, and all summands have one sign. */
static inline __attribute__((always_inline)) void scale_tick(const int16_t *in, int16_t *out, bl_signed part, int whole)
{
	bl_signed scaled[BL_TICK_WORDS];

	for (int i = 0; i < BL_TICK_WORDS; i++) {
		bl_signed sample = bl_signed_load(in + bl_tick_at(i));

		scaled[i] = bl_mult15_rounded(sample, part);
		for (int times = 0; times < whole; times++)
			scaled[i] = bl_add_saturated(scaled[i], sample);
	}
	for (int i = 0; i < BL_TICK_WORDS; i++)
		bl_signed_store(out + bl_tick_at(i), scaled[i]);
}

static inline __attribute__((always_inline)) void tick(const int16_t *in, int16_t *out, int16_t factor, int fraction)
{
	int whole = factor >> fraction;
	bl_signed part = bl_signed_all((int16_t)((factor & ((1 << fraction) - 1)) << (15 - fraction)));

	if (whole == 0)
		scale_tick(in, out, part, 0);
	else if (whole == 1)
		scale_tick(in, out, part, 1);
	else if (whole > 0 && whole <= WHOLE_MOST)
		scale_tick(in, out, part, whole);
	else
		scale(in, out, BL_TICK_SAMPLES, beside(factor, fraction), fraction);
}

void bl_gain_scale_vector(const int16_t *in, int16_t *out, size_t n, int16_t factor, int fraction)
{
	if (n == BL_TICK_SAMPLES)
		tick(in, out, factor, fraction);
	else
		scale(in, out, n, beside(factor, fraction), fraction);
}

void bl_gain_ticks_vector(const int16_t *const in[], int16_t *const out[], const int16_t factors[], int fraction,
                          size_t channels)
{
	for (size_t c = 0; c < channels; c++)
		if (factors[c] != BL_GAIN_NONE)
			tick(in[c], out[c], factors[c], fraction);
}

void bl_gain_ramp_vector(const int16_t *in, int16_t *out, size_t n, const int16_t factors[], int fraction)
{
	for (size_t i = 0; i < n; i += BL_LANES)
		scale_eight(in + i, out + i, beside(factors[i / BL_LANES], fraction), fraction);
}
