/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fax and modem tones of one frequency: CNG (T.30, 1100 Hz), CED or ANS (T.30, V.25: 2100 Hz), with phase reversals
 * every 450 ms (V.25; the signal that disables echo cancellers, G.168), with a fifth of 15 Hz amplitude modulation
 * (ANSam, V.8), and with both.
 *
 * In every hop the last 40 ms are judged: the tone must hold 0.7 of the energy, turn evenly from hop to hop, and by no
 * more than its frequency limit. A tone is told after 300 ms, with its modulation measured over 200 ms. A turn by more
 * than 145 degrees within 15 ms is a reversal (V.8: 170 to 190; G.168: 155 must, 110 must not); one that comes 450 ms
 * after the tone's beginning or another reversal, 35 ms more or less, makes the tone one with reversals: it is told
 * again with its new code. The end is told once, with the last code.
 */
#ifndef BL_ANSWER_TONE_H
#define BL_ANSWER_TONE_H

#include "front.h"

enum bl_answer_tone {
	BL_ANSWER_CNG = 1,  /* 1100 Hz: 38 off accepted, 60 not */
	BL_ANSWER_ANS,      /* 2100 Hz: 21 off accepted, 40 not */
	BL_ANSWER_ANS_PR,   /* with phase reversals */
	BL_ANSWER_ANSAM,    /* modulated */
	BL_ANSWER_ANSAM_PR, /* both */
};

struct bl_answer {
	float min_power; /* squared amplitude */
	float turn[2];   /* of the tone from hop to hop: cosine and sine */
	float power;     /* of the tone, smoothed */
	float sum;       /* of amplitudes, for the modulation */
	float swing[2];  /* the same against 15 Hz */
	float level_dbm0;
	uint8_t row;          /* that is followed, 0: none */
	uint8_t misses;       /* hops in a row */
	uint8_t code;         /* that is told, 0: none */
	uint8_t modulated;    /* in the last 200 ms */
	uint8_t reversals;    /* 1: at the right interval */
	uint8_t measured;     /* hops of these 200 ms */
	uint64_t begin, end;  /* hops */
	uint64_t reversed_at; /* the last reversal */
};

void bl_answer_reset(struct bl_answer *a, float min_level_dbm0);
/* After a hop: 0 or 1 event; `code` is enum bl_answer_tone. */
size_t bl_answer_hear(struct bl_answer *a, const struct bl_front *f, struct bl_heard *heard);

/* Must it hear this hop? */
static inline int bl_answer_stirs(const struct bl_answer *a, const struct bl_front *f)
{
	return (f->strong & (1u << BL_ROW_1100 | 1u << BL_ROW_2100)) != 0 || a->row;
}

#endif
