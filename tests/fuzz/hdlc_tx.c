/* SPDX-License-Identifier: GPL-2.0-only */
/* What is sent is heard by the receiver; a torn state sends anything, within its memory. */
#include "fuzz.h"
#include "hdlc.h"

#define PIECE 64

struct expected {
	uint8_t frames[BL_HDLC_TX_QUEUE][BL_HDLC_FRAME_MAX];
	size_t lengths[BL_HDLC_TX_QUEUE];
	size_t sent, heard;
};

static void on_frame(void *user, const uint8_t *frame, size_t length)
{
	struct expected *e = user;
	size_t i = e->heard++ % BL_HDLC_TX_QUEUE;

	if (e->heard > e->sent || length != e->lengths[i] || memcmp(frame, e->frames[i], length) != 0)
		abort();
}

static void send(struct fuzz *f, struct bl_hdlc_tx *tx, struct expected *e)
{
	size_t length = fuzz_below(f, BL_HDLC_FRAME_MAX + 10), i = e->sent % BL_HDLC_TX_QUEUE;
	uint8_t *frame = fuzz_octets(f, &length);

	if (e->sent - e->heard < BL_HDLC_TX_QUEUE && !bl_hdlc_tx_send(tx, frame, length)) {
		memcpy(e->frames[i], frame, length);
		e->lengths[i] = length;
		e->sent++;
	}
	free(frame);
}

static void say(struct bl_hdlc_tx *tx, struct bl_hdlc_rx *rx, size_t n, struct expected *e)
{
	uint8_t *line = fuzz_room(n);

	bl_hdlc_tx_process(tx, line, n);
	if (rx)
		(void)bl_hdlc_rx_process(rx, line, n, on_frame, e);
	free(line);
}

static void tear(struct fuzz *f, struct bl_hdlc_tx *tx)
{
	size_t n = bl_hdlc_tx_size();
	uint8_t *octets = fuzz_octets(f, &n);

	memcpy(tx, octets, n);
	free(octets);
	for (int i = 0; i < 8; i++)
		say(tx, NULL, PIECE, NULL);
	(void)bl_hdlc_tx_send(tx, (const uint8_t *)"torn", 4);
	say(tx, NULL, PIECE, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct fuzz f = {in, n};
	struct bl_hdlc_tx_cfg cfg = {(uint8_t)fuzz_below(&f, 2), (uint8_t)(1 + fuzz_below(&f, 9))};
	struct bl_hdlc_rx_cfg any = {1, BL_HDLC_FRAME_MAX};
	struct bl_hdlc_tx *tx = fuzz_room(bl_hdlc_tx_size());
	struct bl_hdlc_rx *rx = fuzz_room(bl_hdlc_rx_size());
	struct expected *e = fuzz_room(sizeof *e);

	if (bl_hdlc_tx_init(tx, &cfg) || bl_hdlc_rx_init(rx, &any))
		abort();
	if (fuzz_below(&f, 8) == 0) {
		tear(&f, tx);
	} else {
		while (f.left) {
			if (fuzz_below(&f, 3) == 0)
				send(&f, tx, e);
			say(tx, rx, fuzz_below(&f, PIECE), e);
		}
		while (tx->queued)
			say(tx, rx, PIECE, e);
		say(tx, rx, 12, e);
		if (e->heard != e->sent)
			abort();
	}
	free(e);
	free(rx);
	free(tx);
	return 0;
}
