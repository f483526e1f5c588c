/* SPDX-License-Identifier: GPL-2.0-only */
/* The test pattern 2^15-1 on timeslots of 64 kbit/s, beside spandsp's bit error tester. */
#include "prbs.h"

#include <spandsp.h>

#include "bench.h"

#define OCTETS 160
#define TICK (OCTETS / 4)
#define REPORT_NEVER 0

static struct bl_prbs_tx tx[BENCH_CHANNELS];
static struct bl_prbs_rx rx[BENCH_CHANNELS];
static bert_state_t *peer[BENCH_CHANNELS];
static struct bl_prbs_tx line;
static uint8_t heard[OCTETS];

static int prepare(void)
{
	(void)bl_prbs_tx_init(&line, BL_PRBS_15);
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		(void)bl_prbs_tx_init(&tx[c], BL_PRBS_15);
		(void)bl_prbs_rx_init(&rx[c], BL_PRBS_15);
		peer[c] = bert_init(peer[c], REPORT_NEVER, BERT_PATTERN_ITU_O151_15, 200, 20);
		if (!peer[c])
			return -1;
	}
	return 0;
}

/* All channels hear the same. */
static void listen(void)
{
	bl_prbs_tx_process(&line, heard, OCTETS);
}

static void ours_rx(unsigned int number)
{
	(void)number;
	listen();
	for (unsigned int t = 0; t < OCTETS; t += TICK)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			bl_prbs_rx_process(&rx[c], heard + t, TICK);
	bench_sink += (int)rx[0].counters.bits;
}

static void theirs_rx(unsigned int number)
{
	(void)number;
	listen();
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		for (unsigned int i = 0; i < OCTETS; i++)
			for (int bit = 7; bit >= 0; bit--)
				bert_put_bit(peer[c], heard[i] >> bit & 1);
}

static void ours_tx(unsigned int number)
{
	uint8_t out[TICK];

	(void)number;
	for (unsigned int t = 0; t < OCTETS; t += TICK)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
			bl_prbs_tx_process(&tx[c], out, TICK);
			bench_sink += out[7];
		}
}

static void theirs_tx(unsigned int number)
{
	(void)number;
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		for (unsigned int i = 0; i < 8 * OCTETS; i++)
			bench_sink += bert_get_bit(peer[c]);
}

const struct bench_case bench_prbs[] = {{"rx", "ours", prepare, ours_rx},
                                        {"rx", "spandsp", prepare, theirs_rx},
                                        {"tx", "ours", prepare, ours_tx},
                                        {"tx", "spandsp", prepare, theirs_tx},
                                        {0}};
