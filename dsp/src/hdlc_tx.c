/* SPDX-License-Identifier: GPL-2.0-only */
/* HDLC transmitter: the queue's frames as a stream of bits, eight of them an octet of the timeslot. */
#include "hdlc.h"

#include <errno.h>
#include <string.h>

#include "hdlc_bits.h"

#define FLAG 0x7eu
#define MARK 0xffu

size_t bl_hdlc_tx_size(void)
{
	return sizeof(struct bl_hdlc_tx);
}

int bl_hdlc_tx_init(struct bl_hdlc_tx *tx, const struct bl_hdlc_tx_cfg *cfg)
{
	static const struct bl_hdlc_tx_cfg standard = {.fill = BL_HDLC_FILL_FLAGS, .min_flags = 1};

	if (!cfg)
		cfg = &standard;
	if (cfg->fill > BL_HDLC_FILL_MARK || cfg->min_flags < 1)
		return -EINVAL;
	memset(tx, 0, sizeof(*tx));
	tx->cfg = *cfg;
	bl_hdlc_tx_reset(tx);
	return 0;
}

void bl_hdlc_tx_reset(struct bl_hdlc_tx *tx)
{
	tx->first = 0;
	tx->queued = 0;
	tx->ones = 0;
	tx->flags = 0;
	tx->open = 0;
	tx->mark = tx->cfg.fill == BL_HDLC_FILL_MARK;
	tx->next = 0;
	tx->bits = 0;
	tx->bits_n = 0;
}

int bl_hdlc_tx_send(struct bl_hdlc_tx *tx, const uint8_t *frame, size_t len)
{
	struct bl_hdlc_tx_frame *slot = &tx->queue[(tx->first + tx->queued) % BL_HDLC_TX_QUEUE];
	unsigned int fcs = FCS_START;

	if (len == 0)
		return -EINVAL;
	if (len > BL_HDLC_FRAME_MAX)
		return -EMSGSIZE;
	if (tx->queued == BL_HDLC_TX_QUEUE)
		return -ENOBUFS;
	for (size_t i = 0; i < len; i++)
		fcs = fcs_step(fcs, frame[i]);
	memcpy(slot->data, frame, len);
	slot->data[len] = (uint8_t)(~fcs & 0xffu);
	slot->data[len + 1] = (uint8_t)(~fcs >> 8 & 0xffu);
	slot->len = (uint16_t)(len + BL_HDLC_FCS_LEN);
	tx->queued++;
	return 0;
}

static void put_bits(struct bl_hdlc_tx *tx, uint32_t bits, uint32_t count)
{
	tx->bits |= bits << tx->bits_n;
	tx->bits_n += count;
}

static void put_flag(struct bl_hdlc_tx *tx)
{
	put_bits(tx, FLAG, 8);
	if (tx->flags < UINT8_MAX)
		tx->flags++;
}

static void put_frame_octet(struct bl_hdlc_tx *tx)
{
	const struct bl_hdlc_tx_frame *frame = &tx->queue[tx->first];
	uint32_t cell = bl_hdlc_insert[tx->ones][frame->data[tx->next]];

	put_bits(tx, cell & 0x3ffu, 8 + (cell >> 10 & 3u));
	tx->ones = (uint8_t)(cell >> 12);
	if (++tx->next < frame->len)
		return;
	tx->first = (uint8_t)((tx->first + 1) % BL_HDLC_TX_QUEUE);
	tx->queued--;
	tx->frames++;
	tx->open = 0;
	tx->flags = 0;
}

/* What follows: an octet of the frame that is open, or a flag, or mark; a frame opens after the flags it needs. */
static void put_next(struct bl_hdlc_tx *tx)
{
	if (tx->mark && tx->queued) {
		tx->mark = 0;
		tx->flags = 0;
	}
	if (!tx->open && !tx->mark && tx->queued && tx->flags >= tx->cfg.min_flags) {
		tx->open = 1;
		tx->ones = 0;
		tx->next = 0;
	}
	if (!tx->open && !tx->queued && tx->flags && tx->cfg.fill == BL_HDLC_FILL_MARK)
		tx->mark = 1;

	if (tx->open)
		put_frame_octet(tx);
	else if (tx->mark)
		put_bits(tx, MARK, 8);
	else
		put_flag(tx);
}

void bl_hdlc_tx_process(struct bl_hdlc_tx *tx, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (tx->bits_n < 8)
			put_next(tx);
		out[i] = line_order(tx->bits & 0xffu);
		tx->bits >>= 8;
		tx->bits_n -= 8;
	}
}
