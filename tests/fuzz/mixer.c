/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "mixer.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_mixer *m = fuzz_room(bl_mixer_size());

	(void)bl_mixer_init(m);
	while (f.left) {
		const int16_t *from[BL_MIXER_PARTIES] = {0};
		int16_t *to[BL_MIXER_PARTIES] = {0};
		size_t length = fuzz_below(&f, 170);
		int16_t *sound[2];

		for (int i = 0; i < 2; i++) {
			uint32_t party = fuzz_below(&f, BL_MIXER_PARTIES + 2);

			sound[i] = fuzz_sound(&f, length);
			if (!bl_mixer_set(m, party, fuzz_below(&f, 2) != 0, fuzz_below(&f, 2) != 0))
				from[party] = to[party] = sound[i];
		}
		(void)bl_mixer_process(m, from, to, length);
		free(sound[0]);
		free(sound[1]);
	}
	free(m);
	return 0;
}
