/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "level.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_level *l = fuzz_room(bl_level_size());
	struct bl_level_cfg cfg = {.window_samples = fuzz_below(&f, 1200)};

	if (bl_level_init(l, &cfg))
		(void)bl_level_init(l, NULL);
	while (f.left) {
		size_t length = fuzz_below(&f, 200);
		int16_t *sound = fuzz_sound(&f, length);
		struct bl_measure m;
		struct bl_level_reading reading;

		bl_level_process(l, sound, length);
		if (!bl_measure(&m, sound, length))
			bl_level_add(l, &m);
		bl_level_read(l, &reading);
		free(sound);
	}
	free(l);
	return 0;
}
