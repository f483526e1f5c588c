/* SPDX-License-Identifier: GPL-2.0-only */
/* G.726 at all its rates on speech: 20 ms of every channel; and of one channel alone, where there is none beside it. */
#include "g726.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"

#define OCTETS (BENCH_FRAME * 5 / 8)
#define FRAMES 25 /* then again: as many as keep a branch from being learnt by heart */

static struct bl_g726 ours[BENCH_CHANNELS];
static g726_state_t *theirs[BENCH_CHANNELS];
static int16_t sound[FRAMES][BENCH_CHANNELS][BENCH_FRAME], back[BENCH_CHANNELS][BENCH_FRAME];
static uint8_t octets[FRAMES][BENCH_CHANNELS][OCTETS], made[BENCH_CHANNELS][OCTETS];
static unsigned int bits;

static int prepare(unsigned int code_bits)
{
	struct bl_g726_cfg cfg = {8000 * code_bits, BL_G726_RFC3551};

	bits = code_bits;
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		if (bl_g726_init(&ours[c], &cfg))
			return -1;
		for (unsigned int f = 0; f < FRAMES; f++) {
			memcpy(sound[f][c], bench_speech(c, 100 + f), sizeof sound[f][c]);
			(void)bl_g726_encode(&ours[c], sound[f][c], octets[f][c], BENCH_FRAME);
		}
		theirs[c] = g726_init(NULL, (int)cfg.bit_rate, G726_ENCODING_LINEAR, G726_PACKING_RIGHT);
	}
	return 0;
}

static int prepare_16(void)
{
	return prepare(2);
}

static int prepare_24(void)
{
	return prepare(3);
}

static int prepare_32(void)
{
	return prepare(4);
}

static int prepare_40(void)
{
	return prepare(5);
}

static void encode_ours(unsigned int number)
{
	struct bl_g726 *g[BENCH_CHANNELS];
	const int16_t *in[BENCH_CHANNELS];
	uint8_t *out[BENCH_CHANNELS];

	for (unsigned int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			g[c] = &ours[c];
			in[c] = sound[number % FRAMES][c] + at;
			out[c] = made[c];
		}
		(void)bl_g726_encode_many(g, in, out, BENCH_TICK, BENCH_CHANNELS);
		bench_sink += made[number % BENCH_CHANNELS][3];
	}
}

static void encode_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += g726_encode(theirs[c], made[c], sound[number % FRAMES][c], BENCH_FRAME) +
		              made[c][number % OCTETS];
}

static void decode_ours(unsigned int number)
{
	struct bl_g726 *g[BENCH_CHANNELS];
	const uint8_t *in[BENCH_CHANNELS];
	int16_t *out[BENCH_CHANNELS];

	for (unsigned int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			g[c] = &ours[c];
			in[c] = octets[number % FRAMES][c] + at * bits / 8;
			out[c] = back[c];
		}
		(void)bl_g726_decode_many(g, in, out, BENCH_TICK, BENCH_CHANNELS);
		bench_sink += back[number % BENCH_CHANNELS][3];
	}
}

static void decode_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink +=
		        g726_decode(theirs[c], back[c], octets[number % FRAMES][c], (int)(BENCH_FRAME * bits / 8)) +
		        back[c][number % BENCH_FRAME];
}

/* Each call has one channel, as a leg that is the only one of its rate. */
static void encode_alone(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		for (unsigned int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
			(void)bl_g726_encode(&ours[c], sound[number % FRAMES][c] + at, made[c], BENCH_TICK);
			bench_sink += made[c][3];
		}
}

static void decode_alone(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		for (unsigned int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
			(void)bl_g726_decode(&ours[c], octets[number % FRAMES][c] + at * bits / 8, back[c], BENCH_TICK);
			bench_sink += back[c][3];
		}
}

const struct bench_case bench_g726[] = {
        {"encode_16", "ours", prepare_16, encode_ours},
        {"encode_16", "spandsp", prepare_16, encode_theirs},
        {"decode_16", "ours", prepare_16, decode_ours},
        {"decode_16", "spandsp", prepare_16, decode_theirs},
        {"encode_24", "ours", prepare_24, encode_ours},
        {"encode_24", "spandsp", prepare_24, encode_theirs},
        {"decode_24", "ours", prepare_24, decode_ours},
        {"decode_24", "spandsp", prepare_24, decode_theirs},
        {"encode_alone", "ours", prepare_32, encode_alone},
        {"encode_alone", "spandsp", prepare_32, encode_theirs},
        {"decode_alone", "ours", prepare_32, decode_alone},
        {"decode_alone", "spandsp", prepare_32, decode_theirs},
        {"encode_32", "ours", prepare_32, encode_ours},
        {"encode_32", "spandsp", prepare_32, encode_theirs},
        {"decode_32", "ours", prepare_32, decode_ours},
        {"decode_32", "spandsp", prepare_32, decode_theirs},
        {"encode_40", "ours", prepare_40, encode_ours},
        {"encode_40", "spandsp", prepare_40, encode_theirs},
        {"decode_40", "ours", prepare_40, decode_ours},
        {"decode_40", "spandsp", prepare_40, decode_theirs},
        {0},
};
