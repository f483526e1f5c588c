/* SPDX-License-Identifier: GPL-2.0-only */
/* The bank with any settings and sound, one by one and many at once, with state that has been torn. */
#include "bank.h"
#include "fuzz.h"

#define CHANNELS 3

static void one(struct fuzz *f, struct bl_bank *b)
{
	size_t length = fuzz_below(f, 300), max = fuzz_below(f, 20);
	int16_t *sound = fuzz_sound(f, length);
	struct bl_heard *heard = fuzz_room(max * sizeof *heard);

	if (bl_bank_process(b, sound, length, heard, max) > max)
		abort();
	free(sound);
	free(heard);
}

static void many(struct fuzz *f, struct bl_bank *const b[])
{
	int16_t *sound[CHANNELS];
	size_t max = fuzz_below(f, 20);
	struct bl_heard *heard = fuzz_room(max * sizeof *heard);

	for (int c = 0; c < CHANNELS; c++)
		sound[c] = fuzz_below(f, 5) ? fuzz_sound(f, BL_BANK_TICK) : NULL;
	if (bl_bank_process_many(b, (const int16_t *const *)sound, CHANNELS, heard, max) > max)
		abort();
	for (int c = 0; c < CHANNELS; c++)
		free(sound[c]);
	free(heard);
}

static void tear(struct fuzz *f, struct bl_bank *b)
{
	struct bl_bank_cfg cfg = b->cfg;
	uint8_t *octets = (uint8_t *)b;

	for (int i = 0; i < 8; i++)
		octets[fuzz_below(f, sizeof *b)] = (uint8_t)fuzz_below(f, 256);
	b->cfg = cfg;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_bank *banks[CHANNELS];

	for (int c = 0; c < CHANNELS; c++) {
		struct bl_bank_cfg cfg;

		bl_bank_defaults(&cfg);
		cfg.wants = fuzz_below(&f, 80);
		cfg.zone = (int32_t)fuzz_below(&f, 50) - 2;
		cfg.mf_min_dbm0 = (float)fuzz_below(&f, 50) - 49.0f;
		banks[c] = fuzz_room(bl_bank_size());
		if (bl_bank_init(banks[c], &cfg))
			(void)bl_bank_init(banks[c], NULL);
	}
	while (f.left) {
		if (fuzz_below(&f, 2))
			one(&f, banks[0]);
		else
			many(&f, banks);
		if (!fuzz_below(&f, 16))
			tear(&f, banks[fuzz_below(&f, CHANNELS)]);
	}
	for (int c = 0; c < CHANNELS; c++)
		free(banks[c]);
	return 0;
}
