/* SPDX-License-Identifier: GPL-2.0-only */
/* The echo canceller's filters in the frequency domain; a part of echo_stages.h, with its names. A lane is a bin. */
#ifndef BL_ECHO_PRODUCTS_H
#define BL_ECHO_PRODUCTS_H

#include <string.h>

#include "echo_batch.h"
#include "echo_fft.h"

#define ECHO_FAINT 3e-4f /* of the path's energy: what a part holds is noise, unless it comes again */

/* What a tick computes on its way, besides the state. */
struct echo_work {
	float fore[ECHO_LANES][BL_ECHO_SPECTRUM], back[ECHO_LANES][BL_ECHO_SPECTRUM];
	float power[ECHO_LANES][BL_ECHO_BINS]; /* of far, weighted by share */
	echo_v near[BL_ECHO_BLOCK];            /* without offset */
	echo_v residual[BL_ECHO_BLOCK];        /* the foreground's */
	echo_v error[BL_ECHO_SPECTRUM];        /* the background's, behind 40 zeros */
	float sum[ECHO_SUMS][ECHO_LANES];
	float nlp[2][ECHO_LANES]; /* gains at the end of the last tick */
};

#define ECHO_GROUPS (BL_ECHO_BINS / ECHO_LANES)

/*
 * The foreground's product, part by part; bin 0 shares its place with the one of 4 kHz. Of 16 bits, since fetching it
 * takes longer than using it, and its rounding lies 90 dB below the echo.
 */
static inline void echo_fore_product(const struct bl_echo *e, float *to)
{
	const uint32_t slots = e->parts + BL_ECHO_AGE_MAX;
	echo_v re[ECHO_GROUPS] = {0}, im[ECHO_GROUPS] = {0}, unit = echo_all(e->foreground_unit);

	for (uint32_t k = 0; k < e->sounding_parts; k++) {
		uint32_t p = e->sounding[k] % BL_ECHO_PARTS_MAX, slot = e->head + p;
		const int16_t *fore = e->foreground[p];
		const float *far = e->far[slot < slots ? slot : slot - slots];

		ECHO_UNROLL(5)
		for (int g = 0; g < ECHO_GROUPS; g++) {
			echo_v wr = echo_load_short(fore + g * ECHO_LANES),
			       wi = echo_load_short(fore + g * ECHO_LANES + BL_ECHO_BINS);
			echo_v xr = echo_load(far + g * ECHO_LANES),
			       xi = echo_load(far + g * ECHO_LANES + BL_ECHO_BINS);
			echo_v xd = xr;

			if (g == 0)
				echo_part_edge(&xd, &xi, xi);
			re[g] += xr * wr;
			im[g] += xd * wi;
			re[g] -= xi * wi;
			im[g] += xi * wr;
		}
	}
	ECHO_UNROLL(5)
	for (int g = 0; g < ECHO_GROUPS; g++) {
		echo_store(to + g * ECHO_LANES, re[g] * unit);
		echo_store(to + g * ECHO_LANES + BL_ECHO_BINS, im[g] * unit);
	}
}

/* The parts that learn in this tick: all while a path is new; then of the faint ones every fourth, in turn. */
struct echo_parts {
	uint8_t part[BL_ECHO_PARTS_MAX];
	uint8_t now[BL_ECHO_PARTS_MAX], then[BL_ECHO_PARTS_MAX]; /* places of far: of this tick, of the step's */
	int count;
};

static inline void echo_choose_parts(const struct bl_echo *e, struct echo_parts *list)
{
	const uint32_t slots = e->parts + BL_ECHO_AGE_MAX;
	uint32_t slot = e->head, old = (slot + e->age) % slots;

	list->count = 0;
	for (uint32_t p = 0; p < e->parts; p++) {
		if (e->eager || e->part_energy[p] > ECHO_FAINT * e->energy || p % 4 == e->turn / 2 % 4) {
			list->part[list->count] = (uint8_t)p;
			list->now[list->count] = (uint8_t)slot;
			list->then[list->count++] = (uint8_t)old;
		}
		slot = slot + 1 == slots ? 0 : slot + 1;
		old = old + 1 == slots ? 0 : old + 1;
	}
}

/* Bins from `at` on of the background: the step that was measured `age` ticks ago, then the product. */
static ECHO_INLINE void echo_back_bins(struct bl_echo *e, const struct echo_parts *list, float *to, float *powers,
                                       int at, int edge)
{
	echo_v gr = echo_load(e->gain + at), gi = echo_load(e->gain + at + BL_ECHO_BINS);
	echo_v br = {0}, bi = {0}, cr = {0}, ci = {0}, power = {0};

	for (int k = 0; k < list->count; k++) {
		const float *then = e->far[list->then[k]] + at, *now = e->far[list->now[k]] + at;
		float *back = e->background[list->part[k]] + at;
		echo_v share = echo_all(e->share[list->part[k]]), sr = share * gr, si = share * gi;
		echo_v xr = echo_load(then), xi = echo_load(then + BL_ECHO_BINS), xd = xr;
		echo_v wr = echo_load(back), wi = echo_load(back + BL_ECHO_BINS);

		if (edge)
			echo_part_edge(&xd, &xi, xi);
		wr += xr * sr;
		wi += xd * si;
		wr += xi * si;
		wi -= xi * sr;
		echo_store(back, wr);
		echo_store(back + BL_ECHO_BINS, wi);
		xr = xd = echo_load(now);
		xi = echo_load(now + BL_ECHO_BINS);
		power += share * (xr * xr + xi * xi);
		if (edge)
			echo_part_edge(&xd, &xi, xi);
		br += xr * wr;
		bi += xd * wi;
		cr += xi * wi;
		ci += xi * wr;
	}
	echo_store(to + at, br - cr);
	echo_store(to + at + BL_ECHO_BINS, bi + ci);
	echo_store(powers + at, power);
}

static inline void echo_back_product(struct bl_echo *e, float *to, float *powers)
{
	struct echo_parts list;

	echo_choose_parts(e, &list);
	echo_back_bins(e, &list, to, powers, 0, 1);
	for (int at = ECHO_LANES; at < BL_ECHO_BINS; at += ECHO_LANES)
		echo_back_bins(e, &list, to, powers, at, 0);
}

static ECHO_STAGE void echo_products(const struct echo_batch *b, struct echo_work *w)
{
	for (int i = 0; i < b->channels; i++) {
		echo_fore_product(b->e[i], w->fore[i]);
		if (b->work == ECHO_LEARN)
			echo_back_product(b->e[i], w->back[i], w->power[i]);
	}
	for (int i = b->channels; i < ECHO_LANES; i++) { /* lanes without a channel repeat the first */
		memcpy(w->fore[i], w->fore[0], sizeof w->fore[0]);
		memcpy(w->back[i], w->back[0], sizeof w->back[0]);
	}
}

#endif
