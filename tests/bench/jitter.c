/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet of 20 ms put and taken out again, of every channel, beside speexdsp's jitter buffer, which is given and
 * asked 20 ms at once, as it is meant to be used. `jittered`: packets come up to two packets late, each by itself.
 */
#include "jitter.h"

#include <speex/speex_jitter.h>
#include <string.h>

#include "bench.h"
#include "g711.h"

#define TICKS (BENCH_FRAME / BENCH_TICK)
#define LATE 2

static struct bl_jitter buffers[BENCH_CHANNELS];
static JitterBuffer *speex[BENCH_CHANNELS];
static uint32_t next[2][BENCH_CHANNELS], waiting[2][BENCH_CHANNELS]; /* ours, theirs */
static uint8_t codes[BENCH_CHANNELS][BENCH_FRAME], heard[BENCH_CHANNELS][BENCH_FRAME];

static int prepare(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		(void)bl_jitter_init(&buffers[c]);
		if (speex[c])
			jitter_buffer_destroy(speex[c]);
		speex[c] = jitter_buffer_init(BENCH_FRAME);
		next[0][c] = next[1][c] = c * 10007;
		waiting[0][c] = waiting[1][c] = 0;
		bl_alaw_encode(bench_speech(c, 100), codes[c], BENCH_FRAME);
	}
	return 0;
}

static void put_ours(unsigned int c)
{
	(void)bl_jitter_put(&buffers[c], next[0][c], codes[c], BENCH_FRAME);
	next[0][c] += BENCH_FRAME;
}

static void get_ours(unsigned int c)
{
	uint64_t present;

	bench_sink += bl_jitter_get(&buffers[c], heard[c], BENCH_TICK, &present);
}

static void ours(unsigned int number)
{
	(void)number;
	for (unsigned int t = 0; t < TICKS; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			if (t == c % TICKS)
				put_ours(c);
			get_ours(c);
		}
}

static void put_speex(unsigned int c)
{
	JitterBufferPacket packet = {
	        .data = (char *)codes[c], .len = BENCH_FRAME, .timestamp = next[1][c], .span = BENCH_FRAME};

	jitter_buffer_put(speex[c], &packet);
	next[1][c] += BENCH_FRAME;
}

static void get_speex(unsigned int c)
{
	JitterBufferPacket packet = {.data = (char *)heard[c], .len = BENCH_FRAME};
	spx_int32_t offset;

	bench_sink += jitter_buffer_get(speex[c], &packet, BENCH_FRAME, &offset);
	jitter_buffer_tick(speex[c]);
}

static void theirs(unsigned int number)
{
	(void)number;
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		put_speex(c);
		get_speex(c);
	}
}

/* How many of the packets that wait come now: all, or none for up to LATE frames. */
static unsigned int coming(uint32_t *waits, unsigned int c, unsigned int number)
{
	unsigned int chance = (number * 2654435761u ^ c * 40503u) >> 13, count;

	++*waits;
	if (chance % 4 == 0 && *waits <= LATE)
		return 0;
	count = *waits;
	*waits = 0;
	return count;
}

static void ours_jittered(unsigned int number)
{
	for (unsigned int t = 0; t < TICKS; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			for (unsigned int i = t == 0 ? coming(&waiting[0][c], c, number) : 0; i; i--)
				put_ours(c);
			get_ours(c);
		}
}

static void theirs_jittered(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		for (unsigned int i = coming(&waiting[1][c], c, number); i; i--)
			put_speex(c);
		get_speex(c);
	}
}

const struct bench_case bench_jitter[] = {{"put_get", "ours", prepare, ours},
                                          {"put_get", "speexdsp", prepare, theirs},
                                          {"jittered", "ours", prepare, ours_jittered},
                                          {"jittered", "speexdsp", prepare, theirs_jittered},
                                          {0}};
