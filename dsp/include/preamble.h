/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The preamble of fax signalling: HDLC flags at 300 bit/s on V.21's channel 2 (mark 1650 Hz, space 1850 Hz), a second
 * before every message (T.30 5.3.1). What asks a voice call to become T.38.
 *
 * A flag is six marks between two spaces: the two frequencies change places with a period of 26.7 ms, of which the
 * space has a quarter. Over 80 ms, three flags and 16 hops, the difference of their energies by its sum has therefore a
 * mean of about -0.5 and a line of about 0.85 at 37.5 Hz, which no other bits have for long; the two must hold 0.6 of
 * the energy. Told 160 ms after the first flag; ended when the line is lost.
 */
#ifndef BL_PREAMBLE_H
#define BL_PREAMBLE_H

#include "front.h"

#define BL_PREAMBLE_HOPS 16

struct bl_preamble {
	float min_power;
	float level_dbm0;
	uint8_t gate; /* bit n: n hops ago one of the two was strong */
	uint8_t fill; /* hops kept */
	uint8_t hits; /* in a row */
	uint8_t misses;
	uint8_t told;
	uint64_t begin, end;                /* hops */
	float difference[BL_PREAMBLE_HOPS]; /* -1: mark, 1: space; hop n in [n % BL_PREAMBLE_HOPS] */
	float held[BL_PREAMBLE_HOPS];       /* power of both */
	float power[BL_PREAMBLE_HOPS];      /* of the hop */
};

void bl_preamble_reset(struct bl_preamble *p, float min_level_dbm0);
/* After a hop that stirs it: 0 or 1 event, of code 1. */
size_t bl_preamble_hear(struct bl_preamble *p, const struct bl_front *f, struct bl_heard *heard);

/* Must it hear this hop? */
static inline int bl_preamble_stirs(struct bl_preamble *p, const struct bl_front *f)
{
	p->gate = (uint8_t)(p->gate << 1 | ((f->strong & (1u << BL_ROW_1650 | 1u << BL_ROW_1850)) != 0));
	return p->gate || p->told || p->fill;
}

#endif
