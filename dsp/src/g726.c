/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of the sub-blocks of G.726 clause 4.2 stand beside what does their work. */
#include "g726.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "g726_codes.h"
#include "g726_tables.h"
#include "g726_vector.h"
#include "isa.h"

#define STRETCH 80 /* samples worked on at a time: whole octets at every rate */
#define YU_LEAST 544
#define YU_MOST 5120
#define YL_START 544  /* times 64 */
#define A2_MOST 12288 /* 0.75 */
#define STABLE 15360  /* 1 - 2^-4 */
#define TONE (-11776) /* -0.71875 */
#define FAST 256      /* ap after a transition */
#define SIGN INT16_MIN

/* What one sample hands from block to block. */
struct step {
	int se, sez; /* signal estimate, and the zero section's */
	int y;       /* scale factor */
	int minus;   /* -1: the difference is negative */
	int dq;      /* its magnitude */
};

static int bits_of(unsigned int magnitude)
{
	return magnitude ? 32 - __builtin_clz(magnitude) : 0;
}

/* FMULT: a coefficient times a past value in the recommendation's floating point of 6 bits. */
static int product(int16_t coefficient, int16_t value, int16_t exponent)
{
	unsigned int magnitude = (unsigned int)abs(coefficient >> 2) & 8191u;
	int exp = bits_of(magnitude), sum = exp + (exponent & 15);
	unsigned int mantissa = magnitude ? (magnitude << 6) >> exp : 32u;
	unsigned int scaled = (mantissa * ((unsigned int)value & 63u) + 48u) >> 4 << 7;

	scaled = (sum <= 26 ? scaled >> (26 - sum) : scaled << (sum - 26)) & 32767u;
	return (coefficient ^ value) < 0 ? -(int)scaled : (int)scaled;
}

/* FLOATA, FLOATB. */
static void remember(int16_t *value, int16_t *exponent, int minus, int magnitude)
{
	int exp = bits_of((unsigned int)magnitude);

	*value = (int16_t)((magnitude ? (magnitude << 6) >> exp : 32) | (minus & SIGN));
	*exponent = (int16_t)exp;
}

/* ACCUM, LIMA, MIX. */
static struct step estimate(const struct bl_g726 *g)
{
	struct step s = {0};
	int sum = 0, al = g->ap >= FAST ? 64 : g->ap >> 2;

	for (int i = 0; i < 6; i++)
		sum += product(g->b[i], g->dq[i], g->dq_exp[i]);
	s.sez = (int16_t)sum >> 1;
	for (int i = 0; i < 2; i++)
		sum += product(g->a[i], g->sr[i], g->sr_exp[i]);
	s.se = (int16_t)sum >> 1;
	s.y = g->yl[0] + (g->yu - g->yl[0]) * al / 64;
	return s;
}

/* SUBTA, LOG, SUBTB, QUAN. */
static int16_t quantized(const struct bl_g726 *g, const struct step *s, int16_t sample)
{
	unsigned int rate = g->rate & 3u, all = (4u << rate) - 1u, interval = 0;
	int16_t d = (int16_t)((sample >> 2) - s->se);
	unsigned int magnitude = (unsigned int)abs(d) & 32767u;
	int exp = magnitude ? bits_of(magnitude) - 1 : 0;
	int log = (exp << 7) + (int)((magnitude << 7) >> exp & 127u) - (s->y >> 2);

	while (interval < bl_g726_decisions[rate] && log >= bl_g726_decision[rate][interval])
		interval++;
	if (d < 0 || (interval == 0 && rate > 0))
		interval = all - interval;
	return (int16_t)interval;
}

/* RECONST, ADDA, ANTILOG: the difference that a code of this magnitude means. */
static int antilog(int level, int y)
{
	int log = level + (y >> 2), exp = log >> 7 & 15;

	return log < 0 ? 0 : ((log & 127) + 128) << 7 >> (14 - (exp < 14 ? exp : 14));
}

/* TRANS */
static int transition(const struct bl_g726 *g, int dq)
{
	int exp = g->yl[0] >> 9 & 15, least = exp > 9 ? 31 << 10 : (32 + (g->yl[0] >> 4 & 31)) << exp;

	return g->td && dq > (least + (least >> 1)) >> 1;
}

static int16_t between(int least, int value, int most)
{
	return (int16_t)(value < least ? least : value > most ? most : value);
}

/* FILTD, LIMB, FILTE. */
static void scale(struct bl_g726 *g, int y, int step)
{
	int change;

	g->yu = between(YU_LEAST, y + step + (-y >> 5), YU_MOST);
	change = g->yl[1] + g->yu - g->yl[0] - (g->yl[1] != 0);
	g->yl[0] = (int16_t)(g->yl[0] + (change >> 6));
	g->yl[1] = change & 63;
}

/* FILTA, FILTB, SUBTC, FILTC, TRIGA. */
static void hurry(struct bl_g726 *g, int y, int rate, int tone, int transit)
{
	int unsteady;

	g->dms = (int16_t)(g->dms + rate * 16 + (-g->dms >> 5));
	g->dml = (int16_t)(g->dml + rate * 16 + (-g->dml >> 7));
	unsteady = y < 1536 || tone || abs(g->dms * 4 - g->dml) >= g->dml >> 3;
	g->ap = transit ? FAST : (int16_t)(g->ap + unsteady * 32 + (-g->ap >> 4));
}

/* ADDC, UPA2, LIMC, UPA1, LIMD; pk[0] becomes the sign of this sample's partial signal. */
static void adapt_poles(struct bl_g726 *g, int16_t partial)
{
	int16_t pk = partial < 0 ? -1 : 0;
	int unlike = pk != g->pk[0], unlike2 = pk != g->pk[1];
	int a1 = g->a[0] - (g->a[0] >> 8), a2 = g->a[1] - (g->a[1] >> 7);

	if (partial != 0) {
		int slope = between(-8191, g->a[0], 8191) * 4;

		a2 += ((unlike ? slope : -slope) >> 7) + (unlike2 ? -128 : 128);
		a1 += unlike ? -192 : 192;
	}
	g->a[1] = between(-A2_MOST, a2, A2_MOST);
	g->a[0] = between(g->a[1] - STABLE, a1, STABLE - g->a[1]);
	g->pk[1] = g->pk[0];
	g->pk[0] = pk;
}

/* XOR, UPB. */
static void adapt_zeros(struct bl_g726 *g, const struct step *s)
{
	int leak = (g->rate & 3u) == 3 ? 9 : 8;

	for (int i = 0; i < 6; i++) {
		int unlike = (g->dq[i] < 0) != (s->minus < 0);

		g->b[i] = (int16_t)(g->b[i] - (g->b[i] >> leak) + (s->dq == 0 ? 0 : unlike ? -128 : 128));
	}
}

/* Both sides go on alike from the code; returns the reconstructed signal (ADDB). */
static int16_t go_on(struct bl_g726 *g, struct step *s, int16_t code)
{
	unsigned int rate = g->rate & 3u, half = 2u << rate;
	unsigned int magnitude = ((unsigned int)code & half ? ~(unsigned int)code : (unsigned int)code) & (half - 1u);
	int dq, transit, tone;
	int16_t sr;

	s->minus = (unsigned int)code & half ? -1 : 0;
	s->dq = antilog(bl_g726_level[rate][magnitude], s->y);
	dq = (s->dq ^ s->minus) - s->minus;
	sr = (int16_t)(s->se + dq);
	transit = transition(g, s->dq);
	scale(g, s->y, bl_g726_step[rate][magnitude]);
	adapt_poles(g, (int16_t)(s->sez + dq));
	adapt_zeros(g, s);
	tone = g->a[1] < TONE;
	hurry(g, s->y, bl_g726_rate[rate][magnitude], tone, transit);
	g->td = tone && !transit ? -1 : 0;
	if (transit) { /* TRIGB */
		memset(g->a, 0, sizeof g->a);
		memset(g->b, 0, sizeof g->b);
	}
	memmove(g->dq + 1, g->dq, 5 * sizeof g->dq[0]);
	memmove(g->dq_exp + 1, g->dq_exp, 5 * sizeof g->dq_exp[0]);
	remember(&g->dq[0], &g->dq_exp[0], s->minus, s->dq);
	g->sr[1] = g->sr[0];
	g->sr_exp[1] = g->sr_exp[0];
	remember(&g->sr[0], &g->sr_exp[0], sr < 0 ? -1 : 0, abs(sr) & 32767);
	return sr;
}

static void encode_one(struct bl_g726 *g, const int16_t *in, uint8_t *out, size_t n)
{
	int16_t codes[STRETCH];

	for (size_t done = 0, now; done < n; done += now) {
		now = n - done < STRETCH ? n - done : STRETCH;
		for (size_t i = 0; i < now; i++) {
			struct step s = estimate(g);

			codes[i] = quantized(g, &s, in[done + i]);
			(void)go_on(g, &s, codes[i]);
		}
		bl_g726_pack(g, codes, out + done * bl_g726_bits(g) / 8, now);
	}
}

static void decode_one(struct bl_g726 *g, const uint8_t *in, int16_t *out, size_t n)
{
	int16_t codes[STRETCH];

	for (size_t done = 0, now; done < n; done += now) {
		now = n - done < STRETCH ? n - done : STRETCH;
		bl_g726_unpack(g, in + done * bl_g726_bits(g) / 8, codes, now);
		for (size_t i = 0; i < now; i++) {
			struct step s = estimate(g);

			out[done + i] = (int16_t)(between(-8192, go_on(g, &s, codes[i]), 8191) * 4);
		}
	}
}

size_t bl_g726_size(void)
{
	return sizeof(struct bl_g726);
}

int bl_g726_init(struct bl_g726 *g, const struct bl_g726_cfg *cfg)
{
	if (!g || !cfg || cfg->bit_rate % 8000 || cfg->bit_rate < 16000 || cfg->bit_rate > 40000 ||
	    cfg->packing > BL_G726_AAL2)
		return -EINVAL;
	memset(g, 0, sizeof *g);
	g->rate = (uint16_t)(cfg->bit_rate / 8000 - 2);
	g->packing = (uint16_t)cfg->packing;
	bl_g726_reset(g);
	return 0;
}

void bl_g726_reset(struct bl_g726 *g)
{
	if (!g)
		return;

	uint16_t rate = g->rate, packing = g->packing;

	memset(g, 0, sizeof *g);
	g->rate = rate;
	g->packing = packing;
	g->yu = YU_LEAST;
	g->yl[0] = YL_START;
	for (int i = 0; i < 2; i++)
		g->sr[i] = 32;
	for (int i = 0; i < 6; i++)
		g->dq[i] = 32;
}

int bl_g726_encode(struct bl_g726 *g, const int16_t *in, uint8_t *out, size_t n)
{
	if (!g || !in || !out)
		return -EINVAL;
	if (n * bl_g726_bits(g) % 8)
		return -EINVAL;
	encode_one(g, in, out, n);
	return 0;
}

int bl_g726_decode(struct bl_g726 *g, const uint8_t *in, int16_t *out, size_t n)
{
	if (!g || !in || !out)
		return -EINVAL;
	if (n * bl_g726_bits(g) % 8)
		return -EINVAL;
	decode_one(g, in, out, n);
	return 0;
}

/* With vectors rate by rate; who is alone in a group is faster by itself. */
int bl_g726_encode_many(struct bl_g726 *const g[], const int16_t *const in[], uint8_t *const out[], size_t n,
                        size_t channels)
{
	if (!g || !in || !out)
		return -EINVAL;
	if (n % 8)
		return -EINVAL;
	if (bl_isa() == BL_ISA_VECTOR) {
		size_t alone[4], left = bl_g726_encode_vector(g, in, out, n, channels, alone);

		for (size_t i = 0; i < left; i++)
			encode_one(g[alone[i]], in[alone[i]], out[alone[i]], n);
		return 0;
	}
	for (size_t c = 0; c < channels; c++)
		encode_one(g[c], in[c], out[c], n);
	return 0;
}

int bl_g726_decode_many(struct bl_g726 *const g[], const uint8_t *const in[], int16_t *const out[], size_t n,
                        size_t channels)
{
	if (!g || !in || !out)
		return -EINVAL;
	if (n % 8)
		return -EINVAL;
	if (bl_isa() == BL_ISA_VECTOR) {
		size_t alone[4], left = bl_g726_decode_vector(g, in, out, n, channels, alone);

		for (size_t i = 0; i < left; i++)
			decode_one(g[alone[i]], in[alone[i]], out[alone[i]], n);
		return 0;
	}
	for (size_t c = 0; c < channels; c++)
		decode_one(g[c], in[c], out[c], n);
	return 0;
}
