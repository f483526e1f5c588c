/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands: every value is checked before anything changes; what cannot be obeyed is refused to its issuer.
 *
 * A command leaves its ring when it has been obeyed, so one that a dying engine left half done is done again; one that
 * has been begun twice is refused, lest it kill every engine to come.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"

#define ATTEMPTS_MAX 2

struct order {
	struct bl_engine *engine;
	unsigned client;
	const struct bl_command *c;
};

static int port_checked(const struct order *o)
{
	if (o->c->port >= BL_PORTS)
		return -EINVAL;
	return bl_port_is_open(o->engine, o->c->port) ? 0 : -ENOTCONN;
}

static int rtp_checked(const struct order *o)
{
	int error = port_checked(o);

	return !error && bl_port(o->engine, o->c->port)->kind != BL_PORT_RTP ? -EINVAL : error;
}

static int open_span(const struct order *o)
{
	return o->c->port < BL_SPANS ? bl_span_open(o->engine, o->c->port, o->client, &o->c->span, true) : -EINVAL;
}

static int close_span(const struct order *o)
{
	return o->c->port < BL_SPANS ? bl_span_close(o->engine, o->c->port) : -EINVAL;
}

static int tell_framer(const struct order *o)
{
	return o->c->port < BL_SPANS ? bl_span_tell_framer(o->engine, o->c->port, &o->c->framer) : -EINVAL;
}

static int send_frame(const struct order *o)
{
	return o->c->port < BL_SPANS ? bl_span_send_frame(o->engine, o->c->port, &o->c->frame) : -EINVAL;
}

static int open_timeslot(const struct order *o)
{
	return bl_timeslot_open(o->engine, o->c->port, o->client);
}

static int open_rtp(const struct order *o)
{
	return bl_rtp_open(o->engine, o->c->port, o->client, &o->c->rtp);
}

static int set_rtp_remote(const struct order *o)
{
	const struct bl_rtp_command *c = &o->c->rtp;
	int error = rtp_checked(o);
	struct bl_rtp_port *r;

	if (error)
		return error;
	r = bl_rtp_of(o->engine, o->c->port);
	if (!c->remote.port || !c->remote.ip || (c->packet_ms && !bl_codec_packet_fits(r->codec, c->packet_ms)))
		return -EINVAL;
	if (c->packet_ms) {
		r->next_packet_ms = c->packet_ms;
		bl_rtp_profile(r, bl_port(o->engine, o->c->port)->profile);
	}
	bl_rtp_remote(r, &c->remote, o->engine->tick.sample);
	return 0;
}

static int close_port(const struct order *o)
{
	int error = port_checked(o);

	if (!error)
		bl_port_close(o->engine, o->c->port);
	return error;
}

static int connect_ports(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_port_connect(o->engine, o->c->port, o->c->peer);
}

static int disconnect(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_port_disconnect(o->engine, o->c->port);
}

static int play(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_play_start(o->engine, o->c->port, o->client, o->c->id, &o->c->play);
}

static int stop(const struct order *o)
{
	int error = port_checked(o);

	if (error)
		return error;
	bl_port_silence(o->engine, o->c->port, BL_PLAY_STOPPED);
	if (bl_port(o->engine, o->c->port)->collect.active)
		bl_collect_end(o->engine, o->c->port, BL_COLLECT_CLOSED, 0);
	return 0;
}

static int tone(const struct order *o)
{
	struct bl_port *p;
	struct bl_tone tone;
	int error = port_checked(o);

	if (error)
		return error;
	(void)bl_tone_init(&tone); /* cannot fail */
	error = bl_tone_start(&tone, o->c->tone.zone, o->c->tone.kind);
	if (error)
		return error;
	bl_port_part(o->engine, o->c->port);
	bl_port_silence(o->engine, o->c->port, BL_PLAY_STOPPED);
	p = bl_port(o->engine, o->c->port);
	p->tone = tone;
	p->source = BL_SOURCE_TONE;
	return 0;
}

static int collect(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_collect_start(o->engine, o->c->port, o->client, o->c->id, &o->c->collect);
}

static int send_digits(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_digits_start(o->engine, o->c->port, o->client, o->c->id, &o->c->digits);
}

static int record(const struct order *o)
{
	if (o->c->port >= BL_PORTS || o->c->record.right >= BL_PORTS)
		return -EINVAL;
	return bl_recording_start(o->engine, o->client, o->c->id, o->c->port, &o->c->record);
}

static int stop_recording(const struct order *o)
{
	return bl_recording_stop(o->engine, o->c->id);
}

static int open_null(const struct order *o)
{
	return bl_null_open(o->engine, o->c->port, o->client);
}

static int listen_to(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_port_listen(o->engine, o->c->port, o->c->peer);
}

static int mute(const struct order *o)
{
	int error = port_checked(o);

	if (!error)
		bl_gain_mute(&bl_port(o->engine, o->c->port)->rx_gain, o->c->muted);
	return error;
}

static int set_profile(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_profile_set(o->engine, o->c->port, &o->c->profile);
}

static int set_gain(const struct order *o)
{
	struct bl_port *p;
	struct bl_gain tx;
	int error = port_checked(o);

	if (error)
		return error;
	p = bl_port(o->engine, o->c->port);
	error = bl_gain_init(&tx, o->c->gain.tx);
	if (!error)
		error = bl_gain_set(&p->rx_gain, o->c->gain.rx);
	if (!error) {
		p->tx_gain = tx;
		p->automatic = o->c->gain.automatic != 0;
	}
	return error;
}

static int set_dtmf(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_detect_set(o->engine, o->c->port, &o->c->dtmf);
}

static int whisper(const struct order *o)
{
	int error = port_checked(o);

	if (error)
		return error;
	if (o->c->peer == o->c->port || bl_port(o->engine, o->c->port)->kind == BL_PORT_NULL)
		return -EINVAL; /* a null port has no party */
	if (o->c->peer != BL_NO_PORT && !bl_port_is_open(o->engine, o->c->peer))
		return -ENOTCONN;
	bl_port(o->engine, o->c->port)->whisperer = o->c->peer;
	return 0;
}

static int join(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_conference_join(o->engine, o->c->port, &o->c->join);
}

static int leave(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_conference_leave(o->engine, o->c->port);
}

static int secure(const struct order *o)
{
	int error = rtp_checked(o);

	return error ? error : bl_secure_start(o->engine, o->c->port, &o->c->secure);
}

static int tell_digit(const struct order *o)
{
	int error = port_checked(o);

	if (error)
		return error;
	if (bl_telephone_event_of(o->c->info.digit) < 0)
		return -EINVAL;
	bl_digit_relay_info(&bl_port(o->engine, o->c->port)->relay, o->c->info.digit, o->c->info.duration_ms);
	return 0;
}

static int set_bits(const struct order *o)
{
	return bl_cas_set(o->engine, o->c->port, o->client, o->c->bits);
}

static int hear_signals(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_register_hear(o->engine, o->c->port, o->client, &o->c->hear);
}

static int send_signal(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_register_send(o->engine, o->c->port, &o->c->signal);
}

static int test(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_test_start(o->engine, o->c->port, &o->c->test);
}

static int insert_errors(const struct order *o)
{
	int error = port_checked(o);

	return error ? error : bl_test_insert(o->engine, o->c->port, o->c->errors);
}

typedef int (*obey_fn)(const struct order *o);

static const obey_fn table[BL_COMMAND_KINDS] = {
        [BL_OPEN_SPAN] = open_span,
        [BL_CLOSE_SPAN] = close_span,
        [BL_SEND_FRAME] = send_frame,
        [BL_OPEN_TIMESLOT] = open_timeslot,
        [BL_OPEN_RTP] = open_rtp,
        [BL_SET_RTP_REMOTE] = set_rtp_remote,
        [BL_CLOSE_PORT] = close_port,
        [BL_CONNECT] = connect_ports,
        [BL_DISCONNECT] = disconnect,
        [BL_PLAY] = play,
        [BL_STOP] = stop,
        [BL_TONE] = tone,
        [BL_COLLECT] = collect,
        [BL_SEND_DIGITS] = send_digits,
        [BL_RECORD] = record,
        [BL_STOP_RECORDING] = stop_recording,
        [BL_OPEN_NULL] = open_null,
        [BL_LISTEN] = listen_to,
        [BL_MUTE] = mute,
        [BL_WHISPER] = whisper,
        [BL_JOIN] = join,
        [BL_LEAVE] = leave,
        [BL_SET_PROFILE] = set_profile,
        [BL_SET_GAIN] = set_gain,
        [BL_SECURE] = secure,
        [BL_TELL_DIGIT] = tell_digit,
        [BL_SET_BITS] = set_bits,
        [BL_HEAR_SIGNALS] = hear_signals,
        [BL_SEND_SIGNAL] = send_signal,
        [BL_TEST] = test,
        [BL_INSERT_ERRORS] = insert_errors,
        [BL_TELL_FRAMER] = tell_framer,
        [BL_SET_DTMF] = set_dtmf,
};

static void refuse(const struct order *o, int error)
{
	struct bl_event *event = bl_event_new(o->engine, o->client, BL_COMMAND_REFUSED, o->c->port);

	if (!event)
		return;
	event->id = o->c->id;
	event->count = o->c->kind;
	event->reason = (uint16_t)-error;
	bl_event_publish(o->engine, o->client);
}

static bool may_attempt(struct bl_header *h, unsigned client, uint32_t slot)
{
	uint64_t ticket = (uint64_t)(client + 1) << 32 | slot;

	h->command_attempts = h->command_ticket == ticket ? h->command_attempts + 1 : 1;
	h->command_ticket = ticket;
	return h->command_attempts <= ATTEMPTS_MAX;
}

static void obey(struct bl_engine *e, unsigned client, uint32_t slot)
{
	struct bl_command c = e->segment->commands[client].slots[slot];
	struct order o = {e, client, &c};
	int error = -EINVAL;

	if (!may_attempt(&e->segment->header, client, slot))
		error = -EFAULT;
	else if (c.kind < BL_COMMAND_KINDS && table[c.kind])
		error = table[c.kind](&o);
	if (error)
		refuse(&o, error);
	if (c.kind == BL_SECURE) { /* keys are not left behind in the ring */
		bl_secure_forget(&c.secure);
		bl_secure_forget(&e->segment->commands[client].slots[slot].secure);
	}
}

void bl_commands_read(struct bl_engine *e)
{
	for (unsigned client = 0; client < BL_CLIENTS; client++) {
		struct bl_ring *ring = &e->segment->commands[client].ring;
		uint32_t slot;

		/* At most a ring of them: a client that writes as fast as we read must not hold the tick. */
		for (int n = 0; n < BL_COMMAND_SLOTS && bl_ring_peek(ring, BL_COMMAND_SLOTS, &slot); n++) {
			obey(e, client, slot);
			bl_ring_release(ring);
			e->segment->header.command_ticket = 0;
		}
	}
	if (e->dirty)
		bl_ports_list(e);
	bl_orphans_tick(e);
}
