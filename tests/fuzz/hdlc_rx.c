/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "hdlc.h"

static void on_frame(void *user, const uint8_t *frame, size_t length)
{
	const struct bl_hdlc_rx_cfg *cfg = user;

	if (length < cfg->min_len || length > cfg->max_len)
		abort();
	for (size_t i = 0; i < length; i++)
		*(volatile const uint8_t *)&frame[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_hdlc_rx_cfg cfg = {(uint16_t)(1 + fuzz_below(&f, 8)),
	                             (uint16_t)(1 + fuzz_below(&f, BL_HDLC_FRAME_MAX))};
	struct bl_hdlc_rx *rx = fuzz_room(bl_hdlc_rx_size());

	if (!bl_hdlc_rx_init(rx, &cfg))
		while (f.left) {
			size_t piece = 1 + fuzz_below(&f, 64);
			uint8_t *line = fuzz_octets(&f, &piece);

			(void)bl_hdlc_rx_process(rx, line, piece, on_frame, &cfg);
			free(line);
		}
	free(rx);
	return 0;
}
