/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A lane is a channel and holds two neighbouring samples, so that one multiply-add does both. Two hops and two rows at
 * a time: their eight sums and what they are made of fill the registers, and each load serves two products.
 */
#include "correlate_vector.h"

#include "lanes.h"

#define ENERGY_SHIFT 5
#define ROWS_TOGETHER 4
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
#if defined(__AVX2__)
	const __m256i order = _mm256_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7,
	                                       4, 5, 10, 11, 8, 9, 14, 15, 12, 13);

	return (bl_h16)_mm256_shuffle_epi8((__m256i)pairs, order);
#else
	return (bl_h16)((bl_u8)pairs << 16 | (bl_u8)pairs >> 16);
#endif
}

INLINE bl_i8 squares(bl_h16 pairs)
{
	return (bl_i8)((bl_u8)bl_dot_pairs(pairs, pairs) >> ENERGY_SHIFT);
}

/* Pair k of the hop, of the pairs that lie k behind its middle and before it. Returns their energy. */
INLINE bl_i8 fold(struct bl_hop *hop, size_t k, bl_h16 after, bl_h16 before)
{
	bl_i8 energy = squares(after) + squares(before);

	after >>= 1;
	before = turned_round(before) >> 1;
	bl_store_bl_h16(hop->even[k], after + before);
	bl_store_bl_h16(hop->odd[k], after - before);
	return energy;
}

/* From the middle outwards: the registers hold what is laid out and not folded yet. */
void bl_hop_take_vector(struct bl_hop *hop, const int16_t *const in[BL_HOP_CHANNELS])
{
	bl_i8 middle[4], after[4], before[4], energy;

	lay_out_four(in, BL_HOP_PAIRS - 2, middle);
	energy = fold(hop, 0, (bl_h16)middle[2], (bl_h16)middle[1]);
	energy += fold(hop, 1, (bl_h16)middle[3], (bl_h16)middle[0]);
#pragma GCC unroll 2
	for (size_t k = 2; k < BL_HOP_PAIRS; k += 4) {
		lay_out_four(in, BL_HOP_PAIRS + k, after);
		lay_out_four(in, BL_HOP_PAIRS - k - 4, before);
#pragma GCC unroll 4
		for (size_t i = 0; i < 4; i++)
			energy += fold(hop, k + i, (bl_h16)after[i], (bl_h16)before[3 - i]);
	}
	bl_store_bl_i8(hop->energy, energy);
}

/* One half, even with cosine or odd with sine, of n_hops hops and n_rows rows. */
INLINE void correlate(const struct bl_hop *hops, size_t n_hops, const struct bl_row *rows, size_t n_rows, int odd,
                      struct bl_hop_sums *sums, size_t stride)
{
	bl_i8 sum[2][ROWS_TOGETHER] = {{{0}}};

#pragma GCC unroll 2
	for (size_t k = 0; k < BL_HOP_PAIRS; k++)
		for (size_t r = 0; r < n_rows; r++) {
			bl_h16 row = bl_all_pairs((odd ? rows[r].sine : rows[r].cosine) + 2 * k);

			for (size_t h = 0; h < n_hops; h++)
				sum[h][r] += bl_dot_pairs(bl_load_bl_h16(odd ? hops[h].odd[k] : hops[h].even[k]), row);
		}
	for (size_t h = 0; h < n_hops; h++)
		for (size_t r = 0; r < n_rows; r++)
			bl_store_bl_i8(odd ? sums[h * stride + r].im : sums[h * stride + r].re, sum[h][r]);
}

INLINE void correlate_all(const struct bl_hop *hops, size_t n_hops, const struct bl_row *rows, size_t n_rows,
                          struct bl_hop_sums *sums)
{
	size_t r = 0;

	for (; r + ROWS_TOGETHER <= n_rows; r += ROWS_TOGETHER) {
		correlate(hops, n_hops, rows + r, ROWS_TOGETHER, 0, sums + r, n_rows);
		correlate(hops, n_hops, rows + r, ROWS_TOGETHER, 1, sums + r, n_rows);
	}
	for (; r < n_rows; r++) {
		correlate(hops, n_hops, rows + r, 1, 0, sums + r, n_rows);
		correlate(hops, n_hops, rows + r, 1, 1, sums + r, n_rows);
	}
}

void bl_correlate_vector(const struct bl_hop *hops, size_t n_hops, const struct bl_row *rows, size_t n_rows,
                         struct bl_hop_sums *sums)
{
	size_t h = 0;

	for (; h + 2 <= n_hops; h += 2, sums += 2 * n_rows)
		correlate_all(hops + h, 2, rows, n_rows, sums);
	if (h < n_hops)
		correlate_all(hops + h, 1, rows, n_rows, sums);
}
