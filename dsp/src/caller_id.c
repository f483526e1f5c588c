/* SPDX-License-Identifier: GPL-2.0-only */
/* Caller ID by FSK: characters to messages, messages to characters. See caller_id.h. */
#include "caller_id.h"

#include <errno.h>
#include <string.h>

#include "caller_id_octets.h"

#define WEAK_MOST 1 /* bits of a message; two wrong ones may escape the checksum */
#define WEAK_SATURATED 255
#define CRC_OCTETS 2

size_t bl_caller_id_size(void)
{
	return sizeof(struct bl_caller_id);
}

int bl_caller_id_init(struct bl_caller_id *c, const struct bl_caller_id_cfg *cfg)
{
	struct bl_fsk_rx_cfg fsk;

	if (!c || !cfg || cfg->standard > BL_CALLER_ID_V23_JP)
		return -EINVAL;
	memset(c, 0, sizeof *c);
	c->cfg = *cfg;
	fsk = (struct bl_fsk_rx_cfg){.modem = cfg->standard == BL_CALLER_ID_BELL202 ? BL_FSK_BELL202 : BL_FSK_V23,
	                             .min_level_dbm0 = cfg->min_level_dbm0};
	return bl_fsk_rx_init(&c->fsk, &fsk);
}

void bl_caller_id_reset(struct bl_caller_id *c)
{
	if (!c)
		return;
	bl_fsk_rx_reset(&c->fsk);
	c->length = 0;
}

static int is_ntt(const struct bl_caller_id *c)
{
	return c->cfg.standard == BL_CALLER_ID_V23_JP;
}

/* Tell how the message ended, and wait for the next. */
static int finish(struct bl_caller_id *c, const struct bl_fsk_event *event, uint32_t error,
                  struct bl_caller_id_result *result)
{
	memset(result, 0, sizeof *result);
	result->at_sample = c->at_sample;
	result->level_dbm0 = event->level_dbm0;
	result->weak_bits = c->weak;
	result->raw_length = (uint16_t)c->length;
	memcpy(result->raw, c->raw, c->length);
	if (!error && bl_caller_id_decode(c->raw, c->length, c->cfg.standard, &result->message))
		error = BL_CALLER_ID_FORMAT;
	if (error)
		memset(&result->message, 0, sizeof result->message);
	result->error = (uint8_t)error;
	c->length = 0;
	return 1;
}

static int can_begin(const struct bl_caller_id *c, uint8_t octet)
{
	if (is_ntt(c))
		return (octet & 0x7f) == DLE;
	return octet == SINGLE_CALL || octet == SINGLE_WAITING || (octet >= CALL_SETUP && octet <= LAST_TYPE);
}

static void append(struct bl_caller_id *c, const struct bl_fsk_event *event)
{
	uint32_t weak = (uint32_t)c->weak + event->weak;

	c->raw[c->length++] = event->octet;
	c->weak = (uint8_t)(weak > WEAK_SATURATED ? WEAK_SATURATED : weak);
}

static void begin(struct bl_caller_id *c, const struct bl_fsk_event *event)
{
	c->length = 0;
	c->left = 0;
	c->parity = 0;
	c->weak = 0;
	if (event->mark_bits < BL_FSK_MARK_BITS || !can_begin(c, event->octet))
		return;
	c->at_sample = event->at_sample;
	c->escaped = 1;
	append(c, event);
	c->parity |= is_ntt(c) && __builtin_parity(event->octet);
}

static uint32_t verdict(const struct bl_caller_id *c)
{
	if (c->parity)
		return BL_CALLER_ID_PARITY;
	if (!bl_caller_id_sum_is_right(c->raw, c->length, c->cfg.standard))
		return BL_CALLER_ID_CHECKSUM;
	return c->weak > WEAK_MOST && !is_ntt(c) ? BL_CALLER_ID_UNSURE : BL_CALLER_ID_GOOD;
}

/* 1 when the message's last octet is in. */
static int is_complete(const struct bl_caller_id *c)
{
	return c->length >= 3 && c->length == c->raw[1] + 3u;
}

/* Follow the DLEs of an NTT message; 1 when its last octet is in. */
static int follow(struct bl_caller_id *c, uint8_t octet)
{
	if (c->left)
		return --c->left == 0;
	c->parity |= (uint8_t)__builtin_parity(octet);
	octet &= 0x7f;
	if (c->escaped && octet == ETX)
		c->left = CRC_OCTETS;
	c->escaped = !c->escaped && octet == DLE;
	return 0;
}

/* A message of one octet was none. */
static int break_off(struct bl_caller_id *c, const struct bl_fsk_event *event, uint32_t error,
                     struct bl_caller_id_result *result)
{
	if (c->length > 1)
		return finish(c, event, error, result);
	c->length = 0;
	return 0;
}

static int take_character(struct bl_caller_id *c, const struct bl_fsk_event *event, struct bl_caller_id_result *result)
{
	int cut = event->mark_bits > BL_CALLER_ID_GAP && break_off(c, event, BL_CALLER_ID_TRUNCATED, result);

	if (!c->length) {
		begin(c, event);
		return cut;
	}
	append(c, event);
	if (is_ntt(c) && c->length == 2 && (event->octet & 0x7f) != SOH) {
		c->length = 0; /* none began */
		return cut;
	}
	if (is_ntt(c) ? follow(c, event->octet) : is_complete(c))
		return finish(c, event, verdict(c), result);
	if (c->length == BL_CALLER_ID_RAW)
		return finish(c, event, BL_CALLER_ID_FORMAT, result);
	return 0;
}

int bl_caller_id_process(struct bl_caller_id *c, const int16_t *in, size_t n, struct bl_caller_id_result *result)
{
	if (!c || !in || !result)
		return -EINVAL;

	struct bl_fsk_event event;

	if (n > BL_FSK_HOP)
		return -EINVAL;
	if (!bl_fsk_rx_process(&c->fsk, in, n, &event, 1))
		return 0;
	if (c->length >= BL_CALLER_ID_RAW)
		c->length = 0; /* a torn state */
	if (event.kind == BL_FSK_CHARACTER)
		return take_character(c, &event, result);
	return break_off(c, &event, event.kind == BL_FSK_LOST ? BL_CALLER_ID_TRUNCATED : BL_CALLER_ID_FRAMING, result);
}

size_t bl_caller_id_tx_size(void)
{
	return sizeof(struct bl_caller_id_tx);
}

int bl_caller_id_tx_init(struct bl_caller_id_tx *tx, const struct bl_caller_id_tx_cfg *cfg)
{
	struct bl_fsk_tx_cfg fsk;

	if (!tx || !cfg || cfg->standard > BL_CALLER_ID_V23_JP || (cfg->single && cfg->standard == BL_CALLER_ID_V23_JP))
		return -EINVAL;
	memset(tx, 0, sizeof *tx);
	tx->cfg = *cfg;
	fsk = (struct bl_fsk_tx_cfg){.modem = cfg->standard == BL_CALLER_ID_BELL202 ? BL_FSK_BELL202 : BL_FSK_V23,
	                             .level_dbm0 = cfg->level_dbm0};
	return bl_fsk_tx_init(&tx->fsk, &fsk);
}

void bl_caller_id_tx_reset(struct bl_caller_id_tx *tx)
{
	if (!tx)
		return;
	bl_fsk_tx_reset(&tx->fsk);
}

int bl_caller_id_tx_send(struct bl_caller_id_tx *tx, const struct bl_caller_id_message *message)
{
	if (!tx || !message)
		return -EINVAL;

	static const struct bl_fsk_burst on_hook = {
	        .seizure_bits = 300, .mark_bits = 180, .tail_bits = 10, .stop_bits = 1};
	static const struct bl_fsk_burst off_hook = {
	        .seizure_bits = 0, .mark_bits = 80, .tail_bits = 10, .stop_bits = 1};
	const struct bl_fsk_burst *burst =
	        tx->cfg.off_hook || tx->cfg.standard == BL_CALLER_ID_V23_JP ? &off_hook : &on_hook;
	uint8_t octets[BL_CALLER_ID_RAW];
	int n = bl_caller_id_encode(message, tx->cfg.standard, tx->cfg.single, octets, sizeof octets);

	return n < 0 ? n : bl_fsk_tx_send(&tx->fsk, octets, (size_t)n, burst);
}

size_t bl_caller_id_tx_process(struct bl_caller_id_tx *tx, int16_t *out, size_t n)
{
	if (!tx || !out)
		return 0;
	return bl_fsk_tx_process(&tx->fsk, out, n);
}
