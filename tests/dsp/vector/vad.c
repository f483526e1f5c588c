/* SPDX-License-Identifier: GPL-2.0-only */
#include "vad.h"

#include "check.h"

#define TICKS 4000

/* Noise that swells and falls silent, and full scale now and then. */
static void speak(int16_t sound[BL_MEASURE_MOST], int tick, uint32_t *seed)
{
	for (int i = 0; i < BL_MEASURE_MOST; i++) {
		*seed = *seed * 1664525u + 1013904223u;
		sound[i] = (int16_t)((int16_t)(*seed >> 16) >> (tick / 37 * 7 % 17));
		if (tick % 997 == 0)
			sound[i] = INT16_MIN;
	}
}

int check_vad(void)
{
	struct bl_vad v[2];
	uint32_t seed = 1, speech = 0;
	int wrong = 0;

	for (int form = 0; form < 2; form++)
		(void)bl_vad_init(&v[form], NULL);
	for (int tick = 0; tick < TICKS; tick++) {
		int16_t sound[BL_MEASURE_MOST];
		struct bl_measure m;

		speak(sound, tick, &seed);
		(void)bl_measure(&m, sound, BL_MEASURE_MOST);
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			speech += (uint32_t)bl_vad_process(&v[form], &m);
		}
		wrong |= check_same("vad", &v[0], &v[1], sizeof v[0]);
	}
	return wrong || speech < TICKS / 5 || speech > 9 * TICKS / 5;
}
