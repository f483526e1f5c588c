/* SPDX-License-Identifier: GPL-2.0-only */
/* Two of six tones: R1 (Q.320) and R2 (Q.441) count them alike, tone j with each below it. */
#ifndef BL_PAIRS_H
#define BL_PAIRS_H

#define PAIR_TONES 6
#define PAIRS 15

struct pair {
	int low, high; /* tones, low < high */
};

/* 1 to 15 of tones low < high. */
static inline int pair_number(int low, int high)
{
	return high * (high - 1) / 2 + low + 1;
}

static inline struct pair pair_of(int number)
{
	struct pair p = {.low = number - 1, .high = 1};

	while (p.low >= p.high) {
		p.low -= p.high;
		p.high++;
	}
	return p;
}

#endif
