/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of the pitch search of plc.c. */
#ifndef BL_PLC_VECTOR_H
#define BL_PLC_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* correlation[k]: of the WINDOW samples before `end` with those BL_PLC_PITCH_LEAST + k before them, k to PITCH_MOST. */
void bl_plc_correlate_vector(const int16_t *end, int32_t correlation[]);

#endif
