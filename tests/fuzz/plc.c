/* SPDX-License-Identifier: GPL-2.0-only */
#include "plc.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_plc *p = fuzz_room(bl_plc_size());

	(void)bl_plc_init(p);
	while (f.left) {
		size_t length = fuzz_below(&f, 700);
		int16_t *sound = fuzz_sound(&f, length);

		(fuzz_below(&f, 2) ? bl_plc_good : bl_plc_lost)(p, sound, length);
		free(sound);
	}
	free(p);
	return 0;
}
