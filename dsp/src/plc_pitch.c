/* SPDX-License-Identifier: GPL-2.0-only */
#include "plc_pitch.h"

#include <stdlib.h>

#include "isa.h"
#include "plc.h"
#include "plc_vector.h"

#define LAGS (BL_PLC_PITCH_MOST - BL_PLC_PITCH_LEAST + 1)
#define SEEN (BL_PLC_WINDOW + BL_PLC_PITCH_MOST + 1)
#define PEAK 4096 /* as many products as the window has, of samples below it, stay under 2^31 */

/* The samples that the search sees, made small enough for sums of 32 bits. */
static void scaled_down(const int16_t *end, int16_t seen[SEEN])
{
	int peak = 0, shift = 0;

	for (int i = 0; i < SEEN; i++)
		peak |= abs(end[i - SEEN]);
	while (peak >> shift >= PEAK)
		shift++;
	for (int i = 0; i < SEEN; i++)
		seen[i] = (int16_t)(end[i - SEEN] >> shift);
}

static void correlate(const int16_t *end, int32_t correlation[])
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_plc_correlate_vector(end, correlation);
		return;
	}
	for (int lag = BL_PLC_PITCH_LEAST; lag <= BL_PLC_PITCH_MOST; lag++) {
		int32_t sum = 0;

		for (int i = -BL_PLC_WINDOW; i < 0; i++)
			sum += end[i] * end[i - lag];
		correlation[lag - BL_PLC_PITCH_LEAST] = sum;
	}
}

uint32_t bl_plc_pitch(const int16_t *end)
{
	int16_t seen[SEEN];
	const int16_t *now = seen + SEEN;
	int32_t correlation[LAGS], energy = 0;
	uint32_t best = BL_PLC_PITCH_MOST;
	float most = 0.0f;

	scaled_down(end, seen);
	correlate(now, correlation);
	for (int i = -BL_PLC_WINDOW; i < 0; i++)
		energy += now[i - BL_PLC_PITCH_LEAST] * now[i - BL_PLC_PITCH_LEAST];
	for (int lag = BL_PLC_PITCH_LEAST; lag <= BL_PLC_PITCH_MOST; lag++) {
		float likeness = (float)correlation[lag - BL_PLC_PITCH_LEAST];

		likeness = likeness > 0.0f ? likeness * likeness / (float)(energy + 1) : 0.0f;
		if (likeness > most) {
			most = likeness;
			best = (uint32_t)lag;
		}
		energy += now[-BL_PLC_WINDOW - lag - 1] * now[-BL_PLC_WINDOW - lag - 1] - now[-lag - 1] * now[-lag - 1];
	}
	return best;
}
