/* SPDX-License-Identifier: GPL-2.0-only */
#include "sid_vector.h"

#include "pairs.h"
#include "sid.h"

static inline __attribute__((always_inline)) void correlate(const int16_t *now, size_t n, int32_t correlation[])
{
	for (int lag = 0; lag <= BL_SID_ORDER; lag++) {
		bl_i8 sum = {0};
		size_t i = 0;

		for (; i + 16 <= n; i += 16)
			sum += bl_pairs(bl_load_bl_h16(now + i), bl_load_bl_h16(now + i - lag));
		if (i < n)
			sum += bl_pairs(bl_h16_of_half(bl_load_bl_h8(now + i)),
			                bl_h16_of_half(bl_load_bl_h8(now + i - lag)));
		correlation[lag] = bl_total(sum);
	}
}

void bl_sid_correlate_vector(const int16_t *now, size_t n, int32_t correlation[])
{
	if (n == BL_MEASURE_MOST)
		correlate(now, BL_MEASURE_MOST, correlation);
	else
		correlate(now, n, correlation);
}
