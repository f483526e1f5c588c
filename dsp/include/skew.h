/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resampler between two clocks of nearly the same rate: up to 300 ppm apart, steered while it runs.
 *
 * Sound of a far clock goes in, as many samples as our clock's tick asks for come out: bl_skew_want tells how many are
 * needed, 39 to 41 for a tick of 40. Each output is 32 inputs through a Kaiser-windowed sinc (beta 6) at the place
 * between them, read from 64 places with linear interpolation; within a tick the coefficients move along a line, which
 * is what they do over the hundredth of a sample that 300 ppm are. Up to 3.4 kHz what is wrong lies 60 dB below the
 * sound; with 0 ppm from the start the samples are untouched.
 * Delay: 16 to 17 samples, 2 ms. For modems and fax behind a fixed jitter buffer (V.152: bl_jitter_skew_ppm steers it),
 * and for bridges between clock domains; speech behind an adaptive buffer needs none.
 *
 * Float inside; the two forms differ by one step of 16 bits at most.
 */
#ifndef BL_SKEW_H
#define BL_SKEW_H

#include <stddef.h>
#include <stdint.h>

#define BL_SKEW_TAPS 32
#define BL_SKEW_MAX 160 /* samples of one call */
#define BL_SKEW_PPM_MAX 300.0f
#define BL_SKEW_HELD (BL_SKEW_TAPS / 2 + 1) /* samples that have gone in and not come out, at place 0 */

struct bl_skew {
	uint32_t place; /* of the next output between two inputs, 2^32 is a sample */
	int32_t step;   /* by which it moves beyond one sample an output */
	float past[BL_SKEW_TAPS];
};

size_t bl_skew_size(void);
int bl_skew_init(struct bl_skew *s);
void bl_skew_reset(struct bl_skew *s);
/* Takes up a sound that goes on: the last samples that were heard of it, then the BL_SKEW_HELD that are heard next. */
void bl_skew_begin(struct bl_skew *s, const int16_t sound[BL_SKEW_TAPS]);
/* Gives it back: what is heard next of what has gone in, BL_SKEW_HELD samples or one less, the nearest whole ones. */
size_t bl_skew_end(const struct bl_skew *s, int16_t *out);
/* The clock of what goes in is so much faster than that of what comes out. -EINVAL beyond BL_SKEW_PPM_MAX. */
int bl_skew_set(struct bl_skew *s, float ppm);
/* Samples that n outputs take, up to BL_SKEW_MAX; 0 when n is 0 or more than that. */
size_t bl_skew_want(const struct bl_skew *s, size_t n);
/* n outputs of bl_skew_want(s, n) inputs, another number is -EINVAL. In and out may be the same memory. */
int bl_skew_process(struct bl_skew *s, const int16_t *in, size_t n_in, int16_t *out, size_t n);

#endif
