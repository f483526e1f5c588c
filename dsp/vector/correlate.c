/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A lane is a channel and holds two neighbouring samples, so that one multiply-add does both. Two hops and two rows at
 * a time: their eight sums and what they are made of fill the registers, and each load serves two products.
 */
#include "correlate_vector.h"

#include "lanes.h"

#define ENERGY_SHIFT 5
#define ROW_OCTETS 4 /* of two samples */
#define INLINE static inline __attribute__((always_inline))

/* Eight lanes of two samples, samples 2k and 2k + 1 of each channel, for k = at to at + 3. */
INLINE void lay_out_four(const int16_t *const in[BL_HOP_CHANNELS], size_t at, bl_i8 *out)
{
#if defined(__AVX2__)
	__m256i row[4], half[4];

	for (int c = 0; c < 4; c++) {
		const __m128i *low = (const void *)(in[c] + 2 * at), *high = (const void *)(in[c + 4] + 2 * at);

		row[c] =
		        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(low)), _mm_loadu_si128(high), 1);
	}
	half[0] = _mm256_unpacklo_epi32(row[0], row[1]);
	half[1] = _mm256_unpacklo_epi32(row[2], row[3]);
	half[2] = _mm256_unpackhi_epi32(row[0], row[1]);
	half[3] = _mm256_unpackhi_epi32(row[2], row[3]);
	out[0] = (bl_i8)_mm256_unpacklo_epi64(half[0], half[1]);
	out[1] = (bl_i8)_mm256_unpackhi_epi64(half[0], half[1]);
	out[2] = (bl_i8)_mm256_unpacklo_epi64(half[2], half[3]);
	out[3] = (bl_i8)_mm256_unpackhi_epi64(half[2], half[3]);
#else
	for (size_t k = 0; k < 4; k++)
		for (int c = 0; c < BL_LANES; c++)
			memcpy((char *)&out[k] + 4 * c, in[c] + 2 * (at + k), 4);
#endif
}

/* The two samples of each lane in the other order. */
INLINE bl_h16 turned_round(bl_h16 pairs)
{
	bl_u8 lanes = (bl_u8)pairs;

	return (bl_h16)(lanes << 16 | lanes >> 16);
}

INLINE bl_i8 squares(bl_h16 pairs)
{
	return (bl_i8)((bl_u8)bl_dot_pairs(pairs, pairs) >> ENERGY_SHIFT);
}

void bl_hop_take_vector(struct bl_hop *hop, const int16_t *const in[BL_HOP_CHANNELS])
{
	bl_i8 laid[2 * BL_HOP_PAIRS], energy = {0};

#pragma GCC unroll 5
	for (size_t at = 0; at < 2 * BL_HOP_PAIRS; at += 4)
		lay_out_four(in, at, laid + at);
#pragma GCC unroll 10
	for (size_t k = 0; k < BL_HOP_PAIRS; k++) {
		bl_h16 after = (bl_h16)laid[BL_HOP_PAIRS + k];
		bl_h16 before = turned_round((bl_h16)laid[BL_HOP_PAIRS - 1 - k]);

		energy += squares(after) + squares(before);
		after >>= 1;
		before >>= 1;
		bl_store_bl_h16(hop->even[k], after + before);
		bl_store_bl_h16(hop->odd[k], after - before);
	}
	bl_store_bl_i8(hop->energy, energy);
}

INLINE bl_h16 all_lanes(const int16_t *row)
{
	int32_t pair;

	memcpy(&pair, row, ROW_OCTETS);
	return (bl_h16)((bl_i8){0} + pair);
}

INLINE void correlate(const struct bl_hop *hops, size_t n_hops, const struct bl_row *rows, size_t n_rows,
                      struct bl_hop_sums *sums, size_t stride)
{
	bl_i8 re[2][2] = {{{0}}}, im[2][2] = {{{0}}};

#pragma GCC unroll 10
	for (size_t k = 0; k < BL_HOP_PAIRS; k++)
		for (size_t r = 0; r < n_rows; r++) {
			bl_h16 cosine = all_lanes(rows[r].cosine + 2 * k), sine = all_lanes(rows[r].sine + 2 * k);

			for (size_t h = 0; h < n_hops; h++) {
				re[h][r] += bl_dot_pairs(bl_load_bl_h16(hops[h].even[k]), cosine);
				im[h][r] += bl_dot_pairs(bl_load_bl_h16(hops[h].odd[k]), sine);
			}
		}
	for (size_t h = 0; h < n_hops; h++)
		for (size_t r = 0; r < n_rows; r++) {
			bl_store_bl_i8(sums[h * stride + r].re, re[h][r]);
			bl_store_bl_i8(sums[h * stride + r].im, im[h][r]);
		}
}

void bl_correlate_vector(const struct bl_hop *hops, size_t n_hops, const struct bl_row *rows, size_t n_rows,
                         struct bl_hop_sums *sums)
{
	size_t h = 0;

	for (; h + 2 <= n_hops; h += 2, sums += 2 * n_rows) {
		size_t r = 0;

		for (; r + 2 <= n_rows; r += 2)
			correlate(hops + h, 2, rows + r, 2, sums + r, n_rows);
		if (r < n_rows)
			correlate(hops + h, 2, rows + r, 1, sums + r, n_rows);
	}
	if (h < n_hops)
		for (size_t r = 0; r < n_rows; r++)
			correlate(hops + h, 1, rows + r, 1, sums + r, n_rows);
}
