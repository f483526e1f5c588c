/* SPDX-License-Identifier: GPL-2.0-only */
/* The zones' cadences as the receiver of call progress tones sees them, and the matching of what it heard. */
#ifndef BL_PROGRESS_MATCH_H
#define BL_PROGRESS_MATCH_H

#include "progress.h"

#define PROGRESS_PAUSE 255 /* in place of a set */
#define PROGRESS_WINDOW BL_FRONT_HOPS
#define PROGRESS_LINES 4
#define PROGRESS_STEPS 12
#define PROGRESS_SETS 10 /* of a zone */
#define PROGRESS_CADENCES 6

/* A pitch: up to four lines' turns against a row of the front, orthonormal, the last hop first. */
struct progress_set {
	uint8_t row, lines, modulated;
	uint8_t beats; /* its rows are strong by turns */
	uint32_t rows;
	float regain; /* of power that the row takes since the lines lie off it */
	float re[PROGRESS_LINES][PROGRESS_WINDOW], im[PROGRESS_LINES][PROGRESS_WINDOW];
};

struct progress_step {
	uint8_t set; /* or PROGRESS_PAUSE */
	uint16_t hops;
};

struct progress_cadence {
	uint8_t kind; /* enum bl_tone_kind */
	uint8_t steps_n, needed;
	uint16_t hold; /* hops after which the one endless step is told; 0: it is a cadence */
	struct progress_step steps[PROGRESS_STEPS];
};

struct progress_zone {
	uint32_t rows[2]; /* of the front: of pitches that do not beat, and about the lines of those that do */
	uint16_t pause;   /* the longest, hops */
	uint8_t sets_n, cadences_n;
	uint8_t sets[PROGRESS_SETS];
	struct progress_cadence cadences[PROGRESS_CADENCES];
};

/* Any number gives one that is there. */
const struct progress_zone *progress_zone_of(const struct bl_progress *p);
const struct progress_set *progress_set_of(unsigned int number);
int progress_zone_exists(int zone);

/* Has the sound kept its level? */
int progress_is_plain(const struct bl_progress *p);
/* After a piece has been put before the others: does it go on with what is told, or make something known? */
size_t progress_matched(struct bl_progress *p, struct bl_heard *heard);
/* While a piece lasts: is it too long for what is told, long enough for an endless tone, or too long for any pause? */
size_t progress_lasts(struct bl_progress *p, uint64_t now, struct bl_heard *heard);

#endif
