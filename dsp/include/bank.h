/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bank of tone receivers beside DTMF, all upon one front (front.h): R1 and R2 register signals, call progress tones
 * of a zone, fax and modem answering tones, the fax preamble. Flat state, no pointers.
 *
 * A channel hears what its settings want; what it does not want costs next to nothing. All channels of a tick are taken
 * together: eight at a time go through the front, and only where it finds energy on a receiver's tones is that receiver
 * asked. Speech is therefore cheap. The vector form rounds otherwise: a sound that lies on a limit to 1e-5 may be a
 * signal to one form and none to the other.
 */
#ifndef BL_BANK_H
#define BL_BANK_H

#include "answer_tone.h"
#include "front.h"
#include "mf.h"
#include "preamble.h"
#include "progress.h"
#include "r2.h"

#define BL_BANK_TICK 40
#define BL_BANK_EVENTS 12 /* of one channel in one tick at most */

struct bl_bank_cfg {
	uint32_t wants;          /* bit n: enum bl_heard_kind n is listened for; default 0 */
	int32_t zone;            /* of bl_tone_zone, default -1: none; needed where call progress is wanted */
	float mf_min_dbm0;       /* weakest tone accepted, -45 to 0: default -30 (Q.323: -25 accepted, -35 not) */
	float r2_min_dbm0;       /* default -38 (Q.455: -35 accepted, -42 not) */
	float progress_min_dbm0; /* of all lines together, default -40 */
	float answer_min_dbm0;   /* and of the preamble, default -38 (G.168: -31 accepted) */
};

struct bl_bank {
	struct bl_front front;
	struct bl_bank_cfg cfg;
	uint32_t fill;           /* samples of a tick that is not whole yet */
	struct bl_answer answer; /* what every voice is listened to with lies together */
	struct bl_preamble preamble;
	struct bl_pair mf;
	struct bl_pair r2[2]; /* forward, backward */
	struct bl_progress progress;
	int16_t part[BL_BANK_TICK];
};

size_t bl_bank_size(void);
void bl_bank_defaults(struct bl_bank_cfg *cfg);
/* cfg NULL: the defaults. -EINVAL on a value out of its range. */
int bl_bank_init(struct bl_bank *b, const struct bl_bank_cfg *cfg);
/* Starts again at sample 0 with silence behind it. */
void bl_bank_reset(struct bl_bank *b);
/*
 * Take any number of samples; write up to `max` events, oldest first. Returns the number written. At most
 * BL_BANK_EVENTS come of a tick; those beyond max are dropped.
 */
size_t bl_bank_process(struct bl_bank *b, const int16_t *in, size_t n, struct bl_heard *heard, size_t max);
/*
 * One tick of 40 samples of each of many channels, the same result as one by one but for the order: events come by
 * channel, whose number is told in them. in[c] NULL is silence. A channel that has had part of a tick before is taken
 * as bl_bank_process would.
 */
size_t bl_bank_process_many(struct bl_bank *const b[], const int16_t *const in[], size_t channels,
                            struct bl_heard *heard, size_t max);

#endif
