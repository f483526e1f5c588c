/* SPDX-License-Identifier: GPL-2.0-only */
/* Digits of Q.23: index = 4 * low tone + high tone. */
#ifndef BL_DTMF_DIGITS_H
#define BL_DTMF_DIGITS_H

static const char dtmf_digits[16] = {'1', '2', '3', 'A', '4', '5', '6', 'B', '7', '8', '9', 'C', '*', '0', '#', 'D'};

/* Index of a digit, a to d as A to D; -1: no digit. */
static inline int digit_index(char digit)
{
	if (digit >= 'a' && digit <= 'd')
		digit = (char)(digit - 'a' + 'A');
	for (int i = 0; i < 16; i++) {
		if (dtmf_digits[i] == digit)
			return i;
	}
	return -1;
}

#endif
