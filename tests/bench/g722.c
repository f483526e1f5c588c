/* SPDX-License-Identifier: GPL-2.0-only */
/* G.722 at 64 kbit/s: 20 ms of every channel, a talker brought to 16 kHz. */
#include "g722.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"

#define WIDE (2 * BENCH_FRAME)
#define TICK (2 * BENCH_TICK)
#define FRAMES 25 /* then again: as many as keep a branch from being learnt by heart */

static struct bl_g722_enc encoders[BENCH_CHANNELS];
static struct bl_g722_dec decoders[BENCH_CHANNELS];
static g722_encode_state_t *their_encoders[BENCH_CHANNELS];
static g722_decode_state_t *their_decoders[BENCH_CHANNELS];
static int16_t sound[FRAMES][BENCH_CHANNELS][WIDE], back[BENCH_CHANNELS][WIDE];
static uint8_t octets[FRAMES][BENCH_CHANNELS][BENCH_FRAME], made[BENCH_CHANNELS][BENCH_FRAME];

static void speak(unsigned int c, unsigned int f)
{
	const int16_t *talker = bench_speech(c, 100 + f);

	for (unsigned int i = 0; i < BENCH_FRAME; i++) {
		sound[f][c][2 * i] = talker[i];
		sound[f][c][2 * i + 1] = (int16_t)((talker[i] + talker[i + 1]) / 2);
	}
	(void)bl_g722_enc_process(&encoders[c], sound[f][c], octets[f][c], WIDE);
}

static int prepare(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		if (bl_g722_enc_init(&encoders[c]) || bl_g722_dec_init(&decoders[c], NULL))
			return -1;
		for (unsigned int f = 0; f < FRAMES; f++)
			speak(c, f);
		their_encoders[c] = g722_encode_init(NULL, 64000, 0);
		their_decoders[c] = g722_decode_init(NULL, 64000, 0);
	}
	return 0;
}

static void encode_ours(unsigned int number)
{
	struct bl_g722_enc *e[BENCH_CHANNELS];
	const int16_t *in[BENCH_CHANNELS];
	uint8_t *out[BENCH_CHANNELS];

	for (unsigned int at = 0; at < WIDE; at += TICK) {
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			e[c] = &encoders[c];
			in[c] = sound[number % FRAMES][c] + at;
			out[c] = made[c];
		}
		(void)bl_g722_enc_process_many(e, in, out, TICK, BENCH_CHANNELS);
		bench_sink += made[number % BENCH_CHANNELS][3];
	}
}

static void encode_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += g722_encode(their_encoders[c], made[c], sound[number % FRAMES][c], WIDE) +
		              made[c][number % BENCH_FRAME];
}

static void decode_ours(unsigned int number)
{
	struct bl_g722_dec *d[BENCH_CHANNELS];
	const uint8_t *in[BENCH_CHANNELS];
	int16_t *out[BENCH_CHANNELS];

	for (unsigned int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			d[c] = &decoders[c];
			in[c] = octets[number % FRAMES][c] + at;
			out[c] = back[c];
		}
		bl_g722_dec_process_many(d, in, out, BENCH_TICK, BENCH_CHANNELS);
		bench_sink += back[number % BENCH_CHANNELS][3];
	}
}

static void decode_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += g722_decode(their_decoders[c], back[c], octets[number % FRAMES][c], BENCH_FRAME) +
		              back[c][number % WIDE];
}

/* Channel by channel, as where a call has G.722 alone. */
static void encode_alone(unsigned int number)
{
	for (unsigned int at = 0; at < WIDE; at += TICK)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			(void)bl_g722_enc_process(&encoders[c], sound[number % FRAMES][c] + at, made[c], TICK);
			bench_sink += made[c][3];
		}
}

static void decode_alone(unsigned int number)
{
	for (unsigned int at = 0; at < BENCH_FRAME; at += BENCH_TICK)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			bl_g722_dec_process(&decoders[c], octets[number % FRAMES][c] + at, back[c], BENCH_TICK);
			bench_sink += back[c][3];
		}
}

const struct bench_case bench_g722[] = {
        {"encode", "ours", prepare, encode_ours},
        {"encode", "spandsp", prepare, encode_theirs},
        {"decode", "ours", prepare, decode_ours},
        {"decode", "spandsp", prepare, decode_theirs},
        {"encode_alone", "ours", prepare, encode_alone},
        {"encode_alone", "spandsp", prepare, encode_theirs},
        {"decode_alone", "ours", prepare, decode_alone},
        {"decode_alone", "spandsp", prepare, decode_theirs},
        {0},
};
