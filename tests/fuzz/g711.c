/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "g711.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	uint8_t *codes = fuzz_octets(&f, &n);
	int16_t *sound = fuzz_room(n * sizeof *sound);

	bl_alaw_decode(codes, sound, n);
	bl_ulaw_encode(sound, codes, n);
	bl_ulaw_to_alaw(codes, codes, n);
	bl_alaw_to_ulaw(codes, codes, n);
	bl_ulaw_decode(codes, sound, n);
	bl_alaw_encode(sound, codes, n);
	free(sound);
	free(codes);
	return 0;
}
