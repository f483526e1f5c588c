/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One look at a tick of sound, for all that judge it: level meter, voice activity, automatic gain, noise analysis.
 *
 * Energy, sum and peak are exact integers. The bands are the energies of an orthonormal cosine transform of eight
 * samples (DCT-II), 500 Hz each, rounded to BL_MEASURE_BAND: a cheap spectrum, wide at its edges, with no memory from
 * one piece to the next. Both forms agree bit for bit. A piece is 8 to 40 samples, a multiple of 8.
 */
#ifndef BL_MEASURE_H
#define BL_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#define BL_MEASURE_BANDS 8
#define BL_MEASURE_BAND 16 /* energy of one unit of a band, samples squared */
#define BL_MEASURE_MOST 40 /* samples of a piece */

/* 64 octets: in an array none lies across two lines of the cache. */
struct bl_measure {
	uint32_t bands[BL_MEASURE_BANDS];
	uint64_t energy; /* sum of squares */
	int32_t sum;     /* of the samples; over `samples` it is the DC offset */
	uint32_t peak;   /* greatest magnitude, 0 to 32768 */
	uint32_t samples;
	uint32_t clipped; /* samples at the limit of 16 bits or of A-law (|x| ≥ 32256) */
	uint64_t unused;
};

size_t bl_measure_size(void);
/* -EINVAL for a length that is none; then *m tells nothing (no samples). */
int bl_measure(struct bl_measure *m, const int16_t *in, size_t n);
/* Any number of samples below 2^16, without the bands. */
void bl_measure_few(struct bl_measure *m, const int16_t *in, size_t n);
/* As bl_measure, of many channels: m[c] of in[c]. */
int bl_measure_many(struct bl_measure m[], const int16_t *const in[], size_t n, size_t channels);

#endif
