/* SPDX-License-Identifier: GPL-2.0-only */
#include "g722.h"

#include "check.h"

#define CHANNELS 37 /* no whole number of groups */
#define PAIRS 59    /* neither of vectors */
#define ROUNDS 60

static struct bl_g722_enc encoders[2][CHANNELS];
static struct bl_g722_dec decoders[2][CHANNELS];
static int16_t sound[CHANNELS][2 * PAIRS], back[2][CHANNELS][2 * PAIRS];
static uint8_t octets[2][CHANNELS][PAIRS], noise[CHANNELS][PAIRS];

/* Quiet, loud, square, alternating at full scale, by channel; octets as they fall. */
static void speak(uint32_t *seed, int round)
{
	for (int c = 0; c < CHANNELS; c++)
		for (int i = 0; i < 2 * PAIRS; i++) {
			int16_t any;

			*seed = *seed * 1664525u + 1013904223u;
			any = (int16_t)(*seed >> 16);
			sound[c][i] = c % 4 == 0   ? (int16_t)(any >> (c / 4))
			              : c % 4 == 1 ? any
			              : c % 4 == 2 ? ((i + round) / (c + 1) % 2 ? INT16_MAX : INT16_MIN)
			                           : (i % 2 ? INT16_MAX : INT16_MIN);
			noise[c][i / 2] = c % 2 ? (uint8_t)(*seed >> 24) : (uint8_t)(round / 8 + c);
		}
}

static void work(int form, int coded)
{
	struct bl_g722_enc *e[CHANNELS];
	struct bl_g722_dec *d[CHANNELS];
	const int16_t *in[CHANNELS];
	const uint8_t *heard[CHANNELS];
	uint8_t *out[CHANNELS];
	int16_t *to[CHANNELS];

	for (int c = 0; c < CHANNELS; c++) {
		e[c] = &encoders[form][c];
		d[c] = &decoders[form][c];
		in[c] = sound[c];
		out[c] = octets[form][c];
		heard[c] = coded ? octets[form][c] : noise[c];
		to[c] = back[form][c];
	}
	(void)bl_isa_limit((enum bl_isa)form);
	(void)bl_g722_enc_process_many(e, in, out, 2 * PAIRS, CHANNELS);
	bl_g722_dec_process_many(d, heard, to, PAIRS, CHANNELS);
}

int check_g722(void)
{
	struct bl_g722_dec_cfg cfg[3] = {{64000}, {56000}, {48000}};
	uint32_t seed = 1;
	int wrong = 0;

	for (int form = 0; form < 2; form++)
		for (int c = 0; c < CHANNELS; c++) {
			(void)bl_g722_enc_init(&encoders[form][c]);
			(void)bl_g722_dec_init(&decoders[form][c], &cfg[c % 3]);
		}
	for (int round = 0; round < ROUNDS && !wrong; round++) {
		speak(&seed, round);
		for (int form = 0; form < 2; form++)
			work(form, round < ROUNDS / 2);
		wrong |= check_same("g722 octets", octets[0], octets[1], sizeof octets[0]);
		wrong |= check_same("g722 sound", back[0], back[1], sizeof back[0]);
	}
	wrong |= check_same("g722 encoders", encoders[0], encoders[1], sizeof encoders[0]);
	return wrong | check_same("g722 decoders", decoders[0], decoders[1], sizeof decoders[0]);
}
