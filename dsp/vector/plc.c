/* SPDX-License-Identifier: GPL-2.0-only */
/* Mostly the same loops, which the compiler lays out in this machine's vectors. */
#include "plc_vector.h"

#include "pairs.h"
#include "plc_blend.h"
#include "plc_search.h"
#include "sizes.h"

_Static_assert(PLC_WINDOW_PAIRS == 32 && PLC_LAGS <= PLC_ROOM, "two vectors are the window");

/* Eight lags a turn; the last turn begins early. */
static void correlate(const int16_t *now, int32_t correlation[])
{
	bl_h16 first = bl_load_bl_h16(now), second = bl_load_bl_h16(now + 16);
	const int16_t *then = now - PLC_LAG_LEAST;

	for (int k = 0; k < PLC_LAGS; k += BL_LANES) {
		int from = k + BL_LANES > PLC_LAGS ? PLC_LAGS - BL_LANES : k;
		bl_i8 sums[BL_LANES];

		for (int i = 0; i < BL_LANES; i++) {
			const int16_t *at = then - from - i;

			sums[i] =
			        bl_dot_pairs(first, bl_load_bl_h16(at)) + bl_dot_pairs(second, bl_load_bl_h16(at + 16));
		}
		bl_store_bl_i8(correlation + from, bl_totals(sums));
	}
}

static void prepare(const int16_t *end, int bits, int16_t seen[], int16_t pairs[])
{
	bl_h16 ones = (bl_h16){0} + 1;

	for (int i = 0; i < PLC_SEEN; i += 32) {
		bl_h16 first = bl_load_bl_h16(end + i - PLC_SEEN) >> bits;
		bl_h16 second = bl_load_bl_h16(end + i + 16 - PLC_SEEN) >> bits;

		bl_store_bl_h16(seen + i, first);
		bl_store_bl_h16(seen + i + 16, second);
		bl_store_saturated(pairs + i / 2, bl_dot_pairs(first, ones) >> 1, bl_dot_pairs(second, ones) >> 1);
	}
}

int bl_plc_search_vector(const int16_t *end)
{
	return plc_search(end, prepare, correlate);
}

void bl_plc_add_step_vector(int16_t *out, int n, int32_t step, int32_t left)
{
	plc_add_step(out, n, step, left);
}

void bl_plc_blend_vector(const int16_t *from, const int16_t *to, int16_t *out, int n, int32_t weight, int32_t grows)
{
	plc_blend(from, to, out, n, weight, grows);
}

void bl_plc_fade_vector(int16_t *out, int n, int32_t lost)
{
	if (n == BL_TICK_SAMPLES)
		plc_fade(out, BL_TICK_SAMPLES, lost);
	else
		plc_fade(out, n, lost);
}
