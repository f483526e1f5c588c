/* SPDX-License-Identifier: GPL-2.0-only */
/* A tick of 5 ms is laid out without a loop. */
#include "mixer_vector.h"

#include "lanes.h"
#include "sizes.h"

/* The sum stays in registers while the parties pass: `pieces` vectors from sample `at` on. */
static inline __attribute__((always_inline)) void sum_pieces(const int16_t *const in[], size_t count, int32_t *sum,
                                                             size_t at, size_t pieces)
{
	bl_i8 sums[BL_TICK_SAMPLES / BL_LANES] = {0};

	for (size_t p = 0; p < count; p++)
		for (size_t i = 0; i < pieces; i++)
			sums[i] += bl_wide_of(bl_load_bl_h8(in[p] + at + i * BL_LANES));
	for (size_t i = 0; i < pieces; i++)
		bl_store_bl_i8(sum + at + i * BL_LANES, sums[i]);
}

static inline bl_i8 rest(const int32_t *sum, const int16_t *own)
{
	bl_i8 all = bl_load_bl_i8(sum);

	return own ? all - bl_wide_of(bl_load_bl_h8(own)) : all;
}

static inline __attribute__((always_inline)) void take_out(const int32_t *sum, const int16_t *own, int16_t *out,
                                                           size_t n)
{
	size_t i = 0;

	for (; i + 2 * BL_LANES <= n; i += 2 * BL_LANES)
		bl_store_saturated(out + i, rest(sum + i, own ? own + i : own),
		                   rest(sum + i + BL_LANES, own ? own + i + BL_LANES : own));
	if (i < n)
		bl_store_bl_h8(out + i, bl_saturated(rest(sum + i, own ? own + i : own)));
}

void bl_mixer_sum_vector(const int16_t *const in[], size_t count, int32_t *sum, size_t n)
{
	size_t at = 0;

	for (; at + BL_TICK_SAMPLES <= n; at += BL_TICK_SAMPLES)
		sum_pieces(in, count, sum, at, BL_TICK_SAMPLES / BL_LANES);
	for (; at < n; at += BL_LANES)
		sum_pieces(in, count, sum, at, 1);
}

uint32_t bl_mixer_magnitudes_vector(const int16_t *in, size_t n)
{
	bl_i8 magnitudes = {0};

	for (size_t i = 0; i < n; i += BL_LANES)
		magnitudes += bl_abs(bl_wide_of(bl_load_bl_h8(in + i)));
	return (uint32_t)bl_sum_of(magnitudes);
}

void bl_mixer_take_out_vector(const int32_t *sum, const int16_t *own, int16_t *out, size_t n)
{
	if (n == BL_TICK_SAMPLES && own)
		take_out(sum, own, out, BL_TICK_SAMPLES);
	else
		take_out(sum, own, out, n);
}
