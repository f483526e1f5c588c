/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made by dsp/tools/g726_tables.py; do not edit.
 * G.726: rows are 16, 24, 32 and 40 kbit/s. How many decision levels, and what they are (of the logarithm of a
 * difference less the scale factor, 7 bits of fraction); by the code's magnitude the level it stands for, the
 * scale factor's step W (4 bits of fraction) and F of the adaptation speed.
 */
#ifndef BL_G726_TABLES_H
#define BL_G726_TABLES_H

#include <stdint.h>

static const uint8_t bl_g726_decisions[4] = {
	1, 3, 7, 15,
};

static const int16_t bl_g726_decision[4][16] = {
	{
		261, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		8, 218, 331, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		-124, 80, 178, 246, 300, 349, 400, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		-122, -16, 68, 139, 198, 250, 298, 339, 378, 413, 445, 475, 502, 528, 553, 0,
	},
};

static const int16_t bl_g726_level[4][16] = {
	{
		116, 365, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		-2048, 135, 273, 373, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		-2048, 4, 135, 213, 273, 323, 373, 425, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		-2048, -66, 28, 104, 169, 224, 274, 318, 358, 395, 429, 459, 488, 514, 539, 566,
	},
};

static const int16_t bl_g726_step[4][16] = {
	{
		-22, 439, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		-4, 30, 137, 582, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		-12, 18, 41, 64, 112, 198, 355, 1122, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		14, 14, 24, 39, 40, 41, 58, 100, 141, 179, 219, 280, 358, 440, 529, 696,
	},
};

static const int16_t bl_g726_rate[4][16] = {
	{
		0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0, 1, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0, 0, 0, 1, 1, 1, 3, 7, 0, 0, 0, 0, 0, 0, 0, 0,
	},
	{
		0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6,
	},
};

#endif
