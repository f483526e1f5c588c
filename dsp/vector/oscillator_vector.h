/* SPDX-License-Identifier: GPL-2.0-only */
/* What both forms of oscillator.c share, and the vector form. */
#ifndef BL_OSCILLATOR_VECTOR_H
#define BL_OSCILLATOR_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* -sin(2 pi x) for x of -1/4 to 1/4 turn, least squares on Chebyshev's points: within 6e-7, -124 dB */
#define SINE_1 (-6.28316395f)
#define SINE_3 41.33713041f
#define SINE_5 (-81.34038614f)
#define SINE_7 70.98993302f
#define TURN (1.0f / 4294967296.0f)
#define QUARTER_TURN (1u << 30)

/* Two sines added, and one that modulates the sum: times 1 + depth * sine. */
struct sines {
	uint32_t phase[3];
	uint32_t turn[3]; /* a sample */
	float amplitude[2];
	float depth; /* 0: nothing modulates */
};

void bl_sines_fill_vector(struct sines *s, int16_t *out, size_t n);

#endif
