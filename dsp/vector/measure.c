/* SPDX-License-Identifier: GPL-2.0-only */
/* A tick is laid out without a loop: two and a half vectors for the sums, five blocks for the bands. */
#include "measure_vector.h"

#include "band_tables.h"
#include "pairs.h"

#define FRACTION 16 /* as in src/measure.c */
#define BLOCK BL_MEASURE_BANDS
#define QUIET 0x4000

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

/* The lower halves of 64 bits. */
static inline bl_q4 bl_lower_of_wide(bl_q4 a)
{
	return (bl_q4)__builtin_shufflevector((bl_i8)a, (bl_i8){0}, 0, 9, 2, 11, 4, 13, 6, 15);
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
#if defined(__AVX2__)
	bl_h16 both = (bl_h16)_mm256_blend_epi16(_mm256_srli_epi32((__m256i)one, FRACTION), (__m256i)other, 0xaa);
#else
	bl_h16 both = (bl_h16)((one >> FRACTION & 0xffff) | (other & -0x10000));
#endif

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

static inline bl_h16 backwards(bl_h16 a)
{
	return __builtin_shufflevector(a, a, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
}

/* Samples of a block and its end: 0 and 1, 2 and 3, beside each of four bands. */
static inline bl_h16 first_pair(bl_h16 a)
{
	return (bl_h16)__builtin_shufflevector((bl_i8)a, (bl_i8)a, 0, 0, 0, 0, 4, 4, 4, 4);
}

static inline bl_h16 second_pair(bl_h16 a)
{
	return (bl_h16)__builtin_shufflevector((bl_i8)a, (bl_i8)a, 1, 1, 1, 1, 5, 5, 5, 5);
}

/* Four bands of each half. */
static inline bl_i8 folded(bl_h16 a, const bl_h16 weights[2], bl_i8 half)
{
	return bl_dot_pairs(first_pair(a), weights[0]) + bl_dot_pairs(second_pair(a), weights[1]) + half;
}

/* Two bands of every pair of bands: the even ones are alike from both ends of a block, the odd ones opposite. */
struct folds {
	bl_h16 even[2], odd[2], both[2], ones;
	bl_i8 half;
};

/* Not inline: what is alike in all lanes would be made anew for every channel. */
static __attribute__((noinline)) struct folds folds(void)
{
	struct folds f = {.ones = (bl_h16){0} + 1, .half = (bl_i8){0} + (1 << (FRACTION - 1))};

	for (int pair = 0; pair < 2; pair++) {
		bl_i8 w = bl_load_bl_i8(bl_band_pairs[pair]);

		f.even[pair] = (bl_h16)__builtin_shufflevector(w, w, 0, 2, 4, 6, 0, 2, 4, 6);
		f.odd[pair] = (bl_h16)__builtin_shufflevector(w, w, 1, 3, 5, 7, 1, 3, 5, 7);
		f.both[pair] = (bl_h16)__builtin_shufflevector(w, w, 0, 2, 4, 6, 1, 3, 5, 7);
	}
	return f;
}

static inline bl_i8 bands_of(bl_h16 one, bl_h16 other, bl_h8 last, const struct folds *f)
{
	bl_h16 one_back = backwards(one), other_back = backwards(other);
	bl_h8 last_back = __builtin_shufflevector(last, last, 7, 6, 5, 4, 3, 2, 1, 0);
	bl_h16 ends = bl_h16_of_halves(last + last_back, last - last_back);
	bl_i8 even = energies(folded(one + one_back, f->even, f->half), folded(other + other_back, f->even, f->half));
	bl_i8 odd = energies(folded(one - one_back, f->odd, f->half), folded(other - other_back, f->odd, f->half));
	bl_i8 all = energies(folded(ends, f->both, f->half), (bl_i8){0});

	all += __builtin_shufflevector(even, odd, 0, 1, 2, 3, 8, 9, 10, 11);
	all += __builtin_shufflevector(even, odd, 4, 5, 6, 7, 12, 13, 14, 15);
	return __builtin_shufflevector(all, all, 0, 4, 1, 5, 2, 6, 3, 7);
}

/* A tick without a sample of half the range: sums of two are samples too, and three squares' sums fit in 32 bits. */
static inline void measure_quiet(struct bl_measure *m, const int16_t *in, uint32_t peak, const struct folds *f)
{
	bl_h16 one = bl_load_bl_h16(in), other = bl_load_bl_h16(in + 16);
	bl_h8 half = bl_load_bl_h8(in + 32);
	bl_h16 last = bl_h16_of_half(half);
	bl_q4 squares = (bl_q4)(bl_dot_pairs(one, one) + bl_dot_pairs(other, other) + bl_dot_pairs(last, last));

	m->energy = total(bl_lower_of_wide(squares) + (bl_q4)((bl_u4)squares >> 32));
	m->sum = bl_total(bl_dot_pairs(one + other, f->ones) + bl_dot_pairs(last, f->ones));
	m->peak = peak;
	m->samples = BL_MEASURE_MOST;
	m->clipped = 0;
	m->unused = 0;
	bl_store_bl_i8(m->bands, bands_of(one, other, half, f));
}

static inline uint32_t peak_of(const int16_t *in)
{
	bl_h16 one = magnitude(bl_load_bl_h16(in)), other = magnitude(bl_load_bl_h16(in + 16));

	return greatest(unsigned_max(unsigned_max(one, other), magnitude(bl_h16_of_half(bl_load_bl_h8(in + 32)))));
}

void bl_measure_tick_vector(struct bl_measure m[], const int16_t *const in[], size_t channels)
{
	struct folds f = folds();

	for (size_t c = 0; c < channels; c++) {
		uint32_t peak = peak_of(in[c]);

		if (peak < QUIET)
			measure_quiet(&m[c], in[c], peak, &f);
		else
			measure(&m[c], in[c], BL_MEASURE_MOST);
	}
}
