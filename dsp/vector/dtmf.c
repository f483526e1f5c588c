/* SPDX-License-Identifier: GPL-2.0-only */
/* The looks of the DTMF receiver, eight samples of one channel at a time. */
#include "dtmf.h"
#include "dtmf_tables.h"
#include "dtmf_vector.h"
#include "lanes.h"

#define TOGETHER 4 /* tones: their sums and the sound fill the registers */

void bl_dtmf_correlate_vector(const float *sound, float *re, float *im)
{
	for (int first = 0; first < BL_DTMF_TONES; first += TOGETHER) {
		bl_f8 sum_re[TOGETHER] = {{0}}, sum_im[TOGETHER] = {{0}};

		for (int i = 0; i < BL_DTMF_WINDOW; i += BL_LANES) {
			bl_f8 piece = bl_load_bl_f8(sound + i);

#pragma GCC unroll 4
			for (int k = 0; k < TOGETHER; k++) {
				sum_re[k] += piece * bl_load_bl_f8(bl_dtmf_cos[first + k] + i);
				sum_im[k] += piece * bl_load_bl_f8(bl_dtmf_sin[first + k] + i);
			}
		}
		for (int k = 0; k < TOGETHER; k++) {
			re[first + k] = bl_sum_of_f8(sum_re[k]);
			im[first + k] = bl_sum_of_f8(sum_im[k]);
		}
	}
}

float bl_dtmf_power_vector(const float *sound)
{
	bl_f8 sum = {0};

	for (int i = 0; i < BL_DTMF_WINDOW; i += BL_LANES) {
		bl_f8 piece = bl_load_bl_f8(sound + i);

		sum += bl_load_bl_f8(bl_dtmf_window + i) * piece * piece;
	}
	return bl_sum_of_f8(sum);
}
