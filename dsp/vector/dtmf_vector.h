/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector forms of dtmf.c and dtmf_look.c. */
#ifndef BL_DTMF_VECTOR_H
#define BL_DTMF_VECTOR_H

#include "correlate.h"
#include "dtmf.h"

#define BL_DTMF_BLOCK_SCALE (1.0f / (800.0f * BL_ROW_PEAK * BL_ROW_PEAK)) /* |sum|² over two hops to mean square */
#define BL_DTMF_ENERGY_SCALE 0.4f                                         /* of two hops, 32 / 80 samples */
/* 0.70 has one of 1000 blocks with 10 dB SNR, 1.5 % off and at the limits of twist; 0.50 has one of 500 of speech */
#define BL_DTMF_BLOCK_PURITY 0.50f

/* What is in a block of eight channels: the strongest tone of each group, and all there is; mean squares. */
struct bl_dtmf_screen {
	_Alignas(32) float low[BL_HOP_CHANNELS];
	float high[BL_HOP_CHANNELS];
	float power[BL_HOP_CHANNELS];
	uint32_t pure; /* bit c: channel c has two tones that hold BL_DTMF_BLOCK_PURITY of its power */
};

struct dtmf_out;

/* A hop of each receiver, as in bl_dtmf_process_many. */
void bl_dtmf_hear_many_vector(struct bl_dtmf *const d[], const int16_t *const in[], size_t channels,
                              struct dtmf_out *out);
/* sound: two hops of each channel. */
void bl_dtmf_screen_vector(const int16_t *const sound[2][BL_HOP_CHANNELS], struct bl_dtmf_screen *s);
/* Halves of sum and difference of samples that lie equally far from the middle of BL_DTMF_WINDOW. */
void bl_dtmf_fold_vector(const int16_t *sound, int16_t *even, int16_t *odd);
/* Half a window with the rows of eight frequencies. */
void bl_dtmf_products_vector(const int16_t *half, const int16_t *rows, float *sums);
/* The windowed mean square of BL_DTMF_WINDOW samples. */
float bl_dtmf_power_vector(const int16_t *sound, const float *window);

#endif
