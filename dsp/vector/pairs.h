/* SPDX-License-Identifier: GPL-2.0-only */
/* Sixteen samples at once and wide sums of them, beside bl_dot_pairs of lanes.h. */
#ifndef BL_PAIRS_H
#define BL_PAIRS_H

#include "lanes.h"

typedef int64_t bl_q4 __attribute__((vector_size(32)));
typedef uint64_t bl_u4 __attribute__((vector_size(32)));

BL_ACCESS(bl_q4)

/* Eight samples and eight zeros. */
static inline bl_h16 bl_h16_of_half(bl_h8 samples)
{
#if defined(__AVX2__)
	return (bl_h16)_mm256_zextsi128_si256((__m128i)samples);
#else
	bl_h16 whole = {0};

	memcpy(&whole, &samples, sizeof samples);
	return whole;
#endif
}

static inline bl_h16 bl_h16_of_halves(bl_h8 first, bl_h8 second)
{
#if defined(__AVX2__)
	return (bl_h16)_mm256_inserti128_si256(_mm256_castsi128_si256((__m128i)first), (__m128i)second, 1);
#else
	return __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#endif
}

/* Eight zeros and the last eight samples. */
static inline bl_h16 bl_upper_half(bl_h16 samples)
{
#if defined(__AVX2__)
	return (bl_h16)_mm256_blend_epi32(_mm256_setzero_si256(), (__m256i)samples, 0xf0);
#else
	memset(&samples, 0, sizeof(bl_h8));
	return samples;
#endif
}

/* Four lanes, made wide. */
static inline bl_q4 bl_wide_half(bl_i8 a, int upper)
{
#if defined(__AVX2__)
	return (bl_q4)_mm256_cvtepi32_epi64(upper ? _mm256_extracti128_si256((__m256i)a, 1)
	                                          : _mm256_castsi256_si128((__m256i)a));
#else
	bl_q4 wide;

	for (int i = 0; i < 4; i++)
		wide[i] = a[4 * upper + i];
	return wide;
#endif
}

/* Lanes are added to sums of 64 bits. */
static inline void bl_add_wide(int64_t sums[8], bl_i8 a)
{
	bl_store_bl_q4(sums, bl_load_bl_q4(sums) + bl_wide_half(a, 0));
	bl_store_bl_q4(sums + 4, bl_load_bl_q4(sums + 4) + bl_wide_half(a, 1));
}

/* The sum of all lanes, by halves: lanes.h takes them out one by one. */
static inline int32_t bl_total(bl_i8 a)
{
#if defined(__AVX2__)
	__m128i half = _mm_add_epi32(_mm256_castsi256_si128((__m256i)a), _mm256_extracti128_si256((__m256i)a, 1));

	half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
	return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
#else
	return bl_sum_of(a);
#endif
}

/* Neighbours of one sample of each: of samples 0 to 3 and 8 to 11, and of the others. bl_packed undoes the order. */
static inline bl_h16 bl_zip_low(bl_h16 a, bl_h16 b)
{
#if defined(__AVX2__)
	return (bl_h16)_mm256_unpacklo_epi16((__m256i)a, (__m256i)b);
#else
	return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 8, 24, 9, 25, 10, 26, 11, 27);
#endif
}

static inline bl_h16 bl_zip_high(bl_h16 a, bl_h16 b)
{
#if defined(__AVX2__)
	return (bl_h16)_mm256_unpackhi_epi16((__m256i)a, (__m256i)b);
#else
	return __builtin_shufflevector(a, b, 4, 20, 5, 21, 6, 22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31);
#endif
}

/* Lanes of the low and of the high zip, cut off to 16 bits, in the order of the samples. */
static inline bl_h16 bl_packed(bl_i8 low, bl_i8 high)
{
#if defined(__AVX2__)
	return (bl_h16)_mm256_packs_epi32((__m256i)low, (__m256i)high);
#else
	bl_h8 a = bl_saturated(low), b = bl_saturated(high);

	return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15);
#endif
}

/* The sum of all lanes of each of eight. */
static inline bl_i8 bl_totals(const bl_i8 a[8])
{
#if defined(__AVX2__)
	__m256i four[2];

	for (int i = 0; i < 2; i++)
		four[i] = _mm256_hadd_epi32(_mm256_hadd_epi32((__m256i)a[4 * i], (__m256i)a[4 * i + 1]),
		                            _mm256_hadd_epi32((__m256i)a[4 * i + 2], (__m256i)a[4 * i + 3]));
	return (bl_i8)_mm256_permute2x128_si256(four[0], four[1], 0x20) +
	       (bl_i8)_mm256_permute2x128_si256(four[0], four[1], 0x31);
#else
	bl_i8 totals;

	for (int i = 0; i < 8; i++)
		totals[i] = bl_sum_of(a[i]);
	return totals;
#endif
}

#endif
