/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a connection sounds like, from figures: the E-model (ITU-T G.107, 06/2015) and what is measured of a leg.
 *
 * R = Ro - Is - Id - Ie,eff + A: 93.2 with all defaults; MOS by annex B. All of clause 7 is computed, so loudness,
 * noise, sidetone, echo and quantising are to be had; a leg usually knows codec, loss and delay.
 * Wideband (G.107.1): R is 129 with all defaults, from which delay, echo-free, and Ie,eff with the wideband figures of
 * the codec are taken away; its noise and loudness terms are not computed. MOS by its annex A: that of R / 1.29.
 *
 * A leg's figures (P.564 class: from packets alone, no reference) come of bl_loss: packet by packet, gaps and bursts as
 * RFC 3611 §4.7.2 defines them with Gmin 16, and the burst ratio of G.107 7.5: the mean length of runs of lost packets
 * by that of random loss. A packet that came too late to be heard is discarded, which is loss to the ear; one that came
 * after its followers and was heard is none. What became of the last BL_LOSS_OPEN packets may change yet.
 *
 * In float64, for reports every few seconds; never in a tick.
 */
#ifndef BL_EMODEL_H
#define BL_EMODEL_H

#include <stddef.h>
#include <stdint.h>

#define BL_LOSS_GMIN 16
#define BL_LOSS_OPEN 64 /* 1.3 s of packets of 20 ms */

/* G.107 table 2. Levels in dB, dBm0p and dBmp, times in ms, loss in percent. */
struct bl_emodel {
	double slr, rlr, stmr, lstr, ds, telr, wepl;
	double t, tr, ta; /* mean one-way delay of the echo path, round trip of the four-wire loop, absolute delay */
	double qdu, ie, bpl, ppl, burst_r;
	double nc, nfor, ps, pr, a;
};

struct bl_emodel_parts {
	double ro, is, id, ie_eff, r;
};

/* The defaults. */
void bl_emodel_init(struct bl_emodel *m);
/* R and what it is made of; R is not cut off at 0 or 100. */
double bl_emodel_r(const struct bl_emodel *m, struct bl_emodel_parts *parts);
/* MOS-CQE of R, 1 to 4.5 (annex B). */
double bl_emodel_mos(double r);
/* Ie,eff (7.5). */
double bl_emodel_ie_eff(double ie, double bpl, double ppl, double burst_r);

enum bl_emodel_codec {
	BL_EMODEL_G711,
	BL_EMODEL_G711_PLC,
	BL_EMODEL_G722,
	BL_EMODEL_G726_32,
	BL_EMODEL_G729A,
	BL_EMODEL_G726_16,
	BL_EMODEL_G726_24,
	BL_EMODEL_G726_40,
	BL_EMODEL_OPUS, /* narrowband, 24 kbit/s, with FEC */
	BL_EMODEL_CODECS
};

/* One leg: what was received over the time a report covers. */
struct bl_leg {
	uint8_t codec;      /* enum bl_emodel_codec */
	uint8_t wideband;   /* heard in wideband: only G.722 may be */
	float loss_percent; /* lost and discarded */
	float burst_r;      /* 1: random */
	float delay_ms;     /* mouth to ear, one way: path, packets, jitter buffer */
	float echo_loss_db; /* TELR at the far talker, 65 when it is not known */
};

struct bl_leg_quality {
	float r;      /* conversational, with delay */
	float r_lq;   /* listening only */
	float mos_cq; /* of r */
	float mos_lq; /* of r_lq */
	float ie_eff;
};

/* -EINVAL: a codec that is unknown, or a figure that is none. */
int bl_leg_quality(const struct bl_leg *leg, struct bl_leg_quality *q);

struct bl_loss {
	uint64_t received, lost, discarded;
	uint64_t missing; /* lost or discarded */
	uint64_t runs;    /* of packets missing in a row */
	uint64_t good;    /* heard since the last one missing */
	uint64_t bursts, burst_packets, burst_missing;
	uint64_t cluster_packets,
	        cluster_missing; /* from one missing to the last, less than Gmin heard between any two */
	uint64_t heard, late;    /* of those not counted yet, bit n: the one n before the newest */
	uint32_t open;           /* how many these are */
	uint16_t newest;         /* sequence number */
};

struct bl_loss_figures {
	double loss_percent, discard_percent;
	double burst_percent, gap_percent; /* density: of packets within bursts and gaps that are missing */
	double burst_packets, gap_packets; /* mean length */
	double burst_r;
};

void bl_loss_init(struct bl_loss *l);
/* A packet that is no duplicate came; discarded: too late to be heard. */
void bl_loss_take(struct bl_loss *l, uint16_t sequence, int discarded);
/* Another stream begins: what has not come of this one is lost. */
void bl_loss_end(struct bl_loss *l);
void bl_loss_read(const struct bl_loss *l, struct bl_loss_figures *f);

#endif
