/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "g722.h"

#define CHANNELS 4

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static const uint32_t rates[] = {64000, 56000, 48000, 8000};
	struct fuzz f = {in, n};
	struct bl_g722_enc *e[CHANNELS];
	struct bl_g722_dec *d[CHANNELS];

	for (int c = 0; c < CHANNELS; c++) {
		struct bl_g722_dec_cfg cfg = {rates[fuzz_below(&f, 4)]};

		e[c] = fuzz_room(bl_g722_enc_size());
		d[c] = fuzz_room(bl_g722_dec_size());
		(void)bl_g722_enc_init(e[c]);
		if (bl_g722_dec_init(d[c], &cfg)) /* a torn state */
			for (size_t i = 0; i < bl_g722_dec_size() && f.left; i++, f.left--)
				((uint8_t *)d[c])[i] = *f.next++;
	}
	while (f.left) {
		size_t length = fuzz_below(&f, 200), channels = fuzz_below(&f, CHANNELS + 1);
		const int16_t *sound[CHANNELS];
		const uint8_t *heard[CHANNELS];
		uint8_t *octets[CHANNELS];
		int16_t *back[CHANNELS];

		for (int c = 0; c < CHANNELS; c++) {
			sound[c] = fuzz_sound(&f, length);
			heard[c] = octets[c] = fuzz_room(length / 2);
			back[c] = fuzz_room(length / 2 * 2 * sizeof *back[c]);
		}
		(void)bl_g722_enc_process_many(e, sound, octets, length, channels);
		(void)bl_g722_enc_process(e[0], sound[0], octets[0], length);
		for (size_t i = 0; i < length / 2 && f.left; i++, f.left--)
			octets[1][i] = *f.next++;
		bl_g722_dec_process_many(d, heard, back, length / 2, channels);
		bl_g722_dec_process(d[0], heard[0], back[0], length / 2);
		for (int c = 0; c < CHANNELS; c++) {
			free((void *)(uintptr_t)sound[c]);
			free(octets[c]);
			free(back[c]);
		}
	}
	for (int c = 0; c < CHANNELS; c++) {
		free(e[c]);
		free(d[c]);
	}
	return 0;
}
