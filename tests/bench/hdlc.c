/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HDLC beside spandsp: D-channels of 64 kbit/s, 160 octets in 20 ms, 40 a tick. "idle": flags, what a D-channel carries
 * nearly always; "busy": frames of 20 to 150 octets with one flag between them.
 */
#include "hdlc.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"

#define OCTETS 160
#define TICK (OCTETS / 4)
#define FRAMES 97 /* before the line repeats itself; all channels hear the same at different places */
#define LINE (OCTETS * FRAMES)
#define TALKS 64

static uint8_t busy[LINE + OCTETS], idle[LINE + OCTETS], said[TICK];
static uint8_t talk[TALKS][160];
static size_t talk_n[TALKS];
static struct bl_hdlc_rx rx[BENCH_CHANNELS];
static struct bl_hdlc_tx tx[BENCH_CHANNELS];
static hdlc_rx_state_t *their_rx[BENCH_CHANNELS];
static hdlc_tx_state_t *their_tx[BENCH_CHANNELS];
static unsigned int their_next[BENCH_CHANNELS];

static void on_frame(void *user, const uint8_t *frame, size_t n)
{
	(void)user;
	bench_sink += frame[n / 2];
}

static void on_their_frame(void *user, const uint8_t *frame, int n, int good)
{
	(void)user;
	if (good && n > 0)
		bench_sink += frame[n / 2];
}

static void make_talk(void)
{
	uint32_t seed = 1;

	for (unsigned int i = 0; i < TALKS; i++) {
		talk_n[i] = 20 + (i * 37) % 131;
		for (size_t k = 0; k < talk_n[i]; k++) {
			seed = seed * 1664525u + 1013904223u;
			talk[i][k] = (uint8_t)(seed >> 24);
		}
	}
}

/* One turn of the line, begun in the middle of its octets as lines are. */
static void make_line(uint8_t *line, int with_frames)
{
	unsigned int next = 0;

	(void)bl_hdlc_tx_init(&tx[0], NULL);
	for (size_t at = 0; at < LINE; at += 8) {
		while (with_frames && tx[0].queued < 2)
			(void)bl_hdlc_tx_send(&tx[0], talk[next % TALKS], talk_n[next % TALKS]), next++;
		bl_hdlc_tx_process(&tx[0], line + at, 8);
	}
	for (size_t at = 0; at + 1 < LINE; at++)
		line[at] = (uint8_t)(line[at] << 3 | line[at + 1] >> 5);
	memcpy(line + LINE, line, OCTETS);
}

static int prepare(void)
{
	make_talk();
	make_line(busy, 1);
	make_line(idle, 0);
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		(void)bl_hdlc_rx_init(&rx[c], NULL);
		(void)bl_hdlc_tx_init(&tx[c], NULL);
		their_rx[c] = hdlc_rx_init(their_rx[c], 0, 0, 1, on_their_frame, NULL);
		their_tx[c] = hdlc_tx_init(their_tx[c], 0, 1, 0, NULL, NULL);
	}
	return 0;
}

static const uint8_t *heard(const uint8_t *line, unsigned int channel, unsigned int number)
{
	return line + (channel * 3 + number) % FRAMES * OCTETS;
}

static void hear_ours(const uint8_t *line, unsigned int number)
{
	for (unsigned int t = 0; t < 4; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			(void)bl_hdlc_rx_process(&rx[c], heard(line, c, number) + t * TICK, TICK, on_frame, NULL);
}

static void hear_theirs(const uint8_t *line, unsigned int number)
{
	for (unsigned int t = 0; t < 4; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			hdlc_rx_put(their_rx[c], heard(line, c, number) + t * TICK, TICK);
}

static void say_ours(int with_frames)
{
	for (unsigned int t = 0; t < 4; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			while (with_frames && tx[c].queued < 4) {
				unsigned int i = (unsigned int)tx[c].frames + tx[c].queued;

				(void)bl_hdlc_tx_send(&tx[c], talk[i % TALKS], talk_n[i % TALKS]);
			}
			bl_hdlc_tx_process(&tx[c], said, TICK);
			bench_sink += said[7];
		}
}

static void say_theirs(int with_frames)
{
	for (unsigned int t = 0; t < 4; t++)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			int got = 0;

			while (got < TICK) { /* it holds one frame, and stops short where it ends */
				unsigned int i = their_next[c];

				if (with_frames && hdlc_tx_frame(their_tx[c], talk[i % TALKS], talk_n[i % TALKS]) == 0)
					their_next[c]++;
				got += hdlc_tx_get(their_tx[c], said + got, (size_t)(TICK - got));
			}
			bench_sink += said[7];
		}
}

#define CASE(name, work)                                                                                               \
	static void name(unsigned int number)                                                                          \
	{                                                                                                              \
		(void)number;                                                                                          \
		work;                                                                                                  \
	}

CASE(rx_idle_ours, hear_ours(idle, number))
CASE(rx_idle_theirs, hear_theirs(idle, number))
CASE(rx_busy_ours, hear_ours(busy, number))
CASE(rx_busy_theirs, hear_theirs(busy, number))
CASE(tx_idle_ours, say_ours(0))
CASE(tx_idle_theirs, say_theirs(0))
CASE(tx_busy_ours, say_ours(1))
CASE(tx_busy_theirs, say_theirs(1))

const struct bench_case bench_hdlc[] = {
        {"rx_idle", "ours", prepare, rx_idle_ours},
        {"rx_idle", "spandsp", prepare, rx_idle_theirs},
        {"rx_busy", "ours", prepare, rx_busy_ours},
        {"rx_busy", "spandsp", prepare, rx_busy_theirs},
        {"tx_idle", "ours", prepare, tx_idle_ours},
        {"tx_idle", "spandsp", prepare, tx_idle_theirs},
        {"tx_busy", "ours", prepare, tx_busy_ours},
        {"tx_busy", "spandsp", prepare, tx_busy_theirs},
        {0},
};
