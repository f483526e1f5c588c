/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made by dsp/tools/dtmf_columns.py; do not edit.
 * Settings of dtmf_columns.toml. Included after dtmf.h.
 */
#ifndef BL_DTMF_COLUMNS_H
#define BL_DTMF_COLUMNS_H

#include <stdint.h>

struct bl_dtmf_column_data {
	char name[12];
	struct bl_dtmf_cfg cfg;
};

static const struct bl_dtmf_column_data bl_dtmf_columns[5] = {
	{"AT&T", {-4.20000000e+01f, 4.00000000e+00f, 8.00000000e+00f, 40, 30, 2.50000000e+00f}},
	{"NTT", {-2.65000000e+01f, 5.00000000e+00f, 5.00000000e+00f, 40, 30, 2.40000000e+00f}},
	{"Denmark", {-3.00000000e+01f, 6.00000000e+00f, 6.00000000e+00f, 40, 40, 2.50000000e+00f}},
	{"Australia", {-2.85000000e+01f, 1.00000000e+01f, 1.00000000e+01f, 40, 40, 2.50000000e+00f}},
	{"Brazil", {-4.20000000e+01f, 9.00000000e+00f, 9.00000000e+00f, 40, 30, 2.40000000e+00f}},
};

#endif
