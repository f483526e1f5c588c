/* SPDX-License-Identifier: GPL-2.0-only */
/* Payloads: RFC 4733 §2.3, RFC 2198 §3. */
#include "telephone_event.h"

#include <errno.h>
#include <string.h>

#define END 0x80u
#define VOLUME 0x3fu
#define MORE 0x80u /* RFC 2198: another header follows */
#define RED_HEADER 4

static const char digits[] = "0123456789*#ABCD!";

int bl_telephone_event_parse(struct bl_telephone_event_report *r, const uint8_t *in, size_t n)
{
	if (!r || !in)
		return -EINVAL;
	if (n != BL_TELEPHONE_EVENT_OCTETS)
		return -EBADMSG;
	*r = (struct bl_telephone_event_report){.event = in[0],
	                                        .end = in[1] >> 7,
	                                        .volume = in[1] & VOLUME,
	                                        .duration = (uint16_t)(in[2] << 8 | in[3])};
	return 0;
}

void bl_telephone_event_write(uint8_t *out, const struct bl_telephone_event_report *r)
{
	if (!out || !r)
		return;
	out[0] = r->event;
	out[1] = (uint8_t)((r->end ? END : 0u) | (r->volume & VOLUME));
	out[2] = (uint8_t)(r->duration >> 8);
	out[3] = (uint8_t)r->duration;
}

int bl_telephone_event_of(char digit)
{
	const char *at = digit ? strchr(digits, digit >= 'a' && digit <= 'd' ? digit - 'a' + 'A' : digit) : NULL;

	return at ? (int)(at - digits) : -EINVAL;
}

char bl_telephone_event_digit(uint8_t event)
{
	return event < sizeof digits - 1 ? digits[event] : 0;
}

/* One header of a redundant block; the payload follows all headers. */
static void read_header(struct bl_red_block *block, const uint8_t *in)
{
	block->payload_type = in[0] & 0x7fu;
	block->timestamp_offset = (uint32_t)in[1] << 6 | in[2] >> 2;
	block->length = (size_t)(in[2] & 3u) << 8 | in[3];
}

/* Number of redundant headers; -EBADMSG: they do not end. */
static int headers(const uint8_t *in, size_t n)
{
	size_t count = 0;

	while (count * RED_HEADER < n && in[count * RED_HEADER] & MORE)
		count++;
	return count * RED_HEADER < n ? (int)count : -EBADMSG;
}

int bl_red_parse(struct bl_red_block *blocks, size_t max, const uint8_t *in, size_t n)
{
	if (!blocks || !in)
		return -EINVAL;

	int count = headers(in, n);
	size_t at, used = 0;

	if (count < 0)
		return count;
	at = (size_t)count * RED_HEADER + 1;
	for (int i = 0; i <= count; i++) {
		struct bl_red_block block = {0};

		if (i < count)
			read_header(&block, in + i * RED_HEADER);
		else
			block = (struct bl_red_block){.payload_type = in[i * RED_HEADER] & 0x7fu, .length = n - at};
		if (block.length > n - at)
			return -EBADMSG;
		block.payload = in + at;
		at += block.length;
		if (used < max)
			blocks[used++] = block;
	}
	return (int)used;
}
