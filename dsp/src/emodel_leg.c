/* SPDX-License-Identifier: GPL-2.0-only */
/* A leg's quality from what its packets did: emodel.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "emodel.h"

#define R_WIDEBAND 129.0 /* G.107.1 with all defaults */
#define SCALE 1.29       /* G.107.1 annex A */
#define MISSING_MAX 1000 /* packets at once; more is another life of the sender */

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
	if (!leg || !q)
		return -EINVAL;

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
	if (!l)
		return;
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

/* What has become of the oldest of those that are open. */
static void count_oldest(struct bl_loss *l)
{
	uint64_t bit = 1ull << --l->open;

	if (l->heard & bit) {
		l->received++;
		l->good++;
		return;
	}
	if (l->late & bit)
		l->discarded++;
	else
		l->lost++;
	miss(l);
}

void bl_loss_end(struct bl_loss *l)
{
	if (!l)
		return;
	while (l->open && l->open <= BL_LOSS_OPEN)
		count_oldest(l);
	l->open = 0;
	l->heard = l->late = 0;
}

/* So many packets later. */
static void move_on(struct bl_loss *l, int packets)
{
	for (int i = 0; i < packets; i++) {
		if (l->open >= BL_LOSS_OPEN) {
			l->open = BL_LOSS_OPEN;
			count_oldest(l);
		}
		l->heard <<= 1;
		l->late <<= 1;
		l->open++;
	}
}

void bl_loss_take(struct bl_loss *l, uint16_t sequence, int discarded)
{
	uint64_t bit = 1;
	int ahead;

	if (!l)
		return;
	ahead = (int16_t)(sequence - l->newest);
	if (l->open && ahead > MISSING_MAX)
		bl_loss_end(l);
	if (!l->open)
		ahead = 1;
	if (ahead > 0) {
		move_on(l, ahead);
		l->newest = sequence;
	} else if (-ahead < (int)l->open && l->open <= BL_LOSS_OPEN) {
		bit <<= -ahead;
	} else {
		return; /* it has been counted as lost */
	}
	if (discarded)
		l->late |= bit;
	else
		l->heard |= bit;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

void bl_loss_read(const struct bl_loss *l, struct bl_loss_figures *f)
{
	struct bl_loss closed;
	uint64_t all, missing;

	if (!l || !f)
		return;
	closed = *l;
	bl_loss_end(&closed);
	close_cluster(&closed);
	missing = closed.lost + closed.discarded;
	all = closed.received + missing;
	*f = (struct bl_loss_figures){
	        .loss_percent = percent(closed.lost, all),
	        .discard_percent = percent(closed.discarded, all),
	        .burst_percent = percent(closed.burst_missing, closed.burst_packets),
	        .gap_percent = percent(missing - closed.burst_missing, all - closed.burst_packets),
	        .burst_packets = closed.bursts ? (double)closed.burst_packets / (double)closed.bursts : 0,
	        .gap_packets = (double)(all - closed.burst_packets) / (double)(closed.bursts + 1),
	        .burst_r = 1,
	};
	/* Random loss of share p comes in runs of 1 / (1 - p) on average. */
	if (closed.runs && missing < all)
		f->burst_r = fmax(1, (double)missing / (double)closed.runs * (1 - (double)missing / (double)all));
}
