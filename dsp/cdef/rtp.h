/* SPDX-License-Identifier: GPL-2.0-only */
#include "rtp.h"

struct bl_rtp_packet {
	uint16_t sequence;
	uint8_t payload_type;
	uint8_t marker;
	uint32_t timestamp;
	uint32_t ssrc;
	const uint8_t *payload;
	size_t length;
};

struct bl_rtp_source {
	uint64_t received;
	uint64_t duplicates;
	uint32_t jitter;
	...;
};

void bl_rtp_header(uint8_t *out, const struct bl_rtp_packet *packet);
int bl_rtp_parse(struct bl_rtp_packet *packet, const uint8_t *in, size_t n);
void bl_rtp_source_reset(struct bl_rtp_source *s);
int bl_rtp_source_take(struct bl_rtp_source *s, uint16_t sequence);
void bl_rtp_source_observe(struct bl_rtp_source *s, uint32_t timestamp, uint32_t sample);
uint64_t bl_rtp_source_lost(const struct bl_rtp_source *s);
