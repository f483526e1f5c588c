/* SPDX-License-Identifier: GPL-2.0-only */
#include "sid_vector.h"

#include "pairs.h"
#include "sid.h"

_Static_assert(BL_SID_HISTORY == 16 && BL_MEASURE_MOST == 40 && BL_SID_ORDER == 10,
               "a vector and a half, 8 lags and 3");

/* The half vector is the upper one of the last 16 samples, so that nothing behind them is read. */
void bl_sid_correlate_vector(const int16_t *in, int64_t correlation[])
{
	const int16_t *first = in + BL_SID_HISTORY, *last = first + 8;
	bl_h16 sixteen = bl_load_bl_h16(first), eight = bl_upper_half(bl_load_bl_h16(last));
	bl_i8 sums[16] = {0}, few;

	for (int lag = 0; lag <= BL_SID_ORDER; lag++)
		sums[lag] = bl_dot_pairs(sixteen, bl_load_bl_h16(first - lag)) +
		            bl_dot_pairs(eight, bl_load_bl_h16(last - lag));
	bl_add_wide(correlation, bl_totals(sums));
	few = bl_totals(sums + 8);
	for (int lag = 8; lag <= BL_SID_ORDER; lag++)
		correlation[lag] += few[lag - 8];
}
