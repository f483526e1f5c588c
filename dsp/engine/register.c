/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers on timeslots: R2 and MF signals held and heard, call progress heard.
 *
 * A signal lies over whatever the port transmits, a play or a bridge too, until its sender takes it away: the far
 * register is compelled by it, and nobody else may end it. What is heard is the line's sound before any gain.
 */
#include <errno.h>

#include "g711.h"
#include "machine.h"

#define KINDS (BL_REGISTER_KINDS | 1u << BL_HEARD_PROGRESS)
#define R2_DBM0 (-11.5f) /* of each frequency, Q.454 */
#define MF_DBM0 (-7.0f)  /* of each frequency, Q.322 */
#define HELD_MS 60000    /* an MF signal; the sender's longest */

static int start_bank(struct bl_bank *bank, unsigned kinds, unsigned zone)
{
	struct bl_bank_cfg cfg;

	bl_bank_defaults(&cfg);
	cfg.wants = kinds | 1u << BL_HEARD_ANSWER | 1u << BL_HEARD_PREAMBLE;
	cfg.zone = (int32_t)zone;
	return bl_bank_init(bank, &cfg);
}

int bl_register_hear(struct bl_engine *e, unsigned port, unsigned client, const struct bl_hear_command *c)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_bank bank;

	if (p->kind != BL_PORT_TIMESLOT || c->kinds & ~KINDS || start_bank(&bank, c->kinds, c->zone))
		return -EINVAL;
	p->bank = bank;
	p->reg.hears = c->kinds;
	p->reg.zone = c->zone;
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

/* A signal that was held goes on, its phase anew. */
void bl_register_resume(struct bl_engine *e, unsigned port)
{
	struct bl_register *r = &bl_port(e, port)->reg;
	const struct bl_signal_command held = r->sends;

	if (r->hears & ~KINDS || r->owner >= BL_CLIENTS || bl_port(e, port)->kind != BL_PORT_TIMESLOT)
		r->hears = 0;
	r->sends = (struct bl_signal_command){0};
	if (held.signal && bl_register_send(e, port, &held))
		e->segment->header.repaired++;
}

/* Where the bank counts from. */
static uint64_t bank_begun(const struct bl_engine *e, const struct bl_bank *bank)
{
	return e->tick.sample + BL_TICK_SAMPLES - bank->front.hops * BL_TICK_SAMPLES;
}

bool bl_register_heard(struct bl_engine *e, unsigned port, const struct bl_heard *heard)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_event *event;

	if (!(1u << heard->kind & KINDS))
		return false;
	event = bl_event_new(e, p->reg.owner, BL_SIGNAL_HEARD, port);
	if (!event)
		return true;
	event->reason = heard->kind;
	event->id = heard->code;
	event->count = heard->on;
	event->sample = bank_begun(e, &p->bank) + heard->at_sample;
	bl_event_publish(e, p->reg.owner);
	return true;
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
