/* SPDX-License-Identifier: GPL-2.0-only */
/* The window stays in registers while the lags pass. */
#include "plc_vector.h"

#include "pairs.h"
#include "plc.h"

#define PIECES (BL_PLC_WINDOW / 16)

void bl_plc_correlate_vector(const int16_t *end, int32_t correlation[])
{
	const int16_t *begin = end - BL_PLC_WINDOW;
	bl_h16 window[PIECES];

	for (int i = 0; i < PIECES; i++)
		window[i] = bl_load_bl_h16(begin + 16 * i);
	for (int lag = BL_PLC_PITCH_LEAST; lag <= BL_PLC_PITCH_MOST; lag++) {
		bl_i8 one = {0}, other = {0};

		for (int i = 0; i < PIECES; i += 2) {
			one += bl_pairs(window[i], bl_load_bl_h16(begin + 16 * i - lag));
			other += bl_pairs(window[i + 1], bl_load_bl_h16(begin + 16 * i + 16 - lag));
		}
		correlation[lag - BL_PLC_PITCH_LEAST] = bl_total(one + other);
	}
}
