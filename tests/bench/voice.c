/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every channel has in every tick: one look at the sound, level and DC meters, voice activity, automatic gain, the
 * analysis of its pauses and comfort noise. `together` is all of it for every channel, noise always made.
 */
#include <spandsp.h>
#include <speex/speex_preprocess.h>
#include <string.h>

#include "agc.h"
#include "bench.h"
#include "cng.h"
#include "level.h"
#include "sid.h"
#include "vad.h"

#define TICKS (BENCH_FRAME / BENCH_TICK)

/* States lie as a port of the engine has them, each at the beginning of a line of the cache. */
static struct {
	_Alignas(64) struct bl_level level;
	_Alignas(64) struct bl_vad vad;
	_Alignas(64) struct bl_agc agc;
	_Alignas(64) struct bl_sid sid;
	_Alignas(64) struct bl_cng cng;
} states[BENCH_CHANNELS];

static struct bl_level *level[BENCH_CHANNELS];
static struct bl_vad *vad[BENCH_CHANNELS];
static struct bl_agc *agc[BENCH_CHANNELS];
static struct bl_sid *sid[BENCH_CHANNELS];
static struct bl_cng *cng[BENCH_CHANNELS];
static _Alignas(64) struct bl_measure seen[BENCH_CHANNELS];
static uint8_t active[BENCH_CHANNELS];
static _Alignas(64) int16_t sound[BENCH_CHANNELS][BENCH_FRAME], hiss[BENCH_CHANNELS][BENCH_TICK];
static const int16_t *in[BENCH_CHANNELS];
static int16_t *out[BENCH_CHANNELS], *made[BENCH_CHANNELS];
static SpeexPreprocessState *speex[BENCH_CHANNELS];

static int prepare(void)
{
	static const uint8_t descriptor[] = {50, 60, 150, 110, 130};

	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		level[c] = &states[c].level, vad[c] = &states[c].vad, agc[c] = &states[c].agc;
		sid[c] = &states[c].sid, cng[c] = &states[c].cng;
		if (bl_level_init(level[c], NULL) || bl_vad_init(vad[c], NULL) || bl_agc_init(agc[c], NULL) ||
		    bl_cng_init(cng[c], c) || bl_cng_set(cng[c], descriptor, sizeof descriptor) || bl_sid_init(sid[c]))
			return -1;
		made[c] = hiss[c];
		out[c] = sound[c];
	}
	return 0;
}

static void take(unsigned int number, int tick)
{
	if (tick)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			in[c] += BENCH_TICK;
	else
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			in[c] = bench_speech(c, number);
}

static void meters(unsigned int number)
{
	for (int t = 0; t < TICKS; t++) {
		take(number, t);
		(void)bl_measure_many(seen, in, BENCH_TICK, BENCH_CHANNELS);
		bl_level_add_many(level, seen, BENCH_CHANNELS);
	}
	bench_sink += (int)seen[number % BENCH_CHANNELS].peak;
}

static void activity(unsigned int number)
{
	for (int t = 0; t < TICKS; t++) {
		take(number, t);
		(void)bl_measure_many(seen, in, BENCH_TICK, BENCH_CHANNELS);
		bl_vad_process_many(vad, seen, active, BENCH_CHANNELS);
	}
	bench_sink += active[number % BENCH_CHANNELS];
}

static void together(unsigned int number)
{
	for (int t = 0; t < TICKS; t++) {
		take(number, t);
		(void)bl_measure_many(seen, in, BENCH_TICK, BENCH_CHANNELS);
		bl_level_add_many(level, seen, BENCH_CHANNELS);
		bl_vad_process_many(vad, seen, active, BENCH_CHANNELS);
		bl_sid_process_many(sid, seen, active, in, BENCH_CHANNELS);
		bl_agc_process_many(agc, seen, active, in, out, BENCH_CHANNELS);
		bl_cng_process_many(cng, made, BENCH_TICK, BENCH_CHANNELS);
	}
	bench_sink += sound[number % BENCH_CHANNELS][3] + hiss[number % BENCH_CHANNELS][3];
}

static void comfort(unsigned int number)
{
	for (int t = 0; t < TICKS; t++)
		bl_cng_process_many(cng, made, BENCH_TICK, BENCH_CHANNELS);
	bench_sink += hiss[number % BENCH_CHANNELS][3];
}

static int prepare_speex(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		int on = 1, off = 0;

		speex[c] = speex_preprocess_state_init(BENCH_FRAME, 8000);
		speex_preprocess_ctl(speex[c], SPEEX_PREPROCESS_SET_DENOISE, &off);
		speex_preprocess_ctl(speex[c], SPEEX_PREPROCESS_SET_AGC, &on);
		speex_preprocess_ctl(speex[c], SPEEX_PREPROCESS_SET_VAD, &on);
	}
	return 0;
}

static void speex_together(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		memcpy(sound[c], bench_speech(c, number), sizeof sound[c]);
		bench_sink += speex_preprocess_run(speex[c], sound[c]);
	}
}

static noise_state_t *theirs[BENCH_CHANNELS];

static int prepare_spandsp_noise(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		theirs[c] = noise_init_dbm0(NULL, (int)c + 1, -50.0f, NOISE_CLASS_HOTH, 7);
	return 0;
}

static void spandsp_noise(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		for (int i = 0; i < BENCH_FRAME; i++)
			bench_sink += noise(theirs[c]);
	(void)number;
}

const struct bench_case bench_voice[] = {
        {"together", "ours", prepare, together},
        {"together", "speexdsp", prepare_speex, speex_together},
        {"meters", "ours", prepare, meters},
        {"activity", "ours", prepare, activity},
        {"comfort_noise", "ours", prepare, comfort},
        {"comfort_noise", "spandsp", prepare_spandsp_noise, spandsp_noise},
        {0},
};
