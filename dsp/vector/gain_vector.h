/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of gain.c and of the gain that agc.c has chosen. */
#ifndef BL_GAIN_VECTOR_H
#define BL_GAIN_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* Samples times a factor with `fraction` bits behind its point, for n a multiple of 8. */
void bl_gain_scale_vector(const int16_t *in, int16_t *out, size_t n, int16_t factor, int fraction);
/* The same with a factor for every eight samples. */
void bl_gain_ramp_vector(const int16_t *in, int16_t *out, size_t n, const int16_t factors[], int fraction);
/* A tick of each channel that has a factor. */
#define BL_GAIN_NONE (-1)
void bl_gain_ticks_vector(const int16_t *const in[], int16_t *const out[], const int16_t factors[], int fraction,
                          size_t channels);

#endif
