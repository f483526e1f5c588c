/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eight outputs of one phase stand in a vector and the taps pass over the line; all phases of a stretch are held in
 * registers together, so that a load of the line serves them all.
 */
#include "resample_vector.h"

#include "lanes.h"

#define INLINE static inline __attribute__((always_inline))

void bl_resample_floats_vector(const int16_t *in, float *out, size_t n)
{
	size_t i = 0;

	for (; i + BL_LANES <= n; i += BL_LANES)
		bl_store_bl_f8(out + i, __builtin_convertvector(bl_wide_of(bl_load_bl_h8(in + i)), bl_f8));
	for (; i < n; i++)
		out[i] = in[i];
}

/* To the nearest, as lrintf: the sum with 1.5 * 2^23 holds the rounded number in its lowest bits. */
INLINE bl_i8 rounded(bl_f8 value)
{
	bl_f8 magic = (bl_f8){0} + 12582912.0f;
	bl_i8 low = value > -32768.0f, high = value < 32767.0f;
	bl_i8 number = (bl_i8)(value + magic) - (bl_i8)magic;

	return (number & low & high) | (~high & INT16_MAX) | (~low & INT16_MIN);
}

void bl_resample_samples_vector(const float *in, int16_t *out, size_t n)
{
	size_t i = 0;

	for (; i + BL_LANES <= n; i += BL_LANES)
		bl_store_bl_h8(out + i, bl_saturated(rounded(bl_load_bl_f8(in + i))));
	if (i < n) {
		bl_h8 last = bl_saturated(rounded(bl_load_bl_f8(in + i)));

		memcpy(out + i, &last, (n - i) * sizeof *out);
	}
}

void bl_resample_deal_vector(const float *in, float *const line[], size_t phases, size_t n)
{
	for (size_t i = 0; i < n; i += BL_LANES) {
		bl_f8 a = bl_load_bl_f8(in + phases * i), b = bl_load_bl_f8(in + phases * i + 8), c;

		if (phases == 2) {
			bl_store_bl_f8(line[0] + i, __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14));
			bl_store_bl_f8(line[1] + i, __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15));
			continue;
		}
		c = bl_load_bl_f8(in + phases * i + 16);
		bl_store_bl_f8(line[0] + i,
		               __builtin_shufflevector(__builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 0, 0), c, 0, 1,
		                                       2, 3, 4, 5, 10, 13));
		bl_store_bl_f8(line[1] + i,
		               __builtin_shufflevector(__builtin_shufflevector(a, b, 1, 4, 7, 10, 13, 0, 0, 0), c, 0, 1,
		                                       2, 3, 4, 8, 11, 14));
		bl_store_bl_f8(line[2] + i,
		               __builtin_shufflevector(__builtin_shufflevector(a, b, 2, 5, 8, 11, 14, 0, 0, 0), c, 0, 1,
		                                       2, 3, 4, 9, 12, 15));
	}
}

/* Two or three vectors become one sequence in which they take turns. */
INLINE void store_in_turn(float *out, const bl_f8 v[], size_t phases)
{
	bl_f8 a, b, c;

	if (phases == 2) {
		bl_store_bl_f8(out, __builtin_shufflevector(v[0], v[1], 0, 8, 1, 9, 2, 10, 3, 11));
		bl_store_bl_f8(out + 8, __builtin_shufflevector(v[0], v[1], 4, 12, 5, 13, 6, 14, 7, 15));
		return;
	}
	a = __builtin_shufflevector(v[0], v[1], 0, 8, 0, 1, 9, 0, 2, 10);
	b = __builtin_shufflevector(v[0], v[1], 0, 3, 11, 0, 4, 12, 0, 5);
	c = __builtin_shufflevector(v[0], v[1], 13, 0, 6, 14, 0, 7, 15, 0);
	bl_store_bl_f8(out, __builtin_shufflevector(a, v[2], 0, 1, 8, 3, 4, 9, 6, 7));
	bl_store_bl_f8(out + 8, __builtin_shufflevector(b, v[2], 10, 1, 2, 11, 4, 5, 12, 7));
	bl_store_bl_f8(out + 16, __builtin_shufflevector(c, v[2], 0, 13, 2, 3, 14, 5, 6, 15));
}

/* `vectors` times eight places of the line, all phases. */
INLINE void up_block(const float *line, const float *taps, size_t count, size_t phases, size_t vectors, float *out)
{
	bl_f8 sum[5][3] = {0}, turn[3];

	for (size_t tap = 0; tap < count; tap++)
		for (size_t v = 0; v < vectors; v++) {
			bl_f8 x = bl_load_bl_f8(line + 8 * v - tap);

			for (size_t p = 0; p < phases; p++)
				sum[v][p] += x * taps[phases * tap + p];
		}
	for (size_t v = 0; v < vectors; v++) {
		for (size_t p = 0; p < phases; p++)
			turn[p] = sum[v][p];
		store_in_turn(out + 8 * phases * v, turn, phases);
	}
}

void bl_resample_up_vector(const float *line, const float *taps, size_t count, size_t phases, float *out, size_t n)
{
	size_t i = 0;

	if (phases == 2) {
		for (; i + 40 <= n; i += 40)
			up_block(line + i, taps, count, 2, 5, out + 2 * i);
		for (; i < n; i += 8)
			up_block(line + i, taps, count, 2, 1, out + 2 * i);
		return;
	}
	for (; i + 32 <= n; i += 32)
		up_block(line + i, taps, count, 3, 4, out + 3 * i);
	for (; i + 16 <= n; i += 16)
		up_block(line + i, taps, count, 3, 2, out + 3 * i);
	for (; i < n; i += 8)
		up_block(line + i, taps, count, 3, 1, out + 3 * i);
}

INLINE void down_block(const float *const line[], size_t at, const float *taps, size_t count, size_t phases,
                       size_t vectors, float *out)
{
	bl_f8 sum[10] = {0};

	for (size_t p = 0; p < phases; p++)
		for (size_t tap = 0; tap < count; tap++)
			for (size_t v = 0; v < vectors; v++)
				sum[v] += bl_load_bl_f8(line[p] + at + 8 * v - tap) * taps[count * p + tap];
	for (size_t v = 0; v < vectors; v++)
		bl_store_bl_f8(out + 8 * v, sum[v]);
}

void bl_resample_down_vector(const float *const line[], const float *taps, size_t count, size_t phases, float *out,
                             size_t n)
{
	size_t i = 0;

	for (; i + 80 <= n; i += 80)
		down_block(line, i, taps, count, phases, 10, out + i);
	for (; i + 40 <= n; i += 40)
		down_block(line, i, taps, count, phases, 5, out + i);
	for (; i < n; i += 8)
		down_block(line, i, taps, count, phases, 1, out + i);
}
