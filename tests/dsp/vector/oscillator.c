/* SPDX-License-Identifier: GPL-2.0-only */
/* Both forms of the sines within one step of 16 bits, and the same phases, for any lengths, levels and modulations. */
#include "../../../dsp/src/oscillator.h"

#include <stdlib.h>

#include "check.h"
#include "sizes.h"

#define LENGTH 500
#define ROUNDS 400

static uint32_t seed = 3;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

int check_oscillator(void)
{
	int16_t out[2][LENGTH];
	int wrong = 0;

	for (int round = 0; round < ROUNDS && !wrong; round++) {
		struct sines start = {.depth = round % 3 ? 0.0f : (float)any(100) / 100.0f}, forms[2];
		size_t n = round % 2 ? any(LENGTH) : BL_TICK_SAMPLES;

		for (int i = 0; i < 3; i++) {
			start.phase[i] = any(1 << 24) << 8 | any(256);
			start.turn[i] = round % 5 || i != 1 ? any(1 << 24) << 7 : 0;
		}
		for (int i = 0; i < 2; i++)
			start.amplitude[i] = round % 7 || i != 1 ? (float)any(40000) : 0.0f;
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			forms[form] = start;
			bl_sines_fill(&forms[form], out[form], n);
		}
		for (size_t i = 0; i < n && !wrong; i++)
			wrong = abs(out[0][i] - out[1][i]) > 1;
		wrong |= check_same("oscillator: phases", &forms[0], &forms[1], sizeof forms[0]);
		if (wrong)
			printf("oscillator: the forms differ in round %d\n", round);
	}
	(void)bl_isa_limit(BL_ISA_VECTOR);
	return wrong;
}
