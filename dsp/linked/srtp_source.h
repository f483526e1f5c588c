/* SPDX-License-Identifier: GPL-2.0-only */
/* SRTP's sources and their replay windows (RFC 3711 §3.2.3, §3.3.1, §3.3.2). */
#ifndef BL_SRTP_SOURCE_H
#define BL_SRTP_SOURCE_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "srtp_crypt.h"

#define RTP_INDEX_MAX ((1ll << 48) - 1)
#define RTCP_INDEX_MAX ((1ll << 31) - 1)

/* A packet's way through: where its source is held, and its index. */
struct srtp_place {
	struct bl_srtp_source *source; /* in the struct, or `blank` */
	struct bl_srtp_source blank;   /* of an SSRC that is not known yet */
	int64_t index;
};

static inline uint32_t srtp_get32(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static inline void srtp_put32(uint8_t *out, uint32_t value)
{
	out[0] = (uint8_t)(value >> 24);
	out[1] = (uint8_t)(value >> 16);
	out[2] = (uint8_t)(value >> 8);
	out[3] = (uint8_t)value;
}

/* The state may have been torn: 48 bits of it are believed. */
static inline int64_t srtp_highest(const struct bl_srtp_window *w)
{
	return (int64_t)(w->index & (uint64_t)RTP_INDEX_MAX);
}

/* The index that a sequence number must mean; negative: before the first packet. */
static inline int64_t srtp_estimate(const struct bl_srtp_window *w, uint32_t sequence)
{
	int64_t roc = srtp_highest(w) >> 16;
	uint32_t highest = w->index & 0xffffu;

	if (w->seen[0] && highest < 0x8000u && sequence > highest + 0x8000u)
		roc--;
	else if (w->seen[0] && highest >= 0x8000u && sequence < highest - 0x8000u)
		roc++;
	return roc * 0x10000 + sequence;
}

/* 0 if a packet of this index may be taken. */
static inline int srtp_check(const struct bl_srtp_window *w, int64_t index)
{
	int64_t behind = srtp_highest(w) - index;

	if (index < 0)
		return -ESTALE;
	if (!w->seen[0] || behind < 0)
		return 0;
	if (behind >= BL_SRTP_WINDOW)
		return -ESTALE;
	return w->seen[behind / 64] >> behind % 64 & 1 ? -EALREADY : 0;
}

static inline void srtp_advance(struct bl_srtp_window *w, uint64_t by)
{
	if (by >= 64) {
		w->seen[1] = by < 128 ? w->seen[0] << (by - 64) : 0;
		w->seen[0] = 0;
	} else if (by > 0) {
		w->seen[1] = w->seen[1] << by | w->seen[0] >> (64 - by);
		w->seen[0] <<= by;
	}
}

/* Note a packet that srtp_check let pass. */
static inline void srtp_mark(struct bl_srtp_window *w, int64_t index)
{
	int64_t behind = srtp_highest(w) - index;

	if (!w->seen[0] || behind < 0) {
		if (w->seen[0])
			srtp_advance(w, (uint64_t)-behind);
		w->index = (uint64_t)index;
		behind = 0;
	}
	w->seen[behind / 64 & 1] |= 1ull << behind % 64;
}

/* Where the SSRC is held; else a blank source, which is kept by bl_srtp_keep once the packet is known to be good. */
void bl_srtp_find(struct bl_srtp *s, uint32_t ssrc, struct srtp_place *place);
/* Give a new source its place; `forget`: that of the oldest if there is no other. 0 or -ENOSPC. */
int bl_srtp_keep(struct bl_srtp *s, struct srtp_place *place, bool forget);
/* Count what became of a packet; returns it. */
int bl_srtp_count(struct bl_srtp *s, int result);
/* Nonce of a packet: 14 octets in counter mode (§4.1.1), 12 in GCM (RFC 7714 §8.1, §9.1). */
void bl_srtp_nonce(uint8_t nonce[NONCE_MAX], const struct bl_srtp_keys *keys, bool gcm, uint32_t ssrc, int64_t index);

#endif
