/* SPDX-License-Identifier: GPL-2.0-only */
/* Octets of a caller ID message to what it says. */
#include <errno.h>
#include <string.h>

#include "caller_id_message.h"
#include "caller_id_octets.h"
#include "hdlc_bits.h"

#define SINGLE_WAIT_ON 0x42 /* three times, GR-30 */
#define SINGLE_WAIT_OFF 0x6f
#define SINGLE_WAIT_OCTETS 3
#define NTT_FRAME 5 /* octets before the type: DLE SOH header DLE STX */
#define NTT_TAIL 4  /* DLE ETX and CRC */

static int take_number(char *field, const uint8_t *content, uint32_t length)
{
	if (length > BL_CALLER_ID_NUMBER || !number_is_good((const char *)content, length))
		return -EINVAL;
	memcpy(field, content, length);
	field[length] = 0;
	return 0;
}

static int take_name(char *field, const uint8_t *content, uint32_t length)
{
	if (length > BL_CALLER_ID_NAME || !name_is_good((const char *)content, length))
		return -EINVAL;
	memcpy(field, content, length);
	field[length] = 0;
	return 0;
}

static int take_absence(char *field, const uint8_t *content, uint32_t length)
{
	if (length != 1 || !is_absence((char)content[0]))
		return -EINVAL;
	*field = (char)content[0];
	return 0;
}

static uint8_t two_digits(const uint8_t *digits)
{
	return (uint8_t)(10 * (digits[0] - '0') + digits[1] - '0');
}

static int take_date(struct bl_caller_id_message *m, const uint8_t *content, uint32_t length)
{
	uint8_t month, day, hour, minute;

	if (length != DATE_DIGITS)
		return -EINVAL;
	for (uint32_t i = 0; i < DATE_DIGITS; i++)
		if (content[i] < '0' || content[i] > '9')
			return -EINVAL;
	month = two_digits(content);
	day = two_digits(content + 2);
	hour = two_digits(content + 4);
	minute = two_digits(content + 6);
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59)
		return 0;
	m->month = month;
	m->day = day;
	m->hour = hour;
	m->minute = minute;
	return 0;
}

static int take_octet(uint8_t *field, const uint8_t *content, uint32_t length)
{
	if (length != 1)
		return -EINVAL;
	*field = content[0];
	return 0;
}

static int take_indicator(struct bl_caller_id_message *m, const uint8_t *content, uint32_t length)
{
	if (length != 1 || (content[0] != 0x00 && content[0] != 0xff))
		return -EINVAL;
	m->waiting = content[0] != 0;
	return 0;
}

static int take_parameter(struct bl_caller_id_message *m, uint32_t type, const uint8_t *content, uint32_t length)
{
	switch (type) {
	case DATE_AND_TIME:
		return take_date(m, content, length);
	case CALLING_NUMBER:
		return take_number(m->number, content, length);
	case CALLED_NUMBER:
		return take_number(m->called, content, length);
	case REDIRECTING_NUMBER:
		return take_number(m->redirecting, content, length);
	case NUMBER_ABSENT:
		return take_absence(&m->number_absent, content, length);
	case CALLING_NAME:
		return take_name(m->name, content, length);
	case NAME_ABSENT:
		return take_absence(&m->name_absent, content, length);
	case VISUAL_INDICATOR:
		return take_indicator(m, content, length);
	case CALL_TYPE:
		return take_octet(&m->call_type, content, length);
	default:
		return type <= LAST_PUBLIC || type >= FIRST_NETWORK ? 0 : -EINVAL;
	}
}

/* NTT's numbers of parameters that are others elsewhere. */
static uint32_t parameter_of(uint32_t type, uint32_t standard)
{
	if (standard != BL_CALLER_ID_V23_JP)
		return type;
	switch (type) {
	case NTT_CALLED_NUMBER:
		return CALLED_NUMBER;
	case CALLED_NUMBER:
	case VISUAL_INDICATOR:
	case CALL_TYPE:
	case REDIRECTING_NUMBER:
		return PASSED_OVER;
	default:
		return type;
	}
}

/* At least one, and their lengths come out. */
static int take_parameters(struct bl_caller_id_message *m, const uint8_t *octets, size_t n, uint32_t standard)
{
	size_t at = 0;

	if (!n)
		return -EINVAL;
	while (at < n) {
		uint32_t length;

		if (n - at < 2 || octets[at + 1] > n - at - 2)
			return -EINVAL;
		length = octets[at + 1];
		if (take_parameter(m, parameter_of(octets[at], standard), octets + at + 2, length))
			return -EINVAL;
		at += 2 + length;
	}
	return 0;
}

/* EN 300 659-3: a call says who calls, or why it does not. */
static int take_call(struct bl_caller_id_message *m, const uint8_t *octets, size_t n, uint32_t standard)
{
	if (take_parameters(m, octets, n, standard))
		return -EINVAL;
	return m->number[0] || m->number_absent ? 0 : -EINVAL;
}

static int take_single_call(struct bl_caller_id_message *m, const uint8_t *octets, size_t n)
{
	uint32_t length = (uint32_t)n - DATE_DIGITS;

	if (n < DATE_DIGITS + 1 || take_date(m, octets, DATE_DIGITS))
		return -EINVAL;
	if (length == 1 && is_absence((char)octets[DATE_DIGITS]))
		return take_absence(&m->number_absent, octets + DATE_DIGITS, 1);
	return take_number(m->number, octets + DATE_DIGITS, length);
}

static int take_single_waiting(struct bl_caller_id_message *m, const uint8_t *octets, size_t n)
{
	if (n != SINGLE_WAIT_OCTETS || (octets[0] != SINGLE_WAIT_ON && octets[0] != SINGLE_WAIT_OFF))
		return -EINVAL;
	if (octets[1] != octets[0] || octets[2] != octets[0])
		return -EINVAL;
	m->waiting = octets[0] == SINGLE_WAIT_ON;
	m->kind = BL_CALLER_ID_WAITING;
	return 0;
}

static int take_message(struct bl_caller_id_message *m, uint32_t type, const uint8_t *content, size_t n)
{
	switch (type) {
	case SINGLE_CALL:
		return take_single_call(m, content, n);
	case SINGLE_WAITING:
		return take_single_waiting(m, content, n);
	case CALL_SETUP:
		return take_call(m, content, n, BL_CALLER_ID_V23);
	case MESSAGE_WAITING:
		m->kind = BL_CALLER_ID_WAITING;
		return take_parameters(m, content, n, BL_CALLER_ID_V23);
	default:
		m->kind = BL_CALLER_ID_OTHER;
		return type > MESSAGE_WAITING && type <= LAST_TYPE ? 0 : -EINVAL;
	}
}

/* The content between DLE STX and DLE ETX without parity and with each doubled DLE once; its length, -EINVAL. */
static int unstuff(const uint8_t *octets, size_t n, uint8_t *content)
{
	static const uint8_t frame[NTT_FRAME] = {DLE, SOH, HEADER, DLE, STX};
	int count = 0;

	if (n < NTT_FRAME + NTT_TAIL || n > BL_CALLER_ID_RAW)
		return -EINVAL;
	for (size_t i = 0; i < NTT_FRAME; i++)
		if ((octets[i] & 0x7f) != frame[i])
			return -EINVAL;
	for (size_t i = NTT_FRAME; i < n - NTT_TAIL; i++) {
		content[count] = octets[i] & 0x7f;
		if (content[count] == DLE && (++i == n - NTT_TAIL || (octets[i] & 0x7f) != DLE))
			return -EINVAL;
		count++;
	}
	if ((octets[n - 4] & 0x7f) != DLE || (octets[n - 3] & 0x7f) != ETX)
		return -EINVAL;
	return count;
}

static int read_ntt(const uint8_t *octets, size_t n, struct bl_caller_id_message *m)
{
	uint8_t content[BL_CALLER_ID_RAW];
	int count = unstuff(octets, n, content);
	size_t stuffed;

	if (count < 2 || content[0] != NTT_CALL)
		return -EINVAL;
	/* some senders count doubled octets twice */
	stuffed = n - NTT_FRAME - NTT_TAIL - 2;
	if (content[1] != count - 2 && content[1] != stuffed && content[1] + 1u != stuffed)
		return -EINVAL;
	return take_call(m, content + 2, (size_t)count - 2, BL_CALLER_ID_V23_JP);
}

int bl_caller_id_decode(const uint8_t *octets, size_t n, uint32_t standard, struct bl_caller_id_message *message)
{
	if (!octets || !message)
		return -EINVAL;
	memset(message, 0, sizeof *message);
	if (standard == BL_CALLER_ID_V23_JP)
		return read_ntt(octets, n, message);
	if (n < 3 || octets[1] + 3u != n)
		return -EINVAL;
	return take_message(message, octets[0], octets + 2, n - 3);
}

int bl_caller_id_sum_is_right(const uint8_t *octets, size_t n, uint32_t standard)
{
	unsigned int sum = 0;

	if (standard != BL_CALLER_ID_V23_JP) {
		for (size_t i = 0; i < n; i++)
			sum += octets[i];
		return n > 0 && !(sum & 0xffu);
	}
	for (size_t i = 2; i < n; i++)
		sum = fcs_step(sum, octets[i]);
	return n > 4 && !sum;
}
