/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "resample.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static const uint32_t rates[] = {8000, 16000, 48000, 11025};
	struct fuzz f = {in, n};
	struct bl_resample_cfg cfg = {rates[fuzz_below(&f, 4)], rates[fuzz_below(&f, 4)]};
	struct bl_resample *r = fuzz_room(bl_resample_size());

	if (bl_resample_init(r, &cfg)) /* a torn state */
		for (size_t i = 0; i < bl_resample_size() && f.left; i++, f.left--)
			((uint8_t *)r)[i] = *f.next++;
	while (f.left) {
		size_t length = fuzz_below(&f, 700);
		int16_t *sound = fuzz_sound(&f, length);
		int16_t *made = fuzz_room(r->from_hz ? length * r->to_hz / r->from_hz * sizeof *made : 0);

		(void)bl_resample_process(r, sound, made, length);
		free(sound);
		free(made);
	}
	free(r);
	return 0;
}
