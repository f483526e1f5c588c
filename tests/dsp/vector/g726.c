/* SPDX-License-Identifier: GPL-2.0-only */
#include "g726.h"

#include "check.h"

#define CHANNELS 75 /* of every rate and packing more than a group, none of them full */
#define SAMPLES 56
#define ROUNDS 60

static struct bl_g726 encoders[2][CHANNELS], decoders[2][CHANNELS];
static int16_t sound[CHANNELS][SAMPLES], back[2][CHANNELS][SAMPLES];
static uint8_t octets[2][CHANNELS][SAMPLES], noise[CHANNELS][SAMPLES];

/* Quiet, loud, square, alternating at full scale, by channel; octets as they fall. */
static void speak(uint32_t *seed, int round)
{
	for (int c = 0; c < CHANNELS; c++)
		for (int i = 0; i < SAMPLES; i++) {
			int16_t any;

			*seed = *seed * 1664525u + 1013904223u;
			any = (int16_t)(*seed >> 16);
			sound[c][i] = c % 5 == 0   ? (int16_t)(any >> (c / 5))
			              : c % 5 == 1 ? any
			              : c % 5 == 2 ? ((i + round) / (c + 1) % 2 ? INT16_MAX : INT16_MIN)
			                           : (i % (2 + round % 3) ? INT16_MAX : INT16_MIN);
			noise[c][i] = c % 3 ? (uint8_t)(*seed >> 24) : (uint8_t)(round / 8 * 17 + c);
		}
}

static void work(int form, int coded)
{
	struct bl_g726 *e[CHANNELS], *d[CHANNELS];
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
	(void)bl_g726_encode_many(e, in, out, SAMPLES, CHANNELS);
	(void)bl_g726_decode_many(d, heard, to, SAMPLES, CHANNELS);
}

int check_g726(void)
{
	uint32_t seed = 1;
	int wrong = 0;

	for (int form = 0; form < 2; form++)
		for (uint32_t c = 0; c < CHANNELS; c++) {
			struct bl_g726_cfg cfg = {16000 + c % 4 * 8000, c / 4 % 2};

			(void)bl_g726_init(&encoders[form][c], &cfg);
			(void)bl_g726_init(&decoders[form][c], &cfg);
		}
	for (int round = 0; round < ROUNDS && !wrong; round++) {
		speak(&seed, round);
		for (int form = 0; form < 2; form++)
			work(form, round < ROUNDS / 2);
		wrong |= check_same("g726 octets", octets[0], octets[1], sizeof octets[0]);
		wrong |= check_same("g726 sound", back[0], back[1], sizeof back[0]);
	}
	wrong |= check_same("g726 encoders", encoders[0], encoders[1], sizeof encoders[0]);
	return wrong | check_same("g726 decoders", decoders[0], decoders[1], sizeof decoders[0]);
}
