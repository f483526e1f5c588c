/* SPDX-License-Identifier: GPL-2.0-only */
#include "mixer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "mixer_vector.h"

#define SAMPLES_MAX 160
#define PIECE 8    /* samples of a vector */
#define SMOOTHED 3 /* 2^3 measurements */
#define EVERY 4    /* ticks */

size_t bl_mixer_size(void)
{
	return sizeof(struct bl_mixer);
}

int bl_mixer_init(struct bl_mixer *m)
{
	memset(m, 0, sizeof *m);
	m->dominant = -1;
	return 0;
}

static uint64_t with(uint64_t set, uint32_t party, int in)
{
	return (set & ~(1ull << party)) | (uint64_t)(in != 0) << party;
}

int bl_mixer_set(struct bl_mixer *m, uint32_t party, int speaks, int hears)
{
	if (party >= BL_MIXER_PARTIES)
		return -EINVAL;
	m->speaks = with(m->speaks, party, speaks);
	m->hears = with(m->hears, party, hears);
	if (!speaks) {
		m->loudness[party] = 0;
		if (m->dominant == (int32_t)party)
			m->dominant = -1;
	}
	return 0;
}

static void sum_up(const int16_t *const in[], size_t count, int32_t *sum, size_t n)
{
	if (bl_isa() == BL_ISA_VECTOR) {
		bl_mixer_sum_vector(in, count, sum, n);
		return;
	}
	memset(sum, 0, n * sizeof sum[0]);
	for (size_t p = 0; p < count; p++)
		for (size_t i = 0; i < n; i++)
			sum[i] += in[p][i];
}

static void take_out(const int32_t *sum, const int16_t *own, int16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int32_t heard = sum[i] - (own ? own[i] : 0);

		out[i] = (int16_t)(heard < INT16_MIN ? INT16_MIN : heard > INT16_MAX ? INT16_MAX : heard);
	}
}

/* The party whose bit is the lowest, which is then cleared. */
static uint32_t next_of(uint64_t *set)
{
	uint32_t party = (uint32_t)__builtin_ctzll(*set);

	*set &= *set - 1;
	return party;
}

static uint32_t magnitudes_of(const int16_t *in, size_t n)
{
	uint32_t magnitudes = 0;

	if (bl_isa() == BL_ISA_VECTOR)
		return bl_mixer_magnitudes_vector(in, n);
	for (size_t i = 0; i < n; i++)
		magnitudes += (uint32_t)abs(in[i]);
	return magnitudes;
}

static void measure(struct bl_mixer *m, uint32_t party, const int16_t *in, size_t n)
{
	uint32_t mean = (magnitudes_of(in, n) << 8) / (uint32_t)n, before = m->loudness[party];

	m->loudness[party] = before - (before >> SMOOTHED) + (mean >> SMOOTHED);
}

static void choose_dominant(struct bl_mixer *m)
{
	uint64_t left = m->speaks;
	uint64_t loudest = m->dominant < 0 ? 0 : (uint64_t)m->loudness[m->dominant] * 3 / 2;

	while (left) {
		uint32_t party = next_of(&left);

		if (m->loudness[party] < BL_MIXER_SPEECH || m->loudness[party] <= loudest)
			continue;
		m->dominant = (int32_t)party;
		loudest = m->loudness[party];
	}
}

/* Those who say something; every fourth of them is measured. */
static size_t speakers(struct bl_mixer *m, const int16_t *const in[], const int16_t *speaking[], size_t n)
{
	size_t count = 0;

	for (uint64_t left = m->speaks; left;) {
		uint32_t p = next_of(&left);

		if (!in[p])
			continue;
		speaking[count++] = in[p];
		if (p % EVERY == m->ticks % EVERY)
			measure(m, p, in[p], n);
	}
	return count;
}

static void hand_out(const struct bl_mixer *m, const int16_t *const in[], int16_t *const out[], const int32_t *sum,
                     size_t n)
{
	int vector = bl_isa() == BL_ISA_VECTOR;

	for (uint64_t left = m->hears; left;) {
		uint32_t p = next_of(&left);
		const int16_t *own = m->speaks >> p & 1 ? in[p] : NULL;

		if (!out[p])
			continue;
		if (vector)
			bl_mixer_take_out_vector(sum, own, out[p], n);
		else
			take_out(sum, own, out[p], n);
	}
}

int bl_mixer_process(struct bl_mixer *m, const int16_t *const in[], int16_t *const out[], size_t n)
{
	const int16_t *speaking[BL_MIXER_PARTIES];
	int32_t sum[SAMPLES_MAX];

	if (n == 0 || n > SAMPLES_MAX || n % PIECE || m->dominant >= BL_MIXER_PARTIES)
		return -EINVAL;
	sum_up(speaking, speakers(m, in, speaking, n), sum, n);
	hand_out(m, in, out, sum, n);
	if (m->ticks++ % EVERY == EVERY - 1)
		choose_dominant(m);
	return 0;
}
