/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors of eight lanes of 32 bits, in GCC's own notation, so that one text serves AVX2 and NEON: a lane is a channel,
 * or a neighbouring sample. Only what the notation cannot say is written here by hand, with plain C beside it.
 */
#ifndef BL_LANES_H
#define BL_LANES_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define BL_LANES 8

typedef int32_t bl_i8 __attribute__((vector_size(32)));
typedef float bl_f8 __attribute__((vector_size(32)));
typedef int16_t bl_h8 __attribute__((vector_size(16))); /* eight samples */

/* Loads and stores at any address. */
#define BL_ACCESS(type)                                                                                                \
	static inline type bl_load_##type(const void *address)                                                         \
	{                                                                                                              \
		type value;                                                                                            \
                                                                                                                       \
		memcpy(&value, address, sizeof value);                                                                 \
		return value;                                                                                          \
	}                                                                                                              \
	static inline void bl_store_##type(void *address, type value)                                                  \
	{                                                                                                              \
		memcpy(address, &value, sizeof value);                                                                 \
	}

BL_ACCESS(bl_i8)
BL_ACCESS(bl_h8)
BL_ACCESS(bl_f8)

static inline bl_i8 bl_wide_of(bl_h8 samples)
{
#if defined(__AVX2__)
	return (bl_i8)_mm256_cvtepi16_epi32((__m128i)samples); /* GCC 12 makes five instructions of the notation */
#else
	return __builtin_convertvector(samples, bl_i8);
#endif
}

static inline bl_i8 bl_abs(bl_i8 a)
{
#if defined(__AVX2__)
	return (bl_i8)_mm256_abs_epi32((__m256i)a);
#else
	return (a ^ (a >> 31)) - (a >> 31);
#endif
}

/* The sum of all lanes. */
static inline int32_t bl_sum_of(bl_i8 a)
{
	int32_t sum = 0;

	for (int lane = 0; lane < BL_LANES; lane++)
		sum += a[lane];
	return sum;
}

static inline float bl_sum_of_f8(bl_f8 a)
{
	float sum[4];

	for (int lane = 0; lane < 4; lane++)
		sum[lane] = a[lane] + a[lane + 4];
	return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* To 16 bits, cut off at both ends. */
static inline bl_h8 bl_saturated(bl_i8 a)
{
#if defined(__AVX2__)
	return (bl_h8)_mm_packs_epi32(_mm256_castsi256_si128((__m256i)a), _mm256_extracti128_si256((__m256i)a, 1));
#else
	bl_i8 low = a<INT16_MIN, high = a> INT16_MAX;

	return __builtin_convertvector((a & ~low & ~high) | (low & INT16_MIN) | (high & INT16_MAX), bl_h8);
#endif
}

static inline void bl_store_saturated(int16_t *to, bl_i8 first, bl_i8 second)
{
#if defined(__AVX2__)
	__m256i halves = _mm256_packs_epi32((__m256i)first, (__m256i)second);

	_mm256_storeu_si256((__m256i *)(void *)to, _mm256_permute4x64_epi64(halves, 0xd8));
#else
	bl_store_bl_h8(to, bl_saturated(first));
	bl_store_bl_h8(to + BL_LANES, bl_saturated(second));
#endif
}

/* Lanes of two samples. */
typedef int16_t bl_h16 __attribute__((vector_size(32)));
typedef uint32_t bl_u8 __attribute__((vector_size(32)));

BL_ACCESS(bl_h16)

/* The sum of the two products of each lane; 2^31 (four times -32768) comes as its negative. */
static inline bl_i8 bl_dot_pairs(bl_h16 a, bl_h16 b)
{
#if defined(__AVX2__)
	return (bl_i8)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__ARM_NEON)
	int16x8_t x[2], y[2];
	int32x4_t sum[2];
	bl_i8 result;

	memcpy(x, &a, sizeof x);
	memcpy(y, &b, sizeof y);
	for (int half = 0; half < 2; half++)
		sum[half] = vpaddq_s32(vmull_s16(vget_low_s16(x[half]), vget_low_s16(y[half])),
		                       vmull_high_s16(x[half], y[half]));
	memcpy(&result, sum, sizeof result);
	return result;
#else
	bl_i8 result;

	for (int lane = 0; lane < BL_LANES; lane++)
		result[lane] = (int32_t)((uint32_t)(a[2 * lane] * b[2 * lane]) +
		                         (uint32_t)(a[2 * lane + 1] * b[2 * lane + 1]));
	return result;
#endif
}

/* Two neighbouring samples, in every lane. */
static inline bl_h16 bl_all_pairs(const int16_t *pair)
{
	int32_t both;

	memcpy(&both, pair, sizeof both);
	return (bl_h16)((bl_i8){0} + both);
}

static inline bl_f8 bl_max_f8(bl_f8 a, bl_f8 b)
{
#if defined(__AVX2__)
	return (bl_f8)_mm256_max_ps((__m256)a, (__m256)b);
#else
	bl_i8 greater = a > b;

	return (bl_f8)(((bl_i8)a & greater) | ((bl_i8)b & ~greater));
#endif
}

/* Bit n: lane n is negative, as where a comparison holds. */
static inline uint32_t bl_bits_of(bl_i8 a)
{
#if defined(__AVX2__)
	return (uint32_t)_mm256_movemask_ps((__m256)a);
#else
	uint32_t bits = 0;

	for (int lane = 0; lane < BL_LANES; lane++)
		bits |= (uint32_t)(a[lane] < 0) << lane;
	return bits;
#endif
}

/* Eight vectors of eight: lane b of vector a becomes lane a of vector b. */
static inline void bl_transpose(bl_i8 rows[BL_LANES])
{
#if defined(__AVX2__)
	__m256i pair[BL_LANES], four[BL_LANES];

	for (int i = 0; i < BL_LANES; i += 2) {
		pair[i] = _mm256_unpacklo_epi32((__m256i)rows[i], (__m256i)rows[i + 1]);
		pair[i + 1] = _mm256_unpackhi_epi32((__m256i)rows[i], (__m256i)rows[i + 1]);
	}
	for (int i = 0; i < BL_LANES; i += 4)
		for (int j = 0; j < 2; j++) {
			four[i + 2 * j] = _mm256_unpacklo_epi64(pair[i + j], pair[i + 2 + j]);
			four[i + 2 * j + 1] = _mm256_unpackhi_epi64(pair[i + j], pair[i + 2 + j]);
		}
	for (int i = 0; i < 4; i++) {
		rows[i] = (bl_i8)_mm256_permute2x128_si256(four[i], four[i + 4], 0x20);
		rows[i + 4] = (bl_i8)_mm256_permute2x128_si256(four[i], four[i + 4], 0x31);
	}
#else
	bl_i8 before[BL_LANES];

	memcpy(before, rows, sizeof before);
	for (int a = 0; a < BL_LANES; a++)
		for (int b = 0; b < BL_LANES; b++)
			rows[b][a] = before[a][b];
#endif
}

#endif
