/* SPDX-License-Identifier: GPL-2.0-only */
/* A lane is an output; a tick's five groups share every coefficient while they stay in registers. */
#include "skew_vector.h"

#include "lanes.h"
#include "skew.h"

#define GROUPS 5

static inline bl_f8 all(float value)
{
	return (bl_f8){value, value, value, value, value, value, value, value};
}

static inline __attribute__((always_inline)) void filter(const float *x, size_t from, size_t groups, const float *taps,
                                                         const float *slopes, float *y)
{
	const bl_f8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
	bl_f8 sums[GROUPS] = {0}, moves[GROUPS] = {0};

	for (size_t k = 0; k < BL_SKEW_TAPS; k++) {
		bl_f8 tap = all(taps[k]), slope = all(slopes[k]);

		for (size_t g = 0; g < groups; g++) {
			bl_f8 sound = bl_load_bl_f8(x + from + g * BL_LANES + k);

			sums[g] += tap * sound;
			moves[g] += slope * sound;
		}
	}
	for (size_t g = 0; g < groups; g++)
		bl_store_bl_f8(y + from + g * BL_LANES,
		               sums[g] + (all((float)(from + g * BL_LANES)) + lanes) * moves[g]);
}

void bl_skew_filter_vector(const float *x, size_t n, const float *taps, const float *slopes, float *y)
{
	size_t at = 0;

	for (; at + GROUPS * BL_LANES <= n; at += GROUPS * BL_LANES)
		filter(x, at, GROUPS, taps, slopes, y);
	for (; at < n; at += BL_LANES)
		filter(x, at, 1, taps, slopes, y);
}

void bl_skew_load_vector(const int16_t *in, float *x, size_t n)
{
	size_t at = 0;

	for (; at + BL_LANES <= n; at += BL_LANES)
		bl_store_bl_f8(x + at, __builtin_convertvector(bl_wide_of(bl_load_bl_h8(in + at)), bl_f8));
	for (; at < n; at++)
		x[at] = in[at];
}

/* Halves away from zero, as the portable form does. */
static inline bl_i8 rounded(bl_f8 y)
{
	bl_i8 signs = (bl_i8)y & INT32_MIN, half = (bl_i8)all(0.5f);

	return __builtin_convertvector(y + (bl_f8)(half | signs), bl_i8);
}

void bl_skew_store_vector(const float *y, int16_t *out, size_t n)
{
	int16_t last[BL_LANES];
	size_t at = 0;

	for (; at + BL_LANES <= n; at += BL_LANES)
		bl_store_bl_h8(out + at, bl_saturated(rounded(bl_load_bl_f8(y + at))));
	bl_store_bl_h8(last, bl_saturated(rounded(bl_load_bl_f8(y + at))));
	memcpy(out + at, last, (n - at) * sizeof out[0]);
}
