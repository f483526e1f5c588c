/* SPDX-License-Identifier: GPL-2.0-only */
#include "mixer.h"

#include "check.h"

#define TICK 40
#define TICKS 50

static int16_t sound[BL_MIXER_PARTIES][TICK], heard[2][BL_MIXER_PARTIES][TICK];

static void mix(struct bl_mixer *m, int form)
{
	const int16_t *in[BL_MIXER_PARTIES];
	int16_t *out[BL_MIXER_PARTIES];

	for (int p = 0; p < BL_MIXER_PARTIES; p++) {
		in[p] = sound[p];
		out[p] = heard[form][p];
	}
	(void)bl_isa_limit((enum bl_isa)form);
	if (bl_mixer_process(m, in, out, TICK))
		printf("mixer: refused\n");
}

static void speak(uint32_t *seed)
{
	for (int p = 0; p < BL_MIXER_PARTIES; p++)
		for (int i = 0; i < TICK; i++) {
			*seed = *seed * 1664525u + 1013904223u;
			sound[p][i] = i % 7 ? (int16_t)(*seed >> 16) : i % 2 ? INT16_MAX : INT16_MIN;
		}
}

int check_mixer(void)
{
	struct bl_mixer mixers[2];
	uint32_t seed = 1;
	int wrong = 0;

	for (int form = 0; form < 2; form++) {
		(void)bl_mixer_init(&mixers[form]);
		for (uint32_t p = 0; p < BL_MIXER_PARTIES; p++)
			(void)bl_mixer_set(&mixers[form], p, p % 5 != 0, p % 3 != 0);
	}
	for (int tick = 0; tick < TICKS; tick++) {
		speak(&seed);
		for (int form = 0; form < 2; form++)
			mix(&mixers[form], form);
		wrong |= check_same("mixer sound", heard[0], heard[1], sizeof heard[0]);
	}
	return wrong | check_same("mixer state", &mixers[0], &mixers[1], sizeof mixers[0]);
}
