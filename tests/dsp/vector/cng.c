/* SPDX-License-Identifier: GPL-2.0-only */
#include "cng.h"

#include "check.h"

#define N 4000

static int16_t heard[2][N];

/* Three channels in ticks: one in step with its segments, one not, one that is not heard now and then. */
static int check_many(void)
{
	static const uint8_t payload[] = {20, 90, 140};
	struct bl_cng c[2][3], *each[2][3];
	int wrong = 0;

	for (int form = 0; form < 2; form++) {
		memset(heard[form], 0, sizeof heard[form]);
		(void)bl_isa_limit((enum bl_isa)form);
		for (uint32_t i = 0; i < 3; i++) {
			each[form][i] = &c[form][i];
			wrong |= bl_cng_init(&c[form][i], i) || bl_cng_set(&c[form][i], payload, sizeof payload);
		}
		bl_cng_process(&c[form][1], heard[form], 13);
		for (int at = 0; at + 120 <= N; at += 120) {
			int16_t *out[] = {heard[form] + at, heard[form] + at + 40, heard[form] + at + 80};

			if (at % 7 == 0)
				out[2] = NULL;
			bl_cng_process_many(each[form], out, 40, 3);
		}
	}
	wrong |= check_same("cng sound of many", heard[0], heard[1], sizeof heard[0]);
	return wrong | check_same("cng states of many", c[0], c[1], sizeof c[0]);
}

int check_cng(void)
{
	static const uint8_t payload[] = {0, 10, 200, 90, 140};
	struct bl_cng c[2];
	int wrong = 0;

	for (uint8_t level = 0; level < 100; level = (uint8_t)(level + 9)) {
		uint8_t sid[sizeof payload];

		memcpy(sid, payload, sizeof sid);
		sid[0] = level;
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			wrong |= bl_cng_init(&c[form], level) || bl_cng_set(&c[form], sid, sizeof sid);
			for (int at = 0; at < N; at += form ? N : 40) {
				struct bl_cng *one = &c[form];
				int16_t *out = heard[form] + at;

				bl_cng_process_many(&one, &out, form ? N : 40, 1);
			}
		}
		wrong |= check_same("cng sound", heard[0], heard[1], sizeof heard[0]);
		wrong |= check_same("cng state", &c[0], &c[1], sizeof c[0]);
	}
	return wrong | check_many();
}
