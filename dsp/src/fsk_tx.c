/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FSK sender. Three bits are exactly twenty samples, so the phase within them is read from a table of eight rows, and
 * the edges of the bits lie where they belong also between samples.
 */
#include "fsk.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "fsk_tables.h"
#include "fsk_vector.h"
#include "isa.h"
#include "oscillator.h"

#define GROUP_BITS 3
#define BITS_MOST 4800 /* 4 s */
#define STOP_MOST 20
#define TAKEN_AT_ONCE 30        /* bits: more than a character with its stop bits */
#define ALTERNATING 0x2aaaaaaau /* space first */

size_t bl_fsk_tx_size(void)
{
	return sizeof(struct bl_fsk_tx);
}

int bl_fsk_tx_init(struct bl_fsk_tx *tx, const struct bl_fsk_tx_cfg *cfg)
{
	if (!tx || !cfg || cfg->modem > BL_FSK_V23 || !(cfg->level_dbm0 >= -48.0f && cfg->level_dbm0 <= 0.0f))
		return -EINVAL;
	memset(tx, 0, sizeof *tx);
	tx->cfg = *cfg;
	tx->amplitude = sine_peak(cfg->level_dbm0);
	return 0;
}

void bl_fsk_tx_reset(struct bl_fsk_tx *tx)
{
	if (!tx)
		return;
	tx->seizure = 0;
	tx->mark = 0;
	tx->tail = 0;
	tx->octets = 0;
	tx->next = 0;
	tx->waiting = 0;
	tx->bits = 0;
	tx->ready = 0;
}

static int is_sending(const struct bl_fsk_tx *tx)
{
	return tx->seizure || tx->mark || tx->tail || tx->next < tx->octets || tx->waiting || tx->ready;
}

static int burst_is_good(const struct bl_fsk_burst *burst, size_t n)
{
	return n <= BL_FSK_OCTETS && burst->seizure_bits <= BITS_MOST && burst->mark_bits <= BITS_MOST &&
	       burst->tail_bits <= BITS_MOST && burst->stop_bits >= 1 && burst->stop_bits <= STOP_MOST &&
	       n + burst->seizure_bits + burst->mark_bits + burst->tail_bits > 0;
}

int bl_fsk_tx_send(struct bl_fsk_tx *tx, const uint8_t *octets, size_t n, const struct bl_fsk_burst *burst)
{
	if (!tx || !burst || (!octets && n) || !burst_is_good(burst, n))
		return -EINVAL;
	if (is_sending(tx))
		return -EBUSY;
	tx->burst = *burst;
	tx->seizure = burst->seizure_bits;
	tx->mark = burst->mark_bits;
	tx->tail = burst->tail_bits;
	tx->octets = (uint32_t)n;
	tx->next = 0;
	tx->bits = 0;
	tx->phase = 0;
	if (n)
		memcpy(tx->octet, octets, n);
	return 0;
}

static void put_bits(struct bl_fsk_tx *tx, uint64_t bits, uint32_t count)
{
	tx->bits |= bits << tx->waiting;
	tx->waiting += count;
}

/* How many bits of a run are taken next: an even number but for the last of them, so that alternation goes on. */
static uint32_t part_of(uint32_t *run)
{
	uint32_t part = *run < TAKEN_AT_ONCE ? *run : TAKEN_AT_ONCE;

	*run -= part;
	return part;
}

static uint64_t ones(uint32_t count)
{
	return (1ull << count) - 1;
}

/* Put the next piece behind the waiting bits (few); 0: there is nothing more. */
static int refill(struct bl_fsk_tx *tx)
{
	uint32_t part;

	if (tx->seizure) {
		part = part_of(&tx->seizure);
		put_bits(tx, ALTERNATING & ones(part), part);
	} else if (tx->mark) {
		part = part_of(&tx->mark);
		put_bits(tx, ones(part), part);
	} else if (tx->next < tx->octets && tx->next < BL_FSK_OCTETS) {
		uint32_t stop = tx->burst.stop_bits % (STOP_MOST + 1u);

		put_bits(tx, (uint64_t)tx->octet[tx->next++] << 1 | ones(stop) << 9, 9 + stop);
	} else if (tx->tail) {
		part = part_of(&tx->tail);
		put_bits(tx, ones(part), part);
	} else {
		tx->next = tx->octets;
		return 0;
	}
	return 1;
}

/* Three bits, the first in bit 0, mark behind the last; -1: the burst is over. */
static int next_pattern(struct bl_fsk_tx *tx)
{
	unsigned int pattern;

	if (tx->waiting >= 64) { /* a torn state */
		tx->waiting = 0;
		tx->bits = 0;
	}
	while (tx->waiting < GROUP_BITS && refill(tx))
		;
	if (!tx->waiting) {
		tx->bits = 0;
		return -1;
	}
	if (tx->waiting < GROUP_BITS)
		put_bits(tx, ones(GROUP_BITS - tx->waiting), GROUP_BITS - tx->waiting);
	pattern = tx->bits & 7u;
	tx->bits >>= GROUP_BITS;
	tx->waiting -= GROUP_BITS;
	return (int)pattern;
}

static const uint32_t *row_of(const struct bl_fsk_tx *tx, int pattern)
{
	return tx->cfg.modem == BL_FSK_V23 ? bl_fsk_phase_v23[pattern] : bl_fsk_phase_bell202[pattern];
}

static float sine_of_turn(uint32_t phase)
{
	float turn = (float)(int32_t)phase * (1.0f / 4294967296.0f);
	float x = 0.25f - fabsf(fabsf(turn) - 0.25f), square = x * x;
	float sine = ((BL_FSK_SINE_7 * square + BL_FSK_SINE_5) * square + BL_FSK_SINE_3) * square + BL_FSK_SINE_1;

	return copysignf(sine * x, turn);
}

static uint32_t turn_on(struct bl_fsk_tx *tx, int pattern)
{
	uint32_t start = tx->phase;

	tx->phase += bl_fsk_turn[tx->cfg.modem == BL_FSK_V23][pattern];
	return start;
}

static int make_group(struct bl_fsk_tx *tx, int16_t *out)
{
	int pattern = next_pattern(tx);
	uint32_t start;

	if (pattern < 0)
		return 0;
	start = turn_on(tx, pattern);
	for (int i = 0; i < BL_FSK_GROUP; i++)
		out[i] = to_sample(tx->amplitude * sine_of_turn(start + row_of(tx, pattern)[BL_FSK_PAD + i]));
	return 1;
}

/* A tick's two groups straight into its samples; 0: not two whole ones are left. */
static int make_tick(struct bl_fsk_tx *tx, int16_t *out)
{
	const uint32_t *rows[2];
	uint32_t start[2];

	while (tx->waiting < 2 * GROUP_BITS)
		if (!refill(tx))
			return 0;
	for (int i = 0; i < 2; i++) {
		int pattern = next_pattern(tx);

		rows[i] = row_of(tx, pattern & 7);
		start[i] = turn_on(tx, pattern & 7);
	}
	bl_fsk_groups_vector(rows, start, tx->amplitude, out);
	return 1;
}

static size_t hand_out(struct bl_fsk_tx *tx, int16_t *out, size_t n)
{
	size_t ready = tx->ready <= BL_FSK_GROUP ? tx->ready : 0, piece = n < ready ? n : ready;

	memcpy(out, tx->group + BL_FSK_GROUP - ready, piece * sizeof out[0]);
	tx->ready = (uint32_t)(ready - piece);
	return piece;
}

size_t bl_fsk_tx_process(struct bl_fsk_tx *tx, int16_t *out, size_t n)
{
	int vector = bl_isa() == BL_ISA_VECTOR;
	size_t done = 0;

	while (done < n) {
		if (tx->ready) {
			done += hand_out(tx, out + done, n - done);
		} else if (vector && n - done >= BL_FSK_HOP && make_tick(tx, out + done)) {
			done += BL_FSK_HOP;
		} else if (make_group(tx, tx->group)) {
			tx->ready = BL_FSK_GROUP;
		} else {
			break;
		}
	}
	memset(out + done, 0, (n - done) * sizeof out[0]);
	return done;
}
