/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HDLC receiver. Seven octets are taken at once: 56 bits of the line in one word, before which stand the ones that went
 * before. Runs of six ones, which begin flags and aborts, and zeros behind five ones are found by shifts and ANDs for
 * all bits together; what lies between them is taken whole.
 *
 * Between flags every bit is collected as data, the flag's own seven first bits (a zero, six ones) too: a frame of
 * whole octets is one that leaves exactly seven bits over when the flag's last zero comes.
 */
#include "hdlc.h"

#include <errno.h>

#include "hdlc_bits.h"

#define DELETE_ONES 5 /* Q.921 §2.6: the zero behind them was inserted */
#define FLAG_ONES 6
#define ABORT_ONES 7 /* Q.921 §2.10 */
#define FLAG_BITS_COLLECTED 7
#define WORD 7       /* octets: 6 ones before and 7 bits in hand still fit into 64 bits */
#define NO_REST 256u /* no octet */

size_t bl_hdlc_rx_size(void)
{
	return sizeof(struct bl_hdlc_rx);
}

int bl_hdlc_rx_init(struct bl_hdlc_rx *rx, const struct bl_hdlc_rx_cfg *cfg)
{
	if (!rx)
		return -EINVAL;

	static const struct bl_hdlc_rx_cfg standard = {.min_len = 3, .max_len = BL_HDLC_FRAME_MAX};

	if (!cfg)
		cfg = &standard;
	if (cfg->min_len < 1 || cfg->min_len > cfg->max_len || cfg->max_len > BL_HDLC_FRAME_MAX)
		return -EINVAL;
	memset(rx, 0, sizeof(*rx));
	rx->cfg = *cfg;
	rx->rest = NO_REST;
	return 0;
}

static void open_frame(struct bl_hdlc_rx *rx)
{
	rx->len = 0;
	rx->bits = 0;
	rx->bits_n = 0;
}

void bl_hdlc_rx_reset(struct bl_hdlc_rx *rx)
{
	if (!rx)
		return;
	rx->ones = 0;
	rx->synced = 0;
	rx->idle = 0;
	rx->rest = NO_REST;
	open_frame(rx);
}

static uint32_t longest(const struct bl_hdlc_rx *rx)
{
	uint32_t most = rx->cfg.max_len < BL_HDLC_FRAME_MAX ? rx->cfg.max_len : BL_HDLC_FRAME_MAX;

	return most + BL_HDLC_FCS_LEN;
}

/* At most 56 bits, fewer than 8 of which were in hand. */
static void collect(struct bl_hdlc_rx *rx, uint64_t bits, uint32_t count)
{
	uint32_t octets = (rx->bits_n + count) / 8;

	rx->bits |= bits << rx->bits_n;
	rx->bits_n = (rx->bits_n + count) % 8;
	if (rx->len + octets > longest(rx)) {
		rx->counters.long_frames++;
		rx->synced = 0;
		open_frame(rx);
		return;
	}
	hdlc_store(rx->data + rx->len, rx->bits);
	rx->len += octets;
	rx->bits >>= 8 * octets;
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
	else if (fcs_of(rx->data, rx->len) != FCS_GOOD)
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
	rx->ones = 0;
	rx->synced = 1;
	rx->idle = 0;
	open_frame(rx);
	return good;
}

static void take_abort(struct bl_hdlc_rx *rx)
{
	if (rx->synced && rx->len > 0) /* else mark idle after a flag */
		rx->counters.aborts++;
	rx->ones = ABORT_ONES;
	rx->synced = 0;
	rx->idle = 1;
	open_frame(rx);
}

/* Collect `count` bits without the zeros that were inserted. */
static void take_data(struct bl_hdlc_rx *rx, uint64_t bits, uint32_t count, uint64_t inserted)
{
	while (inserted) {
		uint64_t below = (inserted & -inserted) - 1;

		bits = (bits & below) | (bits >> 1 & ~below);
		inserted = (inserted & (inserted - 1)) >> 1;
		count--;
	}
	collect(rx, bits & hdlc_below(count), count);
}

/* After an abort: pass over the ones that go on. How many bits are done with. */
static uint32_t skip_ones(struct bl_hdlc_rx *rx, uint64_t bits, uint32_t count)
{
	uint32_t ones = (uint32_t)__builtin_ctzll(~bits);

	if (ones >= count)
		return count;
	rx->ones = 0;
	return ones + 1;
}

/*
 * Data up to the next flag or abort, and that. How many bits are done with.
 *
 * `line` are the bits with the ones before them: the run of six that ends at `end` is seen whole, and a bit behind it
 * says what it was.
 */
static uint32_t take_event(struct bl_hdlc_rx *rx, uint64_t bits, uint32_t count, bl_hdlc_frame_fn on_frame, void *user,
                           size_t *good)
{
	uint32_t before = rx->ones, all = before + count, end = all;
	uint64_t line = bits << before | hdlc_below(before), sixes = hdlc_runs(line, FLAG_ONES);

	if (sixes)
		end = (uint32_t)__builtin_ctzll(sixes) + FLAG_ONES;
	if (rx->synced) {
		uint64_t zeros = (hdlc_runs(line, DELETE_ONES) & ~(line >> DELETE_ONES)) << DELETE_ONES;

		take_data(rx, bits, end - before, (zeros & hdlc_below(end)) >> before);
	}
	if (end == all) {
		rx->ones = (uint32_t)__builtin_clzll(~(line << (64 - all)));
		return count;
	}
	if (line >> end & 1)
		take_abort(rx);
	else
		*good += take_flag(rx, on_frame, user);
	return end - before + 1;
}

static size_t take_bits(struct bl_hdlc_rx *rx, uint64_t bits, uint32_t count, bl_hdlc_frame_fn on_frame, void *user)
{
	size_t good = 0;

	while (count) {
		uint32_t done = rx->ones == ABORT_ONES ? skip_ones(rx, bits, count)
		                                       : take_event(rx, bits, count, on_frame, user, &good);

		bits >>= done;
		count -= done;
	}
	return good;
}

/* So many octets, up to seven, as a word. */
static uint64_t word_of(const uint8_t *in, size_t left, uint32_t octets)
{
	uint64_t word = 0;

	if (left >= 8)
		return hdlc_load(in) & hdlc_below(8 * WORD);
	for (uint32_t i = 0; i < octets; i++)
		word |= (uint64_t)in[i] << 8 * i;
	return word;
}

/* Octets of this value at the beginning. */
static size_t run_of(const uint8_t *in, size_t n, uint32_t octet)
{
	size_t i = 0;

	if (octet == NO_REST)
		return 0;
	while (i + 8 <= n && hdlc_load(in + i) == octet * 0x0101010101010101ull)
		i += 8;
	while (i < n && in[i] == octet)
		i++;
	return i;
}

/*
 * Equal octets that leave the state as it was will always do so: flags, mark, anything before a flag. Such an octet is
 * the state's `rest`, and as long as it comes it is passed over.
 */
static size_t take_word(struct bl_hdlc_rx *rx, uint64_t word, uint32_t octets, bl_hdlc_frame_fn on_frame, void *user)
{
	uint64_t bits = rx->bits, equal = (word & 0xffu) * (0x0101010101010101ull & hdlc_below(8 * octets));
	uint32_t bits_n = rx->bits_n, len = rx->len, ones = rx->ones, synced = rx->synced;
	size_t good = take_bits(rx, line_order(word), 8 * octets, on_frame, user);

	if (word == equal && bits == rx->bits && bits_n == rx->bits_n && len == rx->len && ones == rx->ones &&
	    synced == rx->synced)
		rx->rest = word & 0xffu;
	else
		rx->rest = NO_REST;
	return good;
}

/* Whatever stands in the state, nothing beyond it will be read or written. */
static void bound(struct bl_hdlc_rx *rx)
{
	rx->ones = rx->ones < ABORT_ONES ? rx->ones : ABORT_ONES;
	rx->bits_n %= 8;
	rx->bits &= hdlc_below(rx->bits_n);
	if (rx->len > longest(rx)) {
		rx->synced = 0;
		open_frame(rx);
	}
}

size_t bl_hdlc_rx_process(struct bl_hdlc_rx *rx, const uint8_t *in, size_t n, bl_hdlc_frame_fn on_frame, void *user)
{
	size_t good = 0, at;

	bound(rx);
	for (at = run_of(in, n, rx->rest); at < n; at += run_of(in + at, n - at, rx->rest)) {
		uint32_t octets = n - at < WORD ? (uint32_t)(n - at) : WORD;

		good += take_word(rx, word_of(in + at, n - at, octets), octets, on_frame, user);
		at += octets;
	}
	return good;
}
