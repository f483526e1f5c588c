/* SPDX-License-Identifier: GPL-2.0-only */
/* FSK, eight samples of one channel at a time; a character's timings, eight at a time. */
#include "fsk.h"
#include "fsk_vector.h"
#include "lanes.h"

#define HALF (BL_FSK_TAPS / 2)

static inline bl_f8 floats_of(bl_i8 a)
{
	return __builtin_convertvector(a, bl_f8);
}

static inline bl_f8 magnitude_of(bl_f8 a)
{
	return (bl_f8)((bl_i8)a & INT32_MAX);
}

/* Bit n: lane n is negative. */
static inline uint64_t signs_of(bl_f8 a)
{
#if defined(__AVX2__)
	return (uint64_t)_mm256_movemask_ps((__m256)a);
#else
	static const bl_i8 weight = {1, 2, 4, 8, 16, 32, 64, 128};

	return (uint64_t)bl_sum_of(((bl_i8)a >> 31) & weight);
#endif
}

float bl_fsk_energy_vector(const int16_t *hop)
{
	static const bl_i8 behind = {0, 0, -1, -1, -1, -1, -1, -1};
	bl_f8 energy = {0};

	for (int i = 2; i + BL_LANES <= BL_FSK_HOP; i += BL_LANES) {
		bl_f8 rise = floats_of(bl_wide_of(bl_load_bl_h8(hop + i)) - bl_wide_of(bl_load_bl_h8(hop + i - 2)));

		energy += rise * rise;
	}
	{ /* six are left, the two before them are counted */
		const int16_t *last = hop + BL_FSK_HOP - BL_LANES;
		bl_f8 rise =
		        floats_of((bl_wide_of(bl_load_bl_h8(last)) - bl_wide_of(bl_load_bl_h8(last - 2))) & behind);

		energy += rise * rise;
	}
	return bl_sum_of_f8(energy);
}

static inline bl_f8 power_of(const float *middle, const float *taps)
{
	bl_f8 re = bl_load_bl_f8(middle) * taps[0], im = {0};

#pragma GCC unroll 5
	for (int k = 1; k <= HALF; k++) {
		bl_f8 right = bl_load_bl_f8(middle + k), left = bl_load_bl_f8(middle - k);

		re += (right + left) * taps[k];
		im += (right - left) * taps[HALF + k];
	}
	return re * re + im * im;
}

uint64_t bl_fsk_correlate_vector(const int16_t *samples, const float *taps, float *soft, float *power)
{
	float sound[BL_FSK_HOP + 2 * BL_LANES];
	bl_f8 all = {0};
	uint64_t spaces = 0;

	for (int i = 0; i < BL_FSK_HOP; i += BL_LANES)
		bl_store_bl_f8(sound + i, floats_of(bl_wide_of(bl_load_bl_h8(samples + i))));
	for (int i = BL_FSK_HOP; i < BL_FSK_HOP + 2 * HALF; i++)
		sound[i] = samples[i];
	for (int i = 0; i < BL_FSK_HOP; i += BL_LANES) {
		bl_f8 mark = power_of(sound + HALF + i, taps), space = power_of(sound + HALF + i, taps + BL_FSK_TAPS);
		bl_f8 value = (mark - space) / (mark + space + 1.0f);

		bl_store_bl_f8(soft + i, value);
		spaces |= signs_of(value) << i;
		all += mark + space;
	}
	*power = bl_sum_of_f8(all);
	return spaces;
}

static inline bl_f8 about(const float *soft)
{
	return bl_load_bl_f8(soft - 1) + bl_load_bl_f8(soft) + bl_load_bl_f8(soft + 1);
}

void bl_fsk_rate_vector(const float *soft, float *strength)
{
	bl_f8 sum = about(soft + bl_fsk_middle[9]) - about(soft + bl_fsk_middle[0]) - bl_load_bl_f8(bl_fsk_doubt);

	for (int bit = 1; bit < 9; bit++)
		sum += magnitude_of(about(soft + bl_fsk_middle[bit]));
	bl_store_bl_f8(strength, sum);
}

typedef uint32_t turns __attribute__((vector_size(32))); /* 2^32 is a turn, and wraps */

static inline turns turns_at(const uint32_t *row, turns start)
{
	return start + (turns)bl_load_bl_i8(row);
}

static inline bl_f8 sine_of(turns phase)
{
	bl_f8 turn = floats_of((bl_i8)phase) * (1.0f / 4294967296.0f); /* -0.5 to 0.5 */
	bl_f8 x = 0.25f - magnitude_of(magnitude_of(turn) - 0.25f), square = x * x;
	bl_f8 sine = ((BL_FSK_SINE_7 * square + BL_FSK_SINE_5) * square + BL_FSK_SINE_3) * square + BL_FSK_SINE_1;

	return (bl_f8)((bl_i8)(sine * x) | ((bl_i8)turn & INT32_MIN));
}

static inline bl_i8 samples_of(turns phase, float amplitude)
{
	bl_f8 value = sine_of(phase) * amplitude;
	bl_f8 half = (bl_f8)(((bl_i8)value & INT32_MIN) | (bl_i8)((bl_f8){0} + 0.5f));

	return __builtin_convertvector(value + half, bl_i8);
}

void bl_fsk_groups_vector(const uint32_t *const rows[2], const uint32_t start[2], float amplitude, int16_t *out)
{
	turns first = (turns){0} + start[0], second = (turns){0} + start[1];
	turns middle = __builtin_shufflevector(first, second, 0, 1, 2, 3, 8, 9, 10, 11);
	const uint32_t *a = rows[0] + BL_FSK_PAD, *b = rows[1]; /* b's four zeros lie behind a's last four */

	middle = turns_at(b, turns_at(a + 16, middle));
	bl_store_saturated(out, samples_of(turns_at(a, first), amplitude),
	                   samples_of(turns_at(a + 8, first), amplitude));
	bl_store_saturated(out + 16, samples_of(middle, amplitude), samples_of(turns_at(b + 8, second), amplitude));
	bl_store_bl_h8(out + 32, bl_saturated(samples_of(turns_at(b + 16, second), amplitude)));
}
