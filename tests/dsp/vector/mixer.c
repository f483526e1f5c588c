/* SPDX-License-Identifier: GPL-2.0-only */
#include "mixer.h"

#include "check.h"

#define MOST 160
#define TICKS 200

static const size_t lengths[] = {40, 40, 8, 40, 48, 40, 120, 40, MOST};

static int16_t said[BL_MIXER_PARTIES][MOST], heard[2][BL_MIXER_PARTIES][MOST];

/* A party is away now and then, every second one hears in the place of its own sound. */
static void mix(struct bl_mixer *m, int form, int tick)
{
	const int16_t *in[BL_MIXER_PARTIES];
	int16_t *out[BL_MIXER_PARTIES];

	memcpy(heard[form], said, sizeof said);
	for (int p = 0; p < BL_MIXER_PARTIES; p++) {
		in[p] = (p + tick) % 11 == 0 ? NULL : p % 2 ? heard[form][p] : said[p];
		out[p] = (p + tick) % 13 == 0 ? NULL : heard[form][p];
	}
	(void)bl_isa_limit((enum bl_isa)form);
	if (bl_mixer_process(m, in, out, lengths[(size_t)tick % (sizeof lengths / sizeof lengths[0])]))
		printf("mixer: refused\n");
}

static void speak(uint32_t *seed)
{
	for (int p = 0; p < BL_MIXER_PARTIES; p++)
		for (int i = 0; i < MOST; i++) {
			*seed = *seed * 1664525u + 1013904223u;
			said[p][i] = i % 7 ? (int16_t)(*seed >> 16) : i % 2 ? INT16_MAX : INT16_MIN;
		}
}

/* Few of them stay about the limits of 16 bits, many are far beyond. */
static int check_conference(uint32_t parties)
{
	struct bl_mixer mixers[2];
	uint32_t seed = parties;
	int wrong = 0;

	for (int form = 0; form < 2; form++) {
		(void)bl_mixer_init(&mixers[form]);
		for (uint32_t p = 0; p < parties; p++)
			(void)bl_mixer_set(&mixers[form], p, p % 5 != 4, p % 3 != 2);
	}
	for (int tick = 0; tick < TICKS; tick++) {
		speak(&seed);
		for (int form = 0; form < 2; form++)
			mix(&mixers[form], form, tick);
		wrong |= check_same("mixer sound", heard[0], heard[1], sizeof heard[0]);
	}
	return wrong | check_same("mixer state", &mixers[0], &mixers[1], sizeof mixers[0]);
}

int check_mixer(void)
{
	int wrong = 0;

	for (uint32_t parties = 1; parties <= BL_MIXER_PARTIES; parties += parties < 6 ? 1 : 29)
		wrong |= check_conference(parties);
	return wrong;
}
