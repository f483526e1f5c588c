/* SPDX-License-Identifier: GPL-2.0-only */
#include "sid.h"

#include "check.h"

#define PIECES 500

int check_sid(void)
{
	struct bl_sid s[2];
	uint32_t seed = 1;
	int wrong = 0;

	for (int form = 0; form < 2; form++)
		wrong |= bl_sid_init(&s[form]);
	for (int piece = 0; piece < PIECES; piece++) {
		int16_t sound[BL_MEASURE_MOST];
		struct bl_measure m;

		for (size_t i = 0; i < BL_MEASURE_MOST; i++) {
			seed = seed * 1664525u + 1013904223u;
			sound[i] = piece % 97 == 0 ? INT16_MIN : (int16_t)((int16_t)(seed >> 16) >> piece % 14);
		}
		wrong |= bl_measure(&m, sound, BL_MEASURE_MOST);
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			wrong |= bl_sid_process(&s[form], &m, sound);
		}
		wrong |= check_same("sid", &s[0], &s[1], sizeof s[0]);
	}
	return wrong != 0;
}
