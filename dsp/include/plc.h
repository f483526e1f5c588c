/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packet loss concealment of the class of G.711 Appendix I: a lost piece is made of the last pitch periods heard.
 *
 * At the first lost sample the pitch of the past is looked for, 5 to 15 ms, by normalised correlation over the last
 * 8 ms, and the last period goes on; joints are overlapped by a quarter of a period. From 10 ms on the sound fades, at
 * 60 ms there is silence; from 20 ms on two periods are used in turn and from 40 ms three, so that it does not buzz.
 * When sound returns, the made one is carried on and crossfaded with it: a quarter of a period and an eighth of the
 * loss, 3.75 ms at most.
 *
 * Other than in Appendix I: nothing is delayed. It holds all sound back by 3.75 ms so that the end of the past may be
 * blended into the first made period (I.2.3); here the past has been played already, and the step between its last
 * sample and the period is taken out of the first made samples and let go within 2 ms. The correlation is over 8 ms,
 * not 20, and the way back shorter: both are nearer to the sound that was lost (by PESQ).
 *
 * Pieces are of any length; a good one costs a copy into the past. Sound is 8 kHz, 16-bit linear. Both forms agree bit
 * for bit.
 */
#ifndef BL_PLC_H
#define BL_PLC_H

#include <stddef.h>
#include <stdint.h>

#define BL_PLC_PITCH_LEAST 40 /* samples: 200 Hz */
#define BL_PLC_PITCH_MOST 120 /* 66 Hz */
#define BL_PLC_WINDOW 64      /* samples of the correlation: 8 ms */
#define BL_PLC_PAST 400       /* three and a quarter of the longest periods, and more than the search wants */
#define BL_PLC_STEP 16        /* samples in which the step at the joint is let go: 2 ms */
#define BL_PLC_SILENT 480     /* lost samples after which there is silence: 60 ms */

struct bl_plc {
	uint32_t at;               /* place of the next sample in the ring */
	uint32_t lost;             /* samples lost or made since the last good one; stays while the fade lasts */
	int16_t ring[BL_PLC_PAST]; /* what was played last */
	int16_t past[BL_PLC_PAST]; /* what was played before the loss, in order */
	uint32_t period;           /* samples */
	int16_t tail[BL_PLC_PITCH_MOST / 4]; /* the last quarter period before the loss, as it was */
	uint32_t turns;                      /* periods that are repeated in turn */
	uint32_t place;                      /* next sample of the past that is repeated */
	uint32_t fade, fading;               /* samples of the crossfade, and how many are still to come */
	int32_t step;                        /* from the past to the period, at the joint */
};

size_t bl_plc_size(void);
int bl_plc_init(struct bl_plc *p);
void bl_plc_reset(struct bl_plc *p);
/* A piece that came. After a loss its beginning is changed in place. */
void bl_plc_good(struct bl_plc *p, int16_t *sound, size_t n);
/* A piece that did not: it is made. */
void bl_plc_lost(struct bl_plc *p, int16_t *sound, size_t n);
/* A piece of n samples of every channel; came[c] 0: it is made. */
void bl_plc_process_many(struct bl_plc *const p[], int16_t *const sound[], const uint8_t came[], size_t n,
                         size_t channels);

#endif
