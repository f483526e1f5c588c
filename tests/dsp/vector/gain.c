/* SPDX-License-Identifier: GPL-2.0-only */
#include "gain.h"

#include "agc.h"
#include "check.h"

#define N 65536
#define CHANNELS 37 /* more than go at once */

static int16_t all[N], heard[2][N];

/* Automatic gain over the same samples, one by one in one form and many at once in the other. */
static int check_agc(void)
{
	struct bl_agc a[2][CHANNELS], *many[CHANNELS];
	int wrong = 0;

	for (int c = 0; c < CHANNELS; c++) {
		wrong |= bl_agc_init(&a[0][c], NULL) || bl_agc_init(&a[1][c], NULL);
		many[c] = &a[1][c];
	}
	for (int tick = 0; tick + CHANNELS < N / BL_MEASURE_MOST; tick++) {
		const int16_t *in[CHANNELS];
		int16_t *out[CHANNELS], alone[BL_MEASURE_MOST];
		size_t n[CHANNELS];
		struct bl_measure m[CHANNELS];
		uint8_t active[CHANNELS];

		for (int c = 0; c < CHANNELS; c++) {
			in[c] = all + (tick + c) * BL_MEASURE_MOST;
			out[c] = heard[1] + c * BL_MEASURE_MOST;
			active[c] = tick / 50 % 3 != c % 3;
			n[c] = tick % 50 == c ? 24 : BL_MEASURE_MOST;
			wrong |= bl_measure(&m[c], in[c], n[c]) != 0;
		}
		(void)bl_isa_limit(BL_ISA_VECTOR);
		bl_agc_process_many(many, m, active, in, out, CHANNELS);
		(void)bl_isa_limit(BL_ISA_PORTABLE);
		for (int c = 0; c < CHANNELS; c++) {
			bl_agc_process(&a[0][c], &m[c], active[c], in[c], alone);
			wrong |= check_same("agc sound", alone, out[c], n[c] * sizeof alone[0]);
		}
	}
	return wrong | check_same("agc", a[0], a[1], sizeof a[0]);
}

/* Every sample, a tick at a time, in place. */
static int check_ticks(int32_t tenths)
{
	struct bl_gain g;
	int wrong = bl_gain_init(&g, tenths) != 0;

	for (int form = 0; form < 2; form++) {
		(void)bl_isa_limit((enum bl_isa)form);
		memcpy(heard[form], all, sizeof all);
		for (size_t at = 0; at + BL_MEASURE_MOST <= N; at += BL_MEASURE_MOST)
			bl_gain_process(&g, heard[form] + at, heard[form] + at, BL_MEASURE_MOST);
	}
	return wrong | check_same("gain of ticks", heard[0], heard[1], sizeof heard[0]);
}

int check_gain(void)
{
	int wrong = 0;

	for (int i = 0; i < N; i++)
		all[i] = (int16_t)(i - 32768);
	for (int tenths = BL_GAIN_LEAST; tenths <= BL_GAIN_MOST; tenths += 15) {
		struct bl_gain g;

		wrong |= bl_gain_init(&g, tenths) != 0;
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			bl_gain_process(&g, all, heard[form], N - (size_t)(tenths & 15));
		}
		wrong |= check_same("gain", heard[0], heard[1], sizeof heard[0]);
		wrong |= check_ticks(tenths);
	}
	for (int i = 0; i < N; i++) /* tones of changing loudness, so that the gain moves and is limited */
		all[i] = (int16_t)((i * 1103 % 2001 - 1000) >> (i / 8000 % 4) << (i / 20000));
	return wrong | check_agc();
}
