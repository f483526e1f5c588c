/* SPDX-License-Identifier: GPL-2.0-only */
#include "vad.h"

#include <errno.h>
#include <string.h>

#include "isa.h"
#include "vad_vector.h"

#define BANDS BL_MEASURE_BANDS
#define FRAME_MS 20
#define HANGOVER_MOST_MS 2000
#define DOUBLING_DB 3.0103f
#define THRESHOLD 800 /* 2.3 dB */
#define SPREAD 160    /* the least that noise is given: 0.5 dB */
#define BURST 2       /* frames of a click: nothing is held after it */
#define SLOW 5        /* 2^5 frames: mean and spread of noise */
#define TOP_UP 2      /* the same, towards louder speech */
#define TOP_DOWN 9    /* away from it */

size_t bl_vad_size(void)
{
	return sizeof(struct bl_vad);
}

static void begin(struct bl_vad *v, int32_t hangover, int32_t margin)
{
	memset(v, 0, sizeof *v);
	v->hangover = hangover;
	v->margin = margin;
	v->spread = 200;
	v->top = 2000;
	for (int band = 0; band < BANDS; band++) {
		v->low[band] = v->floor[band] = VAD_NEVER;
		for (int part = 0; part < BL_VAD_PASTS; part++)
			v->past[part][band] = VAD_NEVER;
	}
}

int bl_vad_init(struct bl_vad *v, const struct bl_vad_cfg *cfg)
{
	static const struct bl_vad_cfg standard = {.hangover_ms = BL_VAD_HANGOVER_MS};

	if (!cfg)
		cfg = &standard;
	if (cfg->hangover_ms > HANGOVER_MOST_MS || !(cfg->margin_db >= -6.0f && cfg->margin_db <= 12.0f))
		return -EINVAL;
	begin(v, (int32_t)(cfg->hangover_ms / FRAME_MS), (int32_t)(cfg->margin_db * (1024.0f / DOUBLING_DB)));
	return 0;
}

void bl_vad_reset(struct bl_vad *v)
{
	begin(v, v->hangover, v->margin);
}

static int32_t least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static int32_t greatest(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static void gather(struct bl_vad *const v[], const struct bl_measure m[], size_t channels)
{
	for (size_t c = 0; c < channels; c++) {
		for (int band = 0; band < BANDS; band++)
			v[c]->energy[band] += (float)(int32_t)(m[c].bands[band] >> 1);
		v[c]->fill += m[c].samples;
	}
}

/* The exponent of a float and the head of its mantissa are a logarithm to 0.26 dB, without a step. */
static int32_t logarithm(float energy)
{
	int32_t bits;

	memcpy(&bits, &energy, sizeof bits);
	return (bits >> 13) - (127 << 10);
}

static int32_t excess(const struct bl_vad *v)
{
	static const int32_t weights[BANDS] = {VAD_WEIGHTS};
	int32_t sum = 0;

	for (int band = 0; band < BANDS; band++)
		sum += least(greatest(v->now[band] - v->noise[band], VAD_LOWEST), VAD_HIGHEST) * weights[band];
	return sum >> VAD_WEIGHTS_SHIFT;
}

/* The end of a frame; how far it is above the noise. */
static int32_t track(struct bl_vad *v)
{
	for (int band = 0; band < BANDS; band++) {
		int32_t now = logarithm(v->energy[band] + VAD_LEAST_ENERGY);

		if (!v->frames)
			v->noise[band] = v->smooth[band] = now;
		v->energy[band] = 0.0f;
		v->now[band] = now;
		v->smooth[band] += (now - v->smooth[band]) >> 1;
		v->low[band] = least(v->low[band], v->smooth[band]);
	}
	return excess(v);
}

static void learn(struct bl_vad *v, int pause)
{
	for (int band = 0; band < BANDS; band++) {
		int32_t above = v->now[band] - v->noise[band];

		if (pause)
			v->noise[band] += above >> VAD_UP;
		v->noise[band] = greatest(v->noise[band], least(v->floor[band], v->low[band]));
	}
}

/* A part of the minimum statistics ends: the oldest gives way to it. */
static void close_part(struct bl_vad *v)
{
	memcpy(v->past[v->frames / VAD_PART % BL_VAD_PASTS], v->low, sizeof v->low);
	memcpy(v->low, v->smooth, sizeof v->low);
	memcpy(v->floor, v->past[0], sizeof v->floor);
	for (int part = 1; part < BL_VAD_PASTS; part++)
		for (int band = 0; band < BANDS; band++)
			v->floor[band] = least(v->floor[band], v->past[part][band]);
}

static int32_t threshold(const struct bl_vad *v)
{
	int32_t level = v->mean + greatest(v->spread, SPREAD) * 45 / 16;

	return greatest(greatest(THRESHOLD, level), v->top / 4) + v->margin;
}

/* Is this frame speech; what follows is held. */
static int decide(struct bl_vad *v, int32_t score, int32_t level)
{
	int speech = score > (v->held > 0 ? v->mean + (level - v->mean) / 2 : level);

	v->run = speech ? v->run + 1 : 0;
	v->held = v->run > BURST ? v->hangover : greatest(v->held - 1, 0);
	v->active = speech || v->held > 0;
	return speech;
}

static void learn_score(struct bl_vad *v, int32_t score, int speech)
{
	int32_t above = score - v->mean;

	v->top += score > v->top ? (score - v->top) >> TOP_UP : -(v->top >> TOP_DOWN);
	v->mean += speech ? 0 : above >> SLOW;
	v->spread += speech ? 0 : (greatest(above, -above) - v->spread) >> SLOW;
}

static void judge(struct bl_vad *v, int32_t score, int vector)
{
	int32_t level = threshold(v);
	int speech;

	score += greatest(v->score - score, 0) / 2;
	v->score = score;
	speech = decide(v, score, level);
	(vector ? bl_vad_learn_vector : learn)(v, score < level + level / 4);
	learn_score(v, score, speech);
}

static void frame(struct bl_vad *v, int vector)
{
	int32_t score = (vector ? bl_vad_track_vector : track)(v);

	v->fill = 0;
	if (v->frames % VAD_PART == VAD_PART - 1)
		close_part(v);
	judge(v, score, vector);
	v->frames++;
}

void bl_vad_process_many(struct bl_vad *const v[], const struct bl_measure m[], uint8_t active[], size_t channels)
{
	int vector = bl_isa() == BL_ISA_VECTOR;

	(vector ? bl_vad_gather_vector : gather)(v, m, channels);
	for (size_t c = 0; c < channels; c++) {
		if (v[c]->fill >= BL_VAD_FRAME)
			frame(v[c], vector);
		active[c] = v[c]->active != 0;
	}
}

int bl_vad_process(struct bl_vad *v, const struct bl_measure *m)
{
	uint8_t active;

	bl_vad_process_many(&v, m, &active, 1);
	return active;
}
