/* SPDX-License-Identifier: GPL-2.0-only */
/* What a caller ID message says to its octets. */
#include <errno.h>
#include <string.h>

#include "caller_id_message.h"
#include "caller_id_octets.h"
#include "hdlc_bits.h"

#define CONTENT_MOST 255

struct content {
	uint32_t length;
	uint8_t octets[CONTENT_MOST + 1];
};

/* What does not fit leaves a length beyond CONTENT_MOST, and nothing is put behind it. */
static void put(struct content *c, const void *octets, uint32_t n)
{
	if (c->length > CONTENT_MOST || n > CONTENT_MOST - c->length) {
		c->length = CONTENT_MOST + 1;
		return;
	}
	memcpy(c->octets + c->length, octets, n);
	c->length += n;
}

static void put_octet(struct content *c, unsigned int octet)
{
	uint8_t one = (uint8_t)octet;

	put(c, &one, 1);
}

static void put_parameter(struct content *c, uint32_t type, const void *octets, uint32_t n)
{
	put_octet(c, type);
	put_octet(c, n);
	put(c, octets, n);
}

static uint32_t length_of(const char *text, uint32_t most)
{
	uint32_t length = 0;

	while (length <= most && text[length])
		length++;
	return length;
}

static int date_is_good(const struct bl_caller_id_message *m)
{
	return m->month <= 12 && m->day <= 31 && m->hour <= 23 && m->minute <= 59 && (!m->month || m->day);
}

static int field_is_number(const char *number)
{
	uint32_t length = length_of(number, BL_CALLER_ID_NUMBER);

	return length <= BL_CALLER_ID_NUMBER && number_is_good(number, length);
}

static int message_is_good(const struct bl_caller_id_message *m)
{
	uint32_t name = length_of(m->name, BL_CALLER_ID_NAME);

	return date_is_good(m) && field_is_number(m->number) && field_is_number(m->redirecting) &&
	       field_is_number(m->called) && name <= BL_CALLER_ID_NAME && name_is_good(m->name, name) &&
	       (!m->number_absent || is_absence(m->number_absent)) && (!m->name_absent || is_absence(m->name_absent));
}

static void two_digits(char *to, unsigned int value)
{
	to[0] = (char)('0' + value / 10 % 10);
	to[1] = (char)('0' + value % 10);
}

static void write_date(const struct bl_caller_id_message *m, char *date)
{
	two_digits(date, m->month);
	two_digits(date + 2, m->day);
	two_digits(date + 4, m->hour);
	two_digits(date + 6, m->minute);
}

static void put_text(struct content *c, uint32_t type, const char *text, uint32_t most)
{
	uint32_t length = length_of(text, most);

	if (length)
		put_parameter(c, type, text, length);
}

static void put_call(struct content *c, const struct bl_caller_id_message *m, uint32_t standard)
{
	uint32_t called = standard == BL_CALLER_ID_V23_JP ? NTT_CALLED_NUMBER : CALLED_NUMBER;
	char date[DATE_DIGITS];

	write_date(m, date);
	if (m->call_type)
		put_parameter(c, CALL_TYPE, &m->call_type, 1);
	if (m->month)
		put_parameter(c, DATE_AND_TIME, date, sizeof date);
	put_text(c, CALLING_NUMBER, m->number, BL_CALLER_ID_NUMBER);
	if (m->number_absent)
		put_parameter(c, NUMBER_ABSENT, &m->number_absent, 1);
	put_text(c, called, m->called, BL_CALLER_ID_NUMBER);
	put_text(c, CALLING_NAME, m->name, BL_CALLER_ID_NAME);
	if (m->name_absent)
		put_parameter(c, NAME_ABSENT, &m->name_absent, 1);
	if (standard != BL_CALLER_ID_V23_JP)
		put_text(c, REDIRECTING_NUMBER, m->redirecting, BL_CALLER_ID_NUMBER);
}

static void put_single_call(struct content *c, const struct bl_caller_id_message *m)
{
	char date[DATE_DIGITS];

	write_date(m, date);
	put(c, date, sizeof date);
	if (m->number[0])
		put(c, m->number, length_of(m->number, BL_CALLER_ID_NUMBER));
	else if (m->number_absent)
		put_octet(c, (uint8_t)m->number_absent);
}

/* The content of a message; its type, -EINVAL. */
static int put_message(struct content *c, const struct bl_caller_id_message *m, uint32_t standard, int single)
{
	uint8_t indicator = m->waiting ? 0xff : 0x00;

	if (m->kind == BL_CALLER_ID_CALL && single) {
		put_single_call(c, m);
		return m->number[0] || m->number_absent ? SINGLE_CALL : -EINVAL;
	}
	if (m->kind == BL_CALLER_ID_CALL) {
		put_call(c, m, standard);
		return standard == BL_CALLER_ID_V23_JP ? NTT_CALL : CALL_SETUP;
	}
	if (m->kind != BL_CALLER_ID_WAITING || standard == BL_CALLER_ID_V23_JP)
		return -EINVAL;
	if (!single) {
		put_parameter(c, VISUAL_INDICATOR, &indicator, 1);
		return MESSAGE_WAITING;
	}
	put(c, m->waiting ? "BBB" : "ooo", 3);
	return SINGLE_WAITING;
}

static int write_summed(const struct content *c, int type, uint8_t *octets, size_t max)
{
	unsigned int sum = 0;
	size_t n = c->length + 3u;

	if (n > max)
		return -EMSGSIZE;
	octets[0] = (uint8_t)type;
	octets[1] = (uint8_t)c->length;
	memcpy(octets + 2, c->octets, c->length);
	for (size_t i = 0; i < n - 1; i++)
		sum += octets[i];
	octets[n - 1] = (uint8_t)-sum;
	return (int)n;
}

static uint8_t with_even_parity(unsigned int octet)
{
	octet &= 0x7f;
	return (uint8_t)(octet | (unsigned int)__builtin_parity(octet) << 7);
}

static void put_stuffed(struct content *c, unsigned int octet)
{
	put_octet(c, octet);
	if (octet == DLE)
		put_octet(c, octet);
}

static int write_ntt(const struct content *c, int type, uint8_t *octets, size_t max)
{
	struct content frame = {.length = 0};
	unsigned int crc = 0;

	put(&frame, (const uint8_t[]){DLE, SOH, HEADER, DLE, STX}, 5);
	put_stuffed(&frame, (unsigned int)type);
	put_stuffed(&frame, c->length);
	for (uint32_t i = 0; i < c->length; i++)
		put_stuffed(&frame, c->octets[i]);
	put(&frame, (const uint8_t[]){DLE, ETX}, 2);
	if (c->length > 0x7f || frame.length > CONTENT_MOST || frame.length + 2u > max)
		return -EMSGSIZE;
	for (uint32_t i = 0; i < frame.length; i++) {
		octets[i] = with_even_parity(frame.octets[i]);
		if (i >= 2)
			crc = fcs_step(crc, octets[i]);
	}
	octets[frame.length] = (uint8_t)crc;
	octets[frame.length + 1] = (uint8_t)(crc >> 8);
	return (int)frame.length + 2;
}

int bl_caller_id_encode(const struct bl_caller_id_message *message, uint32_t standard, int single, uint8_t *octets,
                        size_t max)
{
	if (!message || !octets)
		return -EINVAL;

	struct content content = {.length = 0};
	int type;

	if (standard > BL_CALLER_ID_V23_JP || (single && standard == BL_CALLER_ID_V23_JP) || !message_is_good(message))
		return -EINVAL;
	type = put_message(&content, message, standard, single);
	if (type < 0 || !content.length)
		return -EINVAL;
	if (content.length > CONTENT_MOST)
		return -EMSGSIZE;
	if (standard == BL_CALLER_ID_V23_JP)
		return write_ntt(&content, type, octets, max);
	return write_summed(&content, type, octets, max);
}
