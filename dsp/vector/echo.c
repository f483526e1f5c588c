/* SPDX-License-Identifier: GPL-2.0-only */
/* The echo canceller's tick for eight channels. */
#include <string.h>

#include "echo_batch.h"
#include "lanes.h"

#define ECHO_LANES 8

typedef bl_f8 echo_v;
typedef uint32_t echo_u __attribute__((vector_size(32)));

static inline echo_v echo_load(const float *from)
{
	return bl_load_bl_f8(from);
}

static inline echo_v echo_load_short(const int16_t *from)
{
	return __builtin_convertvector(bl_wide_of(bl_load_bl_h8(from)), bl_f8);
}

static inline void echo_store(float *to, echo_v value)
{
	bl_store_bl_f8(to, value);
}

static inline echo_u echo_load_u(const uint32_t *from)
{
	return (echo_u)bl_load_bl_i8(from);
}

static inline void echo_store_u(uint32_t *to, echo_u value)
{
	bl_store_bl_i8(to, (bl_i8)value);
}

static inline echo_v echo_all(float value)
{
	return (echo_v){value, value, value, value, value, value, value, value};
}

static inline echo_v echo_max(echo_v a, echo_v b)
{
#if defined(__AVX2__)
	return (echo_v)_mm256_max_ps((__m256)a, (__m256)b);
#else
	bl_i8 first = a > b;

	return (echo_v)(((bl_i8)a & first) | ((bl_i8)b & ~first));
#endif
}

static inline echo_v echo_min(echo_v a, echo_v b)
{
#if defined(__AVX2__)
	return (echo_v)_mm256_min_ps((__m256)a, (__m256)b);
#else
	bl_i8 first = a < b;

	return (echo_v)(((bl_i8)a & first) | ((bl_i8)b & ~first));
#endif
}

/* A random integer as a number of variance 1. */
static inline echo_v echo_float(echo_u random)
{
	return __builtin_convertvector((bl_i8)random, bl_f8) * (1.7320508f / 2147483648.0f);
}

/* Bin 0: two real products in one place. d is what the imaginary part is multiplied by, i loses it. */
static inline void echo_part_edge(echo_v *d, echo_v *i, echo_v both)
{
	*d = __builtin_shufflevector(*d, both, 8, 1, 2, 3, 4, 5, 6, 7);
	*i = __builtin_shufflevector(both, (echo_v){0}, 8, 1, 2, 3, 4, 5, 6, 7);
}

/* Rows to columns. */
static ECHO_INLINE void transpose(bl_f8 *r)
{
	bl_f8 a[8], b[8];

	for (int i = 0; i < 4; i++) {
		a[2 * i] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
		a[2 * i + 1] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
	}
	for (int i = 0; i < 8; i += 4) {
		b[i] = __builtin_shufflevector(a[i], a[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
		b[i + 1] = __builtin_shufflevector(a[i], a[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
		b[i + 2] = __builtin_shufflevector(a[i + 1], a[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
		b[i + 3] = __builtin_shufflevector(a[i + 1], a[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
	}
	for (int i = 0; i < 4; i++) {
		r[i] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
		r[i + 4] = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
	}
}

/* The channels' spectra into lanes, and back. */
static ECHO_STAGE void echo_gather(const float *const from[], echo_v *lanes)
{
	for (int at = 0; at < BL_ECHO_SPECTRUM; at += ECHO_LANES) {
		for (int i = 0; i < ECHO_LANES; i++)
			lanes[at + i] = echo_load(from[i] + at);
		transpose(lanes + at);
	}
}

static ECHO_STAGE void echo_scatter(const echo_v *lanes, float *const to[])
{
	for (int at = 0; at < BL_ECHO_SPECTRUM; at += ECHO_LANES) {
		echo_v rows[ECHO_LANES];

		for (int i = 0; i < ECHO_LANES; i++)
			rows[i] = lanes[at + i];
		transpose(rows);
		for (int i = 0; i < ECHO_LANES; i++)
			echo_store(to[i] + at, rows[i]);
	}
}

/* A tick of sound into lanes, halved. */
static ECHO_STAGE void echo_gather_sound(const int16_t *const from[], echo_v *lanes)
{
	for (int at = 0; at < BL_ECHO_BLOCK; at += ECHO_LANES) {
		for (int i = 0; i < ECHO_LANES; i++)
			lanes[at + i] = __builtin_convertvector(bl_wide_of(bl_load_bl_h8(from[i] + at)), bl_f8) * 0.5f;
		transpose(lanes + at);
	}
}

/* Rounded half away from zero, cut off where 16 bits end. */
static ECHO_STAGE void echo_scatter_sound(const echo_v *lanes, int16_t *const to[])
{
	for (int at = 0; at < BL_ECHO_BLOCK; at += ECHO_LANES) {
		echo_v rows[ECHO_LANES];

		for (int i = 0; i < ECHO_LANES; i++)
			rows[i] = lanes[at + i];
		transpose(rows);
		for (int i = 0; i < ECHO_LANES; i++) {
			echo_v cut = echo_min(echo_max(rows[i], echo_all(INT16_MIN)), echo_all(INT16_MAX));

			cut += (echo_v)(((bl_i8)cut & INT32_MIN) | (bl_i8)echo_all(0.5f));
			bl_store_bl_h8(to[i] + at, bl_saturated(__builtin_convertvector(cut, bl_i8)));
		}
	}
}

#include "echo_stages.h"

void bl_echo_batch_vector(const struct echo_batch *b)
{
	echo_run(b);
}
