/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NTT's answer sequence: how a line in Japan is taken for the number and given back before it truly rings.
 *
 * The exchange reverses the polarity and rings in half seconds until the line is taken (primary answer); it then sends
 * the message. The line is given back (reception complete) once the message is there, or at the latest
 * BL_CALLER_ID_NTT_MOST_MS later; then ringing in whole seconds follows and an answer is the call's. Ringing of more
 * than BL_CALLER_ID_NTT_DATA_RING_MS, or without reversal, is a call from an exchange that sends no numbers.
 *
 *   state      event                          next       action
 *   IDLE       reversed                       REVERSED   -
 *   IDLE       ring on                        RINGING    ring
 *   REVERSED   ring on                        DATA_RING  -
 *   REVERSED   restored                       IDLE       -
 *   REVERSED   time 10 s                      IDLE       -
 *   DATA_RING  ring off                       TAKEN      take the line, reset and feed the receiver
 *   DATA_RING  time 0.75 s                    RINGING    ring
 *   TAKEN      message (or an error), 7 s     RETURNED   give the line back
 *   RETURNED   ring on                        RINGING    ring
 *   RETURNED   time 20 s                      IDLE       -
 *   TAKEN      cleared                        IDLE       give the line back
 *   any other  cleared                        IDLE       -
 *
 * What the table does not name changes nothing. The times are ours; the exchange rings and waits longer.
 */
#ifndef BL_CALLER_ID_NTT_H
#define BL_CALLER_ID_NTT_H

#include <stddef.h>
#include <stdint.h>

#define BL_CALLER_ID_NTT_DATA_RING_MS 750
#define BL_CALLER_ID_NTT_MOST_MS 7000
#define BL_CALLER_ID_NTT_WAIT_MS 10000     /* from reversal to the first ring */
#define BL_CALLER_ID_NTT_GIVEN_UP_MS 20000 /* no true ringing after the line was given back */

enum bl_caller_id_ntt_state {
	BL_CALLER_ID_NTT_IDLE,
	BL_CALLER_ID_NTT_REVERSED,
	BL_CALLER_ID_NTT_DATA_RING,
	BL_CALLER_ID_NTT_TAKEN,
	BL_CALLER_ID_NTT_RETURNED,
	BL_CALLER_ID_NTT_RINGING
};

enum bl_caller_id_ntt_event {
	BL_CALLER_ID_NTT_POLARITY_REVERSED,
	BL_CALLER_ID_NTT_POLARITY_RESTORED,
	BL_CALLER_ID_NTT_RING_ON,
	BL_CALLER_ID_NTT_RING_OFF,
	BL_CALLER_ID_NTT_MESSAGE, /* the receiver has told a message or an error */
	BL_CALLER_ID_NTT_TIME,    /* nothing but time has passed: once a tick */
	BL_CALLER_ID_NTT_CLEARED  /* the call was answered, or is gone */
};

enum bl_caller_id_ntt_action {
	BL_CALLER_ID_NTT_NOTHING,
	BL_CALLER_ID_NTT_TAKE_LINE,
	BL_CALLER_ID_NTT_GIVE_BACK,
	BL_CALLER_ID_NTT_RING /* as any call: told once */
};

struct bl_caller_id_ntt {
	uint64_t since; /* sample at which the state was entered */
	uint32_t state;
};

size_t bl_caller_id_ntt_size(void);
int bl_caller_id_ntt_init(struct bl_caller_id_ntt *n);
/* What is to be done (enum bl_caller_id_ntt_action) upon an event at a sample; -EINVAL for an event that is none. */
int bl_caller_id_ntt_step(struct bl_caller_id_ntt *n, uint32_t event, uint64_t at_sample);

#endif
