/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bell MF, the register signals of signalling system R1 (Q.320 to Q.323): two of 700 900 1100 1300 1500 1700 Hz.
 *
 * Signals are characters: 0-9, * for KP, # for ST, and A B C for ST', ST'' and ST'''. The sender holds KP for
 * 100 ms and the others for 68 ms with pauses of 68 ms, -7 dBm0 a frequency (Q.322). Flat state, no pointers.
 *
 * The receiver is part of the bank (bank.h) and keeps the limits of Q.323: 1.5 % and 5 Hz accepted, twist 6 dB, signals
 * of 30 ms and pauses of 25 ms; signals and interruptions below 10 ms are none. It looks at the last 20 ms every 5 ms;
 * on comes about 25 ms after a signal's start, off about 30 ms after its end. The weakest level is a setting of the
 * bank.
 */
#ifndef BL_MF_H
#define BL_MF_H

#include <stddef.h>
#include <stdint.h>

#include "pair.h"

/* After a hop, upon what the front heard: 0 to 2 events, `code` is the signal's character. */
size_t bl_mf_hear(struct bl_pair *p, const struct bl_front *f, struct bl_heard *heard);

#define BL_MF_TX_QUEUE 32 /* signals that may wait */

struct bl_mf_tx_cfg {
	float level_dbm0; /* of each frequency, -60 to 0, default -7 */
	uint16_t on_ms;   /* 1 to 60000, default 68 */
	uint16_t kp_ms;   /* the same of KP, default 100 */
	uint16_t off_ms;  /* default 68 */
};

struct bl_mf_tx {
	struct bl_mf_tx_cfg cfg;
	float amplitude;
	uint32_t phase[2]; /* 2^32 is a turn */
	uint32_t step[2];
	uint32_t on_left; /* samples */
	uint32_t off_left;
	uint8_t first, queued; /* of queue */
	char queue[BL_MF_TX_QUEUE];
};

size_t bl_mf_tx_size(void);
/* cfg NULL: the defaults. -EINVAL on a value out of its range. */
int bl_mf_tx_init(struct bl_mf_tx *tx, const struct bl_mf_tx_cfg *cfg);
/* Forget all signals, at once. */
void bl_mf_tx_reset(struct bl_mf_tx *tx);
/* Queue signals: all or none. -EINVAL: a character that is none; -ENOBUFS: no room. */
int bl_mf_tx_send(struct bl_mf_tx *tx, const char *signals, size_t n);
/*
 * Fill n samples; silence where nothing is sent. Returns how many of them belong to a signal or the pause after one.
 * Pointers are not checked.
 */
size_t bl_mf_tx_process(struct bl_mf_tx *tx, int16_t *out, size_t n);

#endif
