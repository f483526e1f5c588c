/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caller ID by DTMF, EN 300 659-1 annex B and its national forms: a state machine over the digits of a DTMF receiver
 * (dtmf.h), and the digits to be given to a DTMF sender. It is heard before the first ring or between the first two.
 *
 *   A number C                      Belgium, Finland, Iceland, India, Saudi Arabia, Sweden, Uruguay
 *   A number D redirecting C        with B and two digits instead of, or behind, the number: B00 unavailable, B10
 * private A category number C             Brazil: the first digit is the caller's category (setting) D number C Taiwan,
 * Kuwait A number #, D1# D2# D3#         Denmark: private, abroad, technical reasons number # Netherlands, Denmark
 *
 * The end code tells them apart, so one receiver hears all. There is no checksum: only a whole message is delivered, of
 * codes in their places; digits without an end code within BL_CALLER_ID_DTMF_PAUSE_MS, and codes out of place, are told
 * as errors.
 */
#ifndef BL_CALLER_ID_DTMF_H
#define BL_CALLER_ID_DTMF_H

#include "caller_id.h"

#define BL_CALLER_ID_DTMF_MOST 72       /* digits of a message: two numbers and their codes */
#define BL_CALLER_ID_DTMF_PAUSE_MS 1000 /* from one digit's start to the next's; the standards have at most 160 */

enum bl_caller_id_dtmf_form {
	BL_CALLER_ID_DTMF_A_C,    /* EN 300 659-1 annex B */
	BL_CALLER_ID_DTMF_D_C,    /* Taiwan, Kuwait */
	BL_CALLER_ID_DTMF_A_HASH, /* Denmark */
	BL_CALLER_ID_DTMF_HASH    /* Netherlands */
};

struct bl_caller_id_dtmf_cfg {
	uint8_t category; /* 1: a category's digit goes before the number */
};

struct bl_caller_id_dtmf {
	struct bl_caller_id_dtmf_cfg cfg;
	uint64_t first_at, last_at; /* samples at which the first and the last digit began */
	uint32_t length;
	char digits[BL_CALLER_ID_DTMF_MOST];
};

size_t bl_caller_id_dtmf_size(void);
/* cfg NULL: no category. -EINVAL on a value out of its range. */
int bl_caller_id_dtmf_init(struct bl_caller_id_dtmf *d, const struct bl_caller_id_dtmf_cfg *cfg);
void bl_caller_id_dtmf_reset(struct bl_caller_id_dtmf *d);
/*
 * A digit has begun (0-9 A-D * #) at this sample. Returns 1 with a message or an error in *result, 0, or -EINVAL for
 * another character. Its level_dbm0 is the caller's to fill in, from the DTMF receiver's event.
 */
int bl_caller_id_dtmf_digit(struct bl_caller_id_dtmf *d, char digit, uint64_t at_sample,
                            struct bl_caller_id_result *result);
/* The time, in samples, once a tick: 1 with an error when the digits' end is overdue, else 0. */
int bl_caller_id_dtmf_time(struct bl_caller_id_dtmf *d, uint64_t now, struct bl_caller_id_result *result);
/*
 * Write a call's digits, 0 behind them. Returns their number; -EINVAL: content that this form cannot say; -EMSGSIZE: no
 * room within max characters. To be sent 70 ms on, 70 ms off.
 */
int bl_caller_id_dtmf_encode(const struct bl_caller_id_message *message, uint32_t form, char *digits, size_t max);

#endif
