/* SPDX-License-Identifier: GPL-2.0-only */
/* What both forms of mixer.c share, and the vector form, for a tick. Sets are of parties: bit n is party n. */
#ifndef BL_MIXER_VECTOR_H
#define BL_MIXER_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#define MIXER_SMOOTHED 3 /* 2^3 measurements */

/* The party whose bit is the lowest, which is then cleared. */
static inline uint32_t mixer_next(uint64_t *set)
{
	uint32_t party = (uint32_t)__builtin_ctzll(*set);

	*set &= *set - 1;
	return party;
}

/* The loudness behind a piece of n samples with this sum of magnitudes. */
static inline uint32_t mixer_smoothed(uint32_t before, uint32_t magnitudes, uint32_t n)
{
	return before - (before >> MIXER_SMOOTHED) + ((magnitudes << 8) / n >> MIXER_SMOOTHED);
}

void bl_mixer_measure_vector(const int16_t *const in[], uint64_t parties, uint32_t loudness[]);
/* The tick from sample `from` on. */
void bl_mixer_mix_vector(const int16_t *const in[], uint64_t speaks, int16_t *const out[], uint64_t hears, size_t from);

#endif
