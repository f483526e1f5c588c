/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "tone.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_tone *t = fuzz_room(bl_tone_size());

	(void)bl_tone_init(t);
	while (f.left) {
		struct bl_tone_step steps[2] = {{.hz = {(uint16_t)fuzz_below(&f, 65536)}, .samples = fuzz_below(&f, 0)},
		                                {.hz = {(uint16_t)fuzz_below(&f, 4100)},
		                                 .samples = fuzz_below(&f, 300),
		                                 .am_hz = (uint16_t)fuzz_below(&f, 210),
		                                 .am_percent = (uint8_t)fuzz_below(&f, 110),
		                                 .turned = (uint8_t)fuzz_below(&f, 2)}};
		size_t length = fuzz_below(&f, 300);
		int16_t *sound = fuzz_room(length * sizeof *sound);

		if (fuzz_below(&f, 2))
			(void)bl_tone_play(t, steps, fuzz_below(&f, 3), (int)fuzz_below(&f, 4));
		else
			(void)bl_tone_start(t, (int)fuzz_below(&f, 60) - 1, (int)fuzz_below(&f, 9) - 1);
		if (bl_tone_process(t, sound, length) > length)
			abort();
		free(sound);
	}
	free(t);
	return 0;
}
