/* SPDX-License-Identifier: GPL-2.0-only */
#include "correlate.h"

#include "correlate_vector.h"
#include "isa.h"

#define MIDDLE (BL_HOP_SAMPLES / 2)
#define ENERGY_SHIFT 5

static const int16_t silence[BL_HOP_SAMPLES];

static int32_t energy_of(const int16_t *in)
{
	int32_t energy = 0;

	for (int i = 0; i < BL_HOP_SAMPLES; i += 2) {
		uint32_t first = (uint32_t)(in[i] * in[i]), second = (uint32_t)(in[i + 1] * in[i + 1]);

		energy += (int32_t)((first + second) >> ENERGY_SHIFT);
	}
	return energy;
}

static void take(struct bl_hop *hop, int channel, const int16_t *in)
{
	for (int i = 0; i < MIDDLE; i++) {
		int after = in[MIDDLE + i] >> 1, before = in[MIDDLE - 1 - i] >> 1;
		int difference = after - before;

		hop->even[i / 2][channel][i % 2] = (int16_t)(after + before);
		hop->odd[i / 2][channel][i % 2] = (int16_t)difference;
	}
	hop->energy[channel] = energy_of(in);
}

void bl_hop_take(struct bl_hop *hop, const int16_t *const in[BL_HOP_CHANNELS])
{
	const int16_t *sound[BL_HOP_CHANNELS];

	for (int c = 0; c < BL_HOP_CHANNELS; c++)
		sound[c] = in[c] ? in[c] : silence;
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_hop_take_vector(hop, sound);
		return;
	}
	for (int c = 0; c < BL_HOP_CHANNELS; c++)
		take(hop, c, sound[c]);
}

static int32_t product(const int16_t (*samples)[BL_HOP_CHANNELS][2], int channel, const int16_t *row)
{
	int32_t sum = 0;

	for (int i = 0; i < 2 * BL_HOP_PAIRS; i++)
		sum += samples[i / 2][channel][i % 2] * row[i];
	return sum;
}

void bl_correlate(const struct bl_hop *hops, size_t n_hops, const struct bl_row *rows, size_t n_rows,
                  struct bl_hop_sums *sums)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_correlate_vector(hops, n_hops, rows, n_rows, sums);
		return;
	}
	for (size_t h = 0; h < n_hops; h++)
		for (size_t r = 0; r < n_rows; r++, sums++)
			for (int c = 0; c < BL_HOP_CHANNELS; c++) {
				sums->re[c] = product(hops[h].even, c, rows[r].cosine);
				sums->im[c] = product(hops[h].odd, c, rows[r].sine);
			}
}
