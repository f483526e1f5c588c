/* SPDX-License-Identifier: GPL-2.0-only */
/* 20 ms of every channel from rate to rate, beside speexdsp at quality 4 (as long a filter) and 5 (as good a stop
 * band). */
#include "resample.h"

#include <speex/speex_resampler.h>
#include <string.h>

#include "bench.h"

#define MOST 960 /* 20 ms at 48 kHz */
#define TICKS (BENCH_FRAME / BENCH_TICK)

static struct bl_resample ours[BENCH_CHANNELS];
static SpeexResamplerState *theirs[2][BENCH_CHANNELS]; /* quality 4, 5 */
static int16_t sound[BENCH_CHANNELS][MOST], made[MOST];

static void speak(unsigned int khz)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		for (unsigned int i = 0; i < 20 * khz; i++)
			sound[c][i] = bench_speech(c, 100)[i * 8 / khz];
}

static int prepare_ours(unsigned int from_khz, unsigned int to_khz)
{
	struct bl_resample_cfg cfg = {1000 * from_khz, 1000 * to_khz};

	speak(from_khz);
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		if (bl_resample_init(&ours[c], &cfg))
			return -1;
	return 0;
}

static int prepare_theirs(unsigned int from_khz, unsigned int to_khz, int quality)
{
	int error = 0;

	speak(from_khz);
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		theirs[quality - 4][c] = speex_resampler_init(1, 1000 * from_khz, 1000 * to_khz, quality, &error);
	return error ? -1 : 0;
}

static void convert_ours(unsigned int from_khz)
{
	for (unsigned int t = 0; t < TICKS; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			(void)bl_resample_process(&ours[c], sound[c] + 5 * from_khz * t, made, 5 * from_khz);
			bench_sink += made[7];
		}
}

static void convert_theirs(unsigned int from_khz, int quality)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		spx_uint32_t taken = 20 * from_khz, given = MOST;

		speex_resampler_process_int(theirs[quality - 4][c], 0, sound[c], &taken, made, &given);
		bench_sink += made[7];
	}
}

#define WAY(from, to)                                                                                                  \
	static int prepare_##from##_##to(void)                                                                         \
	{                                                                                                              \
		return prepare_ours(from, to);                                                                         \
	}                                                                                                              \
	static int prepare_##from##_##to##_q4(void)                                                                    \
	{                                                                                                              \
		return prepare_theirs(from, to, 4);                                                                    \
	}                                                                                                              \
	static int prepare_##from##_##to##_q5(void)                                                                    \
	{                                                                                                              \
		return prepare_theirs(from, to, 5);                                                                    \
	}                                                                                                              \
	static void ours_##from##_##to(unsigned int number)                                                            \
	{                                                                                                              \
		(void)number;                                                                                          \
		convert_ours(from);                                                                                    \
	}                                                                                                              \
	static void q4_##from##_##to(unsigned int number)                                                              \
	{                                                                                                              \
		(void)number;                                                                                          \
		convert_theirs(from, 4);                                                                               \
	}                                                                                                              \
	static void q5_##from##_##to(unsigned int number)                                                              \
	{                                                                                                              \
		(void)number;                                                                                          \
		convert_theirs(from, 5);                                                                               \
	}

WAY(8, 16)
WAY(16, 8)
WAY(8, 48)
WAY(48, 8)
WAY(16, 48)
WAY(48, 16)

/* Cases of one name share what `speak` laid out. */
/* Versions of clang-format differ on a macro that is braces. */
/* clang-format off */
#define CASES(from, to)                                                                \
	{#from "_to_" #to, "ours", prepare_##from##_##to, ours_##from##_##to},             \
	{#from "_to_" #to, "speexdsp-4", prepare_##from##_##to##_q4, q4_##from##_##to},    \
	{#from "_to_" #to, "speexdsp-5", prepare_##from##_##to##_q5, q5_##from##_##to}
/* clang-format on */

const struct bench_case bench_resample[] = {
        CASES(8, 16), CASES(16, 8), CASES(8, 48), CASES(48, 8), CASES(16, 48), CASES(48, 16), {0},
};
