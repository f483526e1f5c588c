/* SPDX-License-Identifier: GPL-2.0-only */
#include "sid.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_sid *s = fuzz_room(bl_sid_size());

	(void)bl_sid_init(s);
	while (f.left) {
		size_t length = fuzz_below(&f, 48), room = fuzz_below(&f, BL_SID_OCTETS + 2);
		int16_t *sound = fuzz_sound(&f, length);
		uint8_t *payload = fuzz_room(room);
		struct bl_measure m;

		(void)bl_measure(&m, sound, length);
		(void)bl_sid_process(s, &m, sound);
		if (bl_sid_write(s, fuzz_below(&f, BL_SID_ORDER + 2), payload, room) > (int)room)
			abort();
		free(payload);
		free(sound);
	}
	free(s);
	return 0;
}
