/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MFC-R2, the compelled register signals of signalling system R2 (Q.440 to Q.458): two of six tones, forward
 * 1380 1500 1620 1740 1860 1980 Hz, backward 1140 1020 900 780 660 540 Hz (Q.441 table 5: f0 to f5).
 *
 * Signals are numbers, 1 to 15 as the table counts them; what they mean is the protocol's. The sender holds a signal
 * until it is told otherwise, as compelling demands, at -11.5 dBm0 a frequency (Q.454). Flat state, no pointers.
 *
 * The receivers are part of the bank (bank.h) and keep the limits of Q.455: -5 to -35 dBm0 a tone, 10 Hz off, twist 5
 * dB between neighbours and 7 dB between others; signals and interruptions up to 7 ms are none; operate and release
 * together take less than 80 ms. They look at the last 25 ms every 5 ms, in which tones 120 Hz apart are orthogonal: on
 * comes about 25 ms after a signal's start, off about 20 ms after its end.
 */
#ifndef BL_R2_H
#define BL_R2_H

#include <stddef.h>
#include <stdint.h>

#include "pair.h"

#define BL_R2_SIGNALS 15

/* After a hop, upon what the front heard: 0 to 2 events, `code` is the signal's number. */
size_t bl_r2_hear(struct bl_pair *p, int is_backward, const struct bl_front *f, struct bl_heard *heard);

struct bl_r2_tx_cfg {
	float level_dbm0; /* of each frequency, -60 to 0, default -11.5 */
	uint8_t backward; /* 0: forward signals, default; 1: backward */
};

struct bl_r2_tx {
	struct bl_r2_tx_cfg cfg;
	float amplitude;
	uint32_t phase[2]; /* 2^32 is a turn */
	uint32_t step[2];
	uint8_t signal; /* that is on, 0: none */
};

size_t bl_r2_tx_size(void);
/* cfg NULL: the defaults. -EINVAL on a value out of its range. */
int bl_r2_tx_init(struct bl_r2_tx *tx, const struct bl_r2_tx_cfg *cfg);
/* Silence. */
void bl_r2_tx_reset(struct bl_r2_tx *tx);
/* Hold this signal from the next sample on, 0: silence. The same again changes nothing. -EINVAL: above 15. */
int bl_r2_tx_send(struct bl_r2_tx *tx, unsigned int signal);
/* Fill n samples. Returns n while a signal is on, else 0. */
size_t bl_r2_tx_process(struct bl_r2_tx *tx, int16_t *out, size_t n);

#endif
