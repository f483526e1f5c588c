/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of resample.c: counts are rounded up to 8, all rooms have as much to spare. */
#ifndef BL_RESAMPLE_VECTOR_H
#define BL_RESAMPLE_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* n floats of whole samples. */
void bl_resample_floats_vector(const int16_t *in, float *out, size_t n);
/* n samples, rounded and cut off, exactly n of them written. */
void bl_resample_samples_vector(const float *in, int16_t *out, size_t n);
/* `in` in turn to `phases` lines, 2 or 3, each of n floats. */
void bl_resample_deal_vector(const float *in, float *const line[], size_t phases, size_t n);
/* out[phases * i + p] = sum over taps of taps[phases * tap + p] * line[i - tap]. */
void bl_resample_up_vector(const float *line, const float *taps, size_t count, size_t phases, float *out, size_t n);
/* out[i] = sum over lines and taps of taps[count * p + tap] * line[p][i - tap]. */
void bl_resample_down_vector(const float *const line[], const float *taps, size_t count, size_t phases, float *out,
                             size_t n);

#endif
