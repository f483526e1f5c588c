/* SPDX-License-Identifier: GPL-2.0-only */
/* Any sound, any mode, any state that somebody else has written into. */
#include "echo.h"

#include "fuzz.h"

#define CHANNELS 3

static void tear(struct bl_echo *e, struct fuzz *f)
{
	size_t at = fuzz_below(f, (uint32_t)bl_echo_size()), n = 16;
	uint8_t *octets = fuzz_octets(f, &n);

	if (at + n <= bl_echo_size())
		memcpy((uint8_t *)e + at, octets, n);
	free(octets);
}

static void tick(struct bl_echo *e[CHANNELS], struct fuzz *f)
{
	size_t n = fuzz_below(f, 4) ? BL_ECHO_BLOCK : fuzz_below(f, 3 * BL_ECHO_BLOCK);
	int16_t *far[CHANNELS], *near[CHANNELS];

	for (int c = 0; c < CHANNELS; c++) {
		far[c] = fuzz_sound(f, n);
		near[c] = fuzz_sound(f, n);
	}
	(void)bl_echo_process_many(e, (const int16_t *const *)far, (const int16_t *const *)near, near,
	                           1 + fuzz_below(f, CHANNELS), n);
	for (int c = 0; c < CHANNELS; c++) {
		free(far[c]);
		free(near[c]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_echo *e[CHANNELS];
	struct bl_echo_report report;

	for (int c = 0; c < CHANNELS; c++) {
		struct bl_echo_cfg cfg = {(uint16_t)fuzz_below(&f, 140), (uint8_t)fuzz_below(&f, 4), 1, 1};

		e[c] = fuzz_room(bl_echo_size());
		if (bl_echo_init(e[c], &cfg))
			(void)bl_echo_init(e[c], NULL);
	}
	while (f.left) {
		switch (fuzz_below(&f, 8)) {
		case 0:
			tear(e[fuzz_below(&f, CHANNELS)], &f);
			break;
		case 1:
			(void)bl_echo_set_mode(e[fuzz_below(&f, CHANNELS)], (int)fuzz_below(&f, 5) - 1);
			break;
		default:
			tick(e, &f);
		}
	}
	for (int c = 0; c < CHANNELS; c++) {
		bl_echo_read(e[c], &report);
		free(e[c]);
	}
	return 0;
}
