/* SPDX-License-Identifier: GPL-2.0-only */
/* Both forms of the front hear the same of signals in noise: values within 1e-5 of the loudest, and the same events. */
#include "front.h"

#include <math.h>

#include "bank.h"
#include "check.h"
#include "tone.h"

#define TICKS 3000
#define CHANNELS 19 /* two times eight, and three more */
#define TOLERANCE 1e-5f

static struct bl_bank banks[2][CHANNELS];
static struct bl_heard heard[2][BL_BANK_EVENTS * CHANNELS];
static struct bl_r2_tx senders[CHANNELS];
static int16_t sound[CHANNELS][BL_BANK_TICK];
static uint32_t seed = 11;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void make(int tick)
{
	for (unsigned int c = 0; c < CHANNELS; c++) {
		if (tick % 20 == 0)
			(void)bl_r2_tx_send(&senders[c], tick % 40 ? 0 : 1 + any(BL_R2_SIGNALS));
		(void)bl_r2_tx_process(&senders[c], sound[c], BL_BANK_TICK);
		for (int i = 0; i < BL_BANK_TICK; i++)
			sound[c][i] = (int16_t)(sound[c][i] + (int)any(800) - 400);
	}
}

static size_t hear(int form)
{
	struct bl_bank *states[CHANNELS];
	const int16_t *in[CHANNELS];

	for (int c = 0; c < CHANNELS; c++) {
		states[c] = &banks[form][c];
		in[c] = sound[c];
	}
	(void)bl_isa_limit((enum bl_isa)form);
	return bl_bank_process_many(states, in, CHANNELS, heard[form], BL_BANK_EVENTS * CHANNELS);
}

static int same_values(const struct bl_front *a, const struct bl_front *b)
{
	size_t hop = bl_front_hop(a, 0);
	float allowed = TOLERANCE * sqrtf(a->power[hop]) + TOLERANCE;

	for (int r = 0; r < BL_FRONT_ROWS; r++)
		if (fabsf(a->re[hop][r] - b->re[hop][r]) > allowed || fabsf(a->im[hop][r] - b->im[hop][r]) > allowed)
			return 0;
	return a->power[hop] == b->power[hop];
}

static int same_event(const struct bl_heard *a, const struct bl_heard *b)
{
	return a->at_sample == b->at_sample && a->duration_samples == b->duration_samples && a->channel == b->channel &&
	       a->kind == b->kind && a->code == b->code && a->on == b->on &&
	       fabsf(a->level_dbm0 - b->level_dbm0) < 0.001f;
}

static int prepare(void)
{
	struct bl_bank_cfg cfg;
	int wrong = 0;

	bl_bank_defaults(&cfg);
	cfg.wants = (1u << BL_HEARD_KINDS) - 1;
	cfg.zone = bl_tone_zone("us");
	for (int c = 0; c < CHANNELS; c++) {
		struct bl_r2_tx_cfg tx = {.level_dbm0 = -15.0f, .backward = (uint8_t)(c & 1)};

		wrong |= bl_r2_tx_init(&senders[c], &tx) || bl_bank_init(&banks[0][c], &cfg) ||
		         bl_bank_init(&banks[1][c], &cfg);
	}
	return wrong;
}

int check_front(void)
{
	size_t count = 0;
	int wrong = prepare();

	for (int tick = 0; tick < TICKS && !wrong; tick++) {
		size_t counts[2];

		make(tick);
		for (int form = 0; form < 2; form++)
			counts[form] = hear(form);
		wrong = counts[0] != counts[1];
		for (int c = 0; c < CHANNELS && !wrong; c++)
			wrong = !same_values(&banks[0][c].front, &banks[1][c].front);
		for (size_t i = 0; i < counts[0] && !wrong; i++)
			wrong = !same_event(&heard[0][i], &heard[1][i]);
		count += counts[0];
		if (wrong)
			printf("front: the forms differ in tick %d\n", tick);
	}
	if (!wrong && count != (size_t)CHANNELS * TICKS / 20) {
		wrong = 1;
		printf("front: %zu events\n", count);
	}
	(void)bl_isa_limit(BL_ISA_VECTOR);
	return wrong;
}
