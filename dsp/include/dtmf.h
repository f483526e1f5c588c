/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DTMF receiver (Q.24) and sender (Q.23) on 8 kHz 16-bit linear sound. Flat state, no pointers.
 *
 * The receiver works in two stages. The first takes a block of 10 ms in each 15 of eight channels at once (correlate.h)
 * and asks whether the strongest tone of each group holds half of the energy: speech does in 2 blocks of a thousand,
 * silence never. Only then, and as long as a digit may be going on, the second stage looks at the last 20 ms every 5
 * ms, and back over the last 10 ms. A look is a hit when the two tones hold three quarters of the power, lie within the
 * frequency limit (measured from the phase against the look before) and their levels are within the twist limits.
 * Enough hits in a row make a digit, enough misses end it; purity being relative to the window's power, those counts
 * translate to milliseconds at any level.
 *
 * What speech and music have and a sender has not refutes a digit: tones that did not begin together, a level or a
 * frequency that wanders, another line of the spectrum as strong as 4 % of the power. What may lie under a digit is
 * left out: a dial tone (below 575 Hz, of one level for 360 ms), and the low harmonics of a voice, our own prompt's
 * echo, where the tones themselves stand still. Nor does such a sound end a digit whose tones go on as loud as before.
 *
 * Delay: the early flag comes 13 to 21 ms after the digit's start, the on event about min_on_ms after it, the off event
 * about min_pause_ms + 10 ms after its end. Sums are integers and agree bit for bit in both forms; what is made of them
 * is float and agrees within 1e-5, so a sound that lies on a limit to that part may be a digit to one form and none to
 * the other. One by one or many at once is the same to the bit.
 */
#ifndef BL_DTMF_H
#define BL_DTMF_H

#include <stddef.h>
#include <stdint.h>

#define BL_DTMF_HOP 40     /* samples between two looks, 5 ms */
#define BL_DTMF_WINDOW 160 /* samples of a look, 20 ms */
#define BL_DTMF_HOPS 8     /* kept */
#define BL_DTMF_TONES 8    /* 697 770 852 941 1209 1336 1477 1633 Hz */

struct bl_dtmf_cfg {
	float min_level_dbm0;    /* weakest tone accepted, each; -45 to 0, default -42 */
	float max_high_twist_db; /* high group above low group; 0 to 20, default 4 */
	float max_low_twist_db;  /* low group above high group; 0 to 20, default 8 */
	uint16_t min_on_ms;      /* digits this long are accepted, 15 ms shorter ones are not; 30 to 200, default 40 */
	uint16_t min_pause_ms; /* pauses this long part two digits, 15 ms shorter ones do not; 25 to 200, default 30 */
	float max_off_percent; /* of a tone's frequency, between what is accepted and rejected; 2 to 3, default 2.5 */
};

struct bl_dtmf_event {
	uint64_t at_sample;        /* since init or reset: where the digit began (on) or ended (off), ± 5 ms */
	uint32_t duration_samples; /* off: length of the digit, ± 10 ms; on: 0 */
	float level_dbm0;          /* mean of the two tones' levels, each at its loudest */
	char digit;                /* 0-9 A-D * # */
	uint8_t on;                /* 1: the digit has begun, 0: it has ended */
	uint16_t channel;          /* of bl_dtmf_process_many, else 0 */
};

struct bl_dtmf {
	/* The last hops; hop h lies in h % BL_DTMF_HOPS. First, as a copy across lines of the cache takes longer. */
	int16_t sound[BL_DTMF_HOPS][BL_DTMF_HOP];
	struct bl_dtmf_cfg cfg;
	uint32_t fill;         /* samples of the current hop */
	uint64_t hops;         /* complete ones, so far */
	uint32_t hops_left;    /* until the next block is complete */
	uint32_t blocks_left;  /* of this period */
	uint32_t alert;        /* looks to come though nothing is heard */
	char candidate;        /* digit of the last hit, 0: none */
	char digit;            /* digit that is on, 0: none */
	uint8_t fresh;         /* both tones of the run began with it */
	char fresh_digit;      /* the last that did */
	uint8_t masked;        /* a look of the run was a hit though a voice masked it */
	uint32_t dial_periods; /* of one level, saturating when it is taken for a dial tone */
	float dial_sum;        /* of the blocks' mean squares in this period */
	float dial_power;      /* mean square that has stood for dial_periods */
	float dial_low;        /* below the tones in the last looks, smoothed */
	uint32_t dial_strays;  /* periods in a row that were off it */
	uint32_t on_hits;      /* hits that make a digit, from min_on_ms */
	uint32_t off_looks;    /* misses that end one, from min_pause_ms */
	uint32_t hits;         /* hits in a row of `candidate` */
	uint32_t misses;       /* looks in a row without `digit` */
	float min_power;       /* mean squares and ratios, from cfg */
	float max_high_ratio;
	float max_low_ratio;
	float max_off;                              /* share of the frequency */
	float run_power[2][2];                      /* low, high tone of the run of hits: least and most mean square */
	float run_hz[2][2];                         /* and frequency */
	float purity;                               /* of the run, summed */
	float level_dbm0;                           /* of the digit that is on */
	float digit_power[2];                       /* its low and high tone */
	uint64_t candidate_at;                      /* start of the candidate */
	uint64_t fresh_at;                          /* end of the look at which fresh_digit did */
	uint64_t digit_at;                          /* start of the digit that is on */
	uint64_t digit_end;                         /* its end as far as seen */
	float re[BL_DTMF_TONES], im[BL_DTMF_TONES]; /* the last look, while there are looks */
};

size_t bl_dtmf_size(void);
/* cfg NULL: the defaults above, which are the column BL_DTMF_STANDARD. -EINVAL on a value out of its range. */
int bl_dtmf_init(struct bl_dtmf *d, const struct bl_dtmf_cfg *cfg);
void bl_dtmf_reset(struct bl_dtmf *d);
/*
 * Take any number of samples; write up to `max` events, oldest first. Returns the number written. At most one on and
 * one off event come of a hop, so max ≥ 2 * (n / BL_DTMF_HOP + 1) loses none; those beyond max are dropped. in NULL:
 * nothing is taken.
 */
size_t bl_dtmf_process(struct bl_dtmf *d, const int16_t *in, size_t n, struct bl_dtmf_event *events, size_t max);
/*
 * One hop of BL_DTMF_HOP samples of each of `channels` receivers, at most 65536; a NULL receiver is passed over, sound
 * that is NULL is silence. Writes and returns as above, each event with its channel; those of one channel are in order.
 * max ≥ 4 * channels loses none.
 */
size_t bl_dtmf_process_many(struct bl_dtmf *const d[], const int16_t *const in[], size_t channels,
                            struct bl_dtmf_event *events, size_t max);
/*
 * The digit that is likely beginning, from 13 to 21 ms of it on until it is on or refuted; 0: none. Sound that goes on
 * in-band is to be muted while this or a digit is there.
 */
char bl_dtmf_early(const struct bl_dtmf *d);

#define BL_DTMF_STANDARD "AT&T"
/* The settings of an administration's column of Q.24 table A-1 (dsp/tables/dtmf_columns.toml); NULL: there is none. */
const struct bl_dtmf_cfg *bl_dtmf_column(const char *administration);

#define BL_DTMF_TX_QUEUE 64 /* digits that may wait */

struct bl_dtmf_tx_cfg {
	float low_level_dbm0;  /* -60 to 0, default -9 (Q.23 leaves it to the network; -9/-7 is common on subscriber
	                          lines) */
	float high_level_dbm0; /* -60 to 0, default -7 */
	uint16_t on_ms;        /* 1 to 60000, default 80 */
	uint16_t off_ms;       /* 1 to 60000, default 80 */
};

struct bl_dtmf_tx {
	struct bl_dtmf_tx_cfg cfg;
	float amplitude[2]; /* low, high */
	uint32_t phase[2];  /* 2^32 is a turn */
	uint32_t step[2];
	uint32_t on_left; /* samples */
	uint32_t off_left;
	uint8_t first, queued; /* of queue */
	char queue[BL_DTMF_TX_QUEUE];
};

size_t bl_dtmf_tx_size(void);
/* cfg NULL: the defaults. -EINVAL on a value out of its range. */
int bl_dtmf_tx_init(struct bl_dtmf_tx *tx, const struct bl_dtmf_tx_cfg *cfg);
/* Forget all digits, at once. */
void bl_dtmf_tx_reset(struct bl_dtmf_tx *tx);
/* Queue digits: all or none. -EINVAL: a character that is no digit (a-d count as A-D); -ENOBUFS: no room. */
int bl_dtmf_tx_send(struct bl_dtmf_tx *tx, const char *digits, size_t n);
/*
 * Fill n samples; silence where nothing is sent. Returns how many of them belong to a digit or the pause after one.
 * Pointers are not checked.
 */
size_t bl_dtmf_tx_process(struct bl_dtmf_tx *tx, int16_t *out, size_t n);

#endif
