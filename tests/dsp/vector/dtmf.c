/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both forms hear the same digits at the same samples, through noise that leaves no sound on a limit; and many
 * receivers at once hear to the bit what each would alone.
 */
#include "dtmf.h"

#include <math.h>

#include "check.h"

#define TICK 40
#define TICKS 2000
#define TICKS_OF_MANY 500
#define EVENTS 4
#define CHANNELS 21
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

/* Channel c lies c samples behind, begins c hops later and is at times without sound. */
static const int16_t *sound_of(const int16_t *past, int tick, int c)
{
	return (tick / 9 + c) % 13 ? past + CHANNELS - c : NULL;
}

static int alone_is_the_same(struct bl_dtmf *alone, const int16_t *sound, const struct bl_dtmf_event *told, size_t n,
                             int channel)
{
	static const int16_t silence[TICK];
	struct bl_dtmf_event events[EVENTS];
	size_t at = 0, count = bl_dtmf_process(alone, sound ? sound : silence, TICK, events, EVENTS);

	for (size_t i = 0; i < count; i++, at++) {
		while (at < n && told[at].channel != channel)
			at++;
		if (at == n || !same(&told[at], &events[i]) || told[at].level_dbm0 != events[i].level_dbm0)
			return 0;
	}
	while (at < n && told[at].channel != channel)
		at++;
	return at == n;
}

static int many_differ(void)
{
	static struct bl_dtmf many[CHANNELS], alone[CHANNELS];
	int16_t past[CHANNELS + TICK] = {0};
	struct bl_dtmf_tx tx;
	int wrong = bl_dtmf_tx_init(&tx, NULL);

	for (int c = 0; c < CHANNELS; c++)
		wrong |= bl_dtmf_init(&many[c], NULL) || bl_dtmf_init(&alone[c], NULL);
	for (int tick = 0; tick < TICKS_OF_MANY && !wrong; tick++) {
		struct bl_dtmf *d[CHANNELS];
		const int16_t *in[CHANNELS];
		struct bl_dtmf_event told[4 * CHANNELS];
		size_t count;

		memmove(past, past + TICK, CHANNELS * sizeof past[0]);
		make(&tx, past + CHANNELS);
		for (int c = 0; c < CHANNELS; c++) {
			d[c] = tick < c ? NULL : &many[c];
			in[c] = sound_of(past, tick, c);
		}
		count = bl_dtmf_process_many(d, in, CHANNELS, told, 4 * CHANNELS);
		for (int c = 0; c < CHANNELS && c <= tick; c++)
			wrong |= !alone_is_the_same(&alone[c], in[c], told, count, c);
	}
	return wrong | check_same("dtmf: many and alone", many, alone, sizeof many);
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
	for (int form = 0; form < 2; form++) {
		(void)bl_isa_limit((enum bl_isa)form);
		wrong |= many_differ();
	}
	return wrong;
}
