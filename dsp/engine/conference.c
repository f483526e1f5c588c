/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conferences: every party hears the others. One that hears has the conference as its source; one that only speaks (a
 * prompt on a null port) keeps its own.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"

static struct bl_conference *conference_of(struct bl_engine *e, unsigned port)
{
	unsigned number = bl_port(e, port)->conference;

	return number < BL_CONFERENCES ? &e->segment->conferences[number] : NULL;
}

static void clear(struct bl_conference *c)
{
	memset(c->ports, 0xff, sizeof c->ports); /* BL_NO_PORT */
	(void)bl_mixer_init(&c->mixer);          /* cannot fail */
}

static uint64_t parties_of(const struct bl_conference *c)
{
	return c->mixer.speaks | c->mixer.hears;
}

static unsigned free_place(const struct bl_conference *c)
{
	uint64_t taken = parties_of(c);

	return ~taken ? (unsigned)__builtin_ctzll(~taken) : BL_MIXER_PARTIES;
}

int bl_conference_leave(struct bl_engine *e, unsigned port)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_conference *c = conference_of(e, port);

	if (!c)
		return -ENOTCONN;
	if (p->source == BL_SOURCE_CONFERENCE)
		p->source = BL_SOURCE_IDLE;
	p->conference = BL_CONFERENCES;
	if (p->party < BL_MIXER_PARTIES && c->ports[p->party] == port) {
		(void)bl_mixer_set(&c->mixer, p->party, 0, 0); /* the party is one */
		c->ports[p->party] = BL_NO_PORT;
	}
	return 0;
}

static int take_place(struct bl_engine *e, unsigned port, unsigned number)
{
	struct bl_conference *c = &e->segment->conferences[number];
	struct bl_port *p = bl_port(e, port);
	unsigned party;

	if (p->conference == number && p->party < BL_MIXER_PARTIES && c->ports[p->party] == port)
		return 0;
	if (!parties_of(c))
		clear(c);
	party = free_place(c);
	if (party >= BL_MIXER_PARTIES)
		return -ENOSPC;
	(void)bl_conference_leave(e, port); /* in none is as good */
	c->ports[party] = (uint16_t)port;
	p->party = (uint8_t)party;
	p->conference = (uint8_t)number;
	return 0;
}

int bl_conference_join(struct bl_engine *e, unsigned port, const struct bl_join_command *c)
{
	struct bl_port *p = bl_port(e, port);
	int error;

	if (c->conference >= BL_CONFERENCES || (!c->speaks && !c->hears))
		return -EINVAL;
	error = take_place(e, port, c->conference);
	if (error)
		return error;
	(void)bl_mixer_set(&e->segment->conferences[c->conference].mixer, p->party, c->speaks, c->hears);
	if (c->hears && p->source != BL_SOURCE_CONFERENCE) {
		(void)bl_port_disconnect(e, port); /* not connected is as good */
		bl_port_silence(e, port, BL_PLAY_STOPPED);
		p->ahead.count = 0;
		p->source = BL_SOURCE_CONFERENCE;
	} else if (!c->hears && p->source == BL_SOURCE_CONFERENCE) {
		p->source = BL_SOURCE_IDLE;
	}
	return 0;
}

/* After a death only what port and conference agree on goes on; the rest of both forgets the other. */
void bl_conferences_resume(struct bl_engine *e)
{
	for (unsigned number = 0; number < BL_CONFERENCES; number++) {
		struct bl_conference *c = &e->segment->conferences[number];

		if (c->mixer.dominant < -1 || c->mixer.dominant >= BL_MIXER_PARTIES)
			c->mixer.dominant = -1;
		for (unsigned party = 0; party < BL_MIXER_PARTIES; party++) {
			unsigned port = c->ports[party];
			bool agreed = bl_port_is_open(e, port) && bl_port(e, port)->conference == number &&
			              bl_port(e, port)->party == party;

			if (agreed)
				continue;
			e->segment->header.repaired += (uint32_t)(parties_of(c) >> party & 1);
			(void)bl_mixer_set(&c->mixer, party, 0, 0); /* the party is one */
			c->ports[party] = BL_NO_PORT;
		}
	}
}

static void mix(struct bl_engine *e, struct bl_conference *c)
{
	const int16_t *in[BL_MIXER_PARTIES] = {0};
	int16_t *out[BL_MIXER_PARTIES] = {0};

	for (uint64_t left = parties_of(c); left; left &= left - 1) {
		unsigned party = (unsigned)__builtin_ctzll(left), port = c->ports[party];

		if (port >= BL_PORTS)
			continue;
		in[party] = e->heard[port];
		out[party] = e->said[port];
	}
	(void)bl_mixer_process(&c->mixer, in, out, BL_TICK_SAMPLES); /* a tick is a length it takes */
}

void bl_conference_tick(struct bl_engine *e)
{
	for (unsigned number = 0; number < BL_CONFERENCES; number++)
		if (parties_of(&e->segment->conferences[number]))
			mix(e, &e->segment->conferences[number]);
}
