/* SPDX-License-Identifier: GPL-2.0-only */
/* A leg's quality from what its packets did: emodel.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "emodel.h"

#define R_WIDEBAND 129.0 /* G.107.1 with all defaults */
#define SCALE 1.29       /* G.107.1 annex A */
#define MISSING_MAX 1000 /* packets at once; more is another stream */

struct codec {
	double ie, bpl;       /* G.113 appendix I */
	double ie_wb, bpl_wb; /* G.113 appendix IV; 0: narrowband only */
};

static const struct codec codecs[BL_EMODEL_CODECS] = {
        [BL_EMODEL_G711] = {0, 4.3, 0, 0},     [BL_EMODEL_G711_PLC] = {0, 25.1, 0, 0},
        [BL_EMODEL_G722] = {0, 4.3, 13, 4.9}, /* heard in narrowband it is no worse than G.711 */
        [BL_EMODEL_G726_32] = {7, 4.3, 0, 0}, /* no figure of its own for loss: that of G.711 without concealment */
        [BL_EMODEL_G729A] = {11, 19, 0, 0},    [BL_EMODEL_G726_16] = {50, 4.3, 0, 0},
        [BL_EMODEL_G726_24] = {25, 4.3, 0, 0}, [BL_EMODEL_G726_40] = {2, 4.3, 0, 0},
        [BL_EMODEL_OPUS] = {3, 25.1, 0, 0}, /* assumed, G.113 has none: by PESQ between G.726 of 40 and 32 */
};

static int figures_fit(const struct bl_leg *leg)
{
	return leg->codec < BL_EMODEL_CODECS && leg->loss_percent >= 0 && leg->loss_percent <= 100 &&
	       leg->burst_r >= 1 && leg->burst_r <= 1000 && leg->delay_ms >= 0 && leg->delay_ms <= 10000 &&
	       leg->echo_loss_db >= 0 && leg->echo_loss_db <= 200 && (!leg->wideband || codecs[leg->codec].bpl_wb > 0);
}

static double r_of(const struct bl_leg *leg, double delay_ms)
{
	struct bl_emodel m;

	bl_emodel_init(&m);
	m.ie = codecs[leg->codec].ie;
	m.bpl = codecs[leg->codec].bpl;
	m.ppl = (double)leg->loss_percent;
	m.burst_r = (double)leg->burst_r;
	m.telr = (double)leg->echo_loss_db;
	m.t = m.ta = delay_ms;
	m.tr = 2 * delay_ms;
	return bl_emodel_r(&m, NULL);
}

/* What delay costs without echo is the same on both scales; the impairment grows with the scale. */
static double r_wideband(double delay_ms, double ie_eff)
{
	struct bl_emodel m;
	double at_once;

	bl_emodel_init(&m);
	at_once = bl_emodel_r(&m, NULL);
	m.ta = delay_ms;
	return R_WIDEBAND - (at_once - bl_emodel_r(&m, NULL)) - ie_eff;
}

int bl_leg_quality(const struct bl_leg *leg, struct bl_leg_quality *q)
{
	const struct codec *c;
	double r, r_lq, ie_eff;

	if (!figures_fit(leg))
		return -EINVAL;
	c = &codecs[leg->codec];
	ie_eff = bl_emodel_ie_eff(leg->wideband ? c->ie_wb : c->ie, leg->wideband ? c->bpl_wb : c->bpl,
	                          (double)leg->loss_percent, (double)leg->burst_r);
	r = leg->wideband ? r_wideband((double)leg->delay_ms, ie_eff) : r_of(leg, (double)leg->delay_ms);
	r_lq = leg->wideband ? r_wideband(0, ie_eff) : r_of(leg, 0);
	*q = (struct bl_leg_quality){
	        .r = (float)r,
	        .r_lq = (float)r_lq,
	        .mos_cq = (float)bl_emodel_mos(leg->wideband ? r / SCALE : r),
	        .mos_lq = (float)bl_emodel_mos(leg->wideband ? r_lq / SCALE : r_lq),
	        .ie_eff = (float)ie_eff,
	};
	return 0;
}

void bl_loss_init(struct bl_loss *l)
{
	memset(l, 0, sizeof *l);
}

/* What is missing lies Gmin packets or more behind: a burst if there was more than one, else a part of the gap. */
static void close_cluster(struct bl_loss *l)
{
	if (l->cluster_missing > 1) {
		l->bursts++;
		l->burst_packets += l->cluster_packets;
		l->burst_missing += l->cluster_missing;
	}
	l->cluster_packets = l->cluster_missing = 0;
}

static void miss(struct bl_loss *l)
{
	if (l->cluster_missing && l->good < BL_LOSS_GMIN)
		l->cluster_packets += l->good;
	else
		close_cluster(l);
	l->runs += l->good > 0 || !l->missing;
	l->cluster_packets++;
	l->cluster_missing++;
	l->missing++;
	l->good = 0;
}

void bl_loss_take(struct bl_loss *l, uint32_t missing, int discarded)
{
	if (missing > MISSING_MAX)
		missing = MISSING_MAX;
	l->lost += missing;
	for (uint32_t i = 0; i < missing; i++)
		miss(l);
	if (discarded) {
		l->discarded++;
		miss(l);
		return;
	}
	l->received++;
	l->good++;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

void bl_loss_read(const struct bl_loss *l, struct bl_loss_figures *f)
{
	struct bl_loss closed = *l;
	uint64_t all = l->received + l->lost + l->discarded, missing = l->lost + l->discarded;

	close_cluster(&closed);
	*f = (struct bl_loss_figures){
	        .loss_percent = percent(l->lost, all),
	        .discard_percent = percent(l->discarded, all),
	        .burst_percent = percent(closed.burst_missing, closed.burst_packets),
	        .gap_percent = percent(missing - closed.burst_missing, all - closed.burst_packets),
	        .burst_packets = closed.bursts ? (double)closed.burst_packets / (double)closed.bursts : 0,
	        .gap_packets = (double)(all - closed.burst_packets) / (double)(closed.bursts + 1),
	        .burst_r = 1,
	};
	/* Random loss of share p comes in runs of 1 / (1 - p) on average. */
	if (l->runs && missing < all)
		f->burst_r = fmax(1, (double)missing / (double)l->runs * (1 - (double)missing / (double)all));
}
