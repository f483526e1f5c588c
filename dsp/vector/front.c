/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sums come a lane to a channel; they are turned over once, so that a lane is a row and each channel's state is its
 * own from there on.
 */
#include "front_vector.h"

#include "front_tables.h"
#include "lanes.h"

#define INLINE static inline __attribute__((always_inline))
#define VECTORS (BL_FRONT_ROWS / BL_LANES)

struct turned_over {
	_Alignas(32) int32_t re[BL_HOP_CHANNELS][BL_FRONT_ROWS];
	int32_t im[BL_HOP_CHANNELS][BL_FRONT_ROWS];
};

static void turn_over(const struct bl_hop_sums *sums, struct turned_over *out)
{
	for (int v = 0; v < VECTORS; v++) {
		bl_i8 re[BL_LANES], im[BL_LANES];

		for (int r = 0; r < BL_LANES; r++) {
			re[r] = bl_load_bl_i8(sums[v * BL_LANES + r].re);
			im[r] = bl_load_bl_i8(sums[v * BL_LANES + r].im);
		}
		bl_transpose(re);
		bl_transpose(im);
		for (int c = 0; c < BL_HOP_CHANNELS; c++) {
			bl_store_bl_i8(out->re[c] + v * BL_LANES, re[c]);
			bl_store_bl_i8(out->im[c] + v * BL_LANES, im[c]);
		}
	}
}

INLINE uint32_t above(bl_f8 re, bl_f8 im, float least)
{
	return bl_bits_of((bl_i8)(re * re + im * im > least));
}

/* The rows of vector v whose sum over the last `hops` is above `least`. */
INLINE uint32_t sum_above(const struct bl_front *f, int v, unsigned int hops, float least)
{
	bl_f8 re = {0}, im = {0};

	for (unsigned int ago = 0; ago < hops; ago++) {
		re += bl_load_bl_f8(f->re[bl_front_hop(f, ago)] + v * BL_LANES);
		im += bl_load_bl_f8(f->im[bl_front_hop(f, ago)] + v * BL_LANES);
	}
	return above(re, im, least) << (v * BL_LANES);
}

/* The hop turned back and stored; the rows that hold `least` of it. */
INLINE uint32_t turn_back(struct bl_front *f, const int32_t *sum_re, const int32_t *sum_im, float least)
{
	size_t at = f->hops % BL_FRONT_HOPS, turn = f->hops % BL_FRONT_PERIOD;
	uint32_t strong = 0;

	for (int v = 0; v < VECTORS; v++) {
		bl_f8 re = __builtin_convertvector(bl_load_bl_i8(sum_re + v * BL_LANES), bl_f8);
		bl_f8 im = __builtin_convertvector(bl_load_bl_i8(sum_im + v * BL_LANES), bl_f8);
		bl_f8 cosine = bl_load_bl_f8(bl_front_cos[turn] + v * BL_LANES);
		bl_f8 sine = bl_load_bl_f8(bl_front_sin[turn] + v * BL_LANES);

		bl_f8 turned_re = re * cosine - im * sine, turned_im = -re * sine - im * cosine;

		bl_store_bl_f8(f->re[at] + v * BL_LANES, turned_re);
		bl_store_bl_f8(f->im[at] + v * BL_LANES, turned_im);
		strong |= above(turned_re, turned_im, least) << (v * BL_LANES);
	}
	return strong;
}

static void take(struct bl_front *f, const int32_t *re, const int32_t *im, float power)
{
	float window = power;

	f->power[f->hops % BL_FRONT_HOPS] = power;
	f->strong = turn_back(f, re, im, FRONT_STRONG * power);
	f->hops++;
	f->paired = 0;
	if (power < FRONT_LEAST) {
		f->strong = 0;
		return;
	}
	if (!f->signals)
		return;
	window += f->power[bl_front_hop(f, 1)];
	f->paired = sum_above(f, 0, FRONT_MF_HOPS, FRONT_PAIRED * FRONT_MF_HOPS * window);
	window += f->power[bl_front_hop(f, 2)] + f->power[bl_front_hop(f, 3)];
	f->paired |= sum_above(f, 1, FRONT_R2_HOPS, FRONT_PAIRED * FRONT_R2_HOPS * window);
	f->paired |= sum_above(f, 2, FRONT_R2_HOPS, FRONT_PAIRED * FRONT_R2_HOPS * window);
}

void bl_front_take_vector(struct bl_front *const f[], const struct bl_hop *hop, const struct bl_hop_sums *sums,
                          size_t channels)
{
	struct turned_over hops;

	turn_over(sums, &hops);
	for (size_t c = 0; c < channels; c++)
		take(f[c], hops.re[c], hops.im[c], (float)hop->energy[c] * FRONT_POWER);
}
