/* SPDX-License-Identifier: GPL-2.0-only */
/* Loss concealment: 20 ms that came, and 20 ms that were lost behind 20 ms that came, which is what happens on a line.
 */
#include "plc.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"

static struct bl_plc ours[BENCH_CHANNELS], *each[BENCH_CHANNELS];
static int16_t *tick[BENCH_CHANNELS];
static uint8_t came[BENCH_CHANNELS], gone[BENCH_CHANNELS];
static plc_state_t *theirs[BENCH_CHANNELS];
static int16_t sound[BENCH_CHANNELS][BENCH_FRAME];

static int prepare_ours(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		each[c] = &ours[c];
		came[c] = 1;
		if (bl_plc_init(each[c]))
			return -1;
	}
	return 0;
}

static int prepare_theirs(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		theirs[c] = plc_init(NULL);
	return 0;
}

static void good_ours(unsigned int number)
{
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			tick[c] = sound[c] + at;
			memcpy(tick[c], bench_speech(c, number) + at, BENCH_TICK * sizeof(int16_t));
		}
		bl_plc_process_many(each, tick, came, BENCH_TICK, BENCH_CHANNELS);
	}
	bench_sink += sound[number % BENCH_CHANNELS][0];
}

static void good_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		memcpy(sound[c], bench_speech(c, number), sizeof sound[c]);
		plc_rx(theirs[c], sound[c], BENCH_FRAME);
	}
	bench_sink += sound[number % BENCH_CHANNELS][0];
}

/* A good frame, then a lost one: both are counted. */
static void lost_ours(unsigned int number)
{
	good_ours(number);
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			tick[c] = sound[c] + at;
		bl_plc_process_many(each, tick, gone, BENCH_TICK, BENCH_CHANNELS);
	}
	bench_sink += sound[number % BENCH_CHANNELS][0];
}

static void lost_theirs(unsigned int number)
{
	good_theirs(number);
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		plc_fillin(theirs[c], sound[c], BENCH_FRAME);
	bench_sink += sound[number % BENCH_CHANNELS][0];
}

const struct bench_case bench_plc[] = {
        {"good", "ours", prepare_ours, good_ours},
        {"good", "spandsp", prepare_theirs, good_theirs},
        {"good_and_lost", "ours", prepare_ours, lost_ours},
        {"good_and_lost", "spandsp", prepare_theirs, lost_theirs},
        {0},
};
