/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conference mixer: every party hears the sum of all others, exactly, cut off where 16 bits end.
 *
 * The sum is made once, in 32 bits, and each party's own sound is taken out of it again (mix-minus); it is saturated
 * last, so nothing depends on the order of parties. A party may speak, hear, or both: one that does not speak is muted
 * or only listens, its sound is not read. The dominant speaker is the party with the greatest smoothed magnitude;
 * to take over, another must be above BL_MIXER_SPEECH and half as loud again (3.5 dB). In a pause the last one stays.
 * Both forms give the same samples and the same speaker.
 */
#ifndef BL_MIXER_H
#define BL_MIXER_H

#include <stddef.h>
#include <stdint.h>

#define BL_MIXER_PARTIES 64
#define BL_MIXER_SPEECH (80u << 8) /* mean magnitude, 8 bits of fraction: a sine of -45 dBm0 */

struct bl_mixer {
	uint64_t speaks; /* bit n: party n is heard by the others */
	uint64_t hears;
	uint32_t loudness[BL_MIXER_PARTIES]; /* mean magnitude, 8 bits of fraction, smoothed over 8 measurements */
	uint32_t ticks;                      /* a party is measured in every fourth */
	int32_t dominant;                    /* party, -1: nobody has spoken yet */
};

size_t bl_mixer_size(void);
int bl_mixer_init(struct bl_mixer *m);
/* What a party may do from now on; neither: it is gone. -EINVAL for a party that cannot be. */
int bl_mixer_set(struct bl_mixer *m, uint32_t party, int speaks, int hears);
/*
 * One tick of n samples, a multiple of 8 up to 160, else -EINVAL. in[p] is the sound of a party that speaks, out[p] the
 * room of one that hears; NULL: it says nothing, it wants nothing. out[p] may be in[p], no other pair may overlap.
 */
int bl_mixer_process(struct bl_mixer *m, const int16_t *const in[], int16_t *const out[], size_t n);

#endif
