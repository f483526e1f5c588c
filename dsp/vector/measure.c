/* SPDX-License-Identifier: GPL-2.0-only */
/* A tick is laid out without a loop: two and a half vectors for the sums, five blocks for the bands. */
#include "measure_vector.h"

#include "band_tables.h"
#include "pairs.h"

#define FRACTION 16 /* as in src/measure.c */
#define BLOCK BL_MEASURE_BANDS

struct sums {
	bl_q4 energy;
	bl_i8 sum;
	bl_h16 peak; /* unsigned */
};

static inline bl_h16 magnitude(bl_h16 a)
{
#if defined(__AVX2__)
	return (bl_h16)_mm256_abs_epi16((__m256i)a);
#else
	return (a ^ (a >> 15)) - (a >> 15);
#endif
}

static inline bl_h16 unsigned_max(bl_h16 a, bl_h16 b)
{
#if defined(__AVX2__)
	return (bl_h16)_mm256_max_epu16((__m256i)a, (__m256i)b);
#else
	typedef uint16_t words __attribute__((vector_size(32)));
	bl_h16 greater = (bl_h16)((words)a > (words)b);

	return (a & greater) | (b & ~greater);
#endif
}

static inline uint32_t greatest(bl_h16 a)
{
#if defined(__AVX2__)
	__m128i half = _mm_max_epu16(_mm256_castsi256_si128((__m256i)a), _mm256_extracti128_si256((__m256i)a, 1));

	return 0xffffu ^ (uint32_t)_mm_extract_epi16(_mm_minpos_epu16(_mm_xor_si128(half, _mm_set1_epi16(-1))), 0);
#else
	uint32_t most = 0;

	for (int i = 0; i < 16; i++)
		most = (uint16_t)a[i] > most ? (uint16_t)a[i] : most;
	return most;
#endif
}

static inline uint64_t total(bl_q4 a)
{
#if defined(__AVX2__)
	__m128i half = _mm_add_epi64(_mm256_castsi256_si128((__m256i)a), _mm256_extracti128_si256((__m256i)a, 1));

	return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
#else
	return (uint64_t)(a[0] + a[1] + a[2] + a[3]);
#endif
}

static inline void add_sums(struct sums *s, bl_h16 x)
{
	bl_q4 squares = (bl_q4)bl_dot_pairs(x, x); /* two of 32 bits without a sign in each lane */

	s->energy += (squares & 0xffffffff) + (bl_q4)((bl_u4)squares >> 32);
	s->sum += bl_dot_pairs(x, (bl_h16){0} + 1);
	s->peak = unsigned_max(s->peak, magnitude(x));
}

static inline bl_i8 transformed(const int16_t *block)
{
	bl_i8 sum = (bl_i8){0} + (1 << (FRACTION - 1));

	for (int pair = 0; pair < BLOCK / 2; pair++)
		sum += bl_dot_pairs(bl_all_pairs(block + 2 * pair), bl_load_bl_h16(bl_band_pairs[pair]));
	return sum;
}

/* Energies of two blocks' bands at once: a coefficient of one beside the same of the other. */
static inline bl_i8 energies(bl_i8 one, bl_i8 other)
{
	bl_h16 both = (bl_h16)((one >> FRACTION & 0xffff) | (other & -0x10000));

	return bl_dot_pairs(both, both);
}

static inline __attribute__((always_inline)) void measure(struct bl_measure *m, const int16_t *in, size_t n)
{
	struct sums s = {0};
	bl_u8 bands = {0};
	size_t at = 0;

	for (; at + 2 * BLOCK <= n; at += 2 * BLOCK) {
		add_sums(&s, bl_load_bl_h16(in + at));
		bands += (bl_u8)energies(transformed(in + at), transformed(in + at + BLOCK));
	}
	if (at < n) {
		add_sums(&s, bl_h16_of_half(bl_load_bl_h8(in + at)));
		bands += (bl_u8)energies(transformed(in + at), (bl_i8){0});
	}
	m->energy = total(s.energy);
	m->sum = bl_total(s.sum);
	m->peak = greatest(s.peak);
	m->unused = 0;
	bl_store_bl_i8(m->bands, (bl_i8)bands);
	measure_finish(m, in, n);
}

void bl_measure_vector(struct bl_measure *m, const int16_t *in, size_t n)
{
	measure(m, in, n);
}

void bl_measure_tick_vector(struct bl_measure m[], const int16_t *const in[], size_t channels)
{
	for (size_t c = 0; c < channels; c++)
		measure(&m[c], in[c], BL_MEASURE_MOST);
}
