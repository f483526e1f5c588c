/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a caller ID says, and its octets: GR-30 and GR-31 (SDMF, MDMF), EN 300 659-3, NTT.
 *
 * Read: message type 0x80 (call setup), 0x82 (message waiting) in parameters of type, length, content; 0x04 and 0x06,
 * the same in the single data message format; 0x40, NTT's call setup. Of parameters 0x01 date and time, 0x02 calling
 * and 0x03 called line identity, 0x04 and 0x08 reasons for absence, 0x07 name, 0x0B visual indicator, 0x11 call type,
 * 0x1A redirecting number; NTT has the called number at 0x09. Others up to 0x5F and from
 * 0xE0 are passed over; the other types of message
 * (0x84 to 0x89) are delivered as BL_CALLER_ID_OTHER with their octets alone.
 *
 * A number is of 0-9 * # +. A content that cannot be (a length that does not come out, a letter in a number, a date of
 * other than eight digits, a call with neither a number nor the reason for its absence) makes the whole message one
 * that cannot be; a date like 00000000, which some exchanges send, counts as none.
 */
#ifndef BL_CALLER_ID_MESSAGE_H
#define BL_CALLER_ID_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define BL_CALLER_ID_NUMBER 32
#define BL_CALLER_ID_NAME 50
#define BL_CALLER_ID_RAW 260 /* type, length, 255 octets, checksum */

enum bl_caller_id_standard { BL_CALLER_ID_BELL202, BL_CALLER_ID_V23, BL_CALLER_ID_V23_JP };

enum bl_caller_id_kind { BL_CALLER_ID_CALL, BL_CALLER_ID_WAITING, BL_CALLER_ID_OTHER };

struct bl_caller_id_message {
	uint8_t kind;
	uint8_t month, day, hour, minute; /* month 0: not told */
	uint8_t waiting;                  /* BL_CALLER_ID_WAITING: 1 while messages wait */
	uint8_t call_type;                /* parameter 0x11: 1 voice, 2 ring back when free, ...; 0: not told */
	char category;                    /* DTMF with a caller's category: its digit; 0: not told */
	char number_absent;               /* why there is no number: O unavailable, P private, C coin, S conflict; 0 */
	char name_absent;
	char number[BL_CALLER_ID_NUMBER + 1];
	char redirecting[BL_CALLER_ID_NUMBER + 1];
	char called[BL_CALLER_ID_NUMBER + 1];
	char name[BL_CALLER_ID_NAME + 1]; /* octets as sent: IRV or national letters, no control characters */
};

/*
 * Read the n octets from message type to checksum (NTT: from the first DLE to CRC), which are not summed up here.
 * -EINVAL: content that cannot be.
 */
int bl_caller_id_decode(const uint8_t *octets, size_t n, uint32_t standard, struct bl_caller_id_message *message);
/*
 * Write a message's octets, checksum or CRC included, into `max` octets. Returns their number; -EINVAL: content that
 * cannot be; -EMSGSIZE: no room. `single`: single data message format.
 */
int bl_caller_id_encode(const struct bl_caller_id_message *message, uint32_t standard, int single, uint8_t *octets,
                        size_t max);
/* 1 when the octets' checksum or CRC is right. */
int bl_caller_id_sum_is_right(const uint8_t *octets, size_t n, uint32_t standard);

#endif
