/* SPDX-License-Identifier: GPL-2.0-only */
#include "front.h"

#include <string.h>

#include "correlate.h"
#include "front_tables.h"
#include "front_vector.h"
#include "isa.h"

#define TOGETHER 2 /* hops of eight channels */
#define MF_ROWS 8u
#define SIGNALLING_ROWS 24u

void bl_front_reset(struct bl_front *f, int signals)
{
	memset(f, 0, sizeof(*f));
	f->signals = signals != 0;
}

static void turn_back(struct bl_front *f, const struct bl_hop_sums *sums, size_t channel)
{
	size_t at = f->hops % BL_FRONT_HOPS, turn = f->hops % BL_FRONT_PERIOD;

	for (size_t r = 0; r < BL_FRONT_ROWS; r++) {
		float re = (float)sums[r].re[channel], im = (float)sums[r].im[channel];
		float cosine = bl_front_cos[turn][r], sine = bl_front_sin[turn][r];

		f->re[at][r] = re * cosine - im * sine;
		f->im[at][r] = -re * sine - im * cosine;
	}
}

/* Of the last `hops`: their summed power, and the squared size of a row's sum. */
static float power_of(const struct bl_front *f, unsigned int hops)
{
	float power = 0.0f;

	for (unsigned int ago = 0; ago < hops; ago++)
		power += f->power[bl_front_hop(f, ago)];
	return power;
}

static float size_of(const struct bl_front *f, unsigned int row, unsigned int hops)
{
	float re = 0.0f, im = 0.0f;

	for (unsigned int ago = 0; ago < hops; ago++) {
		re += f->re[bl_front_hop(f, ago)][row];
		im += f->im[bl_front_hop(f, ago)][row];
	}
	return re * re + im * im;
}

static uint32_t rows_above(const struct bl_front *f, unsigned int first, unsigned int end, unsigned int hops,
                           float share)
{
	float least = share * (float)hops * power_of(f, hops);
	uint32_t above = 0;

	for (unsigned int row = first; row < end; row++)
		above |= (uint32_t)(size_of(f, row, hops) > least) << row;
	return above;
}

static void take(struct bl_front *f, const struct bl_hop *hop, const struct bl_hop_sums *sums, size_t channel)
{
	float power = (float)hop->energy[channel] * FRONT_POWER;

	turn_back(f, sums, channel);
	f->power[f->hops % BL_FRONT_HOPS] = power;
	f->hops++;
	f->strong = f->paired = 0;
	if (power < FRONT_LEAST)
		return;
	f->strong = rows_above(f, 0, BL_FRONT_ROWS, 1, FRONT_STRONG);
	if (!f->signals)
		return;
	f->paired = rows_above(f, 0, MF_ROWS, FRONT_MF_HOPS, FRONT_PAIRED) |
	            rows_above(f, MF_ROWS, SIGNALLING_ROWS, FRONT_R2_HOPS, FRONT_PAIRED);
}

/* A hop of up to eight channels laid out. */
static void lay_out(struct bl_hop *hop, const int16_t *const in[], size_t channels)
{
	const int16_t *eight[BL_HOP_CHANNELS] = {0};

	for (size_t c = 0; c < channels; c++)
		eight[c] = in[c];
	bl_hop_take(hop, eight);
}

static void hand_out(struct bl_front *const f[], const struct bl_hop *hop, const struct bl_hop_sums *sums,
                     size_t channels)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_front_take_vector(f, hop, sums, channels);
		return;
	}
	for (size_t c = 0; c < channels; c++)
		take(f[c], hop, sums, c);
}

void bl_front_take(struct bl_front *const f[], const int16_t *const in[], size_t channels)
{
	struct bl_hop hops[TOGETHER];
	struct bl_hop_sums sums[TOGETHER * BL_FRONT_ROWS];
	size_t first = channels < BL_HOP_CHANNELS ? channels : BL_HOP_CHANNELS, rest = channels - first;

	lay_out(&hops[0], in, first);
	if (rest)
		lay_out(&hops[1], in + first, rest);
	bl_correlate(hops, rest ? TOGETHER : 1, bl_front_rows, BL_FRONT_ROWS, sums);
	hand_out(f, &hops[0], sums, first);
	if (rest)
		hand_out(f + first, &hops[1], sums + BL_FRONT_ROWS, rest);
}
