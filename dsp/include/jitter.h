/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adaptive jitter buffer of one RTP sound stream: octets in at their timestamps, out at the pace of our clock.
 *
 * Units. A timestamp counts samples of an 8 kHz clock and one octet is one sample, of either law of G.711. So one ring
 * of octets, not slots of payloads: any packet length and any number taken, samples lost are known one by one, and a
 * packet costs one copy. What another codec says is decoded before it comes here.
 *
 * How much delay. Every packet's delay (our clock at its coming less its timestamp) goes into a histogram of 2.5 ms
 * bins that forgets by halves every 1,024 packets. Wanted is the delay at which a later packet costs as much as waiting
 * for it: by the E-model (G.107) a bin costs 0.06 R, one percent of loss 3 R, hence BL_JITTER_LATE_BINS. A packet's
 * worth is found anew every 32 packets and whenever one is late.
 *
 * How it is changed. Never by a cut: a pitch period (or, where nobody speaks, any period) is left out or said twice,
 * joined over one tick by overlap-add where the sound is most like itself (WSOLA), at once when packets come late, and
 * nearer only after four calm seconds. Not within 15 ms of missing sound. Far clocks that run fast or slow are followed
 * the same way, a period now and then. While nothing is joined the octets are untouched.
 * When the buffer runs empty it waits where it is: the next packet is either the late one, then nothing is lost and the
 * delay has grown, or a later one, then the wait has stood for those lost. 200 ms without sound is a pause; what comes
 * after is laid out anew at the delay known best. One packet from before the ring is late, two in a row are another
 * time base.
 *
 * Voice-band data (V.152): cfg.vbd holds the delay fixed, no joins, no waiting. Drift of the far clock is then taken
 * out by the caller's resampler (skew.h), told by cfg.resampled and steered by bl_jitter_skew_ppm.
 *
 * What is not there is the law's silence; bl_jitter_get tells which octets, for concealment behind it.
 */
#ifndef BL_JITTER_H
#define BL_JITTER_H

#include <stddef.h>
#include <stdint.h>

#define BL_JITTER_SAMPLES 4096      /* ring, 512 ms */
#define BL_JITTER_START_SAMPLES 320 /* 40 ms */
#define BL_JITTER_MIN_SAMPLES 80    /* 10 ms */
#define BL_JITTER_MAX_SAMPLES 1600  /* 200 ms */
#define BL_JITTER_PAUSE_SAMPLES 1600
#define BL_JITTER_CALM_SAMPLES 32000 /* 4 s without a late packet: it may come nearer */
#define BL_JITTER_PACKET_MAX 480     /* 60 ms */
#define BL_JITTER_GET_MAX 64         /* octets of one bl_jitter_get */
#define BL_JITTER_TICK 40
#define BL_JITTER_BINS 128
#define BL_JITTER_BIN_SAMPLES 20
#define BL_JITTER_LATE_BINS 5000 /* all packets late are as bad as so many bins of delay: 300 R by 0.06 R */
#define BL_JITTER_LAG_MAX 120    /* 15 ms: longest period left out or said twice */
#define BL_JITTER_PPM_MAX 300.0f

enum bl_jitter_law { BL_JITTER_ALAW, BL_JITTER_ULAW, BL_JITTER_LAWS };

struct bl_jitter_cfg {
	uint8_t law;             /* enum bl_jitter_law */
	uint8_t vbd;             /* fixed delay */
	uint8_t resampled;       /* octets are taken at the pace of bl_jitter_skew_ppm */
	uint16_t start_samples;  /* delay of the first packet; 0 to BL_JITTER_MAX_SAMPLES */
	uint16_t min_samples;    /* least delay beyond the quickest packet's, up to max_samples */
	uint16_t max_samples;    /* most, up to BL_JITTER_MAX_SAMPLES */
	uint16_t nearer_samples; /* excess of delay that is worth a join when the network is calm; 0: 3 ms */
};

struct bl_jitter {
	uint32_t running;    /* laid out */
	uint32_t play;       /* timestamp of the next sample to be heard */
	uint32_t newest;     /* timestamp after the newest sample */
	uint32_t now;        /* samples taken: the clock of arrivals */
	uint32_t stalled;    /* samples it has waited since it ran empty */
	uint32_t whole;      /* samples heard in a row, saturating at BL_JITTER_LAG_MAX */
	int32_t wish;        /* samples to say twice; below 0: to leave out */
	int32_t last_lead;   /* wait of the last packet */
	uint32_t apart;      /* timestamp of a second packet in a row from before the ring: another time base */
	uint32_t base;       /* delay of bin 0 */
	uint32_t window;     /* packets since the last judgement */
	uint32_t total;      /* of the bins */
	uint32_t window_sum; /* of delays beyond base */
	uint32_t calm_from;  /* when the last packet was late */
	uint32_t tries;      /* joins that found no likeness, in a row */
	uint32_t try_at;     /* when to look for one again */
	uint32_t depth;      /* wanted delay beyond the quickest packet's */
	uint32_t laid_out;   /* ever */
	struct bl_jitter_cfg cfg;
	float skew;       /* far clock by ours, less 1 */
	float skew_held;  /* its integral part */
	float skew_error; /* smoothed, samples */
	float skew_ref;   /* delay expected, samples beyond skew_base */
	uint32_t skew_base;
	uint32_t skew_at;    /* last step of the loop */
	uint32_t skew_steps; /* since it began */
	uint64_t late;       /* packets */
	uint64_t resyncs;    /* times laid out anew */
	uint64_t longer;     /* samples said twice */
	uint64_t shorter;    /* samples left out */
	uint64_t joins;
	uint16_t bins[BL_JITTER_BINS];
	uint64_t present[BL_JITTER_SAMPLES / 64]; /* bit of each octet */
	uint8_t octets[BL_JITTER_SAMPLES];
};

size_t bl_jitter_size(void);
/* A-law, adaptive, the figures above. */
int bl_jitter_init(struct bl_jitter *j);
/* Other settings, at any time and without a gap; -EINVAL: a value out of its range, nothing is changed. */
int bl_jitter_set(struct bl_jitter *j, const struct bl_jitter_cfg *cfg);
/* Another stream: forget all sound and what was known of the network. Counters stay. */
void bl_jitter_reset(struct bl_jitter *j);
/*
 * A packet of n octets, 1 to BL_JITTER_PACKET_MAX, else -EINVAL; -ETIME: too late, nothing of it is heard. Pointers are
 * not checked here and in the two that follow: a compare is dear beside what they do.
 */
int bl_jitter_put(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n);
/* The same of a packet that came `waited` samples of our clock ago: what it tells of the network is of then. */
int bl_jitter_put_held(struct bl_jitter *j, uint32_t timestamp, const uint8_t *octets, size_t n, uint32_t waited);
/*
 * The next n octets, up to BL_JITTER_GET_MAX, else -EINVAL. Returns how many are sound that came; bit i of *present:
 * out[i] is. Joins are made only in calls of BL_JITTER_TICK or more.
 */
int bl_jitter_get(struct bl_jitter *j, uint8_t *out, size_t n, uint64_t *present);
/* So many of the octets taken are heard later than the others: they took no time. Below 0: these have been heard. */
void bl_jitter_hold(struct bl_jitter *j, int32_t samples);
/* Any number of octets in pieces of a tick. Returns how many of them are sound that came. */
size_t bl_jitter_process(struct bl_jitter *j, uint8_t *out, size_t n);
/*
 * How much faster the far clock is than ours, parts per million. Followed by a loop that begins at 10 s and settles at
 * 4 minutes; cfg.resampled: the pace to take octets at.
 */
float bl_jitter_skew_ppm(const struct bl_jitter *j);
/* Delay of the sound heard now beyond the quickest packet's, samples. */
uint32_t bl_jitter_delay(const struct bl_jitter *j);

#endif
