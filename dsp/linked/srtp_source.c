/* SPDX-License-Identifier: GPL-2.0-only */
#include "srtp_source.h"

#include <errno.h>

void bl_srtp_find(struct bl_srtp *s, uint32_t ssrc, struct srtp_place *place)
{
	unsigned last = s->last % BL_SRTP_SOURCES;

	for (unsigned i = 0; i < BL_SRTP_SOURCES; i++) {
		struct bl_srtp_source *source = &s->sources[(last + i) % BL_SRTP_SOURCES];

		if (source->used && source->ssrc == ssrc) {
			place->source = source;
			return;
		}
	}
	memset(&place->blank, 0, sizeof place->blank);
	place->blank.ssrc = ssrc;
	place->source = &place->blank;
}

int bl_srtp_keep(struct bl_srtp *s, struct srtp_place *place, bool forget)
{
	struct bl_srtp_source *room = place->source;

	if (room == &place->blank) {
		room = &s->sources[0];
		for (unsigned i = 1; i < BL_SRTP_SOURCES && room->used; i++)
			if (s->sources[i].used < room->used)
				room = &s->sources[i];
		if (room->used && !forget)
			return -ENOSPC;
		*room = place->blank;
		place->source = room;
	} else if (room == &s->sources[s->last % BL_SRTP_SOURCES]) {
		return 0;
	}
	room->used = ++s->uses ? s->uses : ++s->uses;
	s->last = (uint8_t)(room - s->sources);
	return 0;
}

int bl_srtp_expect(struct bl_srtp *s, uint32_t ssrc, uint32_t roc, uint32_t rtcp_index)
{
	if (!s)
		return -EINVAL;

	struct srtp_place place;

	if (rtcp_index > RTCP_INDEX_MAX)
		return -EINVAL;
	bl_srtp_find(s, ssrc, &place);
	if (place.source->rtp.seen[0] || place.source->rtcp.seen[0])
		return -EALREADY;
	place.source->rtp.index = (uint64_t)roc << 16;
	place.source->rtcp.index = rtcp_index;
	return bl_srtp_keep(s, &place, false);
}

int bl_srtp_count(struct bl_srtp *s, int result)
{
	if (result == -EBADMSG || result == -EMSGSIZE)
		s->counters.bad++;
	else if (result == -EKEYREJECTED || result == -ENOKEY)
		s->counters.forged++;
	else if (result == -EALREADY || result == -ESTALE)
		s->counters.replayed++;
	else if (result)
		s->counters.refused++;
	return result;
}

void bl_srtp_nonce(uint8_t nonce[NONCE_MAX], const struct bl_srtp_keys *keys, bool gcm, uint32_t ssrc, int64_t index)
{
	size_t at = gcm ? 2 : 4; /* before the SSRC; 48 bits of index follow */

	memset(nonce, 0, NONCE_MAX);
	srtp_put32(nonce + at, ssrc);
	nonce[at + 4] = (uint8_t)(index >> 40);
	nonce[at + 5] = (uint8_t)(index >> 32);
	srtp_put32(nonce + at + 6, (uint32_t)index);
	for (size_t i = 0; i < NONCE_MAX; i++)
		nonce[i] ^= keys->salt[i];
}
