/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SRTCP (RFC 3711 §3.4; RFC 7714 §9). Behind the packet: the tag of GCM, the E bit with the index, the MKI, the tag of
 * HMAC. We encrypt always; what a peer sends without the E bit is authenticated only.
 */
#include <errno.h>
#include <openssl/crypto.h>

#include "srtp_source.h"

#define RTCP_HEADER 8u /* header and SSRC of the sender stay clear */
#define VERSION 2
#define WORD 4u
#define ENCRYPTED 0x80000000u

/* The parts of a packet that has its trailer, or room for it. */
struct layout {
	uint8_t *packet, *tag, *word, *mki;
	size_t n; /* of the RTCP packet itself */
};

static size_t trailer_of(const struct bl_srtp *s, const struct srtp_suite *suite)
{
	return (size_t)suite->rtcp_tag + WORD + s->mki_length;
}

static struct layout lay_out(const struct bl_srtp *s, const struct srtp_suite *suite, uint8_t *packet, size_t n)
{
	struct layout l = {.packet = packet, .n = n, .word = packet + n + (suite->gcm ? GCM_TAG : 0)};

	l.mki = l.word + WORD;
	l.tag = suite->gcm ? packet + n : l.mki + s->mki_length;
	return l;
}

static void authenticate(const struct bl_srtp *s, const struct layout *l, uint8_t digest[DIGEST])
{
	bl_srtp_hmac(&s->rtcp, l->packet, l->n + WORD, NULL, digest);
}

static int seal(struct bl_srtp *s, struct bl_srtp_ctx *ctx, const struct srtp_suite *suite, const struct layout *l,
                int64_t index)
{
	uint8_t nonce[NONCE_MAX], digest[DIGEST];
	struct srtp_aad aad = {l->packet, RTCP_HEADER, l->word};
	int error;

	bl_srtp_nonce(nonce, &s->rtcp, suite->gcm, srtp_get32(l->packet + 4), index);
	srtp_put32(l->word, ENCRYPTED | (uint32_t)index);
	memcpy(l->mki, s->mki, s->mki_length);
	if (suite->gcm)
		return bl_srtp_gcm_seal(&ctx->rtcp, nonce, &aad, l->packet + RTCP_HEADER, l->n - RTCP_HEADER, l->tag);
	error = bl_srtp_counter_mode(&ctx->rtcp, nonce, l->packet + RTCP_HEADER, l->n - RTCP_HEADER);
	if (error)
		return error;
	authenticate(s, l, digest);
	memcpy(l->tag, digest, suite->rtcp_tag);
	return 0;
}

static int protect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n, size_t room)
{
	const struct srtp_suite *suite = bl_srtp_usable(s, ctx);
	struct srtp_place place;
	struct bl_srtp_window *w;
	struct layout l;
	int error;

	if (!suite)
		return -EINVAL;
	if (*n < RTCP_HEADER || packet[0] >> 6 != VERSION)
		return -EBADMSG;
	if (*n + trailer_of(s, suite) > BL_SRTP_PACKET_MAX || *n + trailer_of(s, suite) > room)
		return -EMSGSIZE;
	bl_srtp_find(s, srtp_get32(packet + 4), &place);
	w = &place.source->rtcp;
	place.index = srtp_highest(w) + (w->seen[0] != 0); /* the first is as it was set */
	if (place.index > RTCP_INDEX_MAX || s->counters.rtcp >= s->lifetime)
		return -EKEYEXPIRED;
	error = bl_srtp_keep(s, &place, false);
	if (error)
		return error;
	srtp_mark(&place.source->rtcp, place.index);
	s->counters.rtcp++;
	l = lay_out(s, suite, packet, *n);
	error = seal(s, ctx, suite, &l, place.index);
	if (!error)
		*n += trailer_of(s, suite);
	return error;
}

int bl_srtcp_protect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n, size_t room)
{
	if (!s || !ctx || !packet || !n)
		return -EINVAL;
	return bl_srtp_count(s, protect(s, ctx, packet, n, room));
}

static int unseal_gcm(struct bl_srtp_ctx *ctx, const struct layout *l, const uint8_t *nonce)
{
	bool encrypted = l->word[0] >> 7;
	size_t clear = encrypted ? RTCP_HEADER : l->n;
	struct srtp_aad aad = {l->packet, clear, l->word};

	return bl_srtp_gcm_open(&ctx->rtcp, nonce, &aad, l->packet + clear, l->n - clear, l->tag);
}

static int unseal(struct bl_srtp *s, struct bl_srtp_ctx *ctx, const struct srtp_suite *suite, const struct layout *l,
                  int64_t index)
{
	uint8_t nonce[NONCE_MAX], digest[DIGEST];

	bl_srtp_nonce(nonce, &s->rtcp, suite->gcm, srtp_get32(l->packet + 4), index);
	if (suite->gcm)
		return unseal_gcm(ctx, l, nonce);
	authenticate(s, l, digest);
	if (CRYPTO_memcmp(digest, l->tag, suite->rtcp_tag))
		return -EKEYREJECTED;
	if (!(l->word[0] >> 7))
		return 0;
	return bl_srtp_counter_mode(&ctx->rtcp, nonce, l->packet + RTCP_HEADER, l->n - RTCP_HEADER);
}

static int unprotect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n)
{
	const struct srtp_suite *suite = bl_srtp_usable(s, ctx);
	struct srtp_place place;
	struct layout l;
	int error;

	if (!suite)
		return -EINVAL;
	if (*n > BL_SRTP_PACKET_MAX)
		return -EMSGSIZE;
	if (*n < RTCP_HEADER + trailer_of(s, suite) || packet[0] >> 6 != VERSION)
		return -EBADMSG;
	l = lay_out(s, suite, packet, *n - trailer_of(s, suite));
	if (memcmp(l.mki, s->mki, s->mki_length) != 0)
		return -ENOKEY;
	bl_srtp_find(s, srtp_get32(packet + 4), &place);
	place.index = srtp_get32(l.word) & ~ENCRYPTED;
	error = srtp_check(&place.source->rtcp, place.index);
	if (!error)
		error = unseal(s, ctx, suite, &l, place.index);
	if (error)
		return error;
	(void)bl_srtp_keep(s, &place, true);
	srtp_mark(&place.source->rtcp, place.index);
	s->counters.rtcp++;
	*n = l.n;
	return 0;
}

int bl_srtcp_unprotect(struct bl_srtp *s, struct bl_srtp_ctx *ctx, uint8_t *packet, size_t *n)
{
	if (!s || !ctx || !packet || !n)
		return -EINVAL;
	return bl_srtp_count(s, unprotect(s, ctx, packet, n));
}
