/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test patterns: a register's next eight bits at once, both taps being more than eight bits back.
 *
 * The register is its own history: bit 0 the newest, bit n the one n before it.
 */
#include "prbs.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define OCTET 8
#define LOST_ERRORS 51 /* 20 % of the window's bits */
#define GOOD_OCTETS 8  /* foretold in a row: 2^-64 by chance */
#define LOAD_OCTETS 3  /* that hold the longest register */

struct pattern {
	uint8_t tap, length; /* stages whose sum is fed back */
	uint8_t inverted;
	uint8_t suppressed; /* 14 zeros that would follow make a bit a one */
};

static const struct pattern patterns[BL_PRBS_PATTERNS] = {
        [BL_PRBS_11] = {9, 11, 0, 0},  /* O.152 2.1, O.150 5.2 */
        [BL_PRBS_15] = {14, 15, 1, 0}, /* O.151 2.1, O.150 5.3 */
        [BL_PRBS_20] = {17, 20, 0, 1}, /* O.151 2.3, O.150 5.5 */
};

static const struct pattern *pattern_of(uint32_t number)
{
	return &patterns[number < BL_PRBS_PATTERNS ? number : BL_PRBS_11];
}

static uint64_t advanced(const struct pattern *p, uint64_t bits)
{
	uint64_t next = (bits >> (p->tap - OCTET) ^ bits >> (p->length - OCTET)) & 0xff;

	return bits << OCTET | next;
}

static uint64_t register_of(const struct pattern *p, uint64_t bits)
{
	return bits & ((1ull << p->length) - 1);
}

/* Bits before which 14 zeros follow: bit n looks at those from n - 1 to n - 14. */
static uint64_t before_zeros(uint64_t bits)
{
	uint64_t zeros = ~bits;

	zeros &= zeros << 1;
	zeros &= zeros << 2;
	zeros &= zeros << 4;
	zeros &= zeros << 6;
	return zeros << 1;
}

/* What the line carries for the register's newest octet; for the suppression two more are looked ahead. */
static uint8_t octet_of(const struct pattern *p, uint64_t bits)
{
	if (p->suppressed) {
		bits = advanced(p, advanced(p, bits));
		return (uint8_t)((bits | before_zeros(bits)) >> 2 * OCTET);
	}
	return (uint8_t)(p->inverted ? ~bits : bits);
}

size_t bl_prbs_tx_size(void)
{
	return sizeof(struct bl_prbs_tx);
}

int bl_prbs_tx_init(struct bl_prbs_tx *tx, uint32_t pattern)
{
	if (!tx)
		return -EINVAL;
	if (pattern >= BL_PRBS_PATTERNS)
		return -EINVAL;
	*tx = (struct bl_prbs_tx){.bits = ~0ull, .pattern = pattern};
	return 0;
}

void bl_prbs_tx_insert(struct bl_prbs_tx *tx, uint32_t errors)
{
	if (!tx)
		return;
	tx->insert = errors > UINT32_MAX - tx->insert ? UINT32_MAX : tx->insert + errors;
}

void bl_prbs_tx_process(struct bl_prbs_tx *tx, uint8_t *out, size_t n)
{
	if (!tx || !out)
		return;

	const struct pattern *p = pattern_of(tx->pattern);
	uint64_t bits = register_of(p, tx->bits) ? tx->bits : ~0ull; /* torn to zeros it would stay there */

	for (size_t i = 0; i < n; i++) {
		bits = advanced(p, bits);
		out[i] = octet_of(p, bits);
	}
	for (size_t i = 0; i < n && tx->insert; i++, tx->insert--)
		out[i] ^= 0x10;
	tx->bits = bits;
}

size_t bl_prbs_rx_size(void)
{
	return sizeof(struct bl_prbs_rx);
}

int bl_prbs_rx_init(struct bl_prbs_rx *rx, uint32_t pattern)
{
	if (!rx)
		return -EINVAL;
	if (pattern >= BL_PRBS_PATTERNS)
		return -EINVAL;
	*rx = (struct bl_prbs_rx){.pattern = pattern};
	return 0;
}

/* How many octets the pattern has moved on against where it would have been; 0 for not at all, or too far. */
static int64_t slipped(const struct pattern *p, uint64_t would_be, uint64_t is)
{
	uint64_t ahead = would_be, behind = is;

	if (register_of(p, would_be) == register_of(p, is))
		return 0;
	for (int64_t octets = 1; octets <= BL_PRBS_SLIP_MAX; octets++) {
		ahead = advanced(p, ahead);
		behind = advanced(p, behind);
		if (register_of(p, ahead) == register_of(p, is))
			return octets;
		if (register_of(p, behind) == register_of(p, would_be))
			return -octets;
	}
	return 0;
}

static void synchronise(struct bl_prbs_rx *rx, const struct pattern *p)
{
	int64_t octets = rx->known ? slipped(p, rx->free, rx->bits) : 0;

	rx->counters.slips += octets != 0;
	rx->counters.slipped += octets;
	memset(rx->recent, 0, sizeof rx->recent);
	rx->place = rx->filled = 0;
	rx->synced = rx->known = 1;
}

/* What was foretold is the register's, what was not is taken for it: of the line a one may stand for a zero. */
static void hunt(struct bl_prbs_rx *rx, const struct pattern *p, uint8_t octet)
{
	uint64_t next = advanced(p, rx->bits);
	bool foretold = rx->fed >= LOAD_OCTETS && octet == octet_of(p, next);

	rx->counters.unsynced++;
	rx->free = advanced(p, rx->free);
	rx->good = foretold ? rx->good + 1 : 0;
	rx->bits = foretold ? next : rx->bits << OCTET | (uint8_t)(p->inverted ? ~octet : octet);
	rx->fed = rx->fed < LOAD_OCTETS ? rx->fed + 1 : LOAD_OCTETS;
	if (rx->good >= GOOD_OCTETS && register_of(p, rx->bits)) /* a register of zeros foretells zeros for ever */
		synchronise(rx, p);
}

static uint32_t errors_of_window(const struct bl_prbs_rx *rx)
{
	uint32_t errors = 0;

	for (int i = 0; i < BL_PRBS_WINDOW; i++)
		errors += rx->recent[i];
	return errors;
}

static void lose(struct bl_prbs_rx *rx, uint32_t errors)
{
	rx->counters.losses++;
	rx->counters.errors -= errors;
	rx->counters.bits -= (uint64_t)OCTET * rx->filled;
	rx->counters.unsynced += rx->filled;
	rx->free = rx->bits;
	rx->synced = rx->fed = rx->good = 0;
}

static void compare(struct bl_prbs_rx *rx, const struct pattern *p, uint8_t octet)
{
	uint8_t errors, place = rx->place % BL_PRBS_WINDOW;

	rx->bits = advanced(p, rx->bits);
	errors = (uint8_t)__builtin_popcount((unsigned)(octet_of(p, rx->bits) ^ octet));
	rx->counters.bits += OCTET;
	rx->counters.errors += errors;
	rx->recent[place] = errors;
	rx->place = (uint8_t)((place + 1) % BL_PRBS_WINDOW);
	rx->filled = rx->filled < BL_PRBS_WINDOW ? rx->filled + 1 : BL_PRBS_WINDOW;
	if (errors && errors_of_window(rx) > LOST_ERRORS)
		lose(rx, errors_of_window(rx));
}

void bl_prbs_rx_process(struct bl_prbs_rx *rx, const uint8_t *in, size_t n)
{
	if (!rx || !in)
		return;

	const struct pattern *p = pattern_of(rx->pattern);

	for (size_t i = 0; i < n; i++) {
		if (rx->synced)
			compare(rx, p, in[i]);
		else
			hunt(rx, p, in[i]);
	}
}
