/* SPDX-License-Identifier: GPL-2.0-only */
/* Players: sounds of the arena in a row. */
#include <errno.h>
#include <string.h>

#include "g711.h"
#include "machine.h"

static bool sound_valid(const struct bl_sound *s)
{
	return s->octets > 0 && s->offset < BL_ARENA_OCTETS && s->octets <= BL_ARENA_OCTETS - s->offset;
}

bool bl_play_valid(const struct bl_play *play)
{
	if (play->count < 1 || play->count > BL_SOUNDS || play->index >= play->count)
		return false;
	for (unsigned i = 0; i < play->count; i++)
		if (!sound_valid(&play->sounds[i]))
			return false;
	return play->place < play->sounds[play->index].octets && play->owner < BL_CLIENTS;
}

int bl_play_start(struct bl_engine *e, unsigned port, unsigned owner, uint64_t id, const struct bl_play_command *c)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_play play = {.id = id, .left = c->repeat, .count = c->count, .owner = (uint8_t)owner};

	play.stop_on_digit = c->stop_on_digit != 0;
	memcpy(play.sounds, c->sounds, sizeof play.sounds);
	if (!bl_play_valid(&play))
		return -EINVAL;
	bl_port_part(e, port);
	bl_port_silence(e, port, BL_PLAY_STOPPED);
	p->play = play;
	atomic_signal_fence(memory_order_seq_cst);
	p->source = BL_SOURCE_PLAY;
	return 0;
}

void bl_play_end(struct bl_engine *e, unsigned port, enum bl_play_end why)
{
	struct bl_port *p = bl_port(e, port);
	struct bl_event *event = bl_event_new(e, p->play.owner, BL_PLAY_ENDED, port);

	p->source = BL_SOURCE_IDLE;
	if (!event)
		return;
	event->id = p->play.id;
	event->reason = (uint16_t)why;
	event->count = p->play.played;
	bl_event_publish(e, p->play.owner);
}

/* Go to the next sound or round; false: that was the last. */
static bool next_sound(struct bl_play *play)
{
	play->place = 0;
	if (++play->index < play->count)
		return true;
	play->index = 0;
	if (play->left == 0)
		return true;
	return --play->left > 0;
}

void bl_play_fill(struct bl_engine *e, unsigned port, uint8_t *out)
{
	struct bl_play *play = &bl_port(e, port)->play;
	size_t done = 0;

	memset(out, BL_ALAW_IDLE, BL_TICK_SAMPLES);
	if (!bl_play_valid(play)) {
		bl_play_end(e, port, BL_PLAY_STOPPED);
		return;
	}
	while (done < BL_TICK_SAMPLES) {
		const struct bl_sound *s = &play->sounds[play->index];
		size_t n = s->octets - play->place;

		if (n > BL_TICK_SAMPLES - done)
			n = BL_TICK_SAMPLES - done;
		memcpy(out + done, e->segment->arena + s->offset + play->place, n);
		done += n;
		play->played += n;
		play->place += (uint32_t)n;
		if (play->place >= s->octets && !next_sound(play)) {
			bl_play_end(e, port, BL_PLAY_FINISHED);
			return;
		}
	}
}
