/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Line echo cancellers on a talker and his echo: 20 ms of every channel, tails of 64 and 128 ms; and the first eight
 * seconds of a call, in which ours learns in every tick.
 */
#include "echo.h"

#include <speex/speex_echo.h>
#include <string.h>

#include "bench.h"

#define NEW 400 /* frames of a call, 8 s */

static _Alignas(64) struct bl_echo ours[2][BENCH_CHANNELS];
static SpeexEchoState *theirs[2][BENCH_CHANNELS];
static int16_t out[BENCH_CHANNELS][BENCH_FRAME];

static int prepare_ours(int which)
{
	const struct bl_echo_cfg cfg = {
	        .tail_ms = which ? 128 : 64, .mode = BL_ECHO_ON, .comfort_noise = 1, .disabler = 1};
	int error = 0;

	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		error = error ? error : bl_echo_init(&ours[which][c], &cfg);
	return error;
}

static int prepare_theirs(int which)
{
	int rate = 8000;

	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		theirs[which][c] = speex_echo_state_init(BENCH_FRAME, which ? 1024 : 512);
		speex_echo_ctl(theirs[which][c], SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
	}
	return 0;
}

static void cancel_ours(int which, unsigned int number)
{
	struct bl_echo *e[BENCH_CHANNELS];
	const int16_t *far[BENCH_CHANNELS], *near[BENCH_CHANNELS];
	int16_t *to[BENCH_CHANNELS];

	for (size_t at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			e[c] = &ours[which][c];
			far[c] = bench_speech(c, number) + at;
			near[c] = bench_echo(c, number) + at;
			to[c] = out[c] + at;
		}
		(void)bl_echo_process_many(e, far, near, to, BENCH_CHANNELS, BENCH_TICK);
	}
	bench_sink += out[number % BENCH_CHANNELS][7];
}

static void cancel_theirs(int which, unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		speex_echo_cancellation(theirs[which][c], bench_echo(c, number), bench_speech(c, number), out[c]);
	bench_sink += out[number % BENCH_CHANNELS][7];
}

static int prepare_ours_512(void)
{
	return prepare_ours(0);
}

static int prepare_ours_1024(void)
{
	return prepare_ours(1);
}

static int prepare_theirs_512(void)
{
	return prepare_theirs(0);
}

static int prepare_theirs_1024(void)
{
	return prepare_theirs(1);
}

static void ours_512(unsigned int number)
{
	cancel_ours(0, number);
}

static void ours_new(unsigned int number)
{
	if (number % NEW == 0)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			bl_echo_reset(&ours[0][c]);
	cancel_ours(0, number);
}

static void ours_1024_new(unsigned int number)
{
	if (number % NEW == 0)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			bl_echo_reset(&ours[1][c]);
	cancel_ours(1, number);
}

static void ours_1024(unsigned int number)
{
	cancel_ours(1, number);
}

static void theirs_512(unsigned int number)
{
	cancel_theirs(0, number);
}

static void theirs_1024(unsigned int number)
{
	cancel_theirs(1, number);
}

const struct bench_case bench_line_echo[] = {
        {"512_taps", "ours", prepare_ours_512, ours_512},
        {"512_taps", "speexdsp", prepare_theirs_512, theirs_512},
        {"512_taps_new_call", "ours", prepare_ours_512, ours_new},
        {"512_taps_new_call", "speexdsp", prepare_theirs_512, theirs_512},
        {"1024_taps", "ours", prepare_ours_1024, ours_1024},
        {"1024_taps", "speexdsp", prepare_theirs_1024, theirs_1024},
        {"1024_taps", "ours_512", prepare_ours_512, ours_512},
        {"1024_taps_new_call", "ours", prepare_ours_1024, ours_1024_new},
        {"1024_taps_new_call", "ours_512", prepare_ours_512, ours_new},
        {0},
};
