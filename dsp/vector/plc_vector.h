/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector form of plc.c; what each does is told in plc_search.h and plc_blend.h. */
#ifndef BL_PLC_VECTOR_H
#define BL_PLC_VECTOR_H

#include <stdint.h>

/* The pitch period of the BL_PLC_PAST samples before `end`. */
int bl_plc_search_vector(const int16_t *end);
void bl_plc_add_step_vector(int16_t *out, int n, int32_t step, int32_t left);
void bl_plc_blend_vector(const int16_t *from, const int16_t *to, int16_t *out, int n, int32_t weight, int32_t grows);
void bl_plc_fade_vector(int16_t *out, int n, int32_t lost);

#endif
