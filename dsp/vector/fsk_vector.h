/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of fsk_rx.c and fsk_tx.c, and what both forms share. */
#ifndef BL_FSK_VECTOR_H
#define BL_FSK_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#define BL_FSK_TIMINGS 8 /* of a character, a sample apart */
#define BL_FSK_GROUP 20  /* samples of three bits */
#define BL_FSK_PAD 4     /* zeros before and behind a row of phases */

/* Samples from a start bit's beginning to the middle of each of ten bits of 20/3 samples. */
static const uint8_t bl_fsk_middle[10] = {3, 10, 17, 23, 30, 37, 43, 50, 57, 63};

/*
 * What is taken off the strength of each timing by its distance from the fifth and sixth, between which the sign
 * changes (twist moves it by two samples at most): where few of a character's bits differ, many timings are as strong.
 */
static const float bl_fsk_doubt[BL_FSK_TIMINGS] = {2.0f, 1.5f, 1.0f, 0.5f, 0.0f, 0.0f, 0.5f, 1.0f};

/* sin(2 pi x) for x from 0 to 0.25 is x times a polynomial in x squared, within 6e-7. */
#define BL_FSK_SINE_1 6.28316404f
#define BL_FSK_SINE_3 (-41.3371424f)
#define BL_FSK_SINE_5 81.3407693f
#define BL_FSK_SINE_7 (-70.9934371f)

/* Energy of the differences of a hop's samples that lie two apart. */
float bl_fsk_energy_vector(const int16_t *hop);
/* The soft bits of a hop behind the ten samples before it, its power in both tones; returns which are space. */
uint64_t bl_fsk_correlate_vector(const int16_t *samples, const float *taps, float *soft, float *power);
/* Ten soft bits' strength for each of the timings, less its doubt. */
void bl_fsk_rate_vector(const float *soft, float *strength);
/* Two groups of samples by their phases' rows and where each starts. */
void bl_fsk_groups_vector(const uint32_t *const rows[2], const uint32_t start[2], float amplitude, int16_t *out);

#endif
