/* SPDX-License-Identifier: GPL-2.0-only */
#include "sid.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "cng.h"
#include "isa.h"
#include "sid_tables.h"
#include "sid_vector.h"

#define MEMORY 32     /* pieces of 5 ms that count: 160 ms */
#define PEAK 4096u    /* 40 products of samples up to it stay under 2^31 */
#define FLOOR 1.0001f /* of the energy: white noise 40 dB down */
#define LEVEL_MOST 127

size_t bl_sid_size(void)
{
	return sizeof(struct bl_sid);
}

int bl_sid_init(struct bl_sid *s)
{
	memset(s, 0, sizeof *s);
	return 0;
}

static void correlate(const int16_t *now, size_t n, int32_t correlation[])
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_sid_correlate_vector(now, n, correlation);
		return;
	}
	for (int lag = 0; lag <= BL_SID_ORDER; lag++) {
		const int16_t *then = now - lag;

		correlation[lag] = 0;
		for (size_t i = 0; i < n; i++)
			correlation[lag] += now[i] * then[i];
	}
}

/* The piece behind its predecessor's end, made small enough for sums of 32 bits; returns by how many bits. */
static int joined(const struct bl_sid *s, const struct bl_measure *m, const int16_t *in, int16_t *sound)
{
	uint32_t peak = m->peak > s->tail_peak ? m->peak : s->tail_peak;
	int shift = peak > PEAK ? 32 - __builtin_clz((peak - 1) / PEAK) : 0;

	memcpy(sound, s->tail, sizeof s->tail);
	memcpy(sound + BL_SID_TAIL, in, m->samples * sizeof *in);
	for (size_t i = 0; shift && i < BL_SID_TAIL + m->samples; i++)
		sound[i] = (int16_t)(sound[i] >> shift);
	return shift;
}

/* The last samples of tail and piece together. */
static void keep_tail(struct bl_sid *s, const int16_t *in, const struct bl_measure *m)
{
	size_t n = m->samples;

	if (n >= BL_SID_TAIL) {
		memcpy(s->tail, in + n - BL_SID_TAIL, sizeof s->tail);
		s->tail_peak = m->peak;
		return;
	}
	memmove(s->tail, s->tail + n, (BL_SID_TAIL - n) * sizeof *in);
	memcpy(s->tail + BL_SID_TAIL - n, in, n * sizeof *in);
	s->tail_peak = m->peak > s->tail_peak ? m->peak : s->tail_peak;
}

int bl_sid_process(struct bl_sid *s, const struct bl_measure *m, const int16_t *in)
{
	int16_t sound[BL_SID_TAIL + BL_MEASURE_MOST];
	int32_t correlation[BL_SID_ORDER + 1];
	float weight, unit;

	if (m->samples == 0 || m->samples > BL_MEASURE_MOST || m->samples % BL_MEASURE_BANDS)
		return -EINVAL;
	unit = (float)(1 << 2 * joined(s, m, in, sound)) / (float)m->samples;
	correlate(sound + BL_SID_TAIL, m->samples, correlation);
	if (s->pieces < MEMORY)
		s->pieces++;
	weight = 1.0f / (float)s->pieces;
	for (int lag = 0; lag <= BL_SID_ORDER; lag++)
		s->correlation[lag] += weight * ((float)correlation[lag] * unit - s->correlation[lag]);
	keep_tail(s, in, m);
	return 0;
}

void bl_sid_process_many(struct bl_sid *const s[], const struct bl_measure m[], const uint8_t active[],
                         const int16_t *const in[], size_t channels)
{
	for (size_t c = 0; c < channels; c++)
		if (!active[c])
			(void)bl_sid_process(s[c], &m[c], in[c]);
}

/* Levinson's recursion: reflection coefficients of A(z) = 1 + a1 z^-1 + ... */
static void reflect(const struct bl_sid *s, uint32_t order, float k[])
{
	float a[BL_SID_ORDER + 1] = {1.0f}, error = s->correlation[0] * FLOOR + 1e-3f;

	for (uint32_t i = 1; i <= order; i++) {
		float sum = 0.0f, before[BL_SID_ORDER + 1];

		for (uint32_t j = 0; j < i; j++)
			sum += a[j] * s->correlation[i - j] * bl_sid_window[i - j];
		k[i - 1] = -sum / error;
		memcpy(before, a, sizeof before);
		for (uint32_t j = 1; j <= i; j++)
			a[j] = before[j] + k[i - 1] * (j == i ? 1.0f : before[i - j]);
		error *= 1.0f - k[i - 1] * k[i - 1];
	}
}

static uint8_t index_of(float k)
{
	long index = lrintf(k * 32768.0f / 258.0f) + 127;

	return (uint8_t)(index < 0 ? 0 : index > 254 ? 254 : index);
}

static uint8_t level_of(float power)
{
	float down = power > 0.0f ? -10.0f * log10f(power / (BL_CNG_OVERLOAD * BL_CNG_OVERLOAD)) : LEVEL_MOST;

	return (uint8_t)(down < 0.0f ? 0 : down > LEVEL_MOST ? LEVEL_MOST : lrintf(down));
}

int bl_sid_write(const struct bl_sid *s, uint32_t order, uint8_t *payload, size_t room)
{
	float k[BL_SID_ORDER] = {0};

	if (order > BL_SID_ORDER || room == 0)
		return -EINVAL;
	if (!s->pieces)
		return -EAGAIN;
	order = room - 1 < order ? (uint32_t)(room - 1) : order;
	reflect(s, order, k);
	payload[0] = level_of(s->correlation[0]);
	for (uint32_t i = 0; i < order; i++)
		payload[1 + i] = index_of(k[i]);
	return (int)(1 + order);
}
