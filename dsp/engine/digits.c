/* SPDX-License-Identifier: GPL-2.0-only */
/* Sending of DTMF: lies over whatever the port transmits, which goes on beneath it. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "g711.h"
#include "machine.h"

#define LOW_BELOW_HIGH_DB 2.0f /* pre-emphasis of subscriber lines, as in Q.23 practice */

int bl_digits_start(struct bl_engine *e, unsigned port, unsigned owner, uint64_t id, const struct bl_digits_command *c)
{
	struct bl_digits *d = &bl_port(e, port)->digits;
	struct bl_dtmf_tx_cfg cfg = {c->level_dbm0 - LOW_BELOW_HIGH_DB, c->level_dbm0, c->on_ms, c->off_ms};
	size_t length = strnlen(c->digits, sizeof c->digits);
	int error;

	if (d->active)
		return -EBUSY;
	if (length < 1 || length > BL_DIGITS)
		return -EINVAL;
	error = bl_dtmf_tx_init(&d->tx, &cfg);
	if (!error)
		error = bl_dtmf_tx_send(&d->tx, c->digits, length);
	if (error)
		return error;
	d->id = id;
	d->owner = (uint8_t)owner;
	atomic_signal_fence(memory_order_seq_cst);
	d->active = 1;
	return 0;
}

void bl_digits_end(struct bl_engine *e, unsigned port)
{
	struct bl_digits *d = &bl_port(e, port)->digits;
	struct bl_event *event = bl_event_new(e, d->owner, BL_DIGITS_SENT, port);

	d->active = 0;
	if (!event)
		return;
	event->id = d->id;
	bl_event_publish(e, d->owner);
}

void bl_digits_fill(struct bl_engine *e, unsigned port, uint8_t *out)
{
	int16_t sound[BL_TICK_SAMPLES];

	if (bl_dtmf_tx_process(&bl_port(e, port)->digits.tx, sound, BL_TICK_SAMPLES) < BL_TICK_SAMPLES)
		bl_digits_end(e, port);
	bl_alaw_encode(sound, out, BL_TICK_SAMPLES);
}
