/* SPDX-License-Identifier: GPL-2.0-only */
/* What is heard on the ports: levels and DTMF digits. */
#include <errno.h>

#include "machine.h"

/* Limits that a death has torn are the standard's, until the command that was being obeyed is obeyed again. */
void bl_detect_start(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);

	if (bl_dtmf_init(&p->dtmf, &p->dtmf_limits)) {
		e->segment->header.repaired++;
		p->dtmf_limits = *bl_dtmf_column(BL_DTMF_STANDARD);
		(void)bl_dtmf_init(&p->dtmf, NULL); /* cannot fail on its defaults */
	}
	p->detect = 1;
}

int bl_detect_set(struct bl_engine *e, unsigned port, const struct bl_dtmf_cfg *limits)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_dtmf judged;

	if (bl_dtmf_init(&judged, limits))
		return -EINVAL;
	p->dtmf_limits = *limits;
	if (!p->detect)
		return 0;
	if (p->dtmf.digit) /* the receiver begins anew, and would not tell its end */
		bl_digit_relay_inband(&p->relay, p->dtmf.digit, 0);
	p->dtmf = judged;
	return 0;
}

/* One pass over the samples serves every meter. */
static void measure(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		e->batch.in[i] = e->heard[e->open[i]];
		e->batch.level[i] = &bl_port(e, e->open[i])->rx_level;
		__builtin_prefetch(e->batch.level[i]);
	}
	(void)bl_measure_many(e->batch.measured, e->batch.in, BL_TICK_SAMPLES, e->ports_open);
	bl_level_add_many(e->batch.level, e->batch.measured, e->ports_open);
}

static bool may_be_data(const struct bl_port *p)
{
	return p->profile == BL_PROFILE_VOICE || p->profile == BL_PROFILE_VBD;
}

/* R1's seven lies within DTMF's limits of a three: a register's timeslot has no digits. */
static bool has_digits(const struct bl_port *p)
{
	return p->detect && !(p->reg.hears & BL_REGISTER_KINDS);
}

/* Who speaks; and on voices that are known to be none, modems and fax; and what a register wants. */
static void hear_voices(struct bl_engine *e)
{
	for (unsigned i = 0; i < e->ports_open; i++) {
		struct bl_port *p = bl_port(e, e->open[i]);

		e->batch.vad[i] = &p->vad;
		__builtin_prefetch(e->batch.vad[i]);
		e->batch.bank[i] = &p->bank;
		e->batch.line[i] = may_be_data(p) || p->reg.hears ? e->batch.in[i] : NULL;
		e->batch.dtmf[i] = has_digits(p) ? &p->dtmf : NULL;
	}
	bl_vad_process_many(e->batch.vad, e->batch.measured, e->batch.active, e->ports_open);
	for (unsigned i = 0; i < e->ports_open; i++)
		bl_port(e, e->open[i])->speaks = e->batch.active[i];
}

static void hear_tones(struct bl_engine *e)
{
	size_t count =
	        bl_bank_process_many(e->batch.bank, e->batch.line, e->ports_open, e->batch.tones, BL_TONE_EVENTS);

	for (size_t i = 0; i < count; i++) {
		unsigned port = e->open[e->batch.tones[i].channel];

		if (!bl_register_heard(e, port, &e->batch.tones[i]) && may_be_data(bl_port(e, port)))
			bl_profile_heard(e, port, &e->batch.tones[i]);
	}
}

static void hear_digits(struct bl_engine *e)
{
	size_t count =
	        bl_dtmf_process_many(e->batch.dtmf, e->batch.in, e->ports_open, e->batch.digits, BL_DIGIT_EVENTS);
	for (size_t i = 0; i < count; i++) {
		const struct bl_dtmf_event *digit = &e->batch.digits[i];

		bl_digit_relay_inband(&bl_port(e, e->open[digit->channel])->relay, digit->digit, digit->on);
	}
}

void bl_detect_tick(struct bl_engine *e)
{
	measure(e);
	hear_voices(e);
	hear_tones(e);
	hear_digits(e);
	bl_relay_tick(e);
	for (unsigned i = 0; i < e->ports_open; i++) {
		__builtin_prefetch(&bl_port_ahead(e, i)->reg);
		__builtin_prefetch(&bl_port_ahead(e, i)->collect);
		bl_profile_tick(e, e->open[i], &e->batch.measured[i]);
		bl_register_tick(e, e->open[i]);
		bl_collect_tick(e, e->open[i]);
	}
}
