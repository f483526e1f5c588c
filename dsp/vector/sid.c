/* SPDX-License-Identifier: GPL-2.0-only */
#include "sid_vector.h"

#include "pairs.h"
#include "sid.h"

void bl_sid_correlate_vector(const int16_t *in, int32_t correlation[])
{
	const int16_t *first = in + BL_SID_HISTORY, *second = first + 16;
	bl_h16 sixteen = bl_load_bl_h16(first), eight = bl_h16_of_half(bl_load_bl_h8(second));

	for (int lag = 0; lag <= BL_SID_ORDER; lag++) {
		bl_i8 sum = bl_dot_pairs(sixteen, bl_load_bl_h16(first - lag));

		correlation[lag] = bl_total(sum + bl_dot_pairs(eight, bl_h16_of_half(bl_load_bl_h8(second - lag))));
	}
}
