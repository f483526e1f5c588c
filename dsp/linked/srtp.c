/* SPDX-License-Identifier: GPL-2.0-only */
/* SRTP (RFC 3711 §3.1, §3.3; RFC 7714 §8). Behind the payload: the tag of GCM, the MKI, the tag of HMAC. */
#include "srtp.h"

#include <errno.h>
#include <openssl/crypto.h>

#include "srtp_source.h"

#define RTP_HEADER 12u
#define VERSION 2
#define EXTENSION 0x10u
#define WRAP 0x10000 /* of sequence numbers */
#define HALF 0x8000u

/* Octets before the payload, at most n; 0: no RTP. */
static size_t header_of(const uint8_t *packet, size_t n)
{
	size_t head;

	if (n < RTP_HEADER || packet[0] >> 6 != VERSION)
		return 0;
	head = RTP_HEADER + 4u * (packet[0] & 0x0fu);
	if (packet[0] & EXTENSION) {
		if (n < head + 4)
			return 0;
		head += 4 + 4 * ((size_t)packet[head + 2] << 8 | packet[head + 3]);
	}
	return head <= n ? head : 0;
}

static uint32_t sequence_of(const uint8_t *packet)
{
	return (uint32_t)packet[2] << 8 | packet[3];
}

/* Encrypt and authenticate n octets, of which `head` stay clear; the trailer is written behind them. */
static int seal(struct bl_srtp *s, struct bl_srtp_ctx *ctx, const struct srtp_suite *suite, uint8_t *packet,
                size_t head, size_t n, int64_t index)
{
	uint8_t nonce[NONCE_MAX], roc[4], digest[DIGEST];
	int error;

	bl_srtp_nonce(nonce, &s->rtp, suite->gcm, srtp_get32(packet + 8), index);
	if (suite->gcm) {
		struct srtp_aad aad = {packet, head, NULL};

		memcpy(packet + n + GCM_TAG, s->mki, s->mki_length);
		return bl_srtp_gcm_seal(&ctx->rtp, nonce, &aad, packet + head, n - head, packet + n);
	}
	error = bl_srtp_counter_mode(&ctx->rtp, nonce, packet + head, n - head);
	if (error)
		return error;
	srtp_put32(roc, (uint32_t)(index >> 16));
	bl_srtp_hmac(&s->rtp, packet, n, roc, digest);
	memcpy(packet + n, s->mki, s->mki_length);
	memcpy(packet + n + s->mki_length, digest, suite->tag);
	return 0;
}

static int protect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n, size_t room)
{
	const struct srtp_suite *suite = bl_srtp_usable(s, ctx);
	size_t head = header_of(packet, *n), trailer;
	struct srtp_place place;
	int error;

	if (!suite)
		return -EINVAL;
	if (!head)
		return -EBADMSG;
	trailer = (size_t)suite->tag + s->mki_length;
	if (*n + trailer > BL_SRTP_PACKET_MAX || *n + trailer > room)
		return -EMSGSIZE;
	bl_srtp_find(s, srtp_get32(packet + 8), &place);
	place.index = srtp_estimate(&place.source->rtp, sequence_of(packet));
	if (place.index > RTP_INDEX_MAX || s->counters.packets >= s->lifetime)
		return -EKEYEXPIRED;
	error = srtp_check(&place.source->rtp, place.index);
	if (!error)
		error = bl_srtp_keep(s, &place, false);
	if (error)
		return error;
	srtp_mark(&place.source->rtp, place.index); /* first: should we die now, the index is not used twice */
	s->counters.packets++;
	error = seal(s, ctx, suite, packet, head, *n, place.index);
	if (!error)
		*n += trailer;
	return error;
}

int bl_srtp_protect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n, size_t room)
{
	if (!s || !ctx || !packet || !n)
		return -EINVAL;
	return bl_srtp_count(s, protect(s, ctx, packet, n, room));
}

/* Verify and decrypt a packet whose payload ends at n. */
static int unseal(struct bl_srtp *s, struct bl_srtp_ctx *ctx, const struct srtp_suite *suite, uint8_t *packet,
                  size_t head, size_t n, int64_t index)
{
	uint8_t nonce[NONCE_MAX], roc[4], digest[DIGEST];

	bl_srtp_nonce(nonce, &s->rtp, suite->gcm, srtp_get32(packet + 8), index);
	if (suite->gcm) {
		struct srtp_aad aad = {packet, head, NULL};

		return bl_srtp_gcm_open(&ctx->rtp, nonce, &aad, packet + head, n - head, packet + n);
	}
	srtp_put32(roc, (uint32_t)(index >> 16));
	bl_srtp_hmac(&s->rtp, packet, n, roc, digest);
	if (CRYPTO_memcmp(digest, packet + n + s->mki_length, suite->tag))
		return -EKEYREJECTED;
	return bl_srtp_counter_mode(&ctx->rtp, nonce, packet + head, n - head);
}

/* Find the source and the index, and verify. A new source may have wrapped while nobody listened: that is tried too. */
static int believe(struct bl_srtp *s, struct bl_srtp_ctx *ctx, const struct srtp_suite *suite, uint8_t *packet,
                   size_t head, size_t end, struct srtp_place *place)
{
	const struct bl_srtp_window *w;
	uint32_t sequence = sequence_of(packet);
	int error;

	bl_srtp_find(s, srtp_get32(packet + 8), place);
	w = &place->source->rtp;
	place->index = srtp_estimate(w, sequence);
	error = srtp_check(w, place->index);
	if (error || place->index > RTP_INDEX_MAX)
		return error ? error : -EKEYEXPIRED;
	error = unseal(s, ctx, suite, packet, head, end, place->index);
	if (error != -EKEYREJECTED || w->seen[0] || sequence >= HALF || place->index + WRAP > RTP_INDEX_MAX)
		return error;
	place->index += WRAP;
	return unseal(s, ctx, suite, packet, head, end, place->index);
}

static int unprotect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n)
{
	const struct srtp_suite *suite = bl_srtp_usable(s, ctx);
	size_t head, end;
	struct srtp_place place;
	int error;

	if (!suite)
		return -EINVAL;
	if (*n > BL_SRTP_PACKET_MAX)
		return -EMSGSIZE;
	if (*n < (size_t)suite->tag + s->mki_length)
		return -EBADMSG;
	end = *n - suite->tag - s->mki_length;
	head = header_of(packet, end);
	if (!head)
		return -EBADMSG;
	if (memcmp(packet + end + (suite->gcm ? GCM_TAG : 0), s->mki, s->mki_length) != 0)
		return -ENOKEY;
	error = believe(s, ctx, suite, packet, head, end, &place);
	if (error)
		return error;
	(void)bl_srtp_keep(s, &place, true);
	srtp_mark(&place.source->rtp, place.index);
	s->counters.packets++;
	*n = end;
	return 0;
}

int bl_srtp_unprotect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n)
{
	if (!s || !ctx || !packet || !n)
		return -EINVAL;
	return bl_srtp_count(s, unprotect(s, ctx, packet, n));
}

size_t bl_srtp_protect_many(struct bl_srtp_work work[], size_t count)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++) {
		struct bl_srtp_work *w = &work[i];

		w->result = bl_srtp_protect(w->srtp, w->ctx, w->packet, &w->n, w->room);
		good += w->result == 0;
	}
	return good;
}

size_t bl_srtp_unprotect_many(struct bl_srtp_work work[], size_t count)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++) {
		struct bl_srtp_work *w = &work[i];

		w->result = bl_srtp_unprotect(w->srtp, w->ctx, w->packet, &w->n);
		good += w->result == 0;
	}
	return good;
}
