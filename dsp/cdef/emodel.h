/* SPDX-License-Identifier: GPL-2.0-only */
#include "emodel.h"

struct bl_emodel {
	double slr, rlr, stmr, lstr, ds, telr, wepl;
	double t, tr, ta;
	double qdu, ie, bpl, ppl, burst_r;
	double nc, nfor, ps, pr, a;
};
struct bl_emodel_parts {
	double ro, is, id, ie_eff, r;
};
void bl_emodel_init(struct bl_emodel *m);
double bl_emodel_r(const struct bl_emodel *m, struct bl_emodel_parts *parts);
double bl_emodel_mos(double r);
double bl_emodel_ie_eff(double ie, double bpl, double ppl, double burst_r);

struct bl_leg {
	uint8_t codec;
	uint8_t wideband;
	float loss_percent;
	float burst_r;
	float delay_ms;
	float echo_loss_db;
};
struct bl_leg_quality {
	float r;
	float r_lq;
	float mos_cq;
	float mos_lq;
	float ie_eff;
};
int bl_leg_quality(const struct bl_leg *leg, struct bl_leg_quality *q);

struct bl_loss {
	uint64_t received, lost, discarded;
	...;
};
struct bl_loss_figures {
	double loss_percent, discard_percent;
	double burst_percent, gap_percent;
	double burst_packets, gap_packets;
	double burst_r;
};
void bl_loss_init(struct bl_loss *l);
void bl_loss_take(struct bl_loss *l, uint16_t sequence, int discarded);
void bl_loss_read(const struct bl_loss *l, struct bl_loss_figures *f);
