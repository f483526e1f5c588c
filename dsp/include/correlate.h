/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Correlation of one tick (a hop of 40 samples, 5 ms) of eight channels with any number of frequencies: what the tone
 * receivers stand on.
 *
 * bl_hop_take lays the samples of eight channels out in lanes, once for all receivers, and folds them about the middle
 * of the hop: a cosine about the middle is even and a sine odd, so sum and difference of two samples that lie equally
 * far from it take one product instead of two. bl_correlate then gives for each frequency f and each channel
 *
 *	re = 1/2 sum of x[n] cos(w (n - 19.5)) * BL_ROW_PEAK, im = 1/2 sum of x[n] sin(w (n - 19.5)) * BL_ROW_PEAK
 *
 * for n = 0 to 39 and w = 2 pi f / 8000, as integers. The conjugate of this is the Fourier sum of the hop with its
 *phase counted from the hop's middle; the sums of neighbouring hops add up to one longer window when each is turned by
 * 40 w from the one before. A sine of peak A in tune gives |re, im| = 10 A BL_ROW_PEAK, up to its image.
 *
 * Each sample is halved towards minus infinity, an error of at most 1; nothing overflows for any sound while rows keep
 * within ± BL_ROW_PEAK. Integers: both forms agree bit for bit.
 */
#ifndef BL_CORRELATE_H
#define BL_CORRELATE_H

#include <stddef.h>
#include <stdint.h>

#define BL_HOP_SAMPLES 40
#define BL_HOP_CHANNELS 8
#define BL_HOP_PAIRS (BL_HOP_SAMPLES / 4) /* pairs of samples on either side of the middle */
#define BL_ROW_PEAK 3276                  /* 20 products of it and 32768 are below 2^31 */

struct bl_hop {
	/* [k][c]: halves of x[20 + i] + x[19 - i], and of x[20 + i] - x[19 - i], for i = 2k and 2k + 1, channel c */
	_Alignas(32) int16_t even[BL_HOP_PAIRS][BL_HOP_CHANNELS][2];
	int16_t odd[BL_HOP_PAIRS][BL_HOP_CHANNELS][2];
	int32_t energy[BL_HOP_CHANNELS]; /* sum of squares in units of 32: of each two samples rounded down */
};

/* A frequency: BL_ROW_PEAK * cos(w (i + 1/2)) and the same of sin, i = 0 to 19. dsp/tools/correlate_rows.py makes it.
 */
struct bl_row {
	int16_t cosine[2 * BL_HOP_PAIRS];
	int16_t sine[2 * BL_HOP_PAIRS];
};

struct bl_hop_sums {
	_Alignas(32) int32_t re[BL_HOP_CHANNELS];
	int32_t im[BL_HOP_CHANNELS];
};

/* Lay out 40 samples of each of eight channels; NULL: a channel without sound. */
void bl_hop_take(struct bl_hop *hop, const int16_t *const in[BL_HOP_CHANNELS]);
/* sums[h * n_rows + r] of each of n_hops hops (eight channels each) and each row. Hops go best in even numbers. */
void bl_correlate(const struct bl_hop *hops, size_t n_hops, const struct bl_row *rows, size_t n_rows,
                  struct bl_hop_sums *sums);

#endif
