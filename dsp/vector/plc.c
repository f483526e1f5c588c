/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loops of plc_blend.h over pieces of a few vectors: the last vector begins early, so that none is left over. What
 * it makes is made before anything is stored, as the sound may be changed in place.
 */
#include "plc_vector.h"

#include "pairs.h"
#include "plc_blend.h"
#include "plc_search.h"
#include "sizes.h"

_Static_assert(PLC_WINDOW_PAIRS == 32 && PLC_LAGS <= PLC_ROOM, "two vectors are the window");
_Static_assert(PLC_LAGS % BL_LANES == 1, "the last lag has a vector of its own");

/* Eight lags a turn, the last one alone. */
static void correlate(const int16_t *now, int32_t correlation[])
{
	bl_h16 first = bl_load_bl_h16(now), second = bl_load_bl_h16(now + 16);
	const int16_t *then = now - PLC_LAG_LEAST;

	for (int k = 0; k + BL_LANES <= PLC_LAGS; k += BL_LANES, then -= BL_LANES) {
		bl_i8 sums[BL_LANES];

		for (int i = 0; i < BL_LANES; i++)
			sums[i] = bl_dot_pairs(first, bl_load_bl_h16(then - i)) +
			          bl_dot_pairs(second, bl_load_bl_h16(then + 16 - i));
		bl_store_bl_i8(correlation + k, bl_totals(sums));
	}
	correlation[PLC_LAGS - 1] =
	        bl_total(bl_dot_pairs(first, bl_load_bl_h16(then)) + bl_dot_pairs(second, bl_load_bl_h16(then + 16)));
}

static void prepare(const int16_t *end, int bits, int16_t seen[], int16_t pairs[])
{
	bl_h16 ones = (bl_h16){0} + 1;

	for (int i = 0; i < PLC_SEEN; i += 32) {
		bl_h16 first = bl_load_bl_h16(end + i - PLC_SEEN) >> bits;
		bl_h16 second = bl_load_bl_h16(end + i + 16 - PLC_SEEN) >> bits;

		bl_store_bl_h16(seen + i, first);
		bl_store_bl_h16(seen + i + 16, second);
		bl_store_saturated(pairs + i / 2, bl_dot_pairs(first, ones) >> 1, bl_dot_pairs(second, ones) >> 1);
	}
}

/* Every lane, and all before it. */
static inline bl_i8 running(bl_i8 a)
{
	bl_i8 none = {0};

	a += __builtin_shufflevector(none, a, 0, 8, 9, 10, 0, 12, 13, 14); /* within halves, as the machine has them */
	a += __builtin_shufflevector(none, a, 0, 0, 8, 9, 0, 0, 12, 13);
	return a + __builtin_shufflevector(none, a, 0, 0, 0, 0, 11, 11, 11, 11);
}

static inline bl_i8 backwards(const int16_t *eight)
{
	bl_h8 samples = bl_load_bl_h8(eight);

	return bl_wide_of(__builtin_shufflevector(samples, samples, 7, 6, 5, 4, 3, 2, 1, 0));
}

/* A pair comes to the window's energy as another leaves it. */
static void add_energies(const int16_t *then, int32_t energy[])
{
	bl_h16 first = bl_load_bl_h16(then), second = bl_load_bl_h16(then + 16);
	bl_i8 sum = (bl_i8){0} + bl_total(bl_dot_pairs(first, first) + bl_dot_pairs(second, second)) + 1;

	for (int k = 0; k + BL_LANES <= PLC_LAGS; k += BL_LANES) {
		bl_i8 comes = backwards(then - k - BL_LANES),
		      leaves = backwards(then + PLC_WINDOW_PAIRS - k - BL_LANES);
		bl_i8 changes = (comes + leaves) * (comes - leaves), all = running(changes);

		bl_store_bl_i8(energy + k, sum + all - changes);
		sum += __builtin_shufflevector(all, all, 7, 7, 7, 7, 7, 7, 7, 7);
	}
	energy[PLC_LAGS - 1] = sum[0];
}

static inline bl_f8 greatest_of(bl_f8 a)
{
	a = bl_max_f8(a, __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3));
	a = bl_max_f8(a, __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5));
	return bl_max_f8(a, __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6));
}

/* As plc_likeliest: the first lag of the greatest likeness is the lowest bit. */
static int likeliest(const int32_t correlation[], const int32_t energy[])
{
	bl_f8 likeness[PLC_ROOM / BL_LANES], most = {0};
	uint64_t found = 0;

	for (int i = 0; i < PLC_ROOM / BL_LANES; i++) {
		bl_i8 sums = bl_load_bl_i8(correlation + i * BL_LANES), energies = bl_load_bl_i8(energy + i * BL_LANES);
		bl_f8 positive = __builtin_convertvector(sums & ~(sums >> 31), bl_f8);

		likeness[i] = positive * positive / __builtin_convertvector(energies, bl_f8);
		most = bl_max_f8(most, likeness[i]);
	}
	most = greatest_of(most);
	if (most[0] <= 0.0f)
		return PLC_LAGS - 1;
	for (int i = 0; i < PLC_ROOM / BL_LANES; i++)
		found |= (uint64_t)bl_bits_of(likeness[i] == most) << i * BL_LANES;
	return __builtin_ctzll(found);
}

int bl_plc_search_vector(const int16_t *end)
{
	return plc_search(end, prepare, correlate, add_energies, likeliest);
}

static inline bl_i8 lanes(void)
{
	return (bl_i8){0, 1, 2, 3, 4, 5, 6, 7};
}

void bl_plc_add_step_vector(int16_t *out, int n, int32_t step, int32_t left)
{
	if (n != BL_PLC_STEP) {
		plc_add_step(out, n, step, left);
		return;
	}
	for (int i = 0; i < BL_PLC_STEP; i += BL_LANES) {
		bl_i8 more = (left - i - lanes()) * step >> PLC_STEP_BITS;

		bl_store_bl_h8(out + i, bl_saturated(bl_wide_of(bl_load_bl_h8(out + i)) + more));
	}
}

static inline bl_h8 blended(const int16_t *from, const int16_t *to, bl_i8 weights)
{
	bl_i8 begin = bl_wide_of(bl_load_bl_h8(from)), way = bl_wide_of(bl_load_bl_h8(to)) - begin;

	return bl_saturated(begin + (way * weights >> 15));
}

void bl_plc_blend_vector(const int16_t *from, const int16_t *to, int16_t *out, int n, int32_t weight, int32_t grows)
{
	int end = n - BL_LANES;
	bl_i8 weights = lanes() * grows + weight;
	bl_h8 last;

	if (end < 0) {
		plc_blend(from, to, out, n, weight, grows);
		return;
	}
	last = blended(from + end, to + end, weights + end * grows);
	for (int i = 0; i < end; i += BL_LANES) {
		bl_store_bl_h8(out + i, blended(from + i, to + i, weights));
		weights += BL_LANES * grows;
	}
	bl_store_bl_h8(out + end, last);
}

/* A sample's upper half is its sign, a weight's is 0: one multiply-add is the product. */
static inline bl_h8 faded(const int16_t *sound, bl_i8 weights)
{
	return bl_saturated(bl_dot_pairs((bl_h16)bl_wide_of(bl_load_bl_h8(sound)), (bl_h16)(weights >> 6)) >> 15);
}

static inline __attribute__((always_inline)) void fade(int16_t *out, int n, int32_t lost)
{
	int end = n - BL_LANES;
	bl_i8 weights = (BL_PLC_SILENT - lost - lanes()) * PLC_FADE_WEIGHT;
	bl_h8 last = faded(out + end, weights - end * PLC_FADE_WEIGHT);

	for (int i = 0; i < end; i += BL_LANES) {
		bl_store_bl_h8(out + i, faded(out + i, weights));
		weights -= BL_LANES * PLC_FADE_WEIGHT;
	}
	bl_store_bl_h8(out + end, last);
}

void bl_plc_fade_vector(int16_t *out, int n, int32_t lost)
{
	if (n == BL_TICK_SAMPLES)
		fade(out, BL_TICK_SAMPLES, lost);
	else if (n >= BL_LANES)
		fade(out, n, lost);
	else
		plc_fade(out, n, lost);
}
