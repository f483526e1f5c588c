/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Voice activity: does somebody speak in this 20 ms, over a noise that it learns.
 *
 * The energies of eight bands (measure.h) are taken as logarithms and compared with a noise floor in each: the least
 * smoothed energy of the last 1.3 s (minimum statistics), followed upwards while nobody speaks. The score is the mean
 * excess over the floor; the bands of voicing (below 1 kHz) and of fricatives (above 2.5 kHz) weigh most. Speech is a
 * score above a threshold that is the greatest of a least one, of the noise's own mean and spread, and of a quarter of
 * what speech here reaches, so that voices behind the speaker are noise. While speech lasts the threshold is halfway
 * down; after it BL_VAD_HANGOVER_MS are held, but not after a click shorter than three frames.
 *
 * The flag is that of the last whole frame, a delay of 20 ms. A steady tone or hum becomes noise within 2 s. All in
 * integers: both forms agree bit for bit. Floor of the measurement: about -66 dBm0.
 */
#ifndef BL_VAD_H
#define BL_VAD_H

#include <stddef.h>
#include <stdint.h>

#include "measure.h"

#define BL_VAD_FRAME 160 /* samples of a decision */
#define BL_VAD_HANGOVER_MS 100
#define BL_VAD_PASTS 8

struct bl_vad_cfg {
	uint32_t hangover_ms; /* 0 to 2000, in steps of 20 */
	float margin_db;      /* -6 to 12 above the usual threshold: fewer false alarms, more misses; default 0 */
};

/* By lines of the cache: what every tick wants lies in the first, and no vector across two. */
struct bl_vad {
	float energy[BL_MEASURE_BANDS]; /* of the frame under way */
	uint32_t fill;                  /* samples in it */
	uint32_t frames;
	uint32_t active;
	int32_t hangover;              /* frames */
	int32_t margin;                /* of the score, as all below: 1024 is a doubling of energy */
	int32_t score, mean, spread;   /* the last; of noise */
	int32_t now[BL_MEASURE_BANDS]; /* logarithms of the last frame */
	int32_t noise[BL_MEASURE_BANDS];
	int32_t smooth[BL_MEASURE_BANDS];
	int32_t low[BL_MEASURE_BANDS];   /* least smoothed of the part under way */
	int32_t floor[BL_MEASURE_BANDS]; /* least of the parts before */
	int32_t top;                     /* score of speech */
	int32_t run, held;               /* frames of speech so far, frames still held after it */
	int32_t unused[5];
	int32_t past[BL_VAD_PASTS][BL_MEASURE_BANDS]; /* least of each */
};

size_t bl_vad_size(void);
/* cfg NULL: the defaults. -EINVAL on a value out of range. */
int bl_vad_init(struct bl_vad *v, const struct bl_vad_cfg *cfg);
void bl_vad_reset(struct bl_vad *v);
/* What bl_measure saw of the next samples. 1: speech, in the last whole frame. */
int bl_vad_process(struct bl_vad *v, const struct bl_measure *m);
/* The same of many channels: active[c] of v[c] and m[c]. */
void bl_vad_process_many(struct bl_vad *const v[], const struct bl_measure m[], uint8_t active[], size_t channels);

#endif
