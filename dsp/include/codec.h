/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Codecs of RTP streams, between what a packet holds and 8 kHz sound.
 *
 * The two laws of G.711 need nothing of this but their names: their octets go as they are. The others are coded a
 * packet at a time and decoded in the order in which they were sent (rtp_order.c), for their decoders go by what was
 * before:
 *
 *   G.722   (RFC 3551 §4.5.2) 16 kHz sound under a clock of 8 kHz. Resampled here: what is above 3.4 kHz is lost, and
 *           3.7 ms of delay come to it each way.
 *   G.726   (RFC 3551 §4.5.4) packed as there says, not as in AAL2.
 *   Opus    (RFC 7587) clock of 48 kHz; coded and decoded at 8 kHz, 24 kbit/s, with in-band FEC for a few percent of
 * loss.
 *
 * The state is flat. That of Opus is good in one process alone: the next begins it anew.
 */
#ifndef BL_CODEC_H
#define BL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "g722.h"
#include "g726.h"
#include "opus_codec.h"
#include "resample.h"

#define BL_CODEC_SAMPLES_MAX 480 /* of a packet: 60 ms, what the jitter buffer takes at once */
#define BL_CODEC_OPUS_ENC 65536  /* octets of room; libopus 1.3 and 1.5 need 43,604 */
#define BL_CODEC_OPUS_DEC 196608 /* and 18,244; since 1.5, which can conceal by a model, 141,132 */

enum bl_codec {
	BL_CODEC_PCMA,
	BL_CODEC_PCMU,
	BL_CODEC_G722,
	BL_CODEC_G726_16,
	BL_CODEC_G726_24,
	BL_CODEC_G726_32,
	BL_CODEC_G726_40,
	BL_CODEC_OPUS,
	BL_CODECS
};

struct bl_codec_g722 {
	struct bl_g722_enc enc;
	struct bl_g722_dec dec;
	struct bl_resample up, down;
};

struct bl_codec_g726 {
	struct bl_g726 enc, dec;
};

struct bl_codec_opus {
	_Alignas(8) uint8_t enc[BL_CODEC_OPUS_ENC];
	_Alignas(8) uint8_t dec[BL_CODEC_OPUS_DEC];
};

union bl_codec_state {
	struct bl_codec_g722 g722;
	struct bl_codec_g726 g726;
	struct bl_codec_opus opus;
};

/* It is no law of G.711: it has a state. */
static inline bool bl_codec_coded(unsigned codec)
{
	return codec > BL_CODEC_PCMU;
}

/* Units of the RTP clock in a sample of 8 kHz. */
static inline uint32_t bl_codec_units(unsigned codec)
{
	return codec == BL_CODEC_OPUS ? 6 : 1;
}

/* One of them, and this machine's libopus has no larger states than there is room for. */
bool bl_codec_served(unsigned codec);
/* Packets of 5, 10 or 20 ms; Opus has none of 5. */
bool bl_codec_packet_fits(unsigned codec, unsigned packet_ms);
/* Its static number of RFC 3551 §6, or one that descriptions give out, 96 to 127. */
bool bl_codec_type_fits(unsigned codec, unsigned payload_type);

/* Both directions anew, of a codec that is served and has a state. */
void bl_codec_init(union bl_codec_state *s, unsigned codec);
/* Another stream comes: what is decoded begins anew. */
void bl_codec_listen(union bl_codec_state *s, unsigned codec);
/* n samples, a packet's: returns the octets of it, 0: there is nothing to send, or -errno. */
int bl_codec_encode(union bl_codec_state *s, unsigned codec, const int16_t *in, size_t n, uint8_t *out, size_t room);
/* A packet: returns its samples, up to BL_CODEC_SAMPLES_MAX, or -EBADMSG, -ENOBUFS. */
int bl_codec_decode(union bl_codec_state *s, unsigned codec, const uint8_t *in, size_t octets, int16_t *out);
/*
 * n samples that are lost, before the packet `next` is decoded: returns n where the codec can say something of them, 0
 * where what they were is for others to guess.
 */
size_t bl_codec_restore(union bl_codec_state *s, unsigned codec, const uint8_t *next, size_t octets, int16_t *out,
                        size_t n);

#endif
