/* SPDX-License-Identifier: GPL-2.0-only */
#include "skew.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_skew *s = fuzz_room(bl_skew_size());

	(void)bl_skew_init(s);
	while (f.left) {
		size_t outputs = fuzz_below(&f, 170), inputs = fuzz_below(&f, 4) ? bl_skew_want(s, outputs) : outputs;
		int16_t *sound = fuzz_sound(&f, inputs), *out = fuzz_room(outputs * sizeof *out);

		(void)bl_skew_set(s, (float)fuzz_below(&f, 700) - 350);
		if (fuzz_below(&f, 50) == 0)
			s->step = (int32_t)fuzz_below(&f, 0);
		if (fuzz_below(&f, 4) == 0)
			inputs = bl_skew_want(s, outputs) == inputs ? inputs : 0;
		(void)bl_skew_process(s, sound, inputs, out, outputs);
		free(sound);
		free(out);
	}
	free(s);
	return 0;
}
