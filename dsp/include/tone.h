/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cadenced call progress tones (E.180), from the zone table or given step by step. Flat state, no pointers.
 *
 * A tone is up to BL_TONE_STEPS steps of up to two frequencies and a length; it repeats, or ends after a number of
 * rounds. A stopped or ended tone gives silence. Frequencies keep their phase inside a step. A step may be modulated in
 * amplitude, and may go on where the one before ended with its phase turned by half: so fax and modem tones are steps.
 *
 *	CNG (T.30)         {1100} for 500 ms, silence for 3 s
 *	CED, ANS (V.25)    {2100} for 3.3 s; with reversals {2100}, turned, for 450 ms, 7 rounds
 *	ANSam (V.8)        the same, am_hz 15, am_percent 20
 *
 * Both forms agree within one step of 16 bits.
 */
#ifndef BL_TONE_H
#define BL_TONE_H

#include <stddef.h>
#include <stdint.h>

#define BL_TONE_STEPS 12
#define BL_TONE_AM_HZ 200 /* at most */

enum bl_tone_kind {
	BL_TONE_DIAL = 0,
	BL_TONE_RINGBACK,
	BL_TONE_BUSY,
	BL_TONE_CONGESTION,
	BL_TONE_UNOBTAINABLE,
	BL_TONE_WAITING,
	BL_TONE_INFORMATION, /* the special information tone */
	BL_TONE_KINDS
};

struct bl_tone_step {
	uint16_t hz[2];     /* 0: none; both 0: a pause */
	float level_dbm0;   /* of each frequency */
	uint32_t samples;   /* 0: for ever */
	uint16_t am_hz;     /* modulates the sum, 0 to BL_TONE_AM_HZ */
	uint8_t am_percent; /* its depth, 0: none, to 100 */
	uint8_t turned;     /* 1: goes on from the step before, turned by half; its modulation goes on unturned */
};

struct bl_tone {
	uint32_t steps_n;  /* 0: stopped */
	uint32_t step;     /* the one that sounds */
	uint32_t left;     /* samples left of it, 0: for ever */
	uint32_t rounds;   /* left to play, this one included; 0: for ever */
	uint32_t phase[3]; /* two frequencies, and what modulates them; 2^32 is a turn */
	uint32_t turn[3];  /* phase per sample */
	float amplitude;   /* of each frequency that sounds */
	float depth;       /* of the modulation */
	struct bl_tone_step steps[BL_TONE_STEPS];
};

size_t bl_tone_size(void);
/* Silence until started. */
int bl_tone_init(struct bl_tone *t);
/* Same as stop. */
void bl_tone_reset(struct bl_tone *t);
/* Zone by its name in dsp/tables/tone_zones.toml ("cn", "us", "e180": 43 countries and E.180). Index ≥ 0, or -ENOENT.
 */
int bl_tone_zone(const char *name);
/* Play a zone's tone from its beginning, for ever. -EINVAL: no such zone or kind. */
int bl_tone_start(struct bl_tone *t, int zone, int kind);
/* Play own steps (copied), `rounds` times, 0 for ever. -EINVAL: count not 1..BL_TONE_STEPS, hz ≥ 4000, level > 0 dBm0,
 * modulation out of its range. */
int bl_tone_play(struct bl_tone *t, const struct bl_tone_step *steps, size_t count, uint32_t rounds);
void bl_tone_stop(struct bl_tone *t);
/* 1 while it plays (pauses of the cadence included). */
int bl_tone_active(const struct bl_tone *t);
/* Fill n samples, linear or A-law. Returns how many were filled before the tone ended; the rest is silence. */
size_t bl_tone_process(struct bl_tone *t, int16_t *out, size_t n);
size_t bl_tone_process_alaw(struct bl_tone *t, uint8_t *out, size_t n);

#endif
