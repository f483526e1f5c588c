/* SPDX-License-Identifier: GPL-2.0-only */
/* Any sound with any rows, and the greatest of both; odd and even numbers of hops and rows; a channel without sound. */
#include "correlate.h"

#include "check.h"

#define HOPS 3
#define ROWS 5
#define ROUNDS 200

static int16_t sound[HOPS][BL_HOP_CHANNELS][BL_HOP_SAMPLES];
static struct bl_row rows[ROWS];
static struct bl_hop hops[2][HOPS];
static struct bl_hop_sums sums[2][HOPS * ROWS];
static uint32_t seed = 5;

static int any(int below)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)below);
}

static int16_t sample(int mood)
{
	return (int16_t)(mood == 0 ? INT16_MIN : mood == 1 ? (any(2) ? INT16_MAX : INT16_MIN) : any(65536) - 32768);
}

static int16_t row(int mood)
{
	return (int16_t)(mood == 0   ? BL_ROW_PEAK
	                 : mood == 1 ? (any(2) ? BL_ROW_PEAK : -BL_ROW_PEAK)
	                             : any(2 * BL_ROW_PEAK + 1) - BL_ROW_PEAK);
}

static void make(int round)
{
	for (int h = 0; h < HOPS; h++)
		for (int c = 0; c < BL_HOP_CHANNELS; c++)
			for (int i = 0; i < BL_HOP_SAMPLES; i++)
				sound[h][c][i] = sample((round + c) % 4);
	for (int r = 0; r < ROWS; r++)
		for (int i = 0; i < 2 * BL_HOP_PAIRS; i++) {
			rows[r].cosine[i] = row((round + r) % 3);
			rows[r].sine[i] = row((round + r + 1) % 3);
		}
}

static void work(int form, size_t n_hops, size_t n_rows)
{
	(void)bl_isa_limit((enum bl_isa)form);
	for (int h = 0; h < HOPS; h++) {
		const int16_t *in[BL_HOP_CHANNELS];

		for (int c = 0; c < BL_HOP_CHANNELS; c++)
			in[c] = c == 6 && h == 1 ? NULL : sound[h][c];
		bl_hop_take(&hops[form][h], in);
	}
	bl_correlate(hops[form], n_hops, rows, n_rows, sums[form]);
}

int check_correlate(void)
{
	int wrong = 0;

	for (int round = 0; round < ROUNDS && !wrong; round++) {
		make(round);
		for (int form = 0; form < 2; form++)
			work(form, (size_t)(round % (HOPS + 1)), (size_t)(round / 4 % (ROWS + 1)));
		wrong = check_same("correlate: hops", hops[0], hops[1], sizeof hops[0]) ||
		        check_same("correlate: sums", sums[0], sums[1], sizeof sums[0]);
	}
	(void)bl_isa_limit(BL_ISA_VECTOR);
	return wrong;
}
