/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two forms of the echo canceller and its decisions share. */
#ifndef BL_ECHO_BATCH_H
#define BL_ECHO_BATCH_H

#include "echo.h"

#define ECHO_BATCH 8

/* A tick of up to eight channels. Lanes that are not needed repeat the first channel: what they write is the same. */
struct echo_batch {
	struct bl_echo *e[ECHO_BATCH];
	const int16_t *far[ECHO_BATCH], *near[ECHO_BATCH];
	int16_t *out[ECHO_BATCH];
	int channels;
};

/* What is summed over the 40 samples of a tick. */
enum echo_sum {
	ECHO_FAR, /* far squared, and times the sample 1 and 2 before */
	ECHO_FAR_1,
	ECHO_FAR_2,
	ECHO_MEAN,       /* near */
	ECHO_NEAR,       /* near without its offset, squared */
	ECHO_FORE,       /* the foreground's residual squared */
	ECHO_BACK,       /* the background's */
	ECHO_BETWEEN,    /* their difference */
	ECHO_CROSS,      /* near times the background's echo */
	ECHO_MODEL,      /* the background's echo squared */
	ECHO_MODEL_FORE, /* the foreground's */
	ECHO_TONE_RE,    /* near at 2100 Hz */
	ECHO_TONE_IM,
	ECHO_LAG, /* the foreground's residual times itself k before, k from 1 */
	ECHO_SUMS = ECHO_LAG + BL_ECHO_ORDER,
};

/* After the residuals are known: decide. Sets e->nlp to the gains at this tick's end. */
void bl_echo_decide(struct bl_echo *e, const float *sum, const int16_t *far);
/* Levels, noise, NLP; of echo_nlp.c. */
void bl_echo_judge_residual(struct bl_echo *e, const float *sum);
/* The tone disabler; of echo_tone.c. The far spectrum's bin 21 is 2100 Hz. */
void bl_echo_judge_tones(struct bl_echo *e, const float *sum);
/* Is the state whole enough to work with? Else it is reset. */
void bl_echo_mend(struct bl_echo *e);

void bl_echo_batch_vector(const struct echo_batch *b);

#endif
