/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all tone receivers but DTMF's stand on: a tick of sound (a hop, 40 samples, 5 ms) against 32 frequencies, and
 * where its energy lies. bank.h puts the receivers upon it.
 *
 * Each hop gives every frequency ("row") one complex value, the amplitude and phase of a sine there, in units of a
 * sample; its phase is counted so that a steady sine in tune with the row has the same value in every hop. One that is
 * off by d Hz turns by d / 200 of a turn a hop. Sums of the last hops are thus longer windows: over k hops, the square
 * of the sum's size over k times the power is the share of the energy that this frequency holds (1 for a steady sine
 * that fills the window, m / k for one that fills m of k hops). All receivers judge by such shares, so that one
 * threshold serves as signal-to-noise limit, as guard against speech and as clock of on and off, at any level.
 *
 * Two questions are answered for all rows in every hop, in vectors, since speech is sent away by them: which rows hold
 * half of this hop (`strong`), and which of the signalling tones hold a twelfth of the last ones (`paired`). The second
 * reads up to four hops again; it is asked only where signalling is listened for (`signals`).
 */
#ifndef BL_FRONT_H
#define BL_FRONT_H

#include <stddef.h>
#include <stdint.h>

#define BL_FRONT_ROWS 32
#define BL_FRONT_HOPS 8 /* kept */

/* Rows: eight to a vector, one family of signalling tones to each of the first three. dsp/tools/front_tables.py. */
enum bl_front_row {
	BL_ROW_MF = 0, /* 700 900 1100 1300 1500 1700 */
	BL_ROW_1100 = 2,
	BL_ROW_2100 = 6,
	BL_ROW_R2_FORWARD = 8,   /* 1380 1500 1620 1740 1860 1980 */
	BL_ROW_R2_BACKWARD = 16, /* 540 660 780 900 1020 1140 */
	BL_ROW_1650 = 22,
	BL_ROW_1850 = 23,
};

struct bl_front {
	float re[BL_FRONT_HOPS][BL_FRONT_ROWS]; /* hop n lies in [n % BL_FRONT_HOPS] */
	float im[BL_FRONT_HOPS][BL_FRONT_ROWS];
	float power[BL_FRONT_HOPS]; /* square of the amplitude of a sine of the hop's energy */
	uint64_t hops;              /* taken so far */
	uint32_t strong;            /* bit r: row r holds half the energy of the last hop */
	uint32_t paired;            /* bit r: row r, a signalling tone, holds a twelfth of 10 ms (MF) or 20 ms (R2) */
	uint32_t signals;           /* signalling tones are listened for; else `paired` is 0 */
};

void bl_front_reset(struct bl_front *f, int signals);
/* The next hop of up to BL_FRONT_CHANNELS channels. NULL sound is silence. */
#define BL_FRONT_CHANNELS 16
void bl_front_take(struct bl_front *const f[], const int16_t *const in[], size_t channels);

/* The value of a row, `ago` hops before the last (0 to BL_FRONT_HOPS - 1). */
static inline size_t bl_front_hop(const struct bl_front *f, unsigned int ago)
{
	return (size_t)(f->hops + BL_FRONT_HOPS - 1 - ago) % BL_FRONT_HOPS;
}

/* What the next hop is written to: fetching it takes longer than using it. */
static inline void bl_front_fetch(const struct bl_front *f)
{
	const float *re = f->re[f->hops % BL_FRONT_HOPS], *im = f->im[f->hops % BL_FRONT_HOPS];

	for (size_t row = 0; row < BL_FRONT_ROWS; row += BL_FRONT_ROWS / 2) {
		__builtin_prefetch(re + row);
		__builtin_prefetch(im + row);
	}
	__builtin_prefetch(f->power);
}

/* One thing heard by a receiver. */
struct bl_heard {
	uint64_t at_sample;        /* since init or reset: where it began (on) or ended (off) */
	uint32_t duration_samples; /* off: its length; on: 0 */
	float level_dbm0;          /* of each tone, or of both together where the receiver says so */
	uint32_t channel;          /* of bl_bank_process_many */
	uint8_t kind;              /* enum bl_heard_kind */
	uint8_t code;              /* which, by the kind's header */
	uint8_t on;                /* 1: it has begun, 0: it has ended */
};

enum bl_heard_kind {
	BL_HEARD_MF = 0,      /* mf.h: the signal's character */
	BL_HEARD_R2_FORWARD,  /* r2.h: 1 to 15 */
	BL_HEARD_R2_BACKWARD, /* the same */
	BL_HEARD_PROGRESS,    /* progress.h: enum bl_tone_kind */
	BL_HEARD_ANSWER,      /* answer_tone.h: enum bl_answer_tone */
	BL_HEARD_PREAMBLE,    /* preamble.h: 1 */
	BL_HEARD_KINDS
};

#endif
