/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made by dsp/tools/band_tables.py; do not edit.
 * Cosine transform of eight samples, Q.14: [pair of samples][2 * band + sample of the pair].
 */
#ifndef BL_BAND_TABLES_H
#define BL_BAND_TABLES_H

#include <stdint.h>

static const int16_t bl_band_pairs[4][16] = {
	{
		5793, 5793, 8035, 6811, 7568, 3135, 6811, -1598,
		5793, -5793, 4551, -8035, 3135, -7568, 1598, -4551,
	},
	{
		5793, 5793, 4551, 1598, -3135, -7568, -8035, -4551,
		-5793, 5793, 1598, 6811, 7568, -3135, 6811, -8035,
	},
	{
		5793, 5793, -1598, -4551, -7568, -3135, 4551, 8035,
		5793, -5793, -6811, -1598, -3135, 7568, 8035, -6811,
	},
	{
		5793, 5793, -6811, -8035, 3135, 7568, 1598, -6811,
		-5793, 5793, 8035, -4551, -7568, 3135, 4551, -1598,
	},
};

#endif
