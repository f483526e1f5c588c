/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors of 16-bit words, a lane each channel: 16 with AVX2, 8 with NEON. The ITU's codecs are written in such words.
 *
 * Beside arithmetic: tables of 16 words, and the way of channels' memory into lanes and back, eight words at a time.
 */
#ifndef BL_WORDS_H
#define BL_WORDS_H

#include <stddef.h>

#include "lanes.h"
#include "octets.h"
#include "sizes.h"

#define BL_WORD_LANES (BL_OCTETS / 2)
#define BL_TICK_WORDS ((BL_TICK_SAMPLES + BL_WORD_LANES - 1) / BL_WORD_LANES) /* vectors of a tick */

/* Where vector i of a tick begins. The last one begins early: who works in place loads all before he stores any. */
static inline size_t bl_tick_at(int i)
{
	return i < BL_TICK_WORDS - 1 ? (size_t)i * BL_WORD_LANES : BL_TICK_SAMPLES - BL_WORD_LANES;
}

static inline bl_signed bl_signed_load(const int16_t *from)
{
	return (bl_signed)bl_octets_load(from);
}

static inline void bl_signed_store(int16_t *to, bl_signed value)
{
	bl_octets_store(to, (bl_octets)value);
}

static inline bl_signed bl_signed_all(int16_t value)
{
	return (bl_signed){0} + value;
}

static inline bl_signed bl_add_saturated(bl_signed a, bl_signed b)
{
#if defined(__AVX2__)
	return (bl_signed)_mm256_adds_epi16((__m256i)a, (__m256i)b);
#elif defined(__ARM_NEON)
	return (bl_signed)vqaddq_s16((int16x8_t)a, (int16x8_t)b);
#else
	for (int i = 0; i < BL_WORD_LANES; i++) {
		int sum = a[i] + b[i];

		a[i] = (int16_t)(sum < INT16_MIN ? INT16_MIN : sum > INT16_MAX ? INT16_MAX : sum);
	}
	return a;
#endif
}

static inline bl_signed bl_subtract_saturated(bl_signed a, bl_signed b)
{
#if defined(__AVX2__)
	return (bl_signed)_mm256_subs_epi16((__m256i)a, (__m256i)b);
#elif defined(__ARM_NEON)
	return (bl_signed)vqsubq_s16((int16x8_t)a, (int16x8_t)b);
#else
	for (int i = 0; i < BL_WORD_LANES; i++) {
		int sum = a[i] - b[i];

		a[i] = (int16_t)(sum < INT16_MIN ? INT16_MIN : sum > INT16_MAX ? INT16_MAX : sum);
	}
	return a;
#endif
}

/* The upper 16 bits of the products, with sign. */
static inline bl_signed bl_multiply_high_signed(bl_signed a, bl_signed b)
{
#if defined(__AVX2__)
	return (bl_signed)_mm256_mulhi_epi16((__m256i)a, (__m256i)b);
#elif defined(__ARM_NEON)
	int32x4_t low = vmull_s16(vget_low_s16((int16x8_t)a), vget_low_s16((int16x8_t)b));
	int32x4_t high = vmull_high_s16((int16x8_t)a, (int16x8_t)b);

	return (bl_signed)vuzp2q_s16(vreinterpretq_s16_s32(low), vreinterpretq_s16_s32(high));
#else
	for (int i = 0; i < BL_WORD_LANES; i++)
		a[i] = (int16_t)(a[i] * b[i] >> 16);
	return a;
#endif
}

/* a * b / 2^15, rounded down; not both may be -32768. */
static inline bl_signed bl_mult15(bl_signed a, bl_signed b)
{
	bl_words low = (bl_words)a * (bl_words)b; /* as unsigned: its overflow is meant */

	return (bl_signed)(((bl_words)bl_multiply_high_signed(a, b) << 1) | (low >> 15));
}

/* a * b / 2^15, rounded; not both may be -32768. */
static inline bl_signed bl_mult15_rounded(bl_signed a, bl_signed b)
{
#if defined(__AVX2__)
	return (bl_signed)_mm256_mulhrs_epi16((__m256i)a, (__m256i)b);
#elif defined(__ARM_NEON)
	return (bl_signed)vqrdmulhq_s16((int16x8_t)a, (int16x8_t)b);
#else
	for (int i = 0; i < BL_WORD_LANES; i++)
		a[i] = (int16_t)((a[i] * b[i] + (1 << 14)) >> 15);
	return a;
#endif
}

/* `yes` where the mask is -1, `no` where it is 0. */
static inline bl_signed bl_select(bl_signed mask, bl_signed yes, bl_signed no)
{
#if defined(__AVX2__)
	return (bl_signed)_mm256_blendv_epi8((__m256i)no, (__m256i)yes, (__m256i)mask);
#else
	return (yes & mask) | (no & ~mask);
#endif
}

static inline bl_signed bl_signed_min(bl_signed a, bl_signed b)
{
#if defined(__AVX2__)
	return (bl_signed)_mm256_min_epi16((__m256i)a, (__m256i)b);
#else
	return bl_select((bl_signed)(a < b), a, b);
#endif
}

static inline bl_signed bl_signed_max(bl_signed a, bl_signed b)
{
#if defined(__AVX2__)
	return (bl_signed)_mm256_max_epi16((__m256i)a, (__m256i)b);
#else
	return bl_select((bl_signed)(a > b), a, b);
#endif
}

static inline bl_signed bl_between(bl_signed least, bl_signed a, bl_signed most)
{
	return bl_signed_min(bl_signed_max(a, least), most);
}

/* A table of 16 words, taken apart for bl_lookup. */
struct bl_word_table {
	bl_octets low, high;
};

static inline struct bl_word_table bl_word_table(const int16_t table[16])
{
	uint8_t low[16], high[16];

	for (int i = 0; i < 16; i++) {
		low[i] = (uint8_t)table[i];
		high[i] = (uint8_t)(table[i] >> 8);
	}
	return (struct bl_word_table){bl_table(low), bl_table(high)};
}

/* table[index & 15]; an index with bit 7 gives 0. */
static inline bl_signed bl_word_lookup(struct bl_word_table table, bl_signed index)
{
	bl_octets key = (bl_octets)((bl_words)index | 0xff00);

	return (bl_signed)((bl_words)bl_lookup(table.low, key) | ((bl_words)bl_lookup(table.high, key) << 8));
}

/* The upper half of float(value), value not negative: 8 bits of exponent (127 for 1), 7 of mantissa without the
 * leading 1. */
static inline bl_signed bl_float_upper(bl_signed value)
{
#if defined(__AVX2__)
	__m256i none = _mm256_setzero_si256();
	__m256 low = _mm256_cvtepi32_ps(_mm256_unpacklo_epi16((__m256i)value, none));
	__m256 high = _mm256_cvtepi32_ps(_mm256_unpackhi_epi16((__m256i)value, none));

	return (bl_signed)_mm256_packus_epi32(_mm256_srli_epi32(_mm256_castps_si256(low), 16),
	                                      _mm256_srli_epi32(_mm256_castps_si256(high), 16));
#elif defined(__ARM_NEON)
	float32x4_t low = vcvtq_f32_u32(vmovl_u16(vget_low_u16((uint16x8_t)value)));
	float32x4_t high = vcvtq_f32_u32(vmovl_high_u16((uint16x8_t)value));

	return (bl_signed)vuzp2q_u16(vreinterpretq_u16_f32(low), vreinterpretq_u16_f32(high));
#else
	for (int i = 0; i < BL_WORD_LANES; i++) {
		float wide = value[i];
		uint32_t bits;

		memcpy(&bits, &wide, sizeof bits);
		value[i] = (int16_t)(bits >> 16);
	}
	return value;
#endif
}

/* Pairs of neighbouring words multiplied and summed: a[0] b[0] + a[1] b[1] in the first lane. */
static inline bl_i8 bl_multiply_pairs(bl_i8 a, bl_i8 b)
{
#if defined(__AVX2__)
	return (bl_i8)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
	return ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
#endif
}

/* Eight rows of eight words become columns. */
static inline void bl_turn(bl_h8 row[8])
{
	bl_h8 a[8], b[8];

	for (int i = 0; i < 4; i++) {
		a[2 * i] = __builtin_shufflevector(row[i], row[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
		a[2 * i + 1] = __builtin_shufflevector(row[i], row[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
	}
	for (int i = 0; i < 4; i++) {
		b[2 * i] = __builtin_shufflevector(a[i], a[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
		b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
	}
	for (int i = 0; i < 4; i++) {
		row[2 * i] = __builtin_shufflevector(b[i], b[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
		row[2 * i + 1] = __builtin_shufflevector(b[i], b[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
	}
}

/* `words`, a multiple of 8, of every channel into lanes[word * BL_WORD_LANES + channel]. */
static __attribute__((noinline, unused)) void bl_into_lanes(const int16_t *const from[], int16_t *lanes, size_t words)
{
	for (size_t c = 0; c < BL_WORD_LANES; c += 8)
		for (size_t w = 0; w < words; w += 8) {
			bl_h8 row[8];

			for (size_t i = 0; i < 8; i++)
				row[i] = bl_load_bl_h8(from[c + i] + w);
			bl_turn(row);
			for (size_t i = 0; i < 8; i++)
				bl_store_bl_h8(lanes + (w + i) * BL_WORD_LANES + c, row[i]);
		}
}

static __attribute__((noinline, unused)) void bl_out_of_lanes(const int16_t *lanes, int16_t *const to[], size_t words)
{
	for (size_t c = 0; c < BL_WORD_LANES; c += 8)
		for (size_t w = 0; w < words; w += 8) {
			bl_h8 row[8];

			for (size_t i = 0; i < 8; i++)
				row[i] = bl_load_bl_h8(lanes + (w + i) * BL_WORD_LANES + c);
			bl_turn(row);
			for (size_t i = 0; i < 8; i++)
				bl_store_bl_h8(to[c + i] + w, row[i]);
		}
}

#endif
