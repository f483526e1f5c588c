/* SPDX-License-Identifier: GPL-2.0-only */
#include "emodel.h"

#include <math.h>

/* Default values, G.107 table 2. */
static const struct bl_emodel defaults = {
        .slr = 8,
        .rlr = 2,
        .stmr = 15,
        .lstr = 18,
        .ds = 3,
        .telr = 65,
        .wepl = 110,
        .qdu = 1,
        .bpl = 4.3,
        .burst_r = 1,
        .nc = -70,
        .nfor = -64,
        .ps = 35,
        .pr = 35,
};

void bl_emodel_init(struct bl_emodel *m)
{
	if (!m)
		return;
	*m = defaults;
}

static double power(double db)
{
	return pow(10, db / 10);
}

/* The soft corner of order n: (1 + x^n)^(1/n). */
static double corner(double x, double n)
{
	return pow(1 + pow(x, n), 1 / n);
}

/* 7.2: all noise, dBm0p. */
static double noise(const struct bl_emodel *m)
{
	double olr = m->slr + m->rlr, pre = m->pr + 10 * log10(1 + power(10 - m->lstr));
	double send = m->ps - m->slr - m->ds - 100 + 0.004 * pow(m->ps - olr - m->ds - 14, 2);
	double receive = m->rlr - 121 + pre + 0.008 * pow(pre - 35, 2);

	return 10 * log10(power(m->nc) + power(send) + power(receive) + power(m->nfor + m->rlr));
}

/* 7.3: too loud. */
static double loudness(const struct bl_emodel *m, double no)
{
	double x = (m->slr + m->rlr + 0.2 * (64 + no - m->rlr)) / 8;

	return 20 * (corner(x, 8) - x);
}

/* x^n of an even or odd n, x of either sign. */
static double sidetone_term(double x, double n, int odd)
{
	return pow(1 + (odd ? copysign(pow(fabs(x), n), x) : pow(fabs(x), n)), 1 / n);
}

/* 7.3: sidetone that is not the best. */
static double sidetone(const struct bl_emodel *m)
{
	double s = -10 * log10(power(-m->stmr) + exp(-m->t / 4) * power(-m->telr));

	return 12 * sidetone_term((s - 13) / 6, 8, 0) - 28 * sidetone_term((s + 1) / 19.4, 35, 1) -
	       13 * sidetone_term((s - 3) / 33, 13, 1) + 29;
}

/* 7.3: quantising. */
static double quantising(const struct bl_emodel *m, double ro)
{
	double q = 37 - 15 * log10(m->qdu), g = 1.07 + 0.258 * q + 0.0602 * q * q;
	double y = (ro - 100) / 15 + 46 / 8.4 - g / 9, z = 46.0 / 30 - g / 40;

	return 15 * log10(1 + pow(10, y) + pow(10, z));
}

/* 7.4: talker echo. */
static double talker_echo(const struct bl_emodel *m, double no, double ist)
{
	double terv = m->telr - 40 * log10((1 + m->t / 10) / (1 + m->t / 150)) + 6 * exp(-0.3 * m->t * m->t);
	double difference, echo;

	if (m->t < 1)
		return 0;
	if (m->stmr < 9)
		terv += ist / 2;
	difference = -1.5 * (no - m->rlr) - (80 + 2.5 * (terv - 14));
	echo = (difference / 2 + sqrt(difference * difference / 4 + 100) - 1) * (1 - exp(-m->t));
	return m->stmr > 20 ? sqrt(echo * echo + ist * ist) : echo;
}

/* 7.4: listener echo. */
static double listener_echo(const struct bl_emodel *m, double ro)
{
	double difference = ro - 10.5 * (m->wepl + 7) * pow(m->tr + 1, -0.25);

	return difference / 2 + sqrt(difference * difference / 4 + 169);
}

/* 7.4: too long, even without echo. */
static double absolute_delay(double ta)
{
	double x = ta > 100 ? log2(ta / 100) : 0;

	return 25 * (corner(x, 6) - 3 * corner(x / 3, 6) + 2);
}

double bl_emodel_ie_eff(double ie, double bpl, double ppl, double burst_r)
{
	return ppl <= 0 ? ie : ie + (95 - ie) * ppl / (ppl / burst_r + bpl);
}

double bl_emodel_r(const struct bl_emodel *m, struct bl_emodel_parts *parts)
{
	if (!m)
		return 0;

	double no = noise(m), ist = sidetone(m);
	struct bl_emodel_parts p = {.ro = 15 - 1.5 * (m->slr + no)};

	p.is = loudness(m, no) + ist + quantising(m, p.ro);
	p.id = talker_echo(m, no, ist) + listener_echo(m, p.ro) + absolute_delay(m->ta);
	p.ie_eff = bl_emodel_ie_eff(m->ie, m->bpl, m->ppl, m->burst_r);
	p.r = p.ro - p.is - p.id - p.ie_eff + m->a;
	if (parts)
		*parts = p;
	return p.r;
}

double bl_emodel_mos(double r)
{
	double mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;

	return r <= 0 || mos < 1 ? 1 : r >= 100 ? 4.5 : mos;
}
