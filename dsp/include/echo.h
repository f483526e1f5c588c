/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Line echo canceller (G.168): takes out of what a hybrid sends back the echo of what was sent to it.
 *
 *      far end >------ far ---------------> to the hybrid          G.168's names: far is Rin = Rout,
 *      far end <------ out <--[canceller]<-- near <-- from it      near is Sin, out is Sout
 *
 * One call is a tick of 5 ms, 40 samples at 8 kHz; out belongs to the near of the same call: there is no delay. `far`
 * and `near` must be the samples that leave and arrive in that tick; the path between them, round trip through driver
 * and hybrid, may be as long as the tail.
 *
 * How: the echo path is a filter of 16 to 128 ms in parts of 40 taps, multiplied in the frequency domain (partitioned
 * blocks, overlap-save, 80 points). Two such filters run. The background one adapts: in every bin it steps as far as
 * its own uncertainty stands out of what disturbs it (a Kalman filter, simplified to one figure a bin and one share a
 * part). The foreground one makes the sound that is sent; it changes only when the background's residual is smaller by
 * more than chance, and it is given back to the background when that is proven worse: double talk cannot spoil it.
 * From a sine nothing is learned, nor while near is louder than a hybrid would make it (ERL 2 dB; a line with less
 * loss is no hybrid's and is not cancelled). When near no longer resembles the modelled echo, the path has changed.
 * Until it has taken an echo away beyond chance, out is near, bit for bit: a line without a hybrid is left alone.
 * Behind it the non-linear processor (NLP) replaces what is no louder than the residual echo expected by comfort noise
 * of the near end's level and spectrum; the near end opens it within its first tick.
 *
 * Cost: while a path is new (the first 10 s of far sound, and after a change) every tick is used to learn it, later
 * every twelfth, and parts that hold nothing are left out; when far has been quiet for longer than the tail, nothing is
 * done but to measure noise. A new call costs about twice as much as an old one: plan for the new one. A line without a
 * proven echo is learned from in every twelfth tick too, and in every one for a second when what comes back may be an
 * echo: it may be transferred to an analogue phone.
 *
 * Tone disabler (G.168 clause 7): 2100 Hz, of -31 dBm0 at least (it may then fall by 3 dB: V.8 modulates it), whose
 * phase is reversed every 450 ms, in either direction, switches the canceller off at the second reversal, until both
 * directions have been under -36 dBm0 for 250 ms. BL_ECHO_NLP_OFF is for answer tones without reversals.
 *
 * State is flat, it may be moved (at an address divisible by 64 it is fastest); every channel is its own, and a batch
 * gives what its channels give one by one (within 1 unit of 16 bits in the sound while the decisions agree; the vector
 * form adds up in another order). A state that was torn or holds a number that is none starts again at its defaults
 * within the tick.
 */
#ifndef BL_ECHO_H
#define BL_ECHO_H

#include <stddef.h>
#include <stdint.h>

#define BL_ECHO_BLOCK 40       /* samples of a tick, taps of a part */
#define BL_ECHO_SPECTRUM 80    /* places of a packed spectrum, see vector/echo_fft.h */
#define BL_ECHO_BINS 40        /* 100 Hz apart */
#define BL_ECHO_PARTS_MAX 26   /* 1040 taps, 130 ms */
#define BL_ECHO_TAIL_MS_MIN 16 /* 4 parts */
#define BL_ECHO_TAIL_MS_MAX 128
#define BL_ECHO_AGE_MAX 12 /* ticks that a measured step may wait */
#define BL_ECHO_NARROW 3   /* ticks of a sine after which nothing is learned from it */
#define BL_ECHO_ORDER 6    /* of the comfort noise's spectrum */

enum bl_echo_mode {
	BL_ECHO_OFF,     /* out is near, bit for bit; what was learned is kept */
	BL_ECHO_NLP_OFF, /* cancel only: data modems and fax without reversals */
	BL_ECHO_ON,
};

struct bl_echo_cfg {
	uint16_t tail_ms;      /* 16 to 128, default 64 */
	uint8_t mode;          /* enum bl_echo_mode, default BL_ECHO_ON */
	uint8_t comfort_noise; /* default 1; 0: the NLP leaves silence */
	uint8_t disabler;      /* default 1; 0: tones never disable */
};

/* What one direction's tone disabler knows. */
struct bl_echo_tone {
	float re[4], im[4]; /* 2100 Hz in tick n at n % 4 */
	uint32_t now;       /* n */
	uint32_t ticks;     /* of tone in a row */
	uint32_t since;     /* ticks since the last reversal */
	uint32_t reversals;
	uint32_t gap; /* ticks without tone */
};

struct bl_echo {
	float far[BL_ECHO_PARTS_MAX + BL_ECHO_AGE_MAX][BL_ECHO_SPECTRUM];
	float background[BL_ECHO_PARTS_MAX][BL_ECHO_SPECTRUM];
	int16_t foreground[BL_ECHO_PARTS_MAX][BL_ECHO_SPECTRUM]; /* in units of foreground_unit */
	struct bl_echo_cfg cfg;
	uint32_t parts; /* of 40 taps */
	uint32_t head;  /* of far: the newest spectrum */
	uint32_t turn;  /* the part that is constrained next */
	uint32_t age;   /* ticks since `gain` was measured */
	uint32_t ticks; /* counts */
	uint32_t quiet; /* ticks in a row without far sound, saturating */
	uint32_t eager; /* ticks with far sound in which every one is used to learn */
	uint32_t hope;  /* ticks with far sound since a line without an echo was last tried so */
	uint32_t random;
	float share[BL_ECHO_PARTS_MAX + 6];   /* of the uncertainty, by part; sum 1 */
	float concentration;                  /* sum of their squares */
	float broad;                          /* smoothed energy of the background's residual */
	float energy;                         /* of the background's taps */
	float part_energy[BL_ECHO_PARTS_MAX]; /* likewise by part */
	float uncertainty[BL_ECHO_BINS];      /* of the background's transfer function, squared */
	float disturbance[BL_ECHO_BINS];      /* smoothed power of its residual */
	float gain[BL_ECHO_SPECTRUM];         /* the step that the next tick takes */
	int16_t before[BL_ECHO_BLOCK];        /* far of the last tick */
	float proof[2], doubt[2];       /* evidence that the background is better: sum and variance, fast and slow */
	float cross, model;             /* near times modelled echo, modelled echo squared: smoothed */
	float chance;                   /* variance of their difference in a right model */
	float far_power;                /* mean square, falling slowly */
	float far_peak;                 /* energy of the loudest tick of late */
	float out_power;                /* of the residual, smoothed */
	float echo_power;               /* of the modelled echo, falling slowly */
	float merit, merit_chance;      /* near squared less residual squared: sum of a second, and its variance */
	float leak;                     /* residual echo by modelled echo */
	float erl[2];                   /* far and echo, smoothed in single talk */
	float erle[2];                  /* near and residual, likewise */
	float noise;                    /* mean square of the near end's background noise */
	float noise_low;                /* the least of this second */
	uint32_t noise_ticks;           /* of this second */
	float lags[BL_ECHO_ORDER + 2];  /* its autocorrelation */
	float predictor[BL_ECHO_ORDER]; /* and what follows from it */
	float predictor_gain;           /* excitation by noise, of amplitude */
	float synthetic[BL_ECHO_ORDER]; /* the comfort noise's last samples */
	float nlp[2];                   /* gain of the residual and of the comfort noise at the end of the tick */
	float offset;                   /* of near, mean */
	uint32_t hold;                  /* ticks in which evidence is not judged */
	uint32_t quiet_line;            /* ticks in a row while a tone holds the canceller off */
	uint32_t loud;                  /* ticks that near counts as too loud for an echo */
	uint32_t onset;                 /* ticks in which far counts as just begun */
	uint32_t hang;                  /* ticks that the NLP stays open */
	uint32_t updates;               /* of the foreground, saturating */
	uint8_t sounding[BL_ECHO_PARTS_MAX]; /* the foreground's parts that matter, ascending */
	uint8_t sounding_parts;              /* how many */
	uint8_t proven;                      /* there is an echo */
	uint8_t double_talk, nlp_active, narrow, disabled;
	struct bl_echo_tone tone[2]; /* far, near */
	float foreground_unit;
	uint8_t unused[56]; /* of many in a row each is aligned as the first */
};

/* For reports of a leg. */
struct bl_echo_report {
	float erl_db;     /* far to echo, 60 at most */
	float erle_db;    /* echo to residual, without NLP */
	float noise_dbm0; /* near end's background, BL_DBM0_SILENCE: not known */
	uint8_t adapted;  /* the foreground has been given a path */
	uint8_t double_talk;
	uint8_t nlp_active;
	uint8_t disabled; /* by tone */
};

size_t bl_echo_size(void);
/* cfg NULL: the defaults above. -EINVAL on a value out of its range. */
int bl_echo_init(struct bl_echo *e, const struct bl_echo_cfg *cfg);
/* Forget the path and all else but the configuration: for the next call. */
void bl_echo_reset(struct bl_echo *e);
/* -EINVAL on an unknown mode. Leaving BL_ECHO_OFF keeps the path. */
int bl_echo_set_mode(struct bl_echo *e, int mode);
/* As the tone disabler does, for tones that others hear (V.8); held and released likewise. */
void bl_echo_disable(struct bl_echo *e);
/* n samples of one channel, whole ticks (-EINVAL); out may be near. */
int bl_echo_process(struct bl_echo *e, const int16_t *far, const int16_t *near, int16_t *out, size_t n);
/*
 * n samples, whole ticks (-EINVAL), of many channels, each with its own tail and mode. This is the fast way: eight
 * channels share the transforms. out[i] may be near[i]; no other two may overlap, and no channel may stand there twice.
 */
int bl_echo_process_many(struct bl_echo *const e[], const int16_t *const far[], const int16_t *const near[],
                         int16_t *const out[], size_t channels, size_t n);
void bl_echo_read(const struct bl_echo *e, struct bl_echo_report *report);

#endif
