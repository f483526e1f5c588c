/* SPDX-License-Identifier: GPL-2.0-only */
#include "skew.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "skew_table.h"
#include "skew_vector.h"

#define ONE 4294967296.0 /* a sample, in steps of `place` */
#define ROOM (BL_SKEW_TAPS + BL_SKEW_MAX + 1 + 8)

size_t bl_skew_size(void)
{
	return sizeof(struct bl_skew);
}

int bl_skew_init(struct bl_skew *s)
{
	if (!s)
		return -EINVAL;
	memset(s, 0, sizeof *s);
	return 0;
}

void bl_skew_reset(struct bl_skew *s)
{
	if (!s)
		return;
	s->place = 0;
	memset(s->past, 0, sizeof s->past);
}

void bl_skew_begin(struct bl_skew *s, const int16_t sound[BL_SKEW_TAPS])
{
	s->place = 0;
	for (int i = 0; i < BL_SKEW_TAPS; i++)
		s->past[i] = sound[i];
}

int bl_skew_set(struct bl_skew *s, float ppm)
{
	if (!s)
		return -EINVAL;
	if (!(ppm >= -BL_SKEW_PPM_MAX && ppm <= BL_SKEW_PPM_MAX))
		return -EINVAL;
	s->step = (int32_t)lrint((double)ppm * 1e-6 * ONE);
	return 0;
}

/* Of a state that may be torn. */
static int32_t step_of(const struct bl_skew *s)
{
	const int32_t most = (int32_t)(301e-6 * ONE);

	return s->step > most ? most : s->step < -most ? -most : s->step;
}

/* Whole samples that n outputs move beyond n: -1, 0 or 1. */
static int moved(const struct bl_skew *s, size_t n)
{
	int64_t to = (int64_t)s->place + (int64_t)n * step_of(s);

	return to < 0 ? -1 : to >= (int64_t)ONE;
}

size_t bl_skew_want(const struct bl_skew *s, size_t n)
{
	if (!s)
		return 0;
	return n && n <= BL_SKEW_MAX ? (size_t)((int)n + moved(s, n)) : 0;
}

/* The coefficients at a place from 0 to 1. */
static void taps_at(double place, float *taps)
{
	double row = place * BL_SKEW_PLACES;
	int at = row >= BL_SKEW_PLACES ? BL_SKEW_PLACES - 1 : row < 0 ? 0 : (int)row;
	float share = (float)(row - at);

	for (int k = 0; k < BL_SKEW_TAPS; k++)
		taps[k] = bl_skew_taps[at][k] + share * (bl_skew_taps[at + 1][k] - bl_skew_taps[at][k]);
}

static void filter(const float *x, size_t n, const float *taps, const float *slopes, float *y)
{
	for (size_t i = 0; i < n; i++) {
		float sum = 0, slope = 0;

		for (int k = 0; k < BL_SKEW_TAPS; k++) {
			sum += taps[k] * x[i + (size_t)k];
			slope += slopes[k] * x[i + (size_t)k];
		}
		y[i] = sum + (float)i * slope;
	}
}

/* n outputs while no sample is passed; the first at `place`, from x on. */
static void stretch(const float *x, size_t n, double place, double step, float *y)
{
	float taps[BL_SKEW_TAPS], slopes[BL_SKEW_TAPS];

	if (place == 0 && step == 0) {
		memcpy(y, x + BL_SKEW_TAPS / 2 - 1, n * sizeof y[0]);
		return;
	}
	taps_at(place, taps);
	taps_at(place + step * (double)n, slopes);
	for (int k = 0; k < BL_SKEW_TAPS; k++)
		slopes[k] = (slopes[k] - taps[k]) / (float)n;
	if (bl_isa() == BL_ISA_VECTOR)
		bl_skew_filter_vector(x, n, taps, slopes, y);
	else
		filter(x, n, taps, slopes, y);
}

/* Outputs until a sample is passed, n at most. */
static size_t before(const struct bl_skew *s, size_t n)
{
	int64_t step = step_of(s), left = step > 0 ? (int64_t)ONE - s->place : (int64_t)s->place + 1;
	int64_t count = step ? (left + llabs(step) - 1) / llabs(step) : (int64_t)n;

	return count < (int64_t)n ? (size_t)count : n;
}

static void store(const float *y, int16_t *out, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_skew_store_vector(y, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		int32_t rounded = (int32_t)(y[i] + (y[i] < 0 ? -0.5f : 0.5f));

		out[i] = (int16_t)(rounded < INT16_MIN ? INT16_MIN : rounded > INT16_MAX ? INT16_MAX : rounded);
	}
}

size_t bl_skew_end(const struct bl_skew *s, int16_t *out)
{
	size_t n = s->place < UINT32_MAX / 2 ? BL_SKEW_HELD : BL_SKEW_HELD - 1;
	float next[BL_SKEW_HELD + 8] = {0}; /* read by lanes */

	memcpy(next, s->past + BL_SKEW_TAPS - n, n * sizeof next[0]);
	store(next, out, n);
	return n;
}

static void load(const int16_t *in, float *x, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR)
		bl_skew_load_vector(in, x, n);
	else
		for (size_t i = 0; i < n; i++)
			x[i] = in[i];
}

int bl_skew_process(struct bl_skew *s, const int16_t *in, size_t n_in, int16_t *out, size_t n)
{
	if (!s || !in || !out)
		return -EINVAL;

	double place = s->place / ONE, step = step_of(s) / ONE;
	float x[ROOM], y[BL_SKEW_MAX + 8];
	int passed = moved(s, n);
	size_t first;

	if (n == 0 || n > BL_SKEW_MAX || n_in != bl_skew_want(s, n))
		return -EINVAL;
	first = before(s, n);
	memcpy(x, s->past, sizeof s->past);
	memset(x + BL_SKEW_TAPS + n_in, 0, 8 * sizeof x[0]); /* read by lanes without an output */
	load(in, x + BL_SKEW_TAPS, n_in);
	stretch(x, first, place, step, y);
	if (first < n)
		stretch(x + first + passed, n - first, place + step * (double)first - passed, step, y + first);
	memcpy(s->past, x + n_in, sizeof s->past);
	s->place += (uint32_t)(n * (uint64_t)(int64_t)step_of(s));
	store(y, out, n);
	return 0;
}
