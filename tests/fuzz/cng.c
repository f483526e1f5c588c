/* SPDX-License-Identifier: GPL-2.0-only */
#include "cng.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_cng *c = fuzz_room(bl_cng_size());

	(void)bl_cng_init(c, fuzz_below(&f, 0));
	while (f.left) {
		size_t octets = fuzz_below(&f, 40), length = fuzz_below(&f, 200);
		uint8_t *payload = fuzz_octets(&f, &octets);
		int16_t *sound = fuzz_room(length * sizeof *sound);

		(void)bl_cng_set(c, payload, octets);
		bl_cng_process(c, sound, length);
		free(payload);
		free(sound);
	}
	free(c);
	return 0;
}
