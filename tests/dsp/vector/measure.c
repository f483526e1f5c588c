/* SPDX-License-Identifier: GPL-2.0-only */
#include "measure.h"

#include "check.h"

#define TICKS 500

static int16_t sound[TICKS][BL_MEASURE_MOST];

static void speak(void)
{
	uint32_t seed = 1;

	for (int t = 0; t < TICKS; t++)
		for (int i = 0; i < BL_MEASURE_MOST; i++) {
			seed = seed * 1664525u + 1013904223u;
			sound[t][i] = t == 0   ? INT16_MIN
			              : t == 1 ? INT16_MAX
			                       : (int16_t)((int16_t)(seed >> 16) >> t % 16);
		}
}

int check_measure(void)
{
	struct bl_measure seen[2][TICKS];
	const int16_t *in[TICKS];
	int wrong = 0;

	speak();
	for (int t = 0; t < TICKS; t++)
		in[t] = sound[t];
	for (size_t n = 8; n <= BL_MEASURE_MOST; n += 8) {
		memset(seen, 0, sizeof seen);
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			wrong |= bl_measure_many(seen[form], in, n, TICKS) != 0;
		}
		wrong |= check_same("measure", seen[0], seen[1], sizeof seen[0]);
	}
	return wrong;
}
