/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made by dsp/tools/sid_tables.py; do not edit.
 * Weights of the autocorrelation by lag: a spectrum blurred by 60 Hz.
 */
#ifndef BL_SID_TABLES_H
#define BL_SID_TABLES_H

#include <stdint.h>

static const float bl_sid_window[11] = {
	1.00000000e+00f, 9.98890286e-01f, 9.95568526e-01f, 9.90056789e-01f, 9.82391584e-01f, 9.72623458e-01f,
	9.60816440e-01f, 9.47047343e-01f, 9.31404933e-01f, 9.13988975e-01f, 8.94909172e-01f,
};

#endif
