/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals of R1 in the order of pairs.h: digits, then KP and the kinds of ST, which hold 1700 Hz. */
#ifndef BL_MF_SIGNALS_H
#define BL_MF_SIGNALS_H

#include "pairs.h"

#define MF_KP '*'

static const char mf_signals[PAIRS] = {'1', '2', '3', '4', '5', '6', '7', '8', '9', '0', 'C', 'A', MF_KP, 'B', '#'};

/* Number of a signal, 1 to 15; 0: it is none. */
static inline int mf_number(char signal)
{
	for (int i = 0; i < PAIRS; i++) {
		if (mf_signals[i] == signal)
			return i + 1;
	}
	return 0;
}

#endif
