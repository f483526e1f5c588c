/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pitch search of plc.c, compiled twice as plc_blend.h is, but for four of its steps: first every second lag over
 * pairs of samples added up, then the lags beside the best one over the samples themselves. Sums are integers and the
 * one division is exact to the last bit everywhere, so both are the same.
 */
#ifndef BL_PLC_SEARCH_H
#define BL_PLC_SEARCH_H

#include <stdint.h>
#include <string.h>

#include "plc.h"

#define PLC_SEEN 192 /* window, longest lag and a pair, in whole vectors */
#define PLC_PAIRS (PLC_SEEN / 2)
#define PLC_WINDOW_PAIRS (BL_PLC_WINDOW / 2)
#define PLC_LAG_LEAST (BL_PLC_PITCH_LEAST / 2)
#define PLC_LAGS (BL_PLC_PITCH_MOST / 2 - PLC_LAG_LEAST + 1)
#define PLC_ROOM 48 /* of the lags, in whole vectors */

/* By how many bits the samples before `end` are too large for sums of 32 bits over the window. */
static inline int plc_excess_bits(const int16_t *end)
{
	int16_t peak = 0;
	int bits = 0;

	for (int i = 0; i < PLC_SEEN; i++)
		peak = (int16_t)(peak | (end[i - PLC_SEEN] ^ (end[i - PLC_SEEN] >> 15)));
	while (peak >> bits >= 4096)
		bits++;
	return bits;
}

static inline int32_t plc_product(const int16_t *a, const int16_t *b, int n)
{
	int32_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static inline float plc_likeness(int32_t correlation, int32_t energy)
{
	float positive = (float)(correlation & ~(correlation >> 31)); /* 0 below 0, without a branch */

	return positive * positive / (float)energy;
}

/* energy[k]: one more than that of the window PLC_LAG_LEAST + k pairs before the last one. */
static inline void plc_energies(const int16_t *then, int32_t energy[PLC_ROOM])
{
	int32_t sum = plc_product(then, then, PLC_WINDOW_PAIRS) + 1, changes[PLC_LAGS];

	for (int k = 0; k < PLC_LAGS; k++)
		changes[k] =
		        then[-1 - k] * then[-1 - k] - then[PLC_WINDOW_PAIRS - 1 - k] * then[PLC_WINDOW_PAIRS - 1 - k];
	for (int k = 0; k < PLC_LAGS; k++) {
		energy[k] = sum;
		sum += changes[k];
	}
}

/* Which correlation is the most like; floats above zero are in the order of their bits. The last where none is. */
static inline int plc_likeliest(const int32_t correlation[PLC_ROOM], const int32_t energy[PLC_ROOM])
{
	float likeness[PLC_ROOM];
	int32_t bits[PLC_ROOM], most = 0;
	int k = 0;

	for (int i = 0; i < PLC_ROOM; i++)
		likeness[i] = plc_likeness(correlation[i], energy[i]);
	memcpy(bits, likeness, sizeof bits);
	for (int i = 0; i < PLC_ROOM; i++)
		most = bits[i] > most ? bits[i] : most;
	while (k < PLC_LAGS - 1 && (most == 0 || bits[k] != most))
		k++;
	return k;
}

/* The best of a lag and its neighbours; `seen` are the samples, made small. Their energies are nearly the same. */
static inline int plc_fine(const int16_t seen[PLC_SEEN], int lag)
{
	const int16_t *now = seen + PLC_SEEN - BL_PLC_WINDOW;
	int first = lag > BL_PLC_PITCH_LEAST ? lag - 1 : lag, last = lag < BL_PLC_PITCH_MOST ? lag + 1 : lag;
	int32_t most = 0;

	for (int k = first; k <= last; k++) {
		int32_t correlation = plc_product(now, now - k, BL_PLC_WINDOW);

		if (correlation > most) {
			most = correlation;
			lag = k;
		}
	}
	return lag;
}

/* The samples, made small, and their pairs. */
static inline void plc_prepare(const int16_t *end, int bits, int16_t seen[PLC_SEEN], int16_t pairs[PLC_PAIRS])
{
	for (int i = 0; i < PLC_SEEN; i++)
		seen[i] = (int16_t)(end[i - PLC_SEEN] >> bits);
	for (int i = 0; i < PLC_PAIRS; i++)
		pairs[i] = (int16_t)((seen[2 * i] + seen[2 * i + 1]) >> 1);
}

typedef void plc_prepares(const int16_t *end, int bits, int16_t seen[], int16_t pairs[]);
typedef void plc_correlates(const int16_t *now, int32_t correlation[]);
typedef void plc_adds_energies(const int16_t *then, int32_t energy[]);
typedef int plc_chooses(const int32_t correlation[], const int32_t energy[]);

/* The pitch period, by one form's steps. */
static inline int plc_search(const int16_t *end, plc_prepares *prepare, plc_correlates *correlate,
                             plc_adds_energies *add_energies, plc_chooses *likeliest)
{
	int32_t correlation[PLC_ROOM], energy[PLC_ROOM];
	int16_t seen[PLC_SEEN], pairs[PLC_PAIRS];
	const int16_t *now = pairs + PLC_PAIRS - PLC_WINDOW_PAIRS;

	prepare(end, plc_excess_bits(end), seen, pairs);
	correlate(now, correlation);
	add_energies(now - PLC_LAG_LEAST, energy);
	for (int k = PLC_LAGS; k < PLC_ROOM; k++) {
		correlation[k] = 0;
		energy[k] = 1;
	}
	return plc_fine(seen, 2 * (PLC_LAG_LEAST + likeliest(correlation, energy)));
}

#endif
