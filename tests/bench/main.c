/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `bench SPEECH BLOCK NAME SECONDS`: every case NAME of BLOCK, ours and the peers', in turn and again, so that a busy
 * machine disturbs all of them alike. Prints one line a case: `who median_ns`, per 20 ms frame of one channel.
 * `bench SPEECH BLOCK count WHO FRAMES` runs each case of WHO's FRAMES times, for callgrind.
 * `bench SPEECH list` prints `block name who` of every case.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "bench.h"

#define ROUNDS 31
#define CASES 16
#define WARM 20 /* frames */

volatile int bench_sink;

#define SPEECH_SAMPLES (8000 * 60)
static int16_t speech[SPEECH_SAMPLES + BENCH_FRAME];
static int16_t echo[SPEECH_SAMPLES + BENCH_FRAME];

static size_t place(unsigned int channel, unsigned int number)
{
	return ((size_t)channel * 40000 + (size_t)number * BENCH_FRAME) % SPEECH_SAMPLES;
}

const int16_t *bench_speech(unsigned int channel, unsigned int number)
{
	return speech + place(channel, number);
}

static void make_echo(void)
{
	double path[96], energy = 0;
	uint32_t seed = 1;

	for (int k = 0; k < 96; k++) {
		path[k] = exp(-k / 14.0) * cos(0.9 * k + 0.3);
		energy += path[k] * path[k];
	}
	for (int i = 0; i < SPEECH_SAMPLES + BENCH_FRAME; i++) {
		double sum = 0;

		for (int k = 0; k < 96; k++)
			sum += path[k] * speech[(i - 32 - k + SPEECH_SAMPLES) % SPEECH_SAMPLES];
		seed = seed * 1664525u + 1013904223u;
		sum = sum * 0.316 / sqrt(energy) + ((double)(seed >> 8) / 16777216.0 - 0.5) * 40;
		echo[i] = (int16_t)lrint(fmax(-32768, fmin(32767, sum)));
	}
}

/* Made when it is first asked for: callgrind counts what runs. */
const int16_t *bench_echo(unsigned int channel, unsigned int number)
{
	static int made;

	if (!made)
		make_echo();
	made = 1;
	return echo + place(channel, number);
}

static int load(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t got = file ? fread(speech, 2, SPEECH_SAMPLES, file) : 0;

	if (file)
		fclose(file);
	if (got < 8000) {
		fprintf(stderr, "bench: %s: a second of 8 kHz 16-bit speech at least\n", path);
		return 1;
	}
	for (size_t i = got; i < SPEECH_SAMPLES + BENCH_FRAME; i++)
		speech[i] = speech[i - got];
	return 0;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static const struct bench_case *of_block(const char *block)
{
	for (const struct bench_block *b = bench_blocks; b->name; b++)
		if (!strcmp(b->name, block))
			return b->cases;
	fprintf(stderr, "bench: no block %s\n", block);
	exit(1);
}

static int prepare(const struct bench_case *c)
{
	int error = c->setup ? c->setup() : 0;

	if (error) {
		fprintf(stderr, "bench: %s of %s: setup failed: %s\n", c->name, c->who, strerror(-error));
		return 1;
	}
	for (unsigned int i = 0; i < WARM; i++)
		c->frame(i);
	return 0;
}

static double slice(const struct bench_case *c, unsigned int *number, double until_ns)
{
	double begun = now_ns(), now = begun;
	unsigned int frames = 0;

	while (now - begun < until_ns) {
		c->frame((*number)++);
		frames++;
		now = now_ns();
	}
	return (now - begun) / frames / BENCH_CHANNELS;
}

static int measure(const struct bench_case *cases, const char *name, double seconds)
{
	const struct bench_case *chosen[CASES];
	double ns[CASES][ROUNDS];
	unsigned int number[CASES];
	int count = 0;

	for (const struct bench_case *c = cases; c->name && count < CASES; c++)
		if (!strcmp(c->name, name))
			chosen[count++] = c;
	for (int i = 0; i < count; i++) {
		number[i] = WARM;
		if (prepare(chosen[i]))
			return 1;
	}
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < count; i++)
			ns[i][round] = slice(chosen[i], &number[i], seconds * 1e9 / ROUNDS / count);
	for (int i = 0; i < count; i++) {
		qsort(ns[i], ROUNDS, sizeof ns[i][0], ascending);
		printf("%s %.2f\n", chosen[i]->who, ns[i][ROUNDS / 2]);
	}
	return count == 0;
}

/* Callgrind looks at nothing but the frames, for setting up would take most of the time; one dump a case. */
static int count_frames(const struct bench_case *cases, const char *who, unsigned int frames)
{
	for (const struct bench_case *c = cases; c->name; c++) {
		if (strcmp(c->who, who))
			continue;
		if (prepare(c))
			return 1;
		CALLGRIND_START_INSTRUMENTATION;
		for (unsigned int i = 0; i < frames; i++)
			c->frame(WARM + i);
		CALLGRIND_STOP_INSTRUMENTATION;
		CALLGRIND_DUMP_STATS_AT(c->name);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3 || load(argv[1]))
		return 2;
	if (argc == 3) {
		for (const struct bench_block *b = bench_blocks; b->name; b++)
			for (const struct bench_case *c = b->cases; c->name; c++)
				printf("%s %s %s\n", b->name, c->name, c->who);
		return 0;
	}
	if (argc == 5)
		return measure(of_block(argv[2]), argv[3], atof(argv[4]));
	if (argc == 6)
		return count_frames(of_block(argv[2]), argv[4], (unsigned int)atoi(argv[5]));
	return 2;
}
