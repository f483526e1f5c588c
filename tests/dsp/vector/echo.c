/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both forms learn the same path and take the same echo out. They add up in another order and so drift apart by
 * roundings; a decision near its limit may fall in another tick. So: nearly all ticks within a unit of 16 bits while
 * they learn, and the same residual within a fraction of a dB.
 */
#include "echo.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

#define CHANNELS 11
#define TICKS 600
#define DELAY 50

static struct bl_echo cancellers[2][CHANNELS];
static int16_t far[CHANNELS][TICKS * BL_ECHO_BLOCK], near[CHANNELS][TICKS * BL_ECHO_BLOCK];
static int16_t out[2][CHANNELS][BL_ECHO_BLOCK];

static void speak(void)
{
	uint32_t seed = 5;

	for (int c = 0; c < CHANNELS; c++)
		for (int i = 0; i < TICKS * BL_ECHO_BLOCK; i++) {
			int loud = i / 4000 % 4 == 3 ? 0 : 3000; /* with pauses */

			seed = seed * 1664525u + 1013904223u;
			far[c][i] = (int16_t)((int)(seed >> 16) * loud / 65536 - loud / 2);
			near[c][i] = (int16_t)((seed >> 8 & 15) - 8);
			if (i >= DELAY + c)
				near[c][i] = (int16_t)(near[c][i] + far[c][i - DELAY] / 3 - far[c][i - DELAY - c] / 5);
		}
}

static void cancel(int form, int tick)
{
	struct bl_echo *e[CHANNELS];
	const int16_t *from[CHANNELS], *back[CHANNELS];
	int16_t *to[CHANNELS];

	for (int c = 0; c < CHANNELS; c++) {
		e[c] = &cancellers[form][c];
		from[c] = far[c] + tick * BL_ECHO_BLOCK;
		back[c] = near[c] + tick * BL_ECHO_BLOCK;
		to[c] = out[form][c];
	}
	(void)bl_isa_limit((enum bl_isa)form);
	if (bl_echo_process_many(e, from, back, to, CHANNELS, BL_ECHO_BLOCK))
		printf("echo: refused\n");
}

int check_echo(void)
{
	double power[2] = {0};
	long apart = 0, all = 0;

	speak();
	for (int form = 0; form < 2; form++)
		for (int c = 0; c < CHANNELS; c++) {
			struct bl_echo_cfg cfg = {(uint16_t)(16 + 11 * c), BL_ECHO_NLP_OFF, 1, 1};

			(void)bl_echo_init(&cancellers[form][c], &cfg);
		}
	for (int tick = 0; tick < TICKS; tick++) {
		for (int form = 0; form < 2; form++)
			cancel(form, tick);
		for (int c = 0; c < CHANNELS; c++)
			for (int i = 0; i < BL_ECHO_BLOCK; i++, all++) {
				apart += abs(out[0][c][i] - out[1][c][i]) > 1;
				for (int form = 0; form < 2 && tick > TICKS / 2; form++)
					power[form] += out[form][c][i] * out[form][c][i];
			}
	}
	(void)bl_isa_limit(BL_ISA_VECTOR);
	if (apart * 20 > all || fabs(10 * log10(power[0] / power[1])) > 0.2 || power[0] > 40.0 * (double)all) {
		printf("echo: %ld of %ld samples apart, residuals %g and %g\n", apart, all, power[0], power[1]);
		return 1;
	}
	return 0;
}
