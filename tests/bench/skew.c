/* SPDX-License-Identifier: GPL-2.0-only */
/* 100 ppm between two clocks, beside speexdsp's resampler at its quality 3. */
#include "skew.h"

#include <speex/speex_resampler.h>

#include "bench.h"

#define TICKS (BENCH_FRAME / BENCH_TICK)

static struct bl_skew skews[BENCH_CHANNELS];
static SpeexResamplerState *speex[BENCH_CHANNELS];
static int16_t heard[BENCH_CHANNELS][BENCH_FRAME + 8];

static int prepare(void)
{
	int error = 0;

	for (unsigned int c = 0; c < BENCH_CHANNELS && !error; c++) {
		(void)bl_skew_init(&skews[c]);
		(void)bl_skew_set(&skews[c], 100);
		if (!speex[c])
			speex[c] = speex_resampler_init_frac(1, 10001, 10000, 8001, 8000, 3, &error);
	}
	return -error;
}

static void ours(unsigned int number)
{
	for (unsigned int t = 0; t < TICKS; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			(void)bl_skew_process(&skews[c], bench_speech(c, number) + t * BENCH_TICK,
			                      bl_skew_want(&skews[c], BENCH_TICK), heard[c], BENCH_TICK);
			bench_sink += heard[c][7];
		}
}

static void theirs(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		spx_uint32_t in = BENCH_FRAME, out = BENCH_FRAME + 8;

		(void)speex_resampler_process_int(speex[c], 0, bench_speech(c, number), &in, heard[c], &out);
		bench_sink += heard[c][7];
	}
}

const struct bench_case bench_skew[] = {
        {"100_ppm", "ours", prepare, ours}, {"100_ppm", "speexdsp", prepare, theirs}, {0}};
