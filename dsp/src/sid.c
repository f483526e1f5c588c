/* SPDX-License-Identifier: GPL-2.0-only */
#include "sid.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "cng.h"
#include "isa.h"
#include "sid_tables.h"
#include "sid_vector.h"

#define MEMORY 64     /* ticks after which all that was heard counts half */
#define PEAK 8192u    /* 24 products of samples up to it stay under 2^31 */
#define LOUD_BITS 2   /* that louder samples are made smaller by */
#define FLOOR 1.0001f /* of the energy: white noise 40 dB down */
#define STEEPEST 0.97f
#define LEVEL_MOST 127

size_t bl_sid_size(void)
{
	return sizeof(struct bl_sid);
}

int bl_sid_init(struct bl_sid *s)
{
	if (!s)
		return -EINVAL;
	memset(s, 0, sizeof *s);
	return 0;
}

/* No sample may be above PEAK. */
static inline void correlate(const int16_t *in, int64_t correlation[], int vector)
{
	if (vector) {
		bl_sid_correlate_vector(in, correlation);
		return;
	}
	for (int lag = 0; lag <= BL_SID_ORDER; lag++) {
		int32_t sum = 0;

		for (int i = BL_SID_HISTORY; i < BL_MEASURE_MOST; i++)
			sum += in[i] * in[i - lag];
		correlation[lag] += sum;
	}
}

/* Loud sound, made small enough for sums of 32 bits. */
static __attribute__((noinline)) void correlate_loud(const int16_t *in, int64_t correlation[], int vector)
{
	int64_t sums[BL_SID_ORDER + 1] = {0};
	int16_t small[BL_MEASURE_MOST];

	for (int i = 0; i < BL_MEASURE_MOST; i++)
		small[i] = (int16_t)(in[i] >> LOUD_BITS);
	correlate(small, sums, vector);
	for (int lag = 0; lag <= BL_SID_ORDER; lag++)
		correlation[lag] += sums[lag] * (1 << 2 * LOUD_BITS);
}

static __attribute__((noinline)) void halve(struct bl_sid *s)
{
	for (int lag = 0; lag <= BL_SID_ORDER; lag++)
		s->correlation[lag] /= 2;
	s->energy /= 2;
	s->ticks /= 2;
}

static inline int process(struct bl_sid *s, const struct bl_measure *m, const int16_t *in, int vector)
{
	if (m->samples != BL_MEASURE_MOST)
		return -EINVAL;
	if (m->peak > PEAK)
		correlate_loud(in, s->correlation, vector);
	else
		correlate(in, s->correlation, vector);
	s->energy += m->energy;
	if (++s->ticks >= MEMORY)
		halve(s);
	return 0;
}

int bl_sid_process(struct bl_sid *s, const struct bl_measure *m, const int16_t *in)
{
	if (!s || !m || !in)
		return -EINVAL;
	return process(s, m, in, bl_isa() == BL_ISA_VECTOR);
}

void bl_sid_process_many(struct bl_sid *const s[], const struct bl_measure m[], const uint8_t active[],
                         const int16_t *const in[], size_t channels)
{
	int vector = bl_isa() == BL_ISA_VECTOR;

	for (size_t c = 0; c < channels; c++)
		if (!active[c])
			(void)process(s[c], &m[c], in[c], vector);
}

/* Levinson's recursion: reflection coefficients of A(z) = 1 + a1 z^-1 + ... */
static void reflect(const struct bl_sid *s, uint32_t order, float k[])
{
	float a[BL_SID_ORDER + 1] = {1.0f}, error = (float)s->correlation[0] * FLOOR + 1.0f;

	for (uint32_t i = 1; i <= order; i++) {
		float sum = 0.0f, before[BL_SID_ORDER + 1];

		for (uint32_t j = 0; j < i; j++)
			sum += a[j] * (float)s->correlation[i - j] * bl_sid_window[i - j];
		k[i - 1] = fminf(fmaxf(-sum / error, -STEEPEST), STEEPEST);
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
	if (!s || !payload)
		return -EINVAL;

	float k[BL_SID_ORDER] = {0};

	if (order > BL_SID_ORDER || room == 0)
		return -EINVAL;
	if (!s->ticks)
		return -EAGAIN;
	order = room - 1 < order ? (uint32_t)(room - 1) : order;
	reflect(s, order, k);
	payload[0] = level_of((float)s->energy / (float)(s->ticks * BL_MEASURE_MOST));
	for (uint32_t i = 0; i < order; i++)
		payload[1 + i] = index_of(k[i]);
	return (int)(1 + order);
}
