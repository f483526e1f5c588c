/* SPDX-License-Identifier: GPL-2.0-only */
/* Sixteen samples at once, and sums of products of neighbours: what sums of squares and correlations are made of. */
#ifndef BL_PAIRS_H
#define BL_PAIRS_H

#include "lanes.h"

typedef int64_t bl_q4 __attribute__((vector_size(32)));
typedef uint64_t bl_u4 __attribute__((vector_size(32)));

/* a[2i] * b[2i] + a[2i + 1] * b[2i + 1] in lane i; wraps only where all four are -32768. */
static inline bl_i8 bl_pairs(bl_h16 a, bl_h16 b)
{
	return bl_dot_pairs(a, b);
}

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

/* The same two neighbours in every lane. */
static inline bl_h16 bl_h16_of_two(const int16_t *two)
{
	int32_t both;

	memcpy(&both, two, sizeof both);
	return (bl_h16)((bl_i8){0} + both);
}

#endif
