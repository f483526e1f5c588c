/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "gain.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_gain *g = fuzz_room(bl_gain_size());

	(void)bl_gain_init(g, 0);
	while (f.left) {
		size_t length = fuzz_below(&f, 200);
		int16_t *sound = fuzz_sound(&f, length);

		(void)bl_gain_set(g, (int32_t)fuzz_below(&f, 1000) - 500);
		bl_gain_mute(g, fuzz_below(&f, 2) != 0);
		bl_gain_process(g, sound, sound, length);
		free(sound);
	}
	free(g);
	return 0;
}
