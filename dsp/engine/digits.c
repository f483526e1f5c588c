/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sending of DTMF, or of MF to a register: lies over whatever the port transmits, which goes on beneath it. An RTP port
 * whose peer takes telephone events sends those instead.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "g711.h"
#include "machine.h"

#define PASSED_DBM0 (-8.0f)    /* of the high tone */
#define KP_LONGER_MS 32        /* Q.322: 100 ms beside 68 */
#define LOW_BELOW_HIGH_DB 2.0f /* pre-emphasis of subscriber lines, as in Q.23 practice */

static struct bl_telephone_event_tx *events_of(struct bl_engine *e, unsigned port)
{
	if (bl_port(e, port)->kind != BL_PORT_RTP || !bl_rtp_of(e, port)->event_type)
		return NULL;
	return &bl_rtp_of(e, port)->event_tx;
}

static int send_events(struct bl_telephone_event_tx *tx, const struct bl_digits_command *c, size_t length)
{
	struct bl_telephone_event_tx_cfg cfg = tx->cfg;
	int error;

	if (tx->on || tx->queued || tx->held)
		return -EBUSY;
	error = bl_telephone_event_tx_send(tx, c->digits, length);
	if (error)
		return error;
	cfg.on_ms = c->on_ms;
	cfg.off_ms = c->off_ms;
	error = bl_telephone_event_tx_set(tx, &cfg);
	if (error)
		bl_telephone_event_tx_stop(tx);
	return error;
}

static int send_mf(struct bl_digits *d, const struct bl_digits_command *c, size_t length)
{
	const struct bl_mf_tx_cfg cfg = {.level_dbm0 = c->level_dbm0,
	                                 .on_ms = c->on_ms,
	                                 .kp_ms = (uint16_t)(c->on_ms + KP_LONGER_MS),
	                                 .off_ms = c->off_ms};
	int error = bl_mf_tx_init(&d->mf_tx, &cfg);

	return error ? error : bl_mf_tx_send(&d->mf_tx, c->digits, length);
}

static int send_tones(struct bl_digits *d, const struct bl_digits_command *c, size_t length)
{
	struct bl_dtmf_tx_cfg cfg = {c->level_dbm0 - LOW_BELOW_HIGH_DB, c->level_dbm0, c->on_ms, c->off_ms};
	int error = bl_dtmf_tx_init(&d->tx, &cfg);

	return error ? error : bl_dtmf_tx_send(&d->tx, c->digits, length);
}

int bl_digits_start(struct bl_engine *e, unsigned port, unsigned owner, uint64_t id, const struct bl_digits_command *c)
{
	struct bl_digits *d = &bl_port(e, port)->digits;
	struct bl_telephone_event_tx *events = events_of(e, port);
	size_t length = strnlen(c->digits, sizeof c->digits);
	int error;

	if (d->active)
		return -EBUSY;
	if (length < 1 || length > BL_DIGITS || (c->mf && bl_port(e, port)->kind != BL_PORT_TIMESLOT))
		return -EINVAL;
	if (c->mf)
		error = send_mf(d, c, length);
	else
		error = events ? send_events(events, c, length) : send_tones(d, c, length);
	if (error)
		return error;
	d->id = id;
	d->owner = (uint8_t)owner;
	d->events = events != NULL;
	d->mf = c->mf != 0;
	atomic_signal_fence(memory_order_seq_cst);
	d->active = 1;
	return 0;
}

/* The times of a sending are its own, the clock is the codec's. */
static void end_events(struct bl_telephone_event_tx *tx)
{
	uint32_t clock_hz = tx->cfg.clock_hz;

	(void)bl_telephone_event_tx_set(tx, NULL); /* defaults cannot fail */
	tx->cfg.clock_hz = clock_hz;
	bl_telephone_event_tx_stop(tx);
}

void bl_digits_end(struct bl_engine *e, unsigned port)
{
	struct bl_digits *d = &bl_port(e, port)->digits;
	struct bl_event *event = bl_event_new(e, d->owner, BL_DIGITS_SENT, port);

	if (d->events)
		end_events(&bl_rtp_of(e, port)->event_tx);
	d->active = d->events = 0;
	if (!event)
		return;
	event->id = d->id;
	bl_event_publish(e, d->owner);
}

void bl_digits_fill(struct bl_engine *e, unsigned port, uint8_t *out)
{
	int16_t sound[BL_TICK_SAMPLES];

	struct bl_digits *d = &bl_port(e, port)->digits;
	size_t filled = d->mf ? bl_mf_tx_process(&d->mf_tx, sound, BL_TICK_SAMPLES)
	                      : bl_dtmf_tx_process(&d->tx, sound, BL_TICK_SAMPLES);

	if (filled < BL_TICK_SAMPLES)
		bl_digits_end(e, port);
	bl_alaw_encode(sound, out, BL_TICK_SAMPLES);
}

/* One digit that came over a bridge in another form; while others are sent it is lost to them. */
void bl_digits_pass(struct bl_engine *e, unsigned port, char digit, uint16_t on_ms, uint16_t off_ms)
{
	struct bl_digits *d = &bl_port(e, port)->digits;
	struct bl_digits_command c = {.on_ms = on_ms, .off_ms = off_ms, .level_dbm0 = PASSED_DBM0, .digits = {digit}};

	if (d->active && d->owner == BL_NO_CLIENT && !d->events)
		(void)bl_dtmf_tx_send(&d->tx, &digit, 1); /* a full queue: 64 digits behind */
	else
		(void)bl_digits_start(e, port, BL_NO_CLIENT, 0, &c);
}

void bl_digits_events_tick(struct bl_engine *e, unsigned port)
{
	const struct bl_digits *d = &bl_port(e, port)->digits;
	const struct bl_telephone_event_tx *tx = &bl_rtp_of(e, port)->event_tx;

	if (d->active && d->events && !tx->on && !tx->queued && !tx->pause && !tx->ends)
		bl_digits_end(e, port);
}
