/* SPDX-License-Identifier: GPL-2.0-only */
/* The pitch search of plc.c. */
#ifndef BL_PLC_PITCH_H
#define BL_PLC_PITCH_H

#include <stdint.h>

/* Pitch period of the BL_PLC_PAST samples before `end`. */
uint32_t bl_plc_pitch(const int16_t *end);

#endif
