/* SPDX-License-Identifier: GPL-2.0-only */
/* The clients' side of the segment. */
#define _GNU_SOURCE /* madvise */
#include "segment.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

size_t bl_segment_size(void)
{
	return sizeof(struct bl_segment);
}

static void *map(int fd, int protection)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	if ((size_t)st.st_size != sizeof(struct bl_segment)) {
		errno = EINVAL;
		return NULL;
	}
	void *s = mmap(NULL, sizeof(struct bl_segment), protection, MAP_SHARED, fd, 0);

	if (s == MAP_FAILED)
		return NULL;
	(void)madvise(s, sizeof(struct bl_segment), MADV_DONTDUMP); /* callers' sound and SRTP's keys */
	return s;
}

int bl_segment_format(int fd, uint32_t rtp_ip, uint32_t rtp_base, uint32_t orphan_ms)
{
	struct bl_segment *s = map(fd, PROT_READ | PROT_WRITE);

	if (!s)
		return -errno;
	s->header.version = BL_SEGMENT_VERSION;
	s->header.size = sizeof(struct bl_segment);
	s->header.rtp_ip = rtp_ip;
	s->header.rtp_base = rtp_base;
	s->header.tos = BL_TOS_EF;
	s->header.orphan_samples = orphan_ms * 8;
	s->header.clock.leader = BL_SPANS;
	s->header.magic = BL_SEGMENT_MAGIC;
	bl_segment_unmap(s);
	return 0;
}

static struct bl_segment *checked(struct bl_segment *s)
{
	if (s && (s->header.magic != BL_SEGMENT_MAGIC || s->header.version != BL_SEGMENT_VERSION ||
	          s->header.size != sizeof(struct bl_segment))) {
		bl_segment_unmap(s);
		errno = EINVAL;
		return NULL;
	}
	return s;
}

struct bl_segment *bl_segment_map(int fd)
{
	return checked(map(fd, PROT_READ | PROT_WRITE));
}

const struct bl_segment *bl_segment_view(int fd)
{
	return checked(map(fd, PROT_READ));
}

void bl_segment_unmap(const struct bl_segment *s)
{
	if (!s)
		return;
	munmap((void *)(uintptr_t)s, sizeof(struct bl_segment));
}

int bl_command_push(struct bl_segment *s, uint32_t client, const struct bl_command *command)
{
	if (!s || !command || client >= BL_CLIENTS)
		return -EINVAL;

	struct bl_command_ring *r = &s->commands[client];
	uint32_t slot;

	if (!bl_ring_reserve(&r->ring, BL_COMMAND_SLOTS, 0, &slot))
		return -EAGAIN;
	r->slots[slot] = *command;
	bl_ring_publish(&r->ring);
	return 0;
}

int bl_event_pop(struct bl_segment *s, uint32_t client, struct bl_event *event)
{
	if (!s || !event || client >= BL_CLIENTS)
		return 0;

	struct bl_event_ring *r = &s->events[client];
	uint32_t slot;

	if (!bl_ring_peek(&r->ring, BL_EVENT_SLOTS, &slot))
		return 0;
	*event = r->slots[slot];
	bl_ring_release(&r->ring);
	return 1;
}

void bl_event_discard(struct bl_segment *s, uint32_t client)
{
	if (!s || client >= BL_CLIENTS)
		return;
	bl_ring_discard(&s->events[client].ring);
}

size_t bl_taps_take(struct bl_segment *s, struct bl_tap *taps, size_t count)
{
	if (!s || !taps)
		return 0;

	uint32_t slot;
	size_t n = 0;

	while (n < count && bl_ring_peek(&s->taps.ring, BL_TAP_SLOTS, &slot)) {
		taps[n++] = s->taps.slots[slot];
		bl_ring_release(&s->taps.ring);
	}
	return n;
}

uint8_t *bl_arena(struct bl_segment *s)
{
	if (!s)
		return NULL;
	return s->arena;
}
