/* SPDX-License-Identifier: GPL-2.0-only */
/* Caller ID by DTMF: digits to what they say, and back. See caller_id_dtmf.h for the forms. */
#include "caller_id_dtmf.h"

#include <errno.h>
#include <string.h>

#include "caller_id_octets.h"
#include "dbm0.h"
#include "dtmf_digits.h"

#define PAUSE_SAMPLES (BL_CALLER_ID_DTMF_PAUSE_MS * BL_SAMPLES_PER_MS)

/* Where the digits behind a code are; the last of a code counts, but only D may come twice. */
struct part {
	const char *digits;
	uint32_t length;
	uint32_t times;
};

struct parts {
	struct part bare, a, b, d;
};

size_t bl_caller_id_dtmf_size(void)
{
	return sizeof(struct bl_caller_id_dtmf);
}

int bl_caller_id_dtmf_init(struct bl_caller_id_dtmf *d, const struct bl_caller_id_dtmf_cfg *cfg)
{
	if (!d)
		return -EINVAL;
	if (cfg && cfg->category > 1)
		return -EINVAL;
	memset(d, 0, sizeof *d);
	if (cfg)
		d->cfg = *cfg;
	return 0;
}

void bl_caller_id_dtmf_reset(struct bl_caller_id_dtmf *d)
{
	if (!d)
		return;
	d->length = 0;
}

static int is_decimal(char c)
{
	return c >= '0' && c <= '9';
}

static struct part *part_of(struct parts *parts, char code)
{
	return code == 'A' ? &parts->a : code == 'B' ? &parts->b : code == 'D' ? &parts->d : NULL;
}

/* Codes and the digits behind each. */
static int take_apart(const char *digits, uint32_t n, struct parts *parts)
{
	struct part *part = &parts->bare;

	part->times = n && is_decimal(digits[0]);
	part->digits = digits;
	for (uint32_t i = 0; i < n; i++) {
		if (is_decimal(digits[i])) {
			part->length++;
			continue;
		}
		part = part_of(parts, digits[i]);
		if (!part)
			return -EINVAL;
		part->digits = digits + i + 1;
		part->length = 0;
		part->times++;
	}
	return parts->a.times > 1 || parts->b.times > 1 || parts->d.times > 2 ? -EINVAL : 0;
}

static int take_number(char *field, const struct part *part)
{
	if (!part->length || part->length > BL_CALLER_ID_NUMBER)
		return -EINVAL;
	memcpy(field, part->digits, part->length);
	field[part->length] = 0;
	return 0;
}

/* B and two digits: the kinds of absence that are known, and others that are none. */
static int take_information(struct bl_caller_id_message *m, const struct part *part)
{
	if (!part->times)
		return 0;
	if (part->length != 2)
		return -EINVAL;
	if (part->digits[0] == '0' && part->digits[1] == '0')
		m->number_absent = 'O';
	if (part->digits[0] == '1' && part->digits[1] == '0')
		m->number_absent = 'P';
	return 0;
}

static int read_ended_by_c(struct bl_caller_id_message *m, struct parts *parts, int category)
{
	if (parts->bare.times || take_information(m, &parts->b))
		return -EINVAL;
	if (!parts->a.times && parts->d.times)
		return parts->d.times == 1 ? take_number(m->number, &parts->d) : -EINVAL;
	if (parts->d.times && take_number(m->redirecting, &parts->d))
		return -EINVAL;
	if (category && parts->a.length) {
		m->category = parts->a.digits[0];
		parts->a.digits++;
		parts->a.length--;
	}
	if (!parts->a.length) {
		if (!m->number_absent && !parts->a.times)
			return -EINVAL;
		m->number_absent = m->number_absent ? m->number_absent : 'O';
		return 0;
	}
	return take_number(m->number, &parts->a);
}

static int read_ended_by_hash(struct bl_caller_id_message *m, const struct parts *parts)
{
	uint32_t codes = parts->bare.times + parts->a.times + parts->d.times;

	if (parts->b.times || codes != 1)
		return -EINVAL;
	if (parts->a.times)
		return take_number(m->number, &parts->a);
	if (parts->bare.times)
		return take_number(m->number, &parts->bare);
	if (parts->d.length != 1 || parts->d.digits[0] < '1' || parts->d.digits[0] > '3')
		return -EINVAL;
	m->number_absent = parts->d.digits[0] == '1' ? 'P' : 'O';
	return 0;
}

static int finish(struct bl_caller_id_dtmf *d, uint32_t error, struct bl_caller_id_result *result)
{
	struct parts parts = {.bare = {.times = 0}};
	uint32_t n = d->length <= BL_CALLER_ID_DTMF_MOST ? d->length : 0;

	memset(result, 0, sizeof *result);
	result->at_sample = d->first_at;
	result->level_dbm0 = BL_DBM0_SILENCE;
	result->raw_length = (uint16_t)n;
	memcpy(result->raw, d->digits, n);
	d->length = 0;
	if (!error && (!n || take_apart(d->digits, n - 1, &parts)))
		error = BL_CALLER_ID_FORMAT;
	if (!error) {
		int wrong = d->digits[n - 1] == 'C' ? read_ended_by_c(&result->message, &parts, d->cfg.category)
		                                    : read_ended_by_hash(&result->message, &parts);

		error = wrong ? BL_CALLER_ID_FORMAT : BL_CALLER_ID_GOOD;
	}
	if (error)
		memset(&result->message, 0, sizeof result->message);
	result->error = (uint8_t)error;
	return 1;
}

int bl_caller_id_dtmf_digit(struct bl_caller_id_dtmf *d, char digit, uint64_t at_sample,
                            struct bl_caller_id_result *result)
{
	if (!d || !result)
		return -EINVAL;

	int overdue;

	if (digit_index(digit) < 0)
		return -EINVAL;
	if (digit >= 'a')
		digit = (char)(digit - 'a' + 'A');
	overdue = bl_caller_id_dtmf_time(d, at_sample, result);
	if (!d->length) {
		if (digit == 'C' || digit == '#' || digit == '*')
			return overdue; /* no message begins so */
		d->first_at = at_sample;
	}
	if (d->length >= BL_CALLER_ID_DTMF_MOST)
		return finish(d, BL_CALLER_ID_FORMAT, result);
	d->digits[d->length++] = digit;
	d->last_at = at_sample;
	if (digit == 'C' || digit == '#')
		return finish(d, BL_CALLER_ID_GOOD, result);
	return overdue;
}

int bl_caller_id_dtmf_time(struct bl_caller_id_dtmf *d, uint64_t now, struct bl_caller_id_result *result)
{
	if (!d || !result)
		return 0;
	if (!d->length || now - d->last_at <= PAUSE_SAMPLES)
		return 0;
	return finish(d, BL_CALLER_ID_TRUNCATED, result);
}

struct text {
	char *to;
	size_t room, length;
	int wrong;
};

static void put(struct text *t, const char *digits, int decimal)
{
	for (; *digits; digits++) {
		t->wrong |= decimal && !is_decimal(*digits);
		if (t->length < t->room)
			t->to[t->length] = *digits;
		t->length++;
	}
}

static void put_ended_by_c(struct text *t, const struct bl_caller_id_message *m, const char *code)
{
	const char category[2] = {m->category, 0};

	t->wrong |= m->number_absent != 0 && m->number_absent != 'O' && m->number_absent != 'P';
	if (m->number[0]) {
		put(t, code, 0);
		put(t, category, 1);
		put(t, m->number, 1);
	}
	if (m->redirecting[0]) {
		t->wrong |= code[0] == 'D';
		put(t, "D", 0);
		put(t, m->redirecting, 1);
	}
	if (m->number_absent)
		put(t, m->number_absent == 'P' ? "B10" : "B00", 0);
	t->wrong |= !m->number[0] && !m->number_absent;
	put(t, "C", 0);
}

static void put_ended_by_hash(struct text *t, const struct bl_caller_id_message *m, const char *code)
{
	t->wrong |= m->redirecting[0] || m->category || !m->number[0] == !m->number_absent;
	if (m->number[0]) {
		put(t, code, 0);
		put(t, m->number, 1);
	} else {
		t->wrong |= !code[0] || (m->number_absent != 'O' && m->number_absent != 'P');
		put(t, m->number_absent == 'P' ? "D1" : "D2", 0);
	}
	put(t, "#", 0);
}

int bl_caller_id_dtmf_encode(const struct bl_caller_id_message *message, uint32_t form, char *digits, size_t max)
{
	if (!message || !digits)
		return -EINVAL;

	struct bl_caller_id_message m = *message;
	struct text text = {.to = digits, .room = max};

	m.number[BL_CALLER_ID_NUMBER] = 0;
	m.redirecting[BL_CALLER_ID_NUMBER] = 0;
	if (form > BL_CALLER_ID_DTMF_HASH || m.kind != BL_CALLER_ID_CALL)
		return -EINVAL;
	if (form <= BL_CALLER_ID_DTMF_D_C)
		put_ended_by_c(&text, &m, form == BL_CALLER_ID_DTMF_D_C ? "D" : "A");
	else
		put_ended_by_hash(&text, &m, form == BL_CALLER_ID_DTMF_A_HASH ? "A" : "");
	if (text.wrong)
		return -EINVAL;
	if (text.length >= max)
		return -EMSGSIZE;
	digits[text.length] = 0;
	return (int)text.length;
}
