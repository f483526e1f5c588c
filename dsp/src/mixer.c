/* SPDX-License-Identifier: GPL-2.0-only */
#include "mixer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "mixer_vector.h"
#include "sizes.h"

#define TICK BL_TICK_SAMPLES
#define SAMPLES_MAX 160
#define PIECE 8
#define EVERY 4 /* ticks */
#define EVERY_FOURTH 0x1111111111111111u

size_t bl_mixer_size(void)
{
	return sizeof(struct bl_mixer);
}

int bl_mixer_init(struct bl_mixer *m)
{
	if (!m)
		return -EINVAL;
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
	if (!m)
		return -EINVAL;
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

static uint32_t magnitudes_of(const int16_t *in, size_t n)
{
	uint32_t magnitudes = 0;

	for (size_t i = 0; i < n; i++)
		magnitudes += (uint32_t)abs(in[i]);
	return magnitudes;
}

/* `parties` are those whose turn it is. */
static void measure(const int16_t *const in[], uint64_t parties, uint32_t loudness[], size_t n)
{
	while (parties) {
		uint32_t p = mixer_next(&parties);

		if (in[p])
			loudness[p] = mixer_smoothed(loudness[p], magnitudes_of(in[p], n), (uint32_t)n);
	}
}

static void choose_dominant(struct bl_mixer *m)
{
	uint64_t left = m->speaks;
	uint64_t loudest = m->dominant < 0 ? 0 : (uint64_t)m->loudness[m->dominant] * 3 / 2;

	while (left) {
		uint32_t party = mixer_next(&left);

		if (m->loudness[party] < BL_MIXER_SPEECH || m->loudness[party] <= loudest)
			continue;
		m->dominant = (int32_t)party;
		loudest = m->loudness[party];
	}
}

/* The samples from `from` on. */
static void mix(const int16_t *const in[], uint64_t speaks, int16_t *const out[], uint64_t hears, size_t from, size_t n)
{
	int32_t sum[SAMPLES_MAX] = {0};

	for (uint64_t left = speaks; left;) {
		const int16_t *said = in[mixer_next(&left)];

		for (size_t i = from; said && i < n; i++)
			sum[i] += said[i];
	}
	while (hears) {
		uint32_t p = mixer_next(&hears);
		const int16_t *own = speaks >> p & 1 ? in[p] : NULL;

		for (size_t i = from; out[p] && i < n; i++) {
			int32_t heard = sum[i] - (own ? own[i] : 0);

			out[p][i] = (int16_t)(heard < INT16_MIN ? INT16_MIN : heard > INT16_MAX ? INT16_MAX : heard);
		}
	}
}

int bl_mixer_process(struct bl_mixer *m, const int16_t *const in[], int16_t *const out[], size_t n)
{
	if (!m || !in || !out)
		return -EINVAL;

	int vector = bl_isa() == BL_ISA_VECTOR;
	uint64_t turn = m->speaks & EVERY_FOURTH << m->ticks % EVERY;
	size_t done = 0;

	if (n == 0 || n > SAMPLES_MAX || n % PIECE || m->dominant >= BL_MIXER_PARTIES)
		return -EINVAL;
	if (vector && n == TICK)
		bl_mixer_measure_vector(in, turn, m->loudness);
	else
		measure(in, turn, m->loudness, n);
	for (; vector && done + TICK <= n; done += TICK)
		bl_mixer_mix_vector(in, m->speaks, out, m->hears, done);
	if (done < n)
		mix(in, m->speaks, out, m->hears, done, n);
	if (m->ticks++ % EVERY == EVERY - 1)
		choose_dominant(m);
	return 0;
}
