/* SPDX-License-Identifier: GPL-2.0-only */
/* A receiver that hears a sender through a line that slips, errs and breaks off; torn states besides. */
#include "prbs.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_prbs_tx *tx = fuzz_room(bl_prbs_tx_size());
	struct bl_prbs_rx *rx = fuzz_room(bl_prbs_rx_size());

	(void)bl_prbs_tx_init(tx, fuzz_below(&f, BL_PRBS_PATTERNS + 1));
	(void)bl_prbs_rx_init(rx, fuzz_below(&f, BL_PRBS_PATTERNS + 1));
	while (f.left) {
		size_t sent = fuzz_below(&f, 90), noise = fuzz_below(&f, 16);
		uint8_t *line = fuzz_room(sent), *rubbish = fuzz_octets(&f, &noise);

		bl_prbs_tx_insert(tx, fuzz_below(&f, 8) == 0 ? fuzz_below(&f, 0) : 0);
		bl_prbs_tx_process(tx, line, sent);
		bl_prbs_rx_process(rx, line, sent);
		bl_prbs_rx_process(rx, rubbish, noise);
		if (fuzz_below(&f, 10) == 0)
			((uint8_t *)rx)[fuzz_below(&f, (uint32_t)bl_prbs_rx_size())] ^= (uint8_t)fuzz_below(&f, 256);
		if (fuzz_below(&f, 30) == 0)
			((uint8_t *)tx)[fuzz_below(&f, (uint32_t)bl_prbs_tx_size())] ^= (uint8_t)fuzz_below(&f, 256);
		free(line);
		free(rubbish);
	}
	free(tx);
	free(rx);
	return 0;
}
