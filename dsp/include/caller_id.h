/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caller ID by FSK: the data link and message layers of GR-30 (Bell 202), EN 300 659-1 and -3 (V.23) and of NTT's
 * number display (V.23), receiver and sender, on 8 kHz 16-bit linear sound. caller_id_message.h says what a message
 * holds, caller_id_dtmf.h does the same by DTMF.
 *
 * When it is heard is the line's affair: reset the receiver and feed it
 *   - between the first and the second ring (GR-30, EN 300 659-1: 0.5 s after the ring's end at the
 *     earliest, ended 0.2 s before the next),
 *   - before the first ring, on reversal of polarity, dual tone alerting or a short ring (EN 300 659-1),
 *   - in Japan after reversal and the 0.5 s data rings, once the line has been taken; hang up within 7 s of the
 * message, then the true ringing begins.
 *
 * On the line (GR-30, EN 300 659-1; -2 off the hook): channel seizure of 300 bits and 180 bits of mark (off the hook:
 * 80 bits of mark alone); message type; length; parameters; checksum, the sum of all octets is 0 modulo 256. Up to
 * BL_CALLER_ID_GAP bits of mark may part two characters. NTT: mark; DLE SOH header DLE STX type length parameters
 * DLE ETX in seven bits with even parity, a DLE of the content doubled; then CRC-16 (x^16 + x^12 + x^5 + 1, least
 * significant bit first, from 0) of all behind SOH, parity bits included, low octet first.
 *
 * The checksum misses one in sixteen of the messages with two wrong bits, so such a message is also refused when two
 * of its bits were weak (fsk.h); all are when their content cannot be. A message that is refused, cut off or broken is
 * told as an error, and the receiver waits for mark again.
 */
#ifndef BL_CALLER_ID_H
#define BL_CALLER_ID_H

#include "caller_id_message.h"
#include "fsk.h"

#define BL_CALLER_ID_GAP 20 /* bits of mark; the standards allow 10 */

enum bl_caller_id_error {
	BL_CALLER_ID_GOOD,
	BL_CALLER_ID_CHECKSUM,  /* or CRC */
	BL_CALLER_ID_FRAMING,   /* a stop bit was no mark */
	BL_CALLER_ID_TRUNCATED, /* carrier lost, or too long a gap, within the message */
	BL_CALLER_ID_FORMAT,    /* its content cannot be */
	BL_CALLER_ID_UNSURE,    /* its checksum is right, but too many of its bits were weak */
	BL_CALLER_ID_PARITY     /* NTT */
};

struct bl_caller_id_cfg {
	uint8_t standard;     /* enum bl_caller_id_standard */
	float min_level_dbm0; /* weakest carrier heard; -48 to 0, default -40 */
};

struct bl_caller_id_result {
	uint64_t at_sample;  /* since init or reset: where the first character, or digit, began */
	float level_dbm0;    /* of the carrier */
	uint8_t error;       /* enum bl_caller_id_error; the message counts only with BL_CALLER_ID_GOOD */
	uint8_t weak_bits;   /* heard in the message */
	uint16_t raw_length; /* octets as heard, from message type or first DLE to checksum or CRC; digits */
	uint8_t raw[BL_CALLER_ID_RAW];
	struct bl_caller_id_message message;
};

struct bl_caller_id {
	struct bl_caller_id_cfg cfg;
	struct bl_fsk_rx fsk;
	uint64_t at_sample; /* of the message that is being heard */
	uint32_t length;    /* octets of it so far */
	uint32_t left;      /* octets behind DLE ETX still to come, counted down; NTT */
	uint8_t escaped;    /* the last octet was a DLE that stands for itself or for a control; NTT */
	uint8_t parity;     /* a parity was wrong; NTT */
	uint8_t weak;       /* bits, saturating */
	uint8_t raw[BL_CALLER_ID_RAW];
};

size_t bl_caller_id_size(void);
/* -EINVAL on a value out of its range. */
int bl_caller_id_init(struct bl_caller_id *c, const struct bl_caller_id_cfg *cfg);
/* Hear from the beginning, as when a ring has ended. */
void bl_caller_id_reset(struct bl_caller_id *c);
/*
 * Take at most BL_FSK_HOP samples, a tick; -EINVAL for more. Returns 1 with a message or an error in *result, which is
 * untouched else: 0.
 */
int bl_caller_id_process(struct bl_caller_id *c, const int16_t *in, size_t n, struct bl_caller_id_result *result);

struct bl_caller_id_tx_cfg {
	uint8_t standard;
	uint8_t single;   /* 1: single data message format, GR-30; no name */
	uint8_t off_hook; /* 1: no seizure, 80 bits of mark: call waiting, EN 300 659-2 */
	float level_dbm0; /* -48 to 0 */
};

struct bl_caller_id_tx {
	struct bl_caller_id_tx_cfg cfg;
	struct bl_fsk_tx fsk;
};

size_t bl_caller_id_tx_size(void);
int bl_caller_id_tx_init(struct bl_caller_id_tx *tx, const struct bl_caller_id_tx_cfg *cfg);
void bl_caller_id_tx_reset(struct bl_caller_id_tx *tx);
/* Begin a message. -EINVAL: content that cannot be; -EMSGSIZE: too long; -EBUSY: one is being sent. */
int bl_caller_id_tx_send(struct bl_caller_id_tx *tx, const struct bl_caller_id_message *message);
/* Fill n samples; silence behind the message. Returns how many of them belong to it. */
size_t bl_caller_id_tx_process(struct bl_caller_id_tx *tx, int16_t *out, size_t n);

#endif
