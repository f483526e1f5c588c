/* SPDX-License-Identifier: GPL-2.0-only */
/* Conferences of all channels and of the most parties: 20 ms of every channel. There is no peer; the bar is a time. */
#include "mixer.h"

#include <string.h>

#include "bench.h"

#define TICKS (BENCH_FRAME / BENCH_TICK)

static struct bl_mixer mixer;
static int16_t said[TICKS][BL_MIXER_PARTIES][BENCH_TICK], heard[BL_MIXER_PARTIES][BENCH_TICK];

static int prepare(uint32_t parties)
{
	(void)bl_mixer_init(&mixer);
	for (uint32_t p = 0; p < parties; p++) {
		(void)bl_mixer_set(&mixer, p, 1, 1);
		for (int t = 0; t < TICKS; t++)
			memcpy(said[t][p], bench_speech(p, 100) + t * BENCH_TICK, sizeof said[t][p]);
	}
	return 0;
}

static int prepare_channels(void)
{
	return prepare(BENCH_CHANNELS);
}

static int prepare_most(void)
{
	return prepare(BL_MIXER_PARTIES);
}

/* What was decoded in this tick is at hand, as in the engine. */
static void conference(unsigned int number, unsigned int parties)
{
	const int16_t *in[BL_MIXER_PARTIES] = {0};
	int16_t *out[BL_MIXER_PARTIES] = {0};

	for (int t = 0; t < TICKS; t++) {
		for (unsigned int p = 0; p < parties; p++) {
			in[p] = said[t][p];
			out[p] = heard[p];
		}
		(void)bl_mixer_process(&mixer, in, out, BENCH_TICK);
		bench_sink += heard[number % BENCH_CHANNELS][7] + mixer.dominant;
	}
}

static void of_channels(unsigned int number)
{
	conference(number, BENCH_CHANNELS);
}

/* Twice the channels, every other frame. */
static void of_most(unsigned int number)
{
	_Static_assert(BL_MIXER_PARTIES == 2 * BENCH_CHANNELS, "a frame of one is half a frame of the other");

	if (number % 2)
		conference(number, BL_MIXER_PARTIES);
}

const struct bench_case bench_mixer[] = {
        {"party", "ours", prepare_channels, of_channels},
        {"party_of_64", "ours", prepare_most, of_most},
        {0},
};
