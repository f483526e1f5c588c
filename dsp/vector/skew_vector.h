/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of skew.c; x and y have room for 8 more than n. */
#ifndef BL_SKEW_VECTOR_H
#define BL_SKEW_VECTOR_H

#include <stddef.h>
#include <stdint.h>

void bl_skew_filter_vector(const float *x, size_t n, const float *taps, const float *slopes, float *y);
void bl_skew_load_vector(const int16_t *in, float *x, size_t n);
/* Rounded and saturated. */
void bl_skew_store_vector(const float *y, int16_t *out, size_t n);

#endif
