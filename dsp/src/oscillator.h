/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sines of 32-bit phases (2^32 is a turn): what every tone generator is made of.
 *
 * A phase is exact, so that no tone drifts however long it sounds. The sine of a quarter turn is an odd polynomial of
 * degree 7, within 6e-7 of the truth. Both forms round the same values but for the last bit of a float: they agree
 * within one step of 16 bits.
 */
#ifndef BL_OSCILLATOR_H
#define BL_OSCILLATOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "dbm0.h"
#include "oscillator_vector.h"

/* The next n samples, rounded and cut off at 16 bits; the phases go on. */
void bl_sines_fill(struct sines *s, int16_t *out, size_t n);

/* sin(p) = cos(p - 1/4) = -sin(|p - 1/4| - 1/4) in turns, where p - 1/4 is of -1/2 to 1/2. */
static inline float sine_of(uint32_t phase)
{
	int32_t from_top = (int32_t)(phase - QUARTER_TURN);
	uint32_t distance = from_top < 0 ? 0u - (uint32_t)from_top : (uint32_t)from_top;
	float x = (float)(int32_t)(distance - QUARTER_TURN) * TURN, square = x * x;

	return x * (SINE_1 + square * (SINE_3 + square * (SINE_5 + square * SINE_7)));
}

/* Phase per sample of a whole number of hertz below half the sampling rate. */
static inline uint32_t phase_step(uint32_t hz)
{
	return (uint32_t)(((uint64_t)hz << 32) / BL_SAMPLE_RATE_HZ);
}

static inline float sine_peak(float level_dbm0)
{
	return BL_DBM0_PEAK * powf(10.0f, level_dbm0 / 20.0f);
}

static inline int16_t to_sample(float value)
{
	if (value >= 32767.0f)
		return INT16_MAX;
	if (value <= -32768.0f)
		return INT16_MIN;
	return (int16_t)(value < 0.0f ? value - 0.5f : value + 0.5f);
}

#endif
