/* SPDX-License-Identifier: GPL-2.0-only */
/* The senders of R1 and R2 with any settings, signals and lengths. */
#include "fuzz.h"
#include "mf.h"
#include "r2.h"

static void fill(struct fuzz *f, struct bl_mf_tx *mf, struct bl_r2_tx *r2)
{
	size_t length = fuzz_below(f, 500), count = fuzz_below(f, 40);
	int16_t *sound = fuzz_room(length * sizeof *sound);
	char *signals = (char *)fuzz_octets(f, &count);

	(void)bl_mf_tx_send(mf, signals, count);
	(void)bl_r2_tx_send(r2, fuzz_below(f, 18));
	if (bl_mf_tx_process(mf, sound, length) > length || bl_r2_tx_process(r2, sound, length) > length)
		abort();
	free(signals);
	free(sound);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_mf_tx_cfg cfg = {(float)fuzz_below(&f, 100) - 90.0f, (uint16_t)fuzz_below(&f, 300),
	                           (uint16_t)fuzz_below(&f, 300), (uint16_t)fuzz_below(&f, 300)};
	struct bl_r2_tx_cfg r2_cfg = {(float)fuzz_below(&f, 100) - 90.0f, (uint8_t)fuzz_below(&f, 3)};
	struct bl_mf_tx *mf = fuzz_room(bl_mf_tx_size());
	struct bl_r2_tx *r2 = fuzz_room(bl_r2_tx_size());

	if (!bl_mf_tx_init(mf, &cfg) && !bl_r2_tx_init(r2, &r2_cfg))
		while (f.left)
			fill(&f, mf, r2);
	free(mf);
	free(r2);
	return 0;
}
