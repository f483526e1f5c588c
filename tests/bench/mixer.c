/* SPDX-License-Identifier: GPL-2.0-only */
/* A conference of all channels: 20 ms of every party. There is no peer; the bar is a time. */
#include "mixer.h"

#include <string.h>

#include "bench.h"

#define TICKS (BENCH_FRAME / BENCH_TICK)

static struct bl_mixer mixer;
static int16_t said[TICKS][BENCH_CHANNELS][BENCH_TICK], heard[BENCH_CHANNELS][BENCH_TICK];

static int prepare(void)
{
	(void)bl_mixer_init(&mixer);
	for (uint32_t p = 0; p < BENCH_CHANNELS; p++) {
		(void)bl_mixer_set(&mixer, p, 1, 1);
		for (int t = 0; t < TICKS; t++)
			memcpy(said[t][p], bench_speech(p, 100) + t * BENCH_TICK, sizeof said[t][p]);
	}
	return 0;
}

/* What was decoded in this tick is at hand, as in the engine. */
static void conference(unsigned int number)
{
	const int16_t *in[BL_MIXER_PARTIES] = {0};
	int16_t *out[BL_MIXER_PARTIES] = {0};

	for (int t = 0; t < TICKS; t++) {
		for (unsigned int p = 0; p < BENCH_CHANNELS; p++) {
			in[p] = said[t][p];
			out[p] = heard[p];
		}
		(void)bl_mixer_process(&mixer, in, out, BENCH_TICK);
		bench_sink += heard[number % BENCH_CHANNELS][7] + mixer.dominant;
	}
}

const struct bench_case bench_mixer[] = {{"party", "ours", prepare, conference}, {0}};
