/* SPDX-License-Identifier: GPL-2.0-only */
/* What both forms of vad.c share, figures found on speech in noise and the judgement of a frame; and the vector form.
 */
#ifndef BL_VAD_VECTOR_H
#define BL_VAD_VECTOR_H

#include "vad.h"

#define VAD_LEAST_ENERGY 5120.0f /* of a band and frame: -66 dBm0 */
#define VAD_LOWEST (-1024)       /* excess that is counted: -3 dB */
#define VAD_HIGHEST 8192         /* 24 dB */
#define VAD_WEIGHTS 9, 9, 1, 1, 1, 5, 4, 2
#define VAD_WEIGHTS_SHIFT 5  /* their sum is 32 */
#define VAD_UP 6             /* 2^6 frames: the floor follows */
#define VAD_PART 8           /* frames of a part of the minimum statistics */
#define VAD_NEVER (64 << 10) /* above every logarithm */
#define VAD_THRESHOLD 800    /* 2.3 dB */
#define VAD_SPREAD 160       /* the least that noise is given: 0.5 dB */
#define VAD_BURST 2          /* frames of a click: nothing is held after it */
#define VAD_SLOW 5           /* 2^5 frames: mean and spread of noise */
#define VAD_TOP_UP 2         /* the same, towards louder speech */
#define VAD_TOP_DOWN 9       /* away from it */

static inline int32_t vad_least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static inline int32_t vad_greatest(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static inline int32_t vad_threshold(const struct bl_vad *v)
{
	int32_t level = v->mean + vad_greatest(v->spread, VAD_SPREAD) * 45 / 16;

	return vad_greatest(vad_greatest(VAD_THRESHOLD, level), v->top / 4) + v->margin;
}

/* Is this frame speech; what follows is held. */
static inline int vad_decide(struct bl_vad *v, int32_t score, int32_t level)
{
	int speech = score > (v->held > 0 ? v->mean + (level - v->mean) / 2 : level);

	v->run = speech ? v->run + 1 : 0;
	v->held = v->run > VAD_BURST ? v->hangover : vad_greatest(v->held - 1, 0);
	v->active = speech || v->held > 0;
	return speech;
}

static inline void vad_learn_score(struct bl_vad *v, int32_t score, int speech)
{
	int32_t above = score - v->mean;

	v->top += score > v->top ? (score - v->top) >> VAD_TOP_UP : -(v->top >> VAD_TOP_DOWN);
	v->mean += speech ? 0 : above >> VAD_SLOW;
	v->spread += speech ? 0 : (vad_greatest(above, -above) - v->spread) >> VAD_SLOW;
}

/* The end of a frame with this score; is it a pause, so that the noise is followed upwards. */
static inline int vad_judge(struct bl_vad *v, int32_t score)
{
	int32_t level = vad_threshold(v);

	score += vad_greatest(v->score - score, 0) / 2;
	v->score = score;
	vad_learn_score(v, score, vad_decide(v, score, level));
	return score < level + level / 4;
}

/* As bl_vad_process_many, a lane is a band. */
void bl_vad_process_many_vector(struct bl_vad *const v[], const struct bl_measure m[], uint8_t active[],
                                size_t channels);

#endif
