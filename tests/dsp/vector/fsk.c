/* SPDX-License-Identifier: GPL-2.0-only */
/* Both forms send the same within a unit of the sample, and hear the same characters through noise. */
#include "fsk.h"

#include <math.h>
#include <stdlib.h>

#include "check.h"

#define TICK 40
#define TICKS 4000
#define SAMPLE_TOLERANCE 1
#define LEVEL_TOLERANCE_DB 0.001f
#define OCTETS 60

static uint32_t seed = 11;

static int noise(int amplitude)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)(seed >> 16) % (2 * amplitude + 1) - amplitude;
}

static void begin(struct bl_fsk_tx forms[2])
{
	struct bl_fsk_burst burst = {.seizure_bits = 30, .mark_bits = 40, .tail_bits = 20};
	uint8_t octets[OCTETS];

	for (int i = 0; i < OCTETS; i++)
		octets[i] = (uint8_t)noise(127);
	burst.stop_bits = (uint8_t)(1 + (octets[0] & 3));
	for (int form = 0; form < 2; form++)
		(void)bl_fsk_tx_send(&forms[form], octets, OCTETS, &burst);
}

/* One tick of both forms, told apart by no more than the tolerance; the first goes on the line. */
static int send(struct bl_fsk_tx forms[2], int16_t *line)
{
	int16_t sound[2][TICK];
	size_t busy[2];

	for (int form = 0; form < 2; form++) {
		(void)bl_isa_limit((enum bl_isa)form);
		busy[form] = bl_fsk_tx_process(&forms[form], sound[form], TICK);
	}
	if (busy[0] < TICK)
		begin(forms);
	for (int i = 0; i < TICK; i++) {
		if (abs(sound[0][i] - sound[1][i]) > SAMPLE_TOLERANCE)
			return 1;
		line[i] = (int16_t)(sound[0][i] + noise(300));
	}
	return busy[0] != busy[1];
}

static int same(const struct bl_fsk_event *a, const struct bl_fsk_event *b)
{
	return a->at_sample == b->at_sample && a->kind == b->kind && a->octet == b->octet &&
	       a->mark_bits == b->mark_bits && fabsf(a->level_dbm0 - b->level_dbm0) < LEVEL_TOLERANCE_DB;
}

static int hear(struct bl_fsk_rx forms[2], const int16_t *line, size_t *heard)
{
	struct bl_fsk_event events[2][2];
	size_t counts[2];

	for (int form = 0; form < 2; form++) {
		(void)bl_isa_limit((enum bl_isa)form);
		counts[form] = bl_fsk_rx_process(&forms[form], line, TICK, events[form], 2);
	}
	*heard += counts[0];
	if (counts[0] != counts[1])
		return 1;
	for (size_t i = 0; i < counts[0]; i++)
		if (!same(&events[0][i], &events[1][i]))
			return 1;
	return 0;
}

static int check_modem(uint8_t modem)
{
	struct bl_fsk_rx_cfg hearing = {.modem = modem, .min_level_dbm0 = -30.0f};
	struct bl_fsk_tx_cfg speaking = {.modem = modem, .level_dbm0 = -20.0f};
	struct bl_fsk_rx rx[2];
	struct bl_fsk_tx tx[2];
	int16_t line[TICK];
	size_t heard = 0;

	for (int form = 0; form < 2; form++)
		if (bl_fsk_rx_init(&rx[form], &hearing) || bl_fsk_tx_init(&tx[form], &speaking))
			return 1;
	for (int tick = 0; tick < TICKS; tick++)
		if (send(tx, line) || hear(rx, line, &heard)) {
			printf("fsk: the forms of modem %d differ in tick %d\n", modem, tick);
			return 1;
		}
	if (heard < 1000)
		printf("fsk: %zu events of modem %d\n", heard, modem);
	return heard < 1000;
}

int check_fsk(void)
{
	int wrong = check_modem(BL_FSK_BELL202) | check_modem(BL_FSK_V23);

	(void)bl_isa_limit(BL_ISA_VECTOR);
	return wrong;
}
