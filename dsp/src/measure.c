/* SPDX-License-Identifier: GPL-2.0-only */
#include "measure.h"

#include <errno.h>
#include <string.h>

#include "band_tables.h"
#include "isa.h"
#include "measure_vector.h"

#define PIECE BL_MEASURE_BANDS
#define FRACTION 16 /* Q.14 of the table, and the square root of BL_MEASURE_BAND */

size_t bl_measure_size(void)
{
	return sizeof(struct bl_measure);
}

static void add_bands(struct bl_measure *m, const int16_t *in)
{
	for (int band = 0; band < BL_MEASURE_BANDS; band++) {
		int32_t sum = 1 << (FRACTION - 1);

		for (int i = 0; i < PIECE; i++)
			sum += in[i] * bl_band_pairs[i / 2][2 * band + i % 2];
		sum >>= FRACTION;
		m->bands[band] += (uint32_t)(sum * sum);
	}
}

static void add_sums(struct bl_measure *m, const int16_t *in, size_t n)
{
	memset(m, 0, sizeof *m);
	for (size_t i = 0; i < n; i++) {
		uint32_t size = (uint32_t)(in[i] < 0 ? -in[i] : in[i]);

		m->energy += (uint64_t)size * size;
		m->sum += in[i];
		m->peak = size > m->peak ? size : m->peak;
	}
}

static void measure(struct bl_measure *m, const int16_t *in, size_t n)
{
	add_sums(m, in, n);
	for (size_t at = 0; at < n; at += PIECE)
		add_bands(m, in + at);
	measure_finish(m, in, n);
}

void bl_measure_few(struct bl_measure *m, const int16_t *in, size_t n)
{
	add_sums(m, in, n);
	measure_finish(m, in, n);
}

int bl_measure_many(struct bl_measure m[], const int16_t *const in[], size_t n, size_t channels)
{
	if (!m || !in)
		return -EINVAL;

	int vector = bl_isa() == BL_ISA_VECTOR;

	if (n == 0 || n > BL_MEASURE_MOST || n % PIECE) {
		memset(m, 0, channels * sizeof m[0]);
		return -EINVAL;
	}
	if (vector && n == BL_MEASURE_MOST)
		bl_measure_tick_vector(m, in, channels);
	else
		for (size_t c = 0; c < channels; c++)
			(vector ? bl_measure_vector : measure)(&m[c], in[c], n);
	return 0;
}

int bl_measure(struct bl_measure *m, const int16_t *in, size_t n)
{
	return bl_measure_many(m, &in, n, 1);
}
