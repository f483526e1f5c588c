/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FSK modem at 1200 bit/s with start-stop characters, receiver and sender, on 8 kHz 16-bit linear sound.
 *
 * Bell 202 (mark 1200 Hz, space 2200 Hz) and the forward channel of ITU-T V.23 mode 2 (1300 Hz, 2100 Hz): what the data
 * link of caller ID runs on (EN 300 659-1, GR-30). A character is a start bit (space), eight bits, the least
 * significant first, and at least one stop bit (mark). Flat state, no pointers.
 *
 * The receiver correlates each sample's neighbourhood of 11 with both tones; the difference of the two powers by their
 * sum is the soft bit, from -1 (space) to 1 (mark), whatever the level. The sign's change from mark to space finds a
 * start bit roughly; the character is then read at the one of eight timings, a sample apart, at which its ten bits,
 * each of three soft ones, are strongest together. Twist shifts where the sign changes but hardly where that is, so 10
 * dB are borne. Frequencies may lie 2 % and the rate 1 % off. Characters are looked for only once mark has stood for
 * BL_FSK_MARK_BITS with nearly all the energy in both tones, so speech costs no more than its correlators, and silence
 * (below min_level_dbm0) not even these.
 *
 * Delay: a character is told at most 6 ms after its stop bit. The vector form adds up in another order: soft bits
 * agree within 1e-4, so a bit that lies on the limit to that part may differ. The sender's forms agree within one unit
 * of the sample.
 */
#ifndef BL_FSK_H
#define BL_FSK_H

#include <stddef.h>
#include <stdint.h>

#define BL_FSK_HOP 40       /* samples between two decisions, 5 ms: six bits */
#define BL_FSK_TAPS 11      /* samples of a correlator */
#define BL_FSK_BEHIND 72    /* soft bits kept behind the hop: a character and its timings */
#define BL_FSK_MARK_BITS 16 /* of mark before a first character; channel seizure, which alternates, has none */
#define BL_FSK_WEAK 0.2f    /* a bit whose three soft bits' mean is nearer to 0 is weak */

enum bl_fsk_modem { BL_FSK_BELL202, BL_FSK_V23 };

enum bl_fsk_kind {
	BL_FSK_CHARACTER,
	BL_FSK_FRAMING, /* a character whose stop bit is space; the receiver waits for mark again */
	BL_FSK_LOST     /* the carrier is gone on which characters were looked for */
};

struct bl_fsk_rx_cfg {
	uint8_t modem;
	float min_level_dbm0; /* weakest carrier heard; -48 to 0, default -40 */
};

struct bl_fsk_event {
	uint64_t at_sample; /* since init or reset: where the start bit began; of BL_FSK_LOST: the end of the hop */
	float level_dbm0;   /* of the carrier */
	uint16_t mark_bits; /* of mark before the start bit, the stop bit of the character before not counted */
	uint8_t kind;
	uint8_t octet; /* as heard, also when its framing is wrong */
	uint8_t weak;  /* of the octet's bits */
};

struct bl_fsk_rx {
	struct bl_fsk_rx_cfg cfg;
	uint64_t samples;  /* taken so far */
	float gate;        /* least energy of a hop, by cfg */
	float level;       /* mean square of the carrier, smoothed */
	float energy;      /* of the last hop */
	uint32_t fill;     /* samples of the current hop */
	uint32_t quiet;    /* hops in a row below the gate */
	uint32_t at;       /* soft bit that is looked at next */
	uint32_t start;    /* soft bit at which a start bit seems to begin, 0: none */
	uint32_t mark;     /* samples of mark in a row before `at`, saturating */
	uint8_t on;        /* a carrier is there */
	uint8_t listening; /* characters are looked for */
	uint64_t spaces;   /* the last 64 soft bits: bit n is set when the soft bit 48 + n is space */
	int16_t hop[BL_FSK_HOP];
	int16_t past[BL_FSK_TAPS - 1]; /* the last samples of the hop before */
	float soft[BL_FSK_BEHIND + BL_FSK_HOP];
};

size_t bl_fsk_rx_size(void);
/* -EINVAL on a value out of its range. */
int bl_fsk_rx_init(struct bl_fsk_rx *rx, const struct bl_fsk_rx_cfg *cfg);
void bl_fsk_rx_reset(struct bl_fsk_rx *rx);
/*
 * Take any number of samples; write up to `max` events, oldest first. Returns the number written. At most one comes of
 * a hop, so max ≥ n / BL_FSK_HOP + 1 loses none; those beyond max are dropped. Pointers are not checked.
 */
size_t bl_fsk_rx_process(struct bl_fsk_rx *rx, const int16_t *in, size_t n, struct bl_fsk_event *events, size_t max);

#define BL_FSK_OCTETS 288 /* of one burst */

struct bl_fsk_tx_cfg {
	uint8_t modem;
	float level_dbm0; /* -48 to 0; -13.5 is usual at the line */
};

/* What surrounds the characters of a burst, in bits. */
struct bl_fsk_burst {
	uint16_t seizure_bits; /* alternating, space first; 0 to 4800 */
	uint16_t mark_bits;    /* before the first character; 0 to 4800 */
	uint16_t tail_bits;    /* of mark after the last; 0 to 4800 */
	uint8_t stop_bits;     /* 1 to 20 */
};

struct bl_fsk_tx {
	struct bl_fsk_tx_cfg cfg;
	float amplitude;
	uint32_t phase; /* 2^32 is a turn */
	struct bl_fsk_burst burst;
	uint32_t seizure, mark, tail; /* bits yet to be taken */
	uint32_t octets, next;
	uint32_t waiting; /* bits in `bits` */
	uint64_t bits;    /* taken and not yet sent, the first in bit 0 */
	uint32_t ready;   /* samples at the end of `group` not yet handed out */
	int16_t group[20];
	uint8_t octet[BL_FSK_OCTETS];
};

size_t bl_fsk_tx_size(void);
int bl_fsk_tx_init(struct bl_fsk_tx *tx, const struct bl_fsk_tx_cfg *cfg);
/* Stop at once. */
void bl_fsk_tx_reset(struct bl_fsk_tx *tx);
/* Begin a burst of n octets. -EINVAL: a value out of its range, no bit at all; -EBUSY: one is being sent. */
int bl_fsk_tx_send(struct bl_fsk_tx *tx, const uint8_t *octets, size_t n, const struct bl_fsk_burst *burst);
/* Fill n samples; silence behind the burst's end. Returns how many of them belong to it. Pointers are not checked. */
size_t bl_fsk_tx_process(struct bl_fsk_tx *tx, int16_t *out, size_t n);

#endif
