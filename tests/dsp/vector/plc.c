/* SPDX-License-Identifier: GPL-2.0-only */
#include "plc.h"

#include "check.h"

#define MOST 160
#define SAMPLES 60000

static const size_t lengths[] = {40, 40, 40, 40, 80, 40, 40, 40, 40, 16, 40, 40, 7, 40, 40, 40, 33, 160, 40};

/* Pulses of a changing period, noise, full scale and silence in turn. */
static int16_t sample(int at, uint32_t *seed)
{
	int mood = at / 2000 % 4, period = 40 + at / 700;

	*seed = *seed * 1664525u + 1013904223u;
	if (mood == 0)
		return (int16_t)(20000 / (1 + at % period) + (int32_t)(*seed >> 24));
	return mood == 1 ? (int16_t)(*seed >> 16) : mood == 2 ? (at % period < 20 ? INT16_MAX : INT16_MIN) : 0;
}

int check_plc(void)
{
	struct bl_plc p[3], *many = &p[2];
	uint32_t seed = 1;
	int wrong = 0;

	for (int form = 0; form < 3; form++)
		(void)bl_plc_init(&p[form]);
	for (int at = 0, piece = 0; at < SAMPLES; piece++) {
		int16_t sound[3][MOST], *alone = sound[2];
		uint8_t came = piece % 11 <= 7 - piece / 100 % 5;
		size_t n = piece / 200 % 2 ? lengths[(size_t)piece % (sizeof lengths / sizeof lengths[0])] : 40;

		for (size_t i = 0; i < n; i++)
			sound[0][i] = sound[1][i] = sound[2][i] = sample(at + (int)i, &seed);
		for (int form = 0; form < 2; form++) {
			(void)bl_isa_limit((enum bl_isa)form);
			(came ? bl_plc_good : bl_plc_lost)(&p[form], sound[form], n);
		}
		bl_plc_process_many(&many, &alone, &came, n, 1);
		wrong |= check_same("plc sound", sound[0], sound[1], n * sizeof sound[0][0]);
		wrong |= check_same("plc sound of many", sound[0], sound[2], n * sizeof sound[0][0]);
		at += (int)n;
	}
	return wrong | check_same("plc state", &p[0], &p[1], sizeof p[0]);
}
