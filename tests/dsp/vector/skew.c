/* SPDX-License-Identifier: GPL-2.0-only */
#include "skew.h"

#include <stdlib.h>

#include "check.h"

#define CALLS 3000

static int run(float ppm, size_t n, uint32_t *seed)
{
	struct bl_skew skews[2];
	int16_t in[BL_SKEW_MAX + 1], out[2][BL_SKEW_MAX];

	for (int form = 0; form < 2; form++) {
		(void)bl_skew_init(&skews[form]);
		(void)bl_skew_set(&skews[form], ppm);
	}
	for (int call = 0; call < CALLS; call++) {
		size_t want = bl_skew_want(&skews[0], n);

		for (size_t i = 0; i < want; i++) {
			*seed = *seed * 1664525u + 1013904223u;
			in[i] = call % 3 ? (int16_t)(*seed >> 16) : *seed >> 31 ? INT16_MAX : INT16_MIN;
		}
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			if (bl_skew_process(&skews[form], in, want, out[form], n))
				printf("skew: refused\n");
		}
		for (size_t i = 0; i < n; i++)
			if (abs(out[0][i] - out[1][i]) > 1) {
				printf("skew: %d and %d\n", out[0][i], out[1][i]);
				return 1;
			}
	}
	return check_same("skew state", &skews[0], &skews[1], sizeof skews[0]);
}

int check_skew(void)
{
	uint32_t seed = 1;

	return run(300, 40, &seed) | run(-300, 40, &seed) | run(100, 160, &seed) | run(-7, 33, &seed) |
	       run(0, 40, &seed);
}
