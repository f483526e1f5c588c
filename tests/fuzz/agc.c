/* SPDX-License-Identifier: GPL-2.0-only */
#include "agc.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_agc *a = fuzz_room(bl_agc_size());
	struct bl_agc_cfg cfg = {
	        .target_dbm0 = -(float)fuzz_below(&f, 50),
	        .least_db = -(float)fuzz_below(&f, 30),
	        .most_db = (float)fuzz_below(&f, 40),
	};

	if (bl_agc_init(a, &cfg))
		(void)bl_agc_init(a, NULL);
	while (f.left) {
		size_t length = fuzz_below(&f, 48);
		int16_t *sound = fuzz_sound(&f, length);
		struct bl_measure m;

		(void)bl_measure(&m, sound, length);
		bl_agc_process(a, &m, fuzz_below(&f, 4) != 0, sound, sound);
		free(sound);
	}
	free(a);
	return 0;
}
