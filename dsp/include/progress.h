/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Call progress tones of one zone (E.180 and supplement 2): dial, ringback, busy, congestion, special information,
 * unobtainable, told by frequencies and cadence. Waiting tones are not listened for, they come with speech.
 *
 * In every hop the last 40 ms are held against the zone's pitches. A pitch sounds while its one to four lines hold 0.6
 * of the energy; what sounds without a break at one level, and what is silent between, are the pieces of a cadence. A
 * cadence is told when as many pieces in a row fit it as cannot be another's, each within 12 % and 15 ms: two rounds of
 * a busy tone, the second burst of a ringback, the third of special information. An endless tone is told after 1.5 s,
 * or when it is a quarter longer than any burst of that pitch in the zone. The tone has ended when a piece does not
 * fit.
 *
 * Tolerances: frequency 1.5 %, level down to the setting of the bank, noise 10 dB below. What music and speech lack is
 * the steady level (a burst keeps within 5 dB, bursts with each other within 4), the quiet pause and the exact length.
 * Breaks below 60 ms, as of a lost packet, are none.
 * Tones of one pitch and cadence in the zone are told as the first of them: dial, ringback, busy, congestion,
 * information, unobtainable.
 */
#ifndef BL_PROGRESS_H
#define BL_PROGRESS_H

#include "front.h"

#define BL_PROGRESS_PIECES 16

enum bl_progress_state {
	BL_PROGRESS_IDLE = 0, /* nothing has sounded lately */
	BL_PROGRESS_PAUSED,
	BL_PROGRESS_TRIED, /* something begins to sound in the pause, or out of nothing */
	BL_PROGRESS_SOUNDING
};

struct bl_progress_piece {
	uint8_t set;   /* of the zone's table, 255: a pause */
	uint8_t plain; /* of one level, or a quiet pause */
	uint16_t hops;
	float power; /* mean, squared amplitude */
};

struct bl_progress {
	float min_power; /* squared amplitude */
	uint16_t zone;
	uint32_t rows[2]; /* of the zone: of pitches that do not beat, and about the lines of those that do */
	uint8_t gate[2];  /* bit n: n hops ago one of them was strong */
	uint32_t strong;  /* rows in the last hop */
	uint32_t recent;  /* in the last two */
	uint8_t state;    /* enum bl_progress_state */
	uint8_t set;      /* that sounds or is tried */
	uint8_t misses;   /* hops in a row in which it was not heard */
	uint8_t count;    /* of pieces */
	uint8_t due;      /* 1: the last one, a sound, may still go on */
	uint8_t told;     /* 1: a tone is on */
	uint8_t cadence;  /* of the zone, which it is */
	uint8_t step;     /* of the cadence, that the open piece should be */
	uint32_t loud;    /* hops of the pause that were not quiet */
	uint32_t windows; /* measured of the sound */
	float sum, least, most;
	float level_dbm0;
	uint64_t pause_at; /* hop in which the pause, or the one before what is tried, began */
	uint64_t sound_at;
	uint64_t told_at, told_end;                          /* hops */
	struct bl_progress_piece pieces[BL_PROGRESS_PIECES]; /* the last one first */
};

/* Zone by its number (bl_tone_zone). -EINVAL: there is none. */
int bl_progress_reset(struct bl_progress *p, int zone, float min_level_dbm0);
/* After a hop that stirs it: 0 to 4 events; `code` is enum bl_tone_kind, the level that of all lines together. */
size_t bl_progress_hear(struct bl_progress *p, const struct bl_front *f, struct bl_heard *heard);

/*
 * Must it hear this hop? While nothing has sounded lately, only in every second hop, and if a row of the zone has been
 * strong in enough of the last ones.
 */
static inline int bl_progress_stirs(struct bl_progress *p, const struct bl_front *f)
{
	p->gate[0] = (uint8_t)(p->gate[0] << 1 | ((f->strong & p->strong & p->rows[0]) != 0));
	p->gate[1] = (uint8_t)(p->gate[1] << 1 | ((f->strong & p->rows[1]) != 0));
	p->recent = f->strong | p->strong;
	p->strong = f->strong;
	return p->state != BL_PROGRESS_IDLE || ((f->hops & 1) && (p->gate[0] || p->gate[1]));
}

#endif
