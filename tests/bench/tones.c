/* SPDX-License-Identifier: GPL-2.0-only */
/* Generators: 20 ms of a ringback tone, of a DTMF digit, an MF and an R2 signal for every channel. */
#include <spandsp.h>
#include <string.h>

#include "bench.h"
#include "dtmf.h"
#include "mf.h"
#include "r2.h"
#include "tone.h"

static struct bl_tone tones[BENCH_CHANNELS];
static struct bl_dtmf_tx dtmf[BENCH_CHANNELS];
static struct bl_mf_tx mf[BENCH_CHANNELS];
static struct bl_r2_tx r2[BENCH_CHANNELS];
static tone_gen_descriptor_t *ringback;
static tone_gen_state_t *tones_theirs[BENCH_CHANNELS];
static dtmf_tx_state_t *dtmf_theirs[BENCH_CHANNELS];
static bell_mf_tx_state_t *mf_theirs[BENCH_CHANNELS];
static r2_mf_tx_state_t *r2_theirs[BENCH_CHANNELS];
static int16_t out[BENCH_FRAME];

static int prepare_tones(void)
{
	for (int c = 0; c < BENCH_CHANNELS; c++)
		if (bl_tone_init(&tones[c]) || bl_tone_start(&tones[c], bl_tone_zone("us"), BL_TONE_DIAL))
			return -1;
	return 0;
}

static int prepare_tones_theirs(void)
{
	ringback = tone_gen_descriptor_init(NULL, 350, -13, 440, -13, 1, 0, 0, 0, 1);
	for (int c = 0; c < BENCH_CHANNELS; c++)
		tones_theirs[c] = tone_gen_init(NULL, ringback);
	return 0;
}

static int prepare_digits(void)
{
	for (int c = 0; c < BENCH_CHANNELS; c++) {
		if (bl_dtmf_tx_init(&dtmf[c], NULL) || bl_mf_tx_init(&mf[c], NULL))
			return -1;
		dtmf_theirs[c] = dtmf_tx_init(NULL);
		mf_theirs[c] = bell_mf_tx_init(NULL);
	}
	return 0;
}

/* A compelled signal sounds until it is answered: both sides hold one. */
static int prepare_r2(void)
{
	for (int c = 0; c < BENCH_CHANNELS; c++) {
		if (bl_r2_tx_init(&r2[c], NULL) || bl_r2_tx_send(&r2[c], 5))
			return -1;
		r2_theirs[c] = r2_mf_tx_init(NULL, 1);
		(void)r2_mf_tx_put(r2_theirs[c], '5');
	}
	return 0;
}

static void make_tones(unsigned int number)
{
	(void)number;
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK)
		for (int c = 0; c < BENCH_CHANNELS; c++)
			bench_sink += (int)bl_tone_process(&tones[c], out + at, BENCH_TICK) + out[at + 7];
}

static void make_tones_theirs(unsigned int number)
{
	(void)number;
	for (int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += tone_gen(tones_theirs[c], out, BENCH_FRAME) + out[7];
}

/* The next digit is queued before the last has ended: both sides always sound or pause as their digit does. */
static void make_dtmf(unsigned int number)
{
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK)
		for (int c = 0; c < BENCH_CHANNELS; c++) {
			if (at == 0 && number % 4 == 0)
				(void)bl_dtmf_tx_send(&dtmf[c], "5", 1);
			bench_sink += (int)bl_dtmf_tx_process(&dtmf[c], out + at, BENCH_TICK) + out[at + 7];
		}
}

static void make_dtmf_theirs(unsigned int number)
{
	for (int c = 0; c < BENCH_CHANNELS; c++) {
		if (number % 4 == 0)
			(void)dtmf_tx_put(dtmf_theirs[c], "5", 1);
		bench_sink += dtmf_tx(dtmf_theirs[c], out, BENCH_FRAME) + out[7];
	}
}

static void make_mf(unsigned int number)
{
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK)
		for (int c = 0; c < BENCH_CHANNELS; c++) {
			if (at == 0 && number % 4 == 0)
				(void)bl_mf_tx_send(&mf[c], "5", 1);
			bench_sink += (int)bl_mf_tx_process(&mf[c], out + at, BENCH_TICK) + out[at + 7];
		}
}

static void make_mf_theirs(unsigned int number)
{
	for (int c = 0; c < BENCH_CHANNELS; c++) {
		if (number % 4 == 0)
			(void)bell_mf_tx_put(mf_theirs[c], "5", 1);
		bench_sink += bell_mf_tx(mf_theirs[c], out, BENCH_FRAME) + out[7];
	}
}

static void make_r2(unsigned int number)
{
	(void)number;
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK)
		for (int c = 0; c < BENCH_CHANNELS; c++)
			bench_sink += (int)bl_r2_tx_process(&r2[c], out + at, BENCH_TICK) + out[at + 7];
}

static void make_r2_theirs(unsigned int number)
{
	(void)number;
	for (int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += r2_mf_tx(r2_theirs[c], out, BENCH_FRAME) + out[7];
}

const struct bench_case bench_tones[] = {
        {"tone", "ours", prepare_tones, make_tones},
        {"tone", "spandsp", prepare_tones_theirs, make_tones_theirs},
        {"dtmf_tx", "ours", prepare_digits, make_dtmf},
        {"dtmf_tx", "spandsp", prepare_digits, make_dtmf_theirs},
        {"mf_tx", "ours", prepare_digits, make_mf},
        {"mf_tx", "spandsp", prepare_digits, make_mf_theirs},
        {"r2_tx", "ours", prepare_r2, make_r2},
        {"r2_tx", "spandsp", prepare_r2, make_r2_theirs},
        {0},
};
