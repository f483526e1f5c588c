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
	if (!v)
		return -EINVAL;

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
	if (!v)
		return;
	begin(v, v->hangover, v->margin);
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
		sum += vad_least(vad_greatest(v->now[band] - v->noise[band], VAD_LOWEST), VAD_HIGHEST) * weights[band];
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
		v->low[band] = vad_least(v->low[band], v->smooth[band]);
	}
	return excess(v);
}

static void learn(struct bl_vad *v, int pause)
{
	for (int band = 0; band < BANDS; band++) {
		int32_t above = v->now[band] - v->noise[band];

		if (pause)
			v->noise[band] += above >> VAD_UP;
		v->noise[band] = vad_greatest(v->noise[band], vad_least(v->floor[band], v->low[band]));
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
			v->floor[band] = vad_least(v->floor[band], v->past[part][band]);
}

static void frame(struct bl_vad *v)
{
	int32_t score = track(v);

	if (v->frames % VAD_PART == VAD_PART - 1)
		close_part(v);
	learn(v, vad_judge(v, score));
	v->fill = 0;
	v->frames++;
}

static void process(struct bl_vad *v, const struct bl_measure *m)
{
	for (int band = 0; band < BANDS; band++)
		v->energy[band] += (float)(int32_t)(m->bands[band] >> 1);
	v->fill += m->samples;
	if (v->fill >= BL_VAD_FRAME)
		frame(v);
}

void bl_vad_process_many(struct bl_vad *const v[], const struct bl_measure m[], uint8_t active[], size_t channels)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_vad_process_many_vector(v, m, active, channels);
		return;
	}
	for (size_t c = 0; c < channels; c++) {
		process(v[c], &m[c]);
		active[c] = v[c]->active != 0;
	}
}

int bl_vad_process(struct bl_vad *v, const struct bl_measure *m)
{
	if (!v || !m)
		return -EINVAL;

	uint8_t active;

	bl_vad_process_many(&v, m, &active, 1);
	return active;
}
