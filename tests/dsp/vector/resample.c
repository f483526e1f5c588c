/* SPDX-License-Identifier: GPL-2.0-only */
#include "resample.h"

#include <stdlib.h>

#include "check.h"

#define ROUNDS 40
#define MOST 480

static const uint32_t rates[] = {8000, 16000, 48000};
static int16_t sound[MOST], made[2][6 * MOST];

/* Quiet, loud, square at full scale; floats may differ by one. */
static void speak(uint32_t *seed, int round)
{
	for (int i = 0; i < MOST; i++) {
		*seed = *seed * 1664525u + 1013904223u;
		sound[i] = round % 3 == 0   ? (int16_t)((int16_t)(*seed >> 16) / 64)
		           : round % 3 == 1 ? (int16_t)(*seed >> 16)
		                            : (int16_t)(i / (round + 1) % 2 ? INT16_MAX : INT16_MIN);
	}
}

static int far_apart(uint32_t from, uint32_t to, int n)
{
	for (int i = 0; i < n; i++)
		if (abs(made[0][i] - made[1][i]) > 1) {
			printf("resample %u to %u: sample %d: %d and %d\n", from, to, i, made[0][i], made[1][i]);
			return 1;
		}
	return 0;
}

static int check_pair(uint32_t from, uint32_t to)
{
	struct bl_resample_cfg cfg = {from, to};
	struct bl_resample states[2];
	uint32_t seed = from + to;
	int wrong = 0;

	for (int form = 0; form < 2; form++)
		(void)bl_resample_init(&states[form], &cfg);
	for (int round = 0; round < ROUNDS && !wrong; round++) {
		int count[2];

		speak(&seed, round);
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			count[form] =
			        bl_resample_process(&states[form], sound, made[form], (size_t)(6 * (round * 7 % 81)));
		}
		wrong = count[0] != count[1] || count[0] < 0 || far_apart(from, to, count[0]);
	}
	return wrong;
}

int check_resample(void)
{
	int wrong = 0;

	for (int from = 0; from < 3; from++)
		for (int to = 0; to < 3; to++)
			wrong |= check_pair(rates[from], rates[to]);
	return wrong;
}
