/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "vad.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_vad *v = fuzz_room(bl_vad_size());
	struct bl_vad_cfg cfg = {.hangover_ms = fuzz_below(&f, 3000)};

	if (bl_vad_init(v, &cfg))
		(void)bl_vad_init(v, NULL);
	while (f.left) {
		size_t length = fuzz_below(&f, 48);
		int16_t *sound = fuzz_sound(&f, length);
		struct bl_measure m;

		(void)bl_measure(&m, sound, length);
		(void)bl_vad_process(v, &m);
		free(sound);
	}
	free(v);
	return 0;
}
