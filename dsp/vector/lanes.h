/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors of eight lanes, in GCC's own notation, so that one text serves AVX2 and NEON: a lane is a channel, or a
 * neighbouring sample. Only what the notation cannot say is written here by hand, once for each instruction set, with
 * plain C beside it. Files in vector/ are compiled with a * b + c fused.
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

typedef float bl_f8 __attribute__((vector_size(32)));
typedef int32_t bl_i8 __attribute__((vector_size(32)));  /* also the mask of a comparison: 0 or -1 a lane */
typedef int16_t bl_h8 __attribute__((vector_size(16)));  /* eight samples */
typedef int16_t bl_h16 __attribute__((vector_size(32))); /* sixteen samples */
typedef uint8_t bl_b16 __attribute__((vector_size(16))); /* sixteen octets */
typedef uint8_t bl_b32 __attribute__((vector_size(32))); /* thirty-two octets */

/* Loads and stores at any address. */
#define BL_LOAD(type, address) bl_load_##type(address)
#define BL_ACCESS(type)                                                                                                \
	static inline type bl_load_##type(const void *address)                                                         \
	{                                                                                                              \
		type value;                                                                                            \
		memcpy(&value, address, sizeof value);                                                                 \
		return value;                                                                                          \
	}                                                                                                              \
	static inline void bl_store_##type(void *address, type value)                                                  \
	{                                                                                                              \
		memcpy(address, &value, sizeof value);                                                                 \
	}

BL_ACCESS(bl_f8)
BL_ACCESS(bl_i8)
BL_ACCESS(bl_h8)
BL_ACCESS(bl_h16)
BL_ACCESS(bl_b16)
BL_ACCESS(bl_b32)

/* The same value in every lane. */
static inline bl_f8 bl_all(float value)
{
	return (bl_f8){value, value, value, value, value, value, value, value};
}

static inline bl_i8 bl_all_i(int32_t value)
{
	return (bl_i8){value, value, value, value, value, value, value, value};
}

/* `yes` where the mask is -1, `no` where it is 0. */
static inline bl_f8 bl_select(bl_i8 mask, bl_f8 yes, bl_f8 no)
{
	return (bl_f8)((mask & (bl_i8)yes) | (~mask & (bl_i8)no));
}

static inline bl_i8 bl_select_i(bl_i8 mask, bl_i8 yes, bl_i8 no)
{
	return (mask & yes) | (~mask & no);
}

static inline bl_f8 bl_max(bl_f8 a, bl_f8 b)
{
	return bl_select(a > b, a, b);
}

static inline bl_f8 bl_min(bl_f8 a, bl_f8 b)
{
	return bl_select(a < b, a, b);
}

static inline bl_f8 bl_abs(bl_f8 a)
{
	return (bl_f8)((bl_i8)a & bl_all_i(INT32_MAX));
}

/* Eight samples as floats, and back with rounding to nearest and saturation. */
static inline bl_f8 bl_float_of(bl_h8 samples)
{
	return __builtin_convertvector(samples, bl_f8);
}

static inline bl_h8 bl_samples_of(bl_f8 a)
{
#if defined(__AVX2__)
	__m256i wide = _mm256_cvtps_epi32(
	        _mm256_max_ps(_mm256_min_ps((__m256)a, _mm256_set1_ps(32767.0f)), _mm256_set1_ps(-32768.0f)));
	return (bl_h8)_mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
#else
	bl_f8 inside = bl_min(bl_max(a, bl_all(-32768.0f)), bl_all(32767.0f));
	bl_f8 magic = bl_all(12582912.0f); /* 1.5 * 2^23: adding it leaves no fraction bits, rounded to even */

	return __builtin_convertvector((inside + magic) - magic, bl_h8);
#endif
}

/* Bit n set where lane n of the mask is. */
static inline int bl_bits(bl_i8 mask)
{
#if defined(__AVX2__)
	return _mm256_movemask_ps((__m256)mask);
#else
	int bits = 0;

	for (int lane = 0; lane < BL_LANES; lane++)
		bits |= (int)((uint32_t)mask[lane] >> 31) << lane;
	return bits;
#endif
}

#endif
