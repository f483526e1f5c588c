/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two forms of the echo canceller and its decisions share. */
#ifndef BL_ECHO_BATCH_H
#define BL_ECHO_BATCH_H

#include "echo.h"

#define ECHO_BATCH 8

/* All in registers, laid out without a loop; not where every access is watched: clang takes minutes over that. */
#if defined(__clang__) || defined(__SANITIZE_ADDRESS__)
#define ECHO_INLINE __attribute__((noinline))
#define ECHO_UNROLL(times)
#else
#define ECHO_INLINE inline __attribute__((always_inline))
#define ECHO_PRAGMA(text) _Pragma(#text)
#define ECHO_UNROLL(times) ECHO_PRAGMA(GCC unroll times)
#endif
#define ECHO_STAGE __attribute__((noinline)) /* once, however often it is used */

/* What a tick is used for; all channels of a batch do the same. */
enum echo_work_kind {
	ECHO_REST,   /* far has been quiet for longer than the tail: there is no echo */
	ECHO_CANCEL, /* the foreground works */
	ECHO_LEARN,  /* the background too */
	ECHO_KINDS,
};

/* fmaxf and fminf are calls. */
static inline float echo_high(float a, float b)
{
	return a > b ? a : b;
}

static inline float echo_low(float a, float b)
{
	return a < b ? a : b;
}

/* A tick of up to eight channels. Lanes that are not needed repeat the first channel: what they write is the same. */
struct echo_batch {
	struct bl_echo *e[ECHO_BATCH];
	const int16_t *far[ECHO_BATCH], *near[ECHO_BATCH];
	int16_t *out[ECHO_BATCH];
	int channels;
	enum echo_work_kind work;
};

/* What is summed over the 40 samples of a tick. */
enum echo_sum {
	ECHO_FAR, /* far squared, and times the sample 1 and 2 before */
	ECHO_FAR_1,
	ECHO_FAR_2,
	ECHO_MEAN,    /* near */
	ECHO_NEAR,    /* near without its offset, squared */
	ECHO_FORE,    /* the foreground's residual squared */
	ECHO_CROSS,   /* near times the foreground's echo */
	ECHO_MODEL,   /* the foreground's echo squared */
	ECHO_BACK,    /* the background's residual squared */
	ECHO_BETWEEN, /* the residuals' difference squared */
	ECHO_TONE_RE, /* near at 2100 Hz */
	ECHO_TONE_IM,
	ECHO_LAG, /* the foreground's residual times itself k before, k from 1 */
	ECHO_SUMS = ECHO_LAG + BL_ECHO_ORDER,
};

/* The sums of one channel among those of the batch. */
struct echo_sums {
	const float *first;
	int stride;
};

static inline float echo_sum_of(struct echo_sums sums, int which)
{
	return sums.first[which * sums.stride];
}

/*
 * After the residuals are known: decide. Sets e->nlp to the gains at this tick's end. 0: near is sent as it came, for
 * there is no proven echo, or the state was torn and begins anew.
 */
int bl_echo_decide(struct bl_echo *e, struct echo_sums sum, enum echo_work_kind work, const int16_t *far);
/* Levels, noise, NLP. */
void bl_echo_judge_residual(struct bl_echo *e, struct echo_sums sum);
/* It has not heard far for a while: what it remembers of it is not what was sent. */
void bl_echo_resume(struct bl_echo *e);
/* The tone disabler. */
void bl_echo_judge_tones(struct bl_echo *e, struct echo_sums sum);
/* Does a tone hold the canceller off in this tick? */
int bl_echo_is_held(struct bl_echo *e, const int16_t *far, const int16_t *near);

void bl_echo_batch_vector(const struct echo_batch *b);

#endif
