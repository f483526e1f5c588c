/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HDLC transmitter: the queue's frames as a stream of bits, eight of them an octet of the timeslot. Five octets of a
 * frame are taken at once, and parted only where a zero is to be inserted.
 */
#include "hdlc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "hdlc_bits.h"

#define INSERT_ONES 5 /* Q.921 §2.6 */
#define FLAGS 0x7e7e7e7e7e7e7eull
#define MARK 0xffffffffffffffull
#define FILL 7  /* octets at once: 7 bits may be waiting */
#define PIECE 5 /* octets: with 8 inserted zeros and 7 bits that wait they fit into 64 bits */
#define FRAME_OCTETS (BL_HDLC_FRAME_MAX + BL_HDLC_FCS_LEN)

size_t bl_hdlc_tx_size(void)
{
	return sizeof(struct bl_hdlc_tx);
}

int bl_hdlc_tx_init(struct bl_hdlc_tx *tx, const struct bl_hdlc_tx_cfg *cfg)
{
	if (!tx)
		return -EINVAL;

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
	if (!tx)
		return;
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
	if (!tx || !frame)
		return -EINVAL;

	struct bl_hdlc_tx_frame *slot = &tx->queue[(tx->first + tx->queued) % BL_HDLC_TX_QUEUE];
	unsigned int fcs;

	if (len == 0)
		return -EINVAL;
	if (len > BL_HDLC_FRAME_MAX)
		return -EMSGSIZE;
	if (tx->queued >= BL_HDLC_TX_QUEUE)
		return -ENOBUFS;
	fcs = ~fcs_of(frame, len);
	memcpy(slot->data, frame, len);
	slot->data[len] = (uint8_t)(fcs & 0xffu);
	slot->data[len + 1] = (uint8_t)(fcs >> 8 & 0xffu);
	slot->len = (uint16_t)(len + BL_HDLC_FCS_LEN);
	tx->queued++;
	return 0;
}

/* Of the state, held in registers while octets are made: bits that wait for one, and the ones sent in a row. */
struct waiting {
	uint64_t bits;
	uint32_t n;
	uint32_t ones;
};

static inline void put_bits(struct waiting *w, uint64_t bits, uint32_t count)
{
	w->bits |= bits << w->n;
	w->n += count;
}

/* Data, with a zero inserted behind every five ones. */
static inline void put_data(struct waiting *w, uint64_t bits, uint32_t count)
{
	uint64_t line = bits << w->ones | hdlc_below(w->ones), fives;

	while ((fives = hdlc_runs(line, INSERT_ONES))) {
		uint32_t end = (uint32_t)__builtin_ctzll(fives) + INSERT_ONES - w->ones;

		put_bits(w, bits & hdlc_below(end), end + 1);
		bits >>= end;
		line = bits;
		count -= end;
		w->ones = 0;
	}
	put_bits(w, bits, count);
	if (count)
		w->ones = (uint32_t)__builtin_clzll(~(line << (64 - count - w->ones)));
}

static void end_frame(struct bl_hdlc_tx *tx)
{
	tx->first = (uint8_t)((tx->first + 1) % BL_HDLC_TX_QUEUE);
	tx->queued--;
	tx->frames++;
	tx->open = 0;
	tx->flags = 0;
}

/* The next octets of the open frame: no more than are wanted, so that its end does not wait behind its count. */
static inline void put_frame_piece(struct bl_hdlc_tx *tx, struct waiting *w, size_t wanted)
{
	const struct bl_hdlc_tx_frame *frame = &tx->queue[tx->first % BL_HDLC_TX_QUEUE];
	uint32_t len = frame->len < FRAME_OCTETS ? frame->len : FRAME_OCTETS;
	uint32_t left = tx->next < len ? len - tx->next : 0, octets = wanted < PIECE ? (uint32_t)wanted : PIECE;

	octets = octets < left ? octets : left;
	put_data(w, hdlc_load(frame->data + (left ? tx->next : 0)) & hdlc_below(8 * octets), 8 * octets);
	tx->next = (uint16_t)(tx->next + octets);
	if (octets == left)
		end_frame(tx);
}

/* The open frame's octets as long as there is room for eight; how many. */
static inline size_t give_pieces(struct bl_hdlc_tx *tx, struct waiting *w, uint8_t *out, size_t n)
{
	const struct bl_hdlc_tx_frame *frame = &tx->queue[tx->first % BL_HDLC_TX_QUEUE];
	size_t len = frame->len < FRAME_OCTETS ? frame->len : FRAME_OCTETS, next = tx->next, at = 0;

	for (; w->n < 8 && n - at >= 8 && next + PIECE < len; next += PIECE) {
		put_data(w, hdlc_load(frame->data + next) & hdlc_below(8 * PIECE), 8 * PIECE);
		hdlc_store(out + at, line_order(w->bits));
		at += w->n / 8;
		w->bits >>= w->n / 8 * 8;
		w->n %= 8;
	}
	tx->next = (uint16_t)next;
	return at;
}

static void count_flags(struct bl_hdlc_tx *tx, size_t count)
{
	tx->flags = (uint8_t)(tx->flags + count < UINT8_MAX ? tx->flags + count : UINT8_MAX);
}

/* So many octets of it at most, that a frame which is queued later need not wait. */
static void put_fill(struct waiting *w, uint64_t what, size_t octets)
{
	uint32_t count = octets < FILL ? (uint32_t)octets : FILL;

	put_bits(w, what & hdlc_below(8 * count), 8 * count);
}

/* Flags that come before anything else can. */
static size_t flags_due(const struct bl_hdlc_tx *tx, size_t wanted)
{
	size_t due = wanted;

	if (tx->queued)
		due = tx->cfg.min_flags > tx->flags ? (size_t)tx->cfg.min_flags - tx->flags : 1;
	else if (tx->cfg.fill == BL_HDLC_FILL_MARK)
		due = 1;
	due = due < wanted ? due : wanted;
	return due < FILL ? due : FILL;
}

/* What follows: a piece of the frame that is open, or flags, or mark; a frame opens after the flags it needs. */
static inline void put_next(struct bl_hdlc_tx *tx, struct waiting *w, size_t wanted)
{
	size_t flags;

	if (tx->mark && tx->queued) {
		tx->mark = 0;
		tx->flags = 0;
	}
	if (!tx->open && !tx->mark && tx->queued && tx->flags >= tx->cfg.min_flags) {
		tx->open = 1;
		w->ones = 0;
		tx->next = 0;
	}
	if (!tx->open && !tx->queued && tx->flags && tx->cfg.fill == BL_HDLC_FILL_MARK)
		tx->mark = 1;

	if (tx->open)
		put_frame_piece(tx, w, wanted);
	else if (tx->mark)
		put_fill(w, MARK, wanted);
	else {
		flags = flags_due(tx, wanted);
		put_fill(w, FLAGS, flags);
		count_flags(tx, flags);
	}
}

/* Whole octets of the bits that wait; how many. */
static inline size_t give(struct waiting *w, uint8_t *out, size_t n)
{
	size_t count = w->n / 8 < n ? w->n / 8 : n;
	uint64_t octets = line_order(w->bits);

	if (n >= 8)
		hdlc_store(out, octets); /* what is too much is written over */
	else
		for (size_t i = 0; i < count; i++)
			out[i] = (uint8_t)(octets >> 8 * i);
	w->bits = count < 8 ? w->bits >> 8 * count : 0;
	w->n -= (uint32_t)(8 * count);
	return count;
}

/* Between frames, once the bits that wait are those of the fill, all octets are alike. */
static bool fill_up(struct bl_hdlc_tx *tx, const struct waiting *w, uint8_t *out, size_t n)
{
	uint32_t what = tx->mark ? (uint8_t)MARK : (uint8_t)FLAGS;

	if (tx->open || tx->queued || (!tx->mark && tx->cfg.fill == BL_HDLC_FILL_MARK) || w->n >= 8 ||
	    w->bits != what >> (8 - w->n))
		return false;
	memset(out, (int)(line_order(what << w->n | w->bits) & 0xffu), n);
	if (!tx->mark)
		count_flags(tx, n);
	return true;
}

void bl_hdlc_tx_process(struct bl_hdlc_tx *tx, uint8_t *out, size_t n)
{
	struct waiting w = {.n = tx->bits_n % 64, .ones = tx->ones % INSERT_ONES}; /* whatever stands in the state */

	w.bits = tx->bits & hdlc_below(w.n);
	while (n && !fill_up(tx, &w, out, n)) {
		size_t count = tx->open ? give_pieces(tx, &w, out, n) : 0;

		if (!count) {
			if (w.n < 8)
				put_next(tx, &w, n);
			count = give(&w, out, n);
		}
		out += count;
		n -= count;
	}
	tx->bits = w.bits;
	tx->bits_n = w.n;
	tx->ones = (uint8_t)w.ones;
}
