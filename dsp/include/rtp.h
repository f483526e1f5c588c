/* SPDX-License-Identifier: GPL-2.0-only */
/* RTP's fixed header and a receiver's view of sequence numbers and jitter (RFC 3550 §5.1, §6.4.1, A.3, A.8). Flat
 * state. */
#ifndef BL_RTP_H
#define BL_RTP_H

#include <stddef.h>
#include <stdint.h>

#define BL_RTP_HEADER 12
#define BL_RTP_PCMU 0
#define BL_RTP_PCMA 8 /* payload type, RFC 3551 §6 */
#define BL_RTP_G722 9
#define BL_RTP_CN 13 /* RFC 3389 */

struct bl_rtp_packet {
	uint16_t sequence;
	uint8_t payload_type;
	uint8_t marker;
	uint32_t timestamp;
	uint32_t ssrc;
	const uint8_t *payload;
	size_t length; /* of the payload, without padding */
};

struct bl_rtp_source {
	uint32_t started;
	uint32_t timed;   /* `transit` is known */
	uint32_t again;   /* sequence number that would show another life of the sender, RFC 3550 A.1 */
	uint32_t highest; /* extended sequence number */
	uint32_t first;
	uint64_t seen;     /* bit n: highest - n came */
	uint64_t received; /* without duplicates */
	uint64_t duplicates;
	uint32_t transit; /* RFC 3550 A.8, samples */
	uint32_t jitter;  /* 1/16 samples */
};

/* Write the 12 octets. */
void bl_rtp_header(uint8_t *out, const struct bl_rtp_packet *packet);
/* Read a packet of n octets; -EBADMSG: not RTP version 2, or shorter than its own header, extension and padding say. */
int bl_rtp_parse(struct bl_rtp_packet *packet, const uint8_t *in, size_t n);
void bl_rtp_source_reset(struct bl_rtp_source *s);
/*
 * Account for a packet. 0: new, 1: the first that is believed of another life of the sender, -EEXIST: a duplicate,
 * -ESTALE: a number so far off that only a second one in a row is believed (RFC 3550 A.1).
 */
int bl_rtp_source_take(struct bl_rtp_source *s, uint16_t sequence);
/* One whose timestamp tells when it was sent, and that came at `sample` of our clock. */
void bl_rtp_source_observe(struct bl_rtp_source *s, uint32_t timestamp, uint32_t sample);
/* Packets that should have come and have not. */
uint64_t bl_rtp_source_lost(const struct bl_rtp_source *s);

#endif
