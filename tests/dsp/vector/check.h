/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file tests/dsp/vector/<block>.c defines `int check_<block>(void)`: it runs the portable and the vector form of the
 * block on the same pseudo-random and extreme input and returns 0 when they agree, else 1 having said where they do
 * not.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "isa.h"

static inline int check_same(const char *what, const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i]) {
			printf("%s: octet %zu of %zu: %u and %u\n", what, i, n, x[i], y[i]);
			return 1;
		}
	return 0;
}

#endif
