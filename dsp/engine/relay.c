/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digits, however they come: tones in the sound, telephone events, SIP INFO. Each is told once (digit_relay.h), and
 * passed over a bridge in the form that the other side takes: events where it has them, else as a tone.
 *
 * Where a digit is passed on in another form, the tone itself is silenced from its early flag on. A port that has
 * events is silenced for everybody; its tones are made anew for a port that has none.
 */
#include "machine.h"

#define FLASH '!'   /* a hook flash is no digit; over a bridge it goes on as an event */
#define TONE_MS 100 /* of a digit that is passed on as a tone: its length is not known when it begins */
#define PAUSE_MS 60

static struct bl_rtp_port *events_of(struct bl_engine *e, unsigned port)
{
	struct bl_rtp_port *r;

	if (!bl_port_is_open(e, port) || bl_port(e, port)->kind != BL_PORT_RTP)
		return NULL;
	r = bl_rtp_of(e, port);
	return r->event_type ? r : NULL;
}

/* The port that hears this one over a bridge, BL_NO_PORT. */
static unsigned hearer_of(struct bl_engine *e, unsigned port)
{
	const struct bl_port *p = bl_port(e, port);

	return p->source == BL_SOURCE_BRIDGE ? p->peer : BL_NO_PORT;
}

/* Its tones reach nobody by themselves. */
static bool has_events(struct bl_engine *e, unsigned port)
{
	return bl_port(e, port)->profile != BL_PROFILE_CLEAR && events_of(e, port);
}

static void pass_on(struct bl_engine *e, unsigned port, const struct bl_digit_change *change)
{
	unsigned hearer = hearer_of(e, port);
	struct bl_rtp_port *r = events_of(e, hearer);

	if (!bl_port_is_open(e, hearer))
		return;
	if (r && change->on) /* a full queue: 64 digits behind */
		(void)bl_telephone_event_tx_press(&r->event_tx, bl_telephone_event_of(change->digit));
	else if (r)
		bl_telephone_event_tx_release(&r->event_tx);
	else if (change->on && (change->source != BL_DIGIT_INBAND || has_events(e, port)))
		bl_digits_pass(e, hearer, change->digit, TONE_MS, PAUSE_MS);
}

static void tell(struct bl_engine *e, unsigned port, char digit)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_event *event;

	if (bl_register_digit(e, port, digit))
		return;
	event = bl_event_new(e, p->listener, BL_DIGIT_DETECTED, port);
	if (event) {
		event->octets[0] = (uint8_t)digit;
		event->length = 1;
		bl_event_publish(e, p->listener);
	}
	bl_collect_digit(e, port, digit);
}

void bl_digit_event(struct bl_engine *e, unsigned port, const struct bl_telephone_event_change *change)
{
	char digit = bl_telephone_event_digit(change->event);

	if (digit)
		bl_digit_relay_event(&bl_port(e, port)->relay, digit, change->on, change->timestamp, change->duration);
}

void bl_relay_tick(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		unsigned port = e->open[i];
		struct bl_port *p = bl_port(e, port);
		struct bl_digit_change change;

		__builtin_prefetch(&bl_port_ahead(e, i)->relay);
		__builtin_prefetch(&bl_port_ahead(e, i)->dtmf);
		bl_digit_relay_early(&p->relay, p->detect && bl_dtmf_early(&p->dtmf));
		bl_digit_relay_tick(&p->relay);
		while (bl_digit_relay_next(&p->relay, &change)) {
			pass_on(e, port, &change);
			if (change.on && change.digit != FLASH)
				tell(e, port, change.digit);
		}
	}
}

bool bl_relay_silences(struct bl_engine *e, unsigned port)
{
	const struct bl_port *p = bl_port(e, port);
	uint32_t play = 0;

	if (p->profile == BL_PROFILE_CLEAR || !bl_digit_relay_may_mute(&p->relay) ||
	    (!events_of(e, port) && !events_of(e, hearer_of(e, port))))
		return false;
	if (p->kind == BL_PORT_RTP)
		play = bl_rtp_of(e, port)->jitter.play - BL_TICK_SAMPLES;
	return bl_digit_relay_muted(&p->relay, play);
}
