/* SPDX-License-Identifier: GPL-2.0-only */
#include "gain.h"

#include "check.h"

#define N 65536

static int16_t all[N], heard[2][N];

int check_gain(void)
{
	int wrong = 0;

	for (int i = 0; i < N; i++)
		all[i] = (int16_t)(i - 32768);
	for (int tenths = BL_GAIN_LEAST; tenths <= BL_GAIN_MOST; tenths += 15) {
		struct bl_gain g;

		wrong |= bl_gain_init(&g, tenths) != 0;
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			bl_gain_process(&g, all, heard[form], N - (size_t)(tenths & 15));
		}
		wrong |= check_same("gain", heard[0], heard[1], sizeof heard[0]);
	}
	return wrong;
}
