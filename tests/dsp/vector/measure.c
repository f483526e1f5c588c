/* SPDX-License-Identifier: GPL-2.0-only */
#include "measure.h"

#include "check.h"

#define TICKS 500

static int16_t sound[TICKS][BL_MEASURE_MOST];

/* All that a sample can be, and what is about half of that: what is below is looked at by another way. */
static const int16_t extremes[] = {INT16_MIN, INT16_MAX, -0x4000, 0x4000, -0x3fff, 0x3fff};

static void speak(void)
{
	uint32_t seed = 1;

	for (int t = 0; t < TICKS; t++)
		for (int i = 0; i < BL_MEASURE_MOST; i++) {
			seed = seed * 1664525u + 1013904223u;
			if (t < 6)
				sound[t][i] = extremes[t];
			else if (t < 100)
				sound[t][i] = extremes[t % 3 * 2 + (int)(seed >> 24 & 1)];
			else
				sound[t][i] = (int16_t)((int16_t)(seed >> 16) >> t % 16);
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
