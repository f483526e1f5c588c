/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers on timeslots: R2 and MF signals held and heard; call progress, digits, voice, caller ID and sound heard.
 *
 * A signal lies over whatever the port transmits, a play or a bridge too, until its sender takes it away: the far
 * register is compelled by it, and nobody else may end it. What is heard is the line's sound before any gain.
 */
#include <errno.h>
#include <string.h>

#include "g711.h"
#include "machine.h"

#define BANK_KINDS (BL_REGISTER_KINDS | 1u << BL_HEARD_PROGRESS)
#define KINDS (BANK_KINDS | 1u << BL_EAR_DTMF | 1u << BL_EAR_VOICE)
#define R2_DBM0 (-11.5f) /* of each frequency, Q.454 */
#define MF_DBM0 (-7.0f)  /* of each frequency, Q.322 */
#define SURE_SAMPLES 480 /* 60 ms: a receiver that begins anew has told what stands */
#define HELD_MS 60000    /* an MF signal; the sender's longest */
#define CALLER_DBM0 (-40.0f)
#define GATE_SAMPLES 4000   /* half a second, as long as a message or a number may pause */
#define GATE_SQUARES 250000 /* of a tick: -46 dBm0 */

static int start_bank(struct bl_bank *bank, unsigned kinds, unsigned zone)
{
	struct bl_bank_cfg cfg;

	bl_bank_defaults(&cfg);
	cfg.wants = (kinds & BANK_KINDS) | 1u << BL_HEARD_ANSWER | 1u << BL_HEARD_PREAMBLE;
	cfg.zone = (int32_t)zone;
	return bl_bank_init(bank, &cfg);
}

/* A message begins where this is called; one that cannot be is the command's fault. */
static int start_caller(struct bl_caller_id *caller_id, unsigned caller)
{
	const struct bl_caller_id_cfg cfg = {.standard = (uint8_t)(caller - 1), .min_level_dbm0 = CALLER_DBM0};

	return caller ? bl_caller_id_init(caller_id, &cfg) : 0;
}

static bool sound_valid(unsigned parts)
{
	return parts == 0 || parts == 2 || parts == 3;
}

int bl_register_hear(struct bl_engine *e, unsigned port, unsigned client, const struct bl_hear_command *c)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_bank bank;

	if (p->kind != BL_PORT_TIMESLOT || c->kinds & ~KINDS || start_bank(&bank, c->kinds, c->zone) ||
	    start_caller(&p->caller_id, c->caller) || !sound_valid(c->sound))
		return -EINVAL;
	p->bank = bank;
	memset(p->reg.told, 0, sizeof p->reg.told);
	p->reg.hears = c->kinds;
	p->reg.zone = c->zone;
	p->reg.caller = c->caller;
	p->reg.voice = 0;
	p->reg.sound = c->sound;
	p->reg.gated = c->gated;
	p->reg.gate_until = 0;
	memset(p->reg.piece, BL_ALAW_IDLE, sizeof p->reg.piece);
	p->reg.owner = (uint8_t)client;
	return 0;
}

void bl_register_listen(struct bl_port *p)
{
	if (!start_bank(&p->bank, p->reg.hears, p->reg.zone))
		return;
	p->reg.hears = 0;
	(void)start_bank(&p->bank, 0, 0); /* cannot fail without call progress */
}

static int hold_r2(struct bl_register *r, const struct bl_signal_command *c)
{
	const struct bl_r2_tx_cfg cfg = {.level_dbm0 = R2_DBM0, .backward = c->kind == BL_HEARD_R2_BACKWARD};

	if (c->signal > BL_R2_SIGNALS)
		return -EINVAL;
	if (!r->sends.signal || r->sends.kind != c->kind)
		(void)bl_r2_tx_init(&r->tx.r2, &cfg); /* a level that it knows */
	return bl_r2_tx_send(&r->tx.r2, c->signal);
}

static int hold_mf(struct bl_register *r, const struct bl_signal_command *c)
{
	const struct bl_mf_tx_cfg cfg = {.level_dbm0 = MF_DBM0, .on_ms = HELD_MS, .kp_ms = HELD_MS, .off_ms = 1};
	const char signal = (char)c->signal;
	struct bl_mf_tx tx;
	int error;

	(void)bl_mf_tx_init(&tx, &cfg); /* times that it knows */
	error = c->signal ? bl_mf_tx_send(&tx, &signal, 1) : 0;
	if (!error)
		r->tx.mf = tx;
	return error;
}

int bl_register_send(struct bl_engine *e, unsigned port, const struct bl_signal_command *c)
{
	struct bl_register *r = &bl_port(e, port)->reg;
	int error;

	if (bl_port(e, port)->kind != BL_PORT_TIMESLOT || c->kind >= BL_HEARD_KINDS ||
	    !(1u << c->kind & BL_REGISTER_KINDS))
		return -EINVAL;
	error = c->kind == BL_HEARD_MF ? hold_mf(r, c) : hold_r2(r, c);
	if (!error)
		r->sends = *c;
	return error;
}

/* A signal that was held goes on, its phase anew; one that was heard stands until it is known not to. */
void bl_register_resume(struct bl_engine *e, unsigned port)
{
	struct bl_register *r = &bl_port(e, port)->reg;
	const struct bl_signal_command held = r->sends;

	if (r->hears & ~KINDS || r->owner >= BL_CLIENTS || bl_port(e, port)->kind != BL_PORT_TIMESLOT ||
	    start_caller(&bl_port(e, port)->caller_id, r->caller) || !sound_valid(r->sound))
		r->hears = r->caller = r->sound = 0;
	r->doubted_until = r->hears ? e->tick.sample + SURE_SAMPLES : 0;
	r->sends = (struct bl_signal_command){0};
	if (held.signal && bl_register_send(e, port, &held))
		e->segment->header.repaired++;
}

static void tell(struct bl_engine *e, unsigned port, unsigned kind, unsigned code, unsigned on, uint64_t sample)
{
	unsigned owner = bl_port(e, port)->reg.owner;
	struct bl_event *event = bl_event_new(e, owner, BL_SIGNAL_HEARD, port);

	if (!event)
		return;
	event->reason = (uint16_t)kind;
	event->id = code;
	event->count = on;
	event->sample = sample;
	bl_event_publish(e, owner);
}

/* False: it was told before the engine died, and stands still. To a register it would be the next signal. */
static bool is_news(struct bl_engine *e, unsigned port, const struct bl_heard *heard, uint64_t sample)
{
	uint8_t *told = &bl_port(e, port)->reg.told[heard->kind];

	if (heard->on && *told == heard->code)
		return false;
	if (heard->on && *told)
		tell(e, port, heard->kind, *told, 0, sample);
	*told = heard->on ? heard->code : 0;
	return true;
}

bool bl_register_digit(struct bl_engine *e, unsigned port, char digit)
{
	if (!(bl_port(e, port)->reg.hears & 1u << BL_EAR_DTMF))
		return false;
	tell(e, port, BL_EAR_DTMF, (unsigned char)digit, 1, e->tick.sample);
	return true;
}

static void hear_voice(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);
	uint8_t voice = p->speaks ? 2 : 1;

	if (!(p->reg.hears & 1u << BL_EAR_VOICE) || voice == p->reg.voice)
		return;
	p->reg.voice = voice;
	tell(e, port, BL_EAR_VOICE, 1, p->speaks, e->tick.sample);
}

static void hear_caller(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_caller_id_result result;
	struct bl_event *event;

	if (!p->reg.caller || bl_caller_id_process(&p->caller_id, e->heard[port], BL_TICK_SAMPLES, &result) != 1)
		return;
	event = bl_event_new(e, p->reg.owner, BL_CALLER_HEARD, port);
	if (!event)
		return;
	event->reason = result.error;
	event->count = p->reg.caller - 1u;
	event->length = result.raw_length;
	memcpy(event->octets, result.raw, result.raw_length); /* BL_CALLER_ID_RAW at most */
	bl_event_publish(e, p->reg.owner);
}

/* Louder than about -46 dBm0, which a line's noise is not. */
static bool is_loud(const int16_t *tick)
{
	int64_t squares = 0;

	for (size_t i = 0; i < BL_TICK_SAMPLES; i++)
		squares += tick[i] * tick[i];
	return squares > GATE_SQUARES;
}

/* What is sent comes back later: that of the tick before lies beside what came in this one. */
static void hear_sound(struct bl_engine *e, unsigned port)
{
	struct bl_register *r = &bl_port(e, port)->reg;
	size_t ticks, place;
	uint8_t *tick;
	struct bl_event *event;

	if (!r->sound)
		return;
	ticks = BL_SOUND_TICKS / r->sound;
	place = e->tick.sample / BL_TICK_SAMPLES % ticks;
	tick = &r->piece[place * BL_TICK_SAMPLES];
	bl_alaw_encode(e->heard[port], tick, BL_TICK_SAMPLES);
	memcpy(tick + ticks * BL_TICK_SAMPLES, e->tx[port], BL_TICK_SAMPLES);
	if (r->gated && is_loud(e->heard[port]))
		r->gate_until = e->tick.sample + GATE_SAMPLES;
	if (r->sound == 3)
		memcpy(tick + 2 * ticks * BL_TICK_SAMPLES, e->rx[port], BL_TICK_SAMPLES);
	if (place != ticks - 1 || (r->gated && e->tick.sample >= r->gate_until) || !bl_event_room(e, r->owner))
		return;
	event = bl_event_new(e, r->owner, BL_SOUND_HEARD, port);
	if (!event)
		return;
	event->sample = e->tick.sample + BL_TICK_SAMPLES - ticks * BL_TICK_SAMPLES;
	event->count = r->sound;
	event->length = (uint16_t)(r->sound * ticks * BL_TICK_SAMPLES);
	memcpy(event->octets, r->piece, sizeof r->piece);
	bl_event_publish(e, r->owner);
}

bool bl_register_heard(struct bl_engine *e, unsigned port, const struct bl_heard *heard)
{
	uint64_t hops = bl_port(e, port)->bank.front.hops;
	uint64_t sample = e->tick.sample + BL_TICK_SAMPLES - hops * BL_TICK_SAMPLES + heard->at_sample;

	if (!(1u << heard->kind & KINDS))
		return false;
	if (!(1u << heard->kind & BL_REGISTER_KINDS) || is_news(e, port, heard, sample))
		tell(e, port, heard->kind, heard->code, heard->on, sample);
	return true;
}

/* What was on before a death and is heard no more has ended meanwhile. */
static void end_doubt(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);
	const uint8_t on[] = {p->bank.mf.signal, p->bank.r2[0].signal, p->bank.r2[1].signal};

	p->reg.doubted_until = 0;
	for (unsigned kind = 0; kind <= BL_HEARD_R2_BACKWARD; kind++) {
		if (!p->reg.told[kind] || on[kind])
			continue;
		tell(e, port, kind, p->reg.told[kind], 0, e->tick.sample);
		p->reg.told[kind] = 0;
	}
}

void bl_register_tick(struct bl_engine *e, unsigned port)
{
	const struct bl_register *r = &bl_port(e, port)->reg;

	hear_voice(e, port);
	hear_caller(e, port);
	hear_sound(e, port);
	if (r->doubted_until && e->tick.sample >= r->doubted_until)
		end_doubt(e, port);
}

void bl_register_fill(struct bl_port *p, uint8_t *out)
{
	int16_t sound[BL_TICK_SAMPLES];
	size_t filled = p->reg.sends.kind == BL_HEARD_MF ? bl_mf_tx_process(&p->reg.tx.mf, sound, BL_TICK_SAMPLES)
	                                                 : bl_r2_tx_process(&p->reg.tx.r2, sound, BL_TICK_SAMPLES);

	if (!filled)
		p->reg.sends.signal = 0;
	bl_alaw_encode(sound, out, BL_TICK_SAMPLES);
}
