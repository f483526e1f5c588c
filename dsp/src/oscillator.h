/* SPDX-License-Identifier: GPL-2.0-only */
/* Sine of a 32-bit phase (2^32 is a turn), and the rounding of what generators make. */
#ifndef BL_OSCILLATOR_H
#define BL_OSCILLATOR_H

#include <math.h>
#include <stdint.h>

#include "dbm0.h"
#include "sine_table.h"

#define PHASE_FRACTION_BITS 22 /* 10 bits choose one of 1024 steps */

static inline float sine_of(uint32_t phase)
{
	uint32_t at = phase >> PHASE_FRACTION_BITS;
	float fraction = (float)(phase & ((1u << PHASE_FRACTION_BITS) - 1u)) * (1.0f / (1u << PHASE_FRACTION_BITS));

	return bl_sine[at] + fraction * (bl_sine[at + 1] - bl_sine[at]);
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
