/* SPDX-License-Identifier: GPL-2.0-only */
/* What both directions of HDLC share: FCS-16, the order of bits in a timeslot, runs of ones. */
#ifndef BL_HDLC_BITS_H
#define BL_HDLC_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hdlc_tables.h"

#define FCS_START 0xffffu
#define FCS_GOOD 0xf0b8u /* register after a frame with its FCS, ISO/IEC 13239 §4.2.5 */

/* Words are little-endian: their first octet is the lowest. */
static inline uint64_t hdlc_load(const uint8_t *octets)
{
	uint64_t word;

	memcpy(&word, octets, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static inline void hdlc_store(uint8_t *octets, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	memcpy(octets, &word, 8);
}

static inline uint64_t hdlc_below(unsigned int bit)
{
	return (1ull << bit) - 1;
}

static inline unsigned int fcs_step(unsigned int fcs, uint8_t octet)
{
	return fcs >> 8 ^ bl_hdlc_fcs[0][(fcs ^ octet) & 0xffu];
}

#define FCS_PART(word, n) bl_hdlc_fcs[7 - (n)][((word) >> (8 * (n))) & 0xffu]

static inline unsigned int fcs_of(const uint8_t *octets, size_t n)
{
	unsigned int fcs = FCS_START;

	for (; n >= 8; n -= 8, octets += 8) {
		uint64_t word = hdlc_load(octets);
		unsigned int rest = FCS_PART(word, 2) ^ FCS_PART(word, 3) ^ FCS_PART(word, 4) ^ FCS_PART(word, 5) ^
		                    FCS_PART(word, 6) ^ FCS_PART(word, 7);

		word ^= fcs;
		fcs = FCS_PART(word, 0) ^ FCS_PART(word, 1) ^ rest;
	}
	for (; n; n--)
		fcs = fcs_step(fcs, *octets++);
	return fcs;
}

/* Bit 0 first on the line <-> timeslot octet, whose first bit on the line is 0x80; eight octets at once. */
static inline uint64_t line_order(uint64_t octets)
{
	octets = (octets & 0x0f0f0f0f0f0f0f0full) << 4 | (octets >> 4 & 0x0f0f0f0f0f0f0f0full);
	octets = (octets & 0x3333333333333333ull) << 2 | (octets >> 2 & 0x3333333333333333ull);
	return (octets & 0x5555555555555555ull) << 1 | (octets >> 1 & 0x5555555555555555ull);
}

/* Where `length` ones in a row begin, length 4 to 6: nothing stands above the word's bits but zeros. */
static inline uint64_t hdlc_runs(uint64_t bits, unsigned int length)
{
	uint64_t pairs = bits & bits >> 1, fours = pairs & pairs >> 2;

	return length == 6 ? fours & pairs >> 4 : length == 5 ? fours & bits >> 4 : fours;
}

#endif
