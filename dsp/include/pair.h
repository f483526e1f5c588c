/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signals of two tones out of six, upon front.h: the part that R1 (mf.h) and R2 (r2.h) share.
 *
 * A look is a hit when the two strongest tones of the family hold nearly all the energy of the window, lie within the
 * frequency limit (measured from the phase of the window's newer part against its older) and the twist limit. Enough
 * hits in a row make a signal if the last of them is purer still and no third tone stands beside the two; enough misses
 * end it.
 */
#ifndef BL_PAIR_H
#define BL_PAIR_H

#include "front.h"

struct bl_pair_family {
	uint8_t kind;          /* enum bl_heard_kind */
	uint8_t first_row;     /* of six */
	uint8_t descending;    /* 1: the first tone is the highest row */
	uint8_t hops;          /* of the window */
	uint8_t coherent;      /* 1: the tones are orthogonal in the whole window only, 0: in each half of it too */
	uint8_t hits;          /* that make a signal */
	uint8_t misses;        /* that end it */
	float frequency_limit; /* share of the frequency, and hertz besides */
	float frequency_limit_hz;
	float regain_hz; /* as far as a tone may be off and still be measured right */
	float twist;     /* greatest ratio of the two powers */
};

struct bl_pair {
	float min_power;   /* squared amplitude of the weakest tone accepted */
	float level_dbm0;  /* of the signal that is on, mean of its tones */
	uint8_t candidate; /* number of the last hit, 1 to 15; 0: none */
	uint8_t hits;
	uint8_t signal; /* that is on, 0: none */
	uint8_t misses;
	uint64_t candidate_at; /* samples */
	uint64_t signal_at;
	uint64_t signal_end;
};

void bl_pair_reset(struct bl_pair *p, float min_level_dbm0);
/* After a hop: 0 to 2 events, `code` is the number of the pair. */
size_t bl_pair_hear(struct bl_pair *p, const struct bl_pair_family *family, const struct bl_front *f,
                    struct bl_heard *heard);

/* Must it hear this hop? Not while nothing is on and no two tones of the family stand out. */
static inline int bl_pair_stirs(const struct bl_pair *p, uint32_t rows)
{
	return (rows & (rows - 1)) != 0 || p->candidate || p->signal;
}

#endif
