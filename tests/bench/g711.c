/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * G.711 beside spandsp's functions of one sample and plain tables. A batch is what the engine has in a tick: 40 samples
 * of every channel, in one piece of memory, for all sides alike.
 */
#include "g711.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"

#define BATCH (BENCH_CHANNELS * BENCH_TICK)
#define TICKS (BENCH_FRAME / BENCH_TICK)

static int16_t linear[TICKS][BATCH], decoded[BATCH];
static uint8_t codes[TICKS][BATCH], made[BATCH];
static uint8_t encode_table[4096]; /* by the upper 12 bits */
static int16_t decode_table[256];
static uint8_t ulaw_encode_table[16384]; /* by the upper 14 bits */
static int16_t ulaw_decode_table[256];
static uint8_t transcode_table[256];

static int prepare(void)
{
	for (unsigned int i = 0; i < 4096; i++)
		encode_table[i] = linear_to_alaw((int16_t)(i << 4));
	for (unsigned int i = 0; i < 16384; i++)
		ulaw_encode_table[i] = linear_to_ulaw((int16_t)(i << 2));
	for (unsigned int i = 0; i < 256; i++) {
		decode_table[i] = alaw_to_linear((uint8_t)i);
		ulaw_decode_table[i] = ulaw_to_linear((uint8_t)i);
		transcode_table[i] = alaw_to_ulaw((uint8_t)i);
	}
	for (unsigned int t = 0; t < TICKS; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			memcpy(linear[t] + c * BENCH_TICK, bench_speech(c, 100) + t * BENCH_TICK, 2 * BENCH_TICK);
	bl_alaw_encode(linear[0], codes[0], TICKS * BATCH);
	return 0;
}

#define CASE(function, work)                                                                                           \
	static void function(unsigned int number)                                                                      \
	{                                                                                                              \
		for (unsigned int t = 0; t < TICKS; t++) {                                                             \
			work;                                                                                          \
			bench_sink += made[number % BATCH] + decoded[number % BATCH];                                  \
		}                                                                                                      \
	}
#define SAMPLES for (unsigned int i = 0; i < BATCH; i++)

CASE(encode_ours, bl_alaw_encode(linear[t], made, BATCH))
CASE(encode_spandsp, SAMPLES made[i] = linear_to_alaw(linear[t][i]))
CASE(encode_tables, SAMPLES made[i] = encode_table[(uint16_t)linear[t][i] >> 4])
CASE(decode_ours, bl_alaw_decode(codes[t], decoded, BATCH))
CASE(decode_spandsp, SAMPLES decoded[i] = alaw_to_linear(codes[t][i]))
CASE(decode_tables, SAMPLES decoded[i] = decode_table[codes[t][i]])
CASE(ulaw_encode_ours, bl_ulaw_encode(linear[t], made, BATCH))
CASE(ulaw_encode_spandsp, SAMPLES made[i] = linear_to_ulaw(linear[t][i]))
CASE(ulaw_encode_tables, SAMPLES made[i] = ulaw_encode_table[(uint16_t)linear[t][i] >> 2])
CASE(ulaw_decode_ours, bl_ulaw_decode(codes[t], decoded, BATCH))
CASE(ulaw_decode_spandsp, SAMPLES decoded[i] = ulaw_to_linear(codes[t][i]))
CASE(ulaw_decode_tables, SAMPLES decoded[i] = ulaw_decode_table[codes[t][i]])
CASE(transcode_ours, bl_alaw_to_ulaw(codes[t], made, BATCH))
CASE(transcode_spandsp, SAMPLES made[i] = alaw_to_ulaw(codes[t][i]))
CASE(transcode_tables, SAMPLES made[i] = transcode_table[codes[t][i]])

const struct bench_case bench_g711[] = {
        {"alaw_encode", "ours", prepare, encode_ours},
        {"alaw_encode", "spandsp", prepare, encode_spandsp},
        {"alaw_encode", "tables", prepare, encode_tables},
        {"alaw_decode", "ours", prepare, decode_ours},
        {"alaw_decode", "spandsp", prepare, decode_spandsp},
        {"alaw_decode", "tables", prepare, decode_tables},
        {"ulaw_encode", "ours", prepare, ulaw_encode_ours},
        {"ulaw_encode", "spandsp", prepare, ulaw_encode_spandsp},
        {"ulaw_encode", "tables", prepare, ulaw_encode_tables},
        {"ulaw_decode", "ours", prepare, ulaw_decode_ours},
        {"ulaw_decode", "spandsp", prepare, ulaw_decode_spandsp},
        {"ulaw_decode", "tables", prepare, ulaw_decode_tables},
        {"transcode", "ours", prepare, transcode_ours},
        {"transcode", "spandsp", prepare, transcode_spandsp},
        {"transcode", "tables", prepare, transcode_tables},
        {0},
};
