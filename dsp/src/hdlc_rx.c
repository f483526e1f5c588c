/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HDLC receiver. An octet without a run of six ones is taken whole by a table; any other bit by bit.
 *
 * Between flags every bit is collected as data, the flag's own seven first bits (a zero, six ones) too: a frame of
 * whole octets is one that leaves exactly seven bits over when the flag's last zero comes.
 */
#include "hdlc.h"

#include <errno.h>
#include <string.h>

#include "hdlc_bits.h"

#define FLAG_ONES 6
#define ABORT_ONES 7 /* Q.921 §2.10 */
#define FLAG_BITS_COLLECTED 7
#define CELL_SLOW 0x8000u

size_t bl_hdlc_rx_size(void)
{
	return sizeof(struct bl_hdlc_rx);
}

int bl_hdlc_rx_init(struct bl_hdlc_rx *rx, const struct bl_hdlc_rx_cfg *cfg)
{
	static const struct bl_hdlc_rx_cfg standard = {.min_len = 3, .max_len = BL_HDLC_FRAME_MAX};

	if (!cfg)
		cfg = &standard;
	if (cfg->min_len < 1 || cfg->min_len > cfg->max_len || cfg->max_len > BL_HDLC_FRAME_MAX)
		return -EINVAL;
	memset(rx, 0, sizeof(*rx));
	rx->cfg = *cfg;
	return 0;
}

static void open_frame(struct bl_hdlc_rx *rx)
{
	rx->len = 0;
	rx->bits = 0;
	rx->bits_n = 0;
	rx->fcs = FCS_START;
}

void bl_hdlc_rx_reset(struct bl_hdlc_rx *rx)
{
	rx->ones = 0;
	rx->synced = 0;
	rx->idle = 0;
	open_frame(rx);
}

static void collect(struct bl_hdlc_rx *rx, uint32_t bits, uint32_t count)
{
	rx->bits |= bits << rx->bits_n;
	rx->bits_n += count;
	if (rx->bits_n < 8)
		return;
	if (rx->len == rx->cfg.max_len + (uint32_t)BL_HDLC_FCS_LEN) {
		rx->counters.long_frames++;
		rx->synced = 0;
		return;
	}
	rx->data[rx->len++] = (uint8_t)rx->bits;
	rx->fcs = (uint16_t)fcs_step(rx->fcs, (uint8_t)rx->bits);
	rx->bits >>= 8;
	rx->bits_n -= 8;
}

/* A flag has closed what was collected. True if it is a good frame. */
static int close_frame(struct bl_hdlc_rx *rx)
{
	struct bl_hdlc_counters *counters = &rx->counters;

	if (rx->len == 0) /* flag upon flag, with or without a zero in common */
		return 0;
	if (rx->bits_n != FLAG_BITS_COLLECTED)
		counters->non_aligned++;
	else if (rx->len < rx->cfg.min_len + (uint32_t)BL_HDLC_FCS_LEN)
		counters->short_frames++;
	else if (rx->fcs != FCS_GOOD)
		counters->fcs_errors++;
	else {
		counters->frames++;
		return 1;
	}
	return 0;
}

static size_t take_flag(struct bl_hdlc_rx *rx, bl_hdlc_frame_fn on_frame, void *user)
{
	size_t good = 0;

	if (rx->synced && close_frame(rx)) {
		on_frame(user, rx->data, rx->len - BL_HDLC_FCS_LEN);
		good = 1;
	}
	rx->synced = 1;
	rx->idle = 0;
	open_frame(rx);
	return good;
}

static void take_abort(struct bl_hdlc_rx *rx)
{
	if (rx->synced && rx->len > 0) /* else mark idle after a flag */
		rx->counters.aborts++;
	rx->synced = 0;
	rx->idle = 1;
}

static void take_one(struct bl_hdlc_rx *rx)
{
	if (rx->ones == ABORT_ONES)
		return;
	if (++rx->ones == ABORT_ONES)
		take_abort(rx);
	else if (rx->synced)
		collect(rx, 1, 1);
}

static size_t take_zero(struct bl_hdlc_rx *rx, bl_hdlc_frame_fn on_frame, void *user)
{
	size_t good = 0;

	if (rx->ones == FLAG_ONES)
		good = take_flag(rx, on_frame, user);
	else if (rx->ones < FLAG_ONES - 1 && rx->synced) /* after five ones it was inserted */
		collect(rx, 0, 1);
	rx->ones = 0;
	return good;
}

static size_t take_bits(struct bl_hdlc_rx *rx, uint8_t octet, bl_hdlc_frame_fn on_frame, void *user)
{
	size_t good = 0;

	for (unsigned int mask = 0x80u; mask; mask >>= 1) {
		if (octet & mask)
			take_one(rx);
		else
			good += take_zero(rx, on_frame, user);
	}
	return good;
}

size_t bl_hdlc_rx_process(struct bl_hdlc_rx *rx, const uint8_t *in, size_t n, bl_hdlc_frame_fn on_frame, void *user)
{
	size_t good = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t cell = rx->ones < FLAG_ONES ? bl_hdlc_delete[rx->ones][in[i]] : CELL_SLOW;

		if (cell & CELL_SLOW) {
			good += take_bits(rx, in[i], on_frame, user);
			continue;
		}
		rx->ones = cell >> 12 & 7u;
		if (rx->synced)
			collect(rx, cell & 0xffu, cell >> 8 & 15u);
	}
	return good;
}
