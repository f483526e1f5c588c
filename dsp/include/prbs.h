/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pseudo-random test patterns on a timeslot, and the receiver that counts bit errors in them (O.150, O.151, O.152).
 *
 * Octets are as on the wire, first bit 0x80; bits follow one another through the octets of one timeslot. The receiver
 * loads its register from what comes, and is synchronised when it has foretold 64 bits without an error. It runs free
 * from then on, so one bit in error is one error. More than 20 % errors in 256 bits are a loss of synchronisation;
 * those bits are taken back, they are no measurement. When it has found the pattern again it looks where it would have
 * been: octets that are left out or said twice are a slip of the timeslot, and not errors.
 *
 * The state is flat: it may be copied or live in shared memory. Whatever stands in it, nothing is read or written
 * beyond it.
 */
#ifndef BL_PRBS_H
#define BL_PRBS_H

#include <stddef.h>
#include <stdint.h>

enum bl_prbs_pattern {
	BL_PRBS_11, /* 2^11-1, O.152: 64 kbit/s */
	BL_PRBS_15, /* 2^15-1, inverted, O.151: 2048 kbit/s */
	BL_PRBS_20, /* 2^20-1, no more than 14 zeros in a row (QRSS), O.151: 1544 kbit/s */
	BL_PRBS_PATTERNS
};

#define BL_PRBS_WINDOW 32    /* octets in which a loss of synchronisation is seen */
#define BL_PRBS_SLIP_MAX 256 /* octets: 32 ms. One that slips by more has just lost synchronisation */

struct bl_prbs_tx {
	uint64_t bits;    /* of the register, the newest in bit 0 */
	uint32_t insert;  /* errors yet to be inserted */
	uint32_t pattern; /* enum bl_prbs_pattern */
};

struct bl_prbs_counters {
	uint64_t bits;     /* received in synchronisation */
	uint64_t errors;   /* of them */
	uint64_t unsynced; /* octets received while hunting */
	uint64_t losses;   /* of synchronisation */
	uint64_t slips;    /* of those losses */
	int64_t slipped;   /* octets that slips left out, less those that they said twice */
};

struct bl_prbs_rx {
	uint64_t bits; /* of the register while synchronised; what was received while hunting */
	uint64_t free; /* the register as it would be, had synchronisation not been lost */
	struct bl_prbs_counters counters;
	uint32_t pattern;
	uint8_t synced;
	uint8_t known;                  /* `free` counts: it has been synchronised before */
	uint8_t fed;                    /* octets taken while hunting, saturating */
	uint8_t good;                   /* octets in a row that were foretold */
	uint8_t place;                  /* of the next octet in `recent` */
	uint8_t filled;                 /* octets in `recent` */
	uint8_t recent[BL_PRBS_WINDOW]; /* errors by octet */
};

size_t bl_prbs_tx_size(void);
/* -EINVAL: no such pattern. */
int bl_prbs_tx_init(struct bl_prbs_tx *tx, uint32_t pattern);
/* Turn over one bit in each of the next `errors` octets. */
void bl_prbs_tx_insert(struct bl_prbs_tx *tx, uint32_t errors);
/* The next n octets. */
void bl_prbs_tx_process(struct bl_prbs_tx *tx, uint8_t *out, size_t n);

size_t bl_prbs_rx_size(void);
/* -EINVAL: no such pattern. */
int bl_prbs_rx_init(struct bl_prbs_rx *rx, uint32_t pattern);
/* Take n octets. */
void bl_prbs_rx_process(struct bl_prbs_rx *rx, const uint8_t *in, size_t n);

#endif
