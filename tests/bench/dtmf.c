/* SPDX-License-Identifier: GPL-2.0-only */
/* DTMF receivers on speech: 20 ms of every channel. */
#include "dtmf.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"

#define EVENTS 4

static struct bl_dtmf ours[BENCH_CHANNELS];
static dtmf_rx_state_t *theirs[BENCH_CHANNELS];
static int16_t sound[BENCH_CHANNELS][BENCH_FRAME];

static void take_speech(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		memcpy(sound[c], bench_speech(c, 100), sizeof sound[c]);
}

static int prepare_ours(void)
{
	take_speech();
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		if (bl_dtmf_init(&ours[c], NULL))
			return -1;
	return 0;
}

static int prepare_theirs(void)
{
	take_speech();
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		theirs[c] = dtmf_rx_init(NULL, NULL, NULL);
	return 0;
}

static void hear_ours(unsigned int number)
{
	struct bl_dtmf_event events[EVENTS];

	(void)number;
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			bench_sink += (int)bl_dtmf_process(&ours[c], sound[c] + at, BENCH_TICK, events, EVENTS);
}

static void hear_theirs(unsigned int number)
{
	(void)number;
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += dtmf_rx(theirs[c], sound[c], BENCH_FRAME);
}

const struct bench_case bench_dtmf[] = {
        {"receive", "ours", prepare_ours, hear_ours},
        {"receive", "spandsp", prepare_theirs, hear_theirs},
        {0},
};
