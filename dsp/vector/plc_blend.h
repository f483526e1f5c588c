/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loops of plc.c that make sound, compiled twice: for every machine in src/, with the machine's vectors in vector/.
 * Integers, so that both are the same. Weights are Q.15.
 */
#ifndef BL_PLC_BLEND_H
#define BL_PLC_BLEND_H

#include <stddef.h>
#include <stdint.h>

#include "plc.h"

#define PLC_ONE (1 << 15)
#define PLC_FADE_FROM 80 /* lost samples after which sound fades: 10 ms */
#define PLC_FADE_WEIGHT (PLC_ONE * 64 / (BL_PLC_SILENT - PLC_FADE_FROM)) /* of a sample left, with 6 bits more */
#define PLC_STEP_BITS 4                                                  /* of BL_PLC_STEP */

static inline int16_t plc_saturated(int32_t sample)
{
	return (int16_t)(sample < INT16_MIN ? INT16_MIN : sample > INT16_MAX ? INT16_MAX : sample);
}

/* From `from` to `to`: the weight of `to` is `weight` at the first sample and grows by `grows`. */
static inline void plc_blend(const int16_t *from, const int16_t *to, int16_t *out, int n, int32_t weight, int32_t grows)
{
	for (int i = 0; i < n; i++)
		out[i] = (int16_t)(from[i] + (((to[i] - from[i]) * (weight + i * grows)) >> 15));
}

/* What is left of the step at the joint, `left` of BL_PLC_STEP parts at the first sample. */
static inline void plc_add_step(int16_t *out, int n, int32_t step, int32_t left)
{
	for (int i = 0; i < n; i++)
		out[i] = plc_saturated(out[i] + ((step * (left - i)) >> PLC_STEP_BITS));
}

/* `lost` samples were made before the first of these. */
static inline void plc_fade(int16_t *out, int n, int32_t lost)
{
	for (int i = 0; i < n; i++) {
		int32_t left = BL_PLC_SILENT - lost - i;

		out[i] = (int16_t)((out[i] * (left * PLC_FADE_WEIGHT >> 6)) >> 15);
	}
}

#endif
