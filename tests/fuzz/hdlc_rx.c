/* SPDX-License-Identifier: GPL-2.0-only */
#include "fuzz.h"
#include "hdlc.h"

struct ear {
	struct bl_hdlc_rx_cfg cfg;
	int torn;
};

static void on_frame(void *user, const uint8_t *frame, size_t length)
{
	const struct ear *ear = user;

	if (!ear->torn && (length < ear->cfg.min_len || length > ear->cfg.max_len))
		abort();
	for (size_t i = 0; i < length; i++)
		*(volatile const uint8_t *)&frame[i];
}

/* What a process that died in the middle may have left. */
static void tear(struct fuzz *f, struct bl_hdlc_rx *rx)
{
	size_t n = bl_hdlc_rx_size();
	uint8_t *octets = fuzz_octets(f, &n);

	memcpy(rx, octets, n);
	free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct ear ear = {.cfg = {(uint16_t)(1 + fuzz_below(&f, 8)), (uint16_t)(1 + fuzz_below(&f, BL_HDLC_FRAME_MAX))},
	                  .torn = fuzz_below(&f, 8) == 0};
	struct bl_hdlc_rx *rx = fuzz_room(bl_hdlc_rx_size());

	if (!bl_hdlc_rx_init(rx, &ear.cfg)) {
		if (ear.torn)
			tear(&f, rx);
		while (f.left) {
			size_t piece = 1 + fuzz_below(&f, 64);
			uint8_t *line = fuzz_octets(&f, &piece);

			(void)bl_hdlc_rx_process(rx, line, piece, on_frame, &ear);
			free(line);
		}
	}
	free(rx);
	return 0;
}
