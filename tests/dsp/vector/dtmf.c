/* SPDX-License-Identifier: GPL-2.0-only */
/* Both forms hear the same digits at the same samples, through noise that leaves no sound on a limit. */
#include "dtmf.h"

#include <math.h>

#include "check.h"

#define TICK 40
#define TICKS 2000
#define EVENTS 4
#define LEVEL_TOLERANCE_DB 0.001f

static uint32_t seed = 7;

static int noise(int amplitude)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)(seed >> 16) % (2 * amplitude + 1) - amplitude;
}

static void make(struct bl_dtmf_tx *tx, int16_t *sound)
{
	size_t busy = bl_dtmf_tx_process(tx, sound, TICK);

	if (busy < TICK)
		(void)bl_dtmf_tx_send(tx, "159D*0#A2683B7C4", 16);
	for (int i = 0; i < TICK; i++)
		sound[i] = (int16_t)(sound[i] + noise(200));
}

static int same(const struct bl_dtmf_event *a, const struct bl_dtmf_event *b)
{
	return a->at_sample == b->at_sample && a->duration_samples == b->duration_samples && a->digit == b->digit &&
	       a->on == b->on && fabsf(a->level_dbm0 - b->level_dbm0) < LEVEL_TOLERANCE_DB;
}

static size_t hear(struct bl_dtmf *d, int form, const int16_t *sound, struct bl_dtmf_event *events)
{
	(void)bl_isa_limit((enum bl_isa)form);
	return bl_dtmf_process(d, sound, TICK, events, EVENTS);
}

int check_dtmf(void)
{
	struct bl_dtmf forms[2];
	struct bl_dtmf_tx tx;
	struct bl_dtmf_event events[2][EVENTS];
	int16_t sound[TICK];
	size_t heard = 0;
	int wrong = bl_dtmf_init(&forms[0], NULL) || bl_dtmf_init(&forms[1], NULL) || bl_dtmf_tx_init(&tx, NULL);

	for (int tick = 0; tick < TICKS && !wrong; tick++) {
		size_t counts[2];

		make(&tx, sound);
		for (int form = 0; form < 2; form++)
			counts[form] = hear(&forms[form], form, sound, events[form]);
		wrong = counts[0] != counts[1];
		for (size_t i = 0; i < counts[0] && !wrong; i++)
			wrong = !same(&events[0][i], &events[1][i]);
		heard += counts[0];
		if (wrong)
			printf("dtmf: the forms differ in tick %d\n", tick);
	}
	if (!wrong && heard < 100) {
		wrong = 1;
		printf("dtmf: %zu events\n", heard);
	}
	(void)bl_isa_limit(BL_ISA_VECTOR);
	return wrong;
}
