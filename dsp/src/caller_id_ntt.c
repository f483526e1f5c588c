/* SPDX-License-Identifier: GPL-2.0-only */
/* NTT's answer sequence: the table of caller_id_ntt.h. */
#include "caller_id_ntt.h"

#include <errno.h>
#include <string.h>

#include "dbm0.h"

struct cell {
	uint8_t state, event;
	uint16_t after_ms; /* of BL_CALLER_ID_NTT_TIME */
	uint8_t next, action;
};

static const struct cell table[] = {
        {BL_CALLER_ID_NTT_IDLE, BL_CALLER_ID_NTT_POLARITY_REVERSED, 0, BL_CALLER_ID_NTT_REVERSED, 0},
        {BL_CALLER_ID_NTT_IDLE, BL_CALLER_ID_NTT_RING_ON, 0, BL_CALLER_ID_NTT_RINGING, BL_CALLER_ID_NTT_RING},
        {BL_CALLER_ID_NTT_REVERSED, BL_CALLER_ID_NTT_RING_ON, 0, BL_CALLER_ID_NTT_DATA_RING, 0},
        {BL_CALLER_ID_NTT_REVERSED, BL_CALLER_ID_NTT_POLARITY_RESTORED, 0, BL_CALLER_ID_NTT_IDLE, 0},
        {BL_CALLER_ID_NTT_REVERSED, BL_CALLER_ID_NTT_TIME, BL_CALLER_ID_NTT_WAIT_MS, BL_CALLER_ID_NTT_IDLE, 0},
        {BL_CALLER_ID_NTT_DATA_RING, BL_CALLER_ID_NTT_RING_OFF, 0, BL_CALLER_ID_NTT_TAKEN, BL_CALLER_ID_NTT_TAKE_LINE},
        {BL_CALLER_ID_NTT_DATA_RING, BL_CALLER_ID_NTT_TIME, BL_CALLER_ID_NTT_DATA_RING_MS, BL_CALLER_ID_NTT_RINGING,
         BL_CALLER_ID_NTT_RING},
        {BL_CALLER_ID_NTT_TAKEN, BL_CALLER_ID_NTT_MESSAGE, 0, BL_CALLER_ID_NTT_RETURNED, BL_CALLER_ID_NTT_GIVE_BACK},
        {BL_CALLER_ID_NTT_TAKEN, BL_CALLER_ID_NTT_TIME, BL_CALLER_ID_NTT_MOST_MS, BL_CALLER_ID_NTT_RETURNED,
         BL_CALLER_ID_NTT_GIVE_BACK},
        {BL_CALLER_ID_NTT_TAKEN, BL_CALLER_ID_NTT_CLEARED, 0, BL_CALLER_ID_NTT_IDLE, BL_CALLER_ID_NTT_GIVE_BACK},
        {BL_CALLER_ID_NTT_RETURNED, BL_CALLER_ID_NTT_RING_ON, 0, BL_CALLER_ID_NTT_RINGING, BL_CALLER_ID_NTT_RING},
        {BL_CALLER_ID_NTT_RETURNED, BL_CALLER_ID_NTT_TIME, BL_CALLER_ID_NTT_GIVEN_UP_MS, BL_CALLER_ID_NTT_IDLE, 0},
};

size_t bl_caller_id_ntt_size(void)
{
	return sizeof(struct bl_caller_id_ntt);
}

int bl_caller_id_ntt_init(struct bl_caller_id_ntt *n)
{
	if (!n)
		return -EINVAL;
	memset(n, 0, sizeof *n);
	return 0;
}

static void go(struct bl_caller_id_ntt *n, uint32_t state, uint64_t at_sample)
{
	n->state = state;
	n->since = at_sample;
}

int bl_caller_id_ntt_step(struct bl_caller_id_ntt *n, uint32_t event, uint64_t at_sample)
{
	if (!n)
		return -EINVAL;
	if (event > BL_CALLER_ID_NTT_CLEARED)
		return -EINVAL;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		const struct cell *cell = &table[i];

		if (cell->state != n->state || cell->event != event ||
		    at_sample - n->since < (uint64_t)cell->after_ms * BL_SAMPLES_PER_MS)
			continue;
		go(n, cell->next, at_sample);
		return cell->action;
	}
	if (event == BL_CALLER_ID_NTT_CLEARED)
		go(n, BL_CALLER_ID_NTT_IDLE, at_sample);
	return BL_CALLER_ID_NTT_NOTHING;
}
