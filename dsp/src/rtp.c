/* SPDX-License-Identifier: GPL-2.0-only */
#include "rtp.h"

#include <errno.h>
#include <string.h>

#include "octet_order.h"

#define VERSION 2u
#define PADDING 0x20u
#define EXTENSION 0x10u
#define DROPOUT 3000  /* RFC 3550 A.1 */
#define MISORDER 64   /* numbers of which is known whether they came */
#define NONE 0x10000u /* no sequence number */

void bl_rtp_header(uint8_t *out, const struct bl_rtp_packet *packet)
{
	if (!out || !packet)
		return;
	out[0] = VERSION << 6;
	out[1] = (uint8_t)((packet->marker ? 0x80u : 0u) | (packet->payload_type & 0x7fu));
	bl_put16(out + 2, packet->sequence);
	bl_put32(out + 4, packet->timestamp);
	bl_put32(out + 8, packet->ssrc);
}

int bl_rtp_parse(struct bl_rtp_packet *packet, const uint8_t *in, size_t n)
{
	if (!packet || !in)
		return -EINVAL;

	size_t head = BL_RTP_HEADER, padding = 0;

	if (n < BL_RTP_HEADER || in[0] >> 6 != VERSION)
		return -EBADMSG;
	head += 4u * (in[0] & 0x0fu);
	if (in[0] & EXTENSION) {
		if (n < head + 4)
			return -EBADMSG;
		head += 4u + 4u * bl_get16(in + head + 2);
	}
	if (n < head)
		return -EBADMSG;
	if (in[0] & PADDING) {
		padding = in[n - 1];
		if (padding == 0 || padding > n - head)
			return -EBADMSG;
	}
	packet->marker = in[1] >> 7;
	packet->payload_type = in[1] & 0x7fu;
	packet->sequence = (uint16_t)bl_get16(in + 2);
	packet->timestamp = bl_get32(in + 4);
	packet->ssrc = bl_get32(in + 8);
	packet->payload = in + head;
	packet->length = n - head - padding;
	return 0;
}

void bl_rtp_source_reset(struct bl_rtp_source *s)
{
	if (!s)
		return;
	memset(s, 0, sizeof *s);
}

static void start(struct bl_rtp_source *s, uint16_t sequence)
{
	s->started = 1;
	s->highest = s->first = 0x10000u + sequence; /* one turn up, so that an older one does not fall below zero */
	s->again = NONE;
	s->seen = 1;
	s->received++;
}

/* What is missing of the life before stays so. */
static void start_again(struct bl_rtp_source *s, uint16_t sequence)
{
	uint32_t expected = s->highest - s->first + 1;

	start(s, sequence);
	s->first -= expected;
}

int bl_rtp_source_take(struct bl_rtp_source *s, uint16_t sequence)
{
	if (!s)
		return -EINVAL;

	int32_t step = (int16_t)(sequence - (uint16_t)s->highest);

	if (!s->started) {
		start(s, sequence);
		return 0;
	}
	if (step >= DROPOUT || step <= -MISORDER) {
		if (sequence != s->again) {
			s->again = (uint16_t)(sequence + 1);
			return -ESTALE;
		}
		start_again(s, sequence);
		return 1;
	}
	if (step > 0) {
		s->seen = step < 64 ? s->seen << step | 1 : 1;
		s->highest += (uint32_t)step;
	} else if (s->seen & 1ull << -step) {
		s->duplicates++;
		return -EEXIST;
	} else {
		s->seen |= 1ull << -step;
	}
	s->received++;
	return 0;
}

/* RFC 3550 A.8, in samples of 1/8 ms; the sample clock advances by ticks, which is the resolution. */
void bl_rtp_source_observe(struct bl_rtp_source *s, uint32_t timestamp, uint32_t sample)
{
	if (!s)
		return;

	uint32_t transit = sample - timestamp;
	int32_t difference = s->timed ? (int32_t)(transit - s->transit) : 0;

	s->transit = transit;
	s->timed = 1;
	if (difference < 0)
		difference = -difference;
	if (difference > 8000) /* another time base, not jitter */
		return;
	s->jitter += (uint32_t)difference - ((s->jitter + 8) >> 4);
}

uint64_t bl_rtp_source_lost(const struct bl_rtp_source *s)
{
	if (!s)
		return 0;

	uint64_t expected = s->started ? (uint64_t)(s->highest - s->first) + 1 : 0;

	return expected > s->received ? expected - s->received : 0;
}
