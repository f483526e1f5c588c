/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors of octets and of 16-bit words, as wide as the machine has them: 32 octets with AVX2, 16 with NEON.
 *
 * AVX2 works in two halves of 16 octets that do not meet; zip, narrow and look-up here do so on both machines, and
 * bl_octets_in_order undoes what narrowing did to the order of the halves.
 */
#ifndef BL_OCTETS_H
#define BL_OCTETS_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#define BL_OCTETS 32
#else
#define BL_OCTETS 16
#if defined(__ARM_NEON)
#include <arm_neon.h>
#endif
#endif

typedef uint8_t bl_octets __attribute__((vector_size(BL_OCTETS)));
typedef uint16_t bl_words __attribute__((vector_size(BL_OCTETS)));
typedef int16_t bl_signed __attribute__((vector_size(BL_OCTETS)));

static inline bl_octets bl_octets_load(const void *from)
{
	bl_octets value;

	memcpy(&value, from, sizeof value);
	return value;
}

static inline bl_words bl_words_load(const void *from)
{
	return (bl_words)bl_octets_load(from);
}

static inline void bl_octets_store(void *to, bl_octets value)
{
	memcpy(to, &value, sizeof value);
}

static inline bl_octets bl_octets_all(uint8_t value)
{
	return (bl_octets){0} + value;
}

/* A table of 16 octets, in every half. */
static inline bl_octets bl_table(const uint8_t table[16])
{
#if defined(__AVX2__)
	return (bl_octets)_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
#else
	return bl_octets_load(table);
#endif
}

/* table[low nibble of index]; an index with bit 7 gives 0. */
static inline bl_octets bl_lookup(bl_octets table, bl_octets index)
{
#if defined(__AVX2__)
	return (bl_octets)_mm256_shuffle_epi8((__m256i)table, (__m256i)index);
#elif defined(__ARM_NEON)
	return (bl_octets)vqtbl1q_u8((uint8x16_t)table, (uint8x16_t)(index & 0x8f));
#else
	bl_octets result;

	for (int i = 0; i < BL_OCTETS; i++)
		result[i] = index[i] & 0x80 ? 0 : table[index[i] & 15];
	return result;
#endif
}

/* Words of a low and a high octet: of the first eight octets of each half, and of the other eight. */
static inline bl_words bl_zip_first(bl_octets low, bl_octets high)
{
#if defined(__AVX2__)
	return (bl_words)_mm256_unpacklo_epi8((__m256i)low, (__m256i)high);
#elif defined(__ARM_NEON)
	return (bl_words)vzip1q_u8((uint8x16_t)low, (uint8x16_t)high);
#else
	bl_words result;

	for (int i = 0; i < BL_OCTETS / 2; i++)
		result[i] = (uint16_t)(low[i] | high[i] << 8);
	return result;
#endif
}

static inline bl_words bl_zip_second(bl_octets low, bl_octets high)
{
#if defined(__AVX2__)
	return (bl_words)_mm256_unpackhi_epi8((__m256i)low, (__m256i)high);
#elif defined(__ARM_NEON)
	return (bl_words)vzip2q_u8((uint8x16_t)low, (uint8x16_t)high);
#else
	bl_words result;

	for (int i = 0; i < BL_OCTETS / 2; i++)
		result[i] = (uint16_t)(low[i + BL_OCTETS / 2] | high[i + BL_OCTETS / 2] << 8);
	return result;
#endif
}

/* Octets of words that are -1 or below 128, so that zip takes them apart again. */
static inline bl_octets bl_narrow(bl_words first, bl_words second)
{
#if defined(__AVX2__)
	return (bl_octets)_mm256_packs_epi16((__m256i)first, (__m256i)second);
#elif defined(__ARM_NEON)
	return (bl_octets)vuzp1q_u8((uint8x16_t)first, (uint8x16_t)second);
#else
	bl_octets result;

	for (int i = 0; i < BL_OCTETS / 2; i++) {
		result[i] = (uint8_t)first[i];
		result[i + BL_OCTETS / 2] = (uint8_t)second[i];
	}
	return result;
#endif
}

/* The octets of bl_narrow in the order of their words. */
static inline bl_octets bl_octets_in_order(bl_octets narrowed)
{
#if defined(__AVX2__)
	return (bl_octets)_mm256_permute4x64_epi64((__m256i)narrowed, 0xd8);
#else
	return narrowed;
#endif
}

/* Both words of bl_zip, in the order of their octets. */
static inline void bl_words_store(void *to, bl_words first, bl_words second)
{
#if defined(__AVX2__)
	__m256i low = _mm256_permute2x128_si256((__m256i)first, (__m256i)second, 0x20);
	__m256i high = _mm256_permute2x128_si256((__m256i)first, (__m256i)second, 0x31);

	_mm256_storeu_si256((__m256i *)to, low);
	_mm256_storeu_si256((__m256i *)to + 1, high);
#else
	bl_octets_store(to, (bl_octets)first);
	bl_octets_store((uint8_t *)to + BL_OCTETS, (bl_octets)second);
#endif
}

/* The upper 16 bits of the products. */
static inline bl_words bl_multiply_high(bl_words a, bl_words b)
{
#if defined(__AVX2__)
	return (bl_words)_mm256_mulhi_epu16((__m256i)a, (__m256i)b);
#elif defined(__ARM_NEON)
	uint32x4_t low = vmull_u16(vget_low_u16((uint16x8_t)a), vget_low_u16((uint16x8_t)b));
	uint32x4_t high = vmull_high_u16((uint16x8_t)a, (uint16x8_t)b);

	return (bl_words)vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high));
#else
	bl_words result;

	for (int i = 0; i < BL_OCTETS / 2; i++)
		result[i] = (uint16_t)((uint32_t)a[i] * b[i] >> 16);
	return result;
#endif
}

static inline bl_octets bl_octets_max(bl_octets a, bl_octets b)
{
#if defined(__AVX2__)
	return (bl_octets)_mm256_max_epu8((__m256i)a, (__m256i)b);
#else
	bl_octets greater = (bl_octets)(a > b);

	return (a & greater) | (b & ~greater);
#endif
}

static inline bl_words bl_words_min(bl_words a, bl_words b)
{
#if defined(__AVX2__)
	return (bl_words)_mm256_min_epu16((__m256i)a, (__m256i)b);
#else
	bl_words less = (bl_words)(a < b);

	return (a & less) | (b & ~less);
#endif
}

/* `yes` where bit 7 of the key is set, `no` where it is not. */
static inline bl_octets bl_octets_choose(bl_octets key, bl_octets yes, bl_octets no)
{
#if defined(__AVX2__)
	return (bl_octets)_mm256_blendv_epi8((__m256i)no, (__m256i)yes, (__m256i)key);
#else
	bl_octets mask = (bl_octets)((int8_t __attribute__((vector_size(BL_OCTETS))))key >> 7);

	return (yes & mask) | (no & ~mask);
#endif
}

#endif
