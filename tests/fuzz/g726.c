/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "g726.h"

#define CHANNELS 5

static size_t octets_of(const struct bl_g726 *g, size_t n)
{
	return (n * (2u + (g->rate & 3u)) + 7) / 8;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_g726 *g[CHANNELS];

	for (int c = 0; c < CHANNELS; c++) {
		struct bl_g726_cfg cfg = {fuzz_below(&f, 8) * 8000, fuzz_below(&f, 3)};

		g[c] = fuzz_room(bl_g726_size());
		if (bl_g726_init(g[c], &cfg)) /* a torn state */
			for (size_t i = 0; i < bl_g726_size() && f.left; i++, f.left--)
				((uint8_t *)g[c])[i] = *f.next++;
	}
	while (f.left) {
		size_t length = fuzz_below(&f, 200), channels = fuzz_below(&f, CHANNELS + 1);
		const int16_t *sound[CHANNELS];
		const uint8_t *heard[CHANNELS];
		uint8_t *octets[CHANNELS];
		int16_t *back[CHANNELS];

		for (int c = 0; c < CHANNELS; c++) {
			sound[c] = fuzz_sound(&f, length);
			heard[c] = octets[c] = fuzz_room(octets_of(g[c], length));
			back[c] = fuzz_room(length * sizeof *back[c]);
		}
		(void)bl_g726_encode_many(g, sound, octets, length, channels);
		(void)bl_g726_encode(g[0], sound[0], octets[0], length);
		for (size_t i = 0; i < octets_of(g[1], length) && f.left; i++, f.left--)
			octets[1][i] = *f.next++;
		(void)bl_g726_decode_many(g, heard, back, length, channels);
		(void)bl_g726_decode(g[1], heard[1], back[1], length);
		for (int c = 0; c < CHANNELS; c++) {
			free((void *)(uintptr_t)sound[c]);
			free(octets[c]);
			free(back[c]);
		}
	}
	for (int c = 0; c < CHANNELS; c++)
		free(g[c]);
	return 0;
}
