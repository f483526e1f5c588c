/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made by dsp/tools/cng_tables.py; do not edit.
 * Weights of a joint of 16 samples, Q.15: [2i] of the noise that goes, [2i + 1] of the one that comes.
 * low holds samples 0 to 3 and 8 to 11, high the others, as the vector form reads them.
 */
#ifndef BL_CNG_TABLES_H
#define BL_CNG_TABLES_H

#include <stdint.h>

static const int16_t bl_cng_joint_low[16] = {
	32728, 1608, 32412, 4808, 31785, 7962, 30852, 11039,
	22005, 24279, 19519, 26319, 16846, 28105, 14010, 29621,
};

static const int16_t bl_cng_joint_high[16] = {
	29621, 14010, 28105, 16846, 26319, 19519, 24279, 22005,
	11039, 30852, 7962, 31785, 4808, 32412, 1608, 32728,
};

#endif
