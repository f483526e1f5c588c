/* SPDX-License-Identifier: GPL-2.0-only */
/* The DTMF receiver: a lane is a channel in the screening of blocks, a tone or a sample in a look. */
#include "dtmf.h"
#include "correlate_vector.h"
#include "dtmf_hops.h"
#include "dtmf_vector.h"
#include "dtmf_tables.h"
#include "lanes.h"

#define GROUP 4
#define PAIRS (BL_DTMF_WINDOW / 4)
#define CHAINS 4 /* sums side by side, so that none waits for itself */

static inline __attribute__((always_inline)) bl_f8 lanes_of(const int32_t *sums)
{
	return __builtin_convertvector(bl_load_bl_i8(sums), bl_f8);
}

static inline __attribute__((always_inline)) bl_f8 strongest(const struct bl_hop_sums *old,
                                                             const struct bl_hop_sums *new, int first)
{
	bl_f8 most = {0};

#pragma GCC unroll 4
	for (int k = first; k < first + GROUP; k++) {
		float c = bl_dtmf_advance_re[k], s = bl_dtmf_advance_im[k];
		bl_f8 before_re = lanes_of(old[k].re), before_im = lanes_of(old[k].im);
		bl_f8 re = lanes_of(new[k].re) + c * before_re + s * before_im;
		bl_f8 im = lanes_of(new[k].im) + c * before_im - s * before_re;

		most = bl_max_f8(most, re * re + im * im);
	}
	return most * BL_DTMF_BLOCK_SCALE;
}

void bl_dtmf_screen_vector(const int16_t *const sound[2][BL_HOP_CHANNELS], struct bl_dtmf_screen *s)
{
	struct bl_hop hops[2];
	struct bl_hop_sums sums[2 * BL_DTMF_TONES];
	bl_f8 power, low, high;

	bl_hop_take_vector(&hops[0], sound[0]);
	bl_hop_take_vector(&hops[1], sound[1]);
	bl_correlate_vector(hops, 2, bl_dtmf_hop_rows, BL_DTMF_TONES, sums);
	power = (lanes_of(hops[0].energy) + lanes_of(hops[1].energy)) * BL_DTMF_ENERGY_SCALE;
	low = strongest(sums, sums + BL_DTMF_TONES, 0);
	high = strongest(sums, sums + BL_DTMF_TONES, GROUP);
	bl_store_bl_f8(s->low, low);
	bl_store_bl_f8(s->high, high);
	bl_store_bl_f8(s->power, power);
	s->pure = bl_bits_of(low + high > BL_DTMF_BLOCK_PURITY * power);
}

/* All is read before any of it is written: nothing has to show that they do not overlap. */
static inline void keep(int16_t *to, const int16_t *hop)
{
	bl_h16 first = bl_load_bl_h16(hop), second = bl_load_bl_h16(hop + 2 * BL_LANES);
	bl_h8 third = bl_load_bl_h8(hop + 4 * BL_LANES);

	bl_store_bl_h16(to, first);
	bl_store_bl_h16(to + 2 * BL_LANES, second);
	bl_store_bl_h8(to + 4 * BL_LANES, third);
}

void bl_dtmf_hear_many_vector(struct bl_dtmf *const d[], const int16_t *const in[], size_t channels,
                              struct dtmf_out *out)
{
	dtmf_hear_many(d, in, channels, keep, out);
}

void bl_dtmf_fold_vector(const int16_t *sound, int16_t *even, int16_t *odd)
{
	for (int i = 0; i < BL_DTMF_WINDOW / 2; i += BL_LANES) {
		bl_h8 after = bl_load_bl_h8(sound + BL_DTMF_WINDOW / 2 + i) >> 1;
		bl_h8 before = bl_load_bl_h8(sound + BL_DTMF_WINDOW / 2 - BL_LANES - i) >> 1;

		before = __builtin_shufflevector(before, before, 7, 6, 5, 4, 3, 2, 1, 0);
		bl_store_bl_h8(even + i, after + before);
		bl_store_bl_h8(odd + i, after - before);
	}
}

void bl_dtmf_products_vector(const int16_t *half, const int16_t *rows, float *sums)
{
	bl_i8 sum[CHAINS] = {{0}};

#pragma GCC unroll 2 /* unrolled whole, the products would go through memory */
	for (int k = 0; k < PAIRS; k += CHAINS)
#pragma GCC unroll 4
		for (int chain = 0; chain < CHAINS; chain++) {
			const int16_t *row = rows + (k + chain) * 2 * BL_LANES;

			sum[chain] += bl_dot_pairs(bl_all_pairs(half + 2 * (k + chain)), bl_load_bl_h16(row));
		}
	sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
	bl_store_bl_f8(sums, __builtin_convertvector(sum[0], bl_f8));
}

float bl_dtmf_power_vector(const int16_t *sound, const float *window)
{
	bl_f8 sum[CHAINS] = {{0}};

	for (int i = 0; i < BL_DTMF_WINDOW; i += CHAINS * BL_LANES)
#pragma GCC unroll 4
		for (int chain = 0; chain < CHAINS; chain++) {
			int at = i + chain * BL_LANES;
			bl_f8 piece = __builtin_convertvector(bl_wide_of(bl_load_bl_h8(sound + at)), bl_f8);

			sum[chain] += bl_load_bl_f8(window + at) * piece * piece;
		}
	return bl_sum_of_f8((sum[0] + sum[1]) + (sum[2] + sum[3]));
}
