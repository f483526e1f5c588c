/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One case of the benchmark: 20 ms of sound for every one of BENCH_CHANNELS resident channels, ours or a peer's.
 *
 * A file tests/bench/<block>.c defines `const struct bench_case bench_<block>[]`, closed by an empty one, its bars
 * stand in tests/bench/bars/<block>.toml. `frame` does the work of 20 ms for all channels and nothing else: what a case
 * needs besides is made in `setup`. The product's side works in ticks of 5 ms, four a frame, as the engine does.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_CHANNELS 32
#define BENCH_FRAME 160 /* samples at 8 kHz */
#define BENCH_TICK 40

struct bench_case {
	const char *name;                   /* what is done, the same for both sides: "alaw_encode" */
	const char *who;                    /* "ours", or the peer's name */
	int (*setup)(void);                 /* 0, or -errno; may be NULL */
	void (*frame)(unsigned int number); /* frame number, for bench_speech */
};

struct bench_block {
	const char *name;
	const struct bench_case *cases;
};

/* Made by program.py: one entry for each file, closed by an empty one. */
extern const struct bench_block bench_blocks[];

/* 160 samples of a talker (int16_t, about -20 dBm0) for this channel and frame; a minute of them, then again. */
const int16_t *bench_speech(unsigned int channel, unsigned int number);

/* The same talker as he comes back over a hybrid: ERL 10 dB, delay 4 ms, a tail of 12 ms, noise at -60 dBm0. */
const int16_t *bench_echo(unsigned int channel, unsigned int number);

/* Keeps a result alive. */
extern volatile int bench_sink;

#endif
