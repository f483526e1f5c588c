/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the DTMF receiver: dtmf.c screens blocks, dtmf_look.c looks at windows, dtmf_decide.c makes digits. */
#ifndef BL_DTMF_STAGES_H
#define BL_DTMF_STAGES_H

#include "dtmf.h"

#define DTMF_GROUP 4
#define DTMF_DIAL_PERIODS 2 /* beside the first, so 360 ms of one level: speech seldom does that */

struct dtmf_look {
	uint64_t end;   /* sample behind it */
	char digit;     /* 0: no hit */
	char trace;     /* the digit though it is not pure enough for a hit; 0: none */
	int masked;     /* it is a hit though a voice masks it */
	float power[2]; /* low, high: mean squares */
	int tone[2];    /* low, high */
	float hz[2];
	float purity; /* share of the tones in the window's power */
};

/* Where events go. */
struct dtmf_out {
	struct bl_dtmf_event *events;
	size_t count, max;
	uint16_t channel;
};

/* The window that ends with hop end - 1: what the tones' phases are, for the next look to compare with. */
void bl_dtmf_glance(struct bl_dtmf *d, uint64_t end);
/* The same window, judged. */
void bl_dtmf_look(struct bl_dtmf *d, uint64_t end, struct dtmf_look *look);
/* The share in a look's window of the loudest line that belongs to neither of its tones. */
float bl_dtmf_other_line(const struct bl_dtmf *d, const struct dtmf_look *look);
/* The mean squares of a hit's tones in the 10 ms before it began, 20 ms before its end. */
void bl_dtmf_before(const struct bl_dtmf *d, const struct dtmf_look *look, float power[2]);
/* The share of the last window's power that lies where dial tones do. */
float bl_dtmf_dial_share(const struct bl_dtmf *d);
/* What a look makes of the digit. */
void bl_dtmf_decide(struct bl_dtmf *d, const struct dtmf_look *look, struct dtmf_out *out);

static inline int dtmf_dial_tone_stands(const struct bl_dtmf *d)
{
	return d->dial_periods >= DTMF_DIAL_PERIODS;
}

#endif
