/* SPDX-License-Identifier: GPL-2.0-only */
/* DTMF receiver: settings, the screening of blocks, and when to look. See dtmf.h. */
#include "dtmf.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "correlate.h"
#include "dbm0.h"
#include "dtmf_columns.h"
#include "dtmf_hops.h"
#include "dtmf_stages.h"
#include "dtmf_tables.h"
#include "dtmf_vector.h"
#include "isa.h"

#define TWIST_MARGIN_DB 2.5f /* four times what noise of 10 dB SNR moves the measured twist */
#define HOP_MS 5
#define BLOCK_SHARE 0.25f /* of a tone in a block half full */
#define ALERT_LOOKS 2     /* behind a block: a digit that half filled it has a hit by then; and behind a hit */
#define LOOKS_BACK 3      /* of which the first only gives the phases */
#define DIAL_PERIOD 8     /* blocks: over 120 ms two tones that beat have one power */
#define DIAL_STEADY 0.2f  /* of its power */
#define DIAL_FOLLOW 0.25f /* a period */
#define DIAL_SHARE 0.8f
#define DIAL_STRAYS 2                                    /* periods off it are forgiven */
#define DIAL_MIN_POWER (BL_DBM0_MEAN_SQUARE * 1.585e-4f) /* -38 dBm0: softer ones disturb nobody */

static const int16_t silence[BL_DTMF_HOP];

size_t bl_dtmf_size(void)
{
	return sizeof(struct bl_dtmf);
}

static int in_range(float value, float low, float high)
{
	return value >= low && value <= high; /* false for NaN */
}

static int cfg_is_good(const struct bl_dtmf_cfg *cfg)
{
	return in_range(cfg->min_level_dbm0, -45.0f, 0.0f) && in_range(cfg->max_high_twist_db, 0.0f, 20.0f) &&
	       in_range(cfg->max_low_twist_db, 0.0f, 20.0f) && cfg->min_on_ms >= 30 && cfg->min_on_ms <= 200 &&
	       cfg->min_pause_ms >= 25 && cfg->min_pause_ms <= 200 && in_range(cfg->max_off_percent, 2.0f, 3.0f);
}

int bl_dtmf_init(struct bl_dtmf *d, const struct bl_dtmf_cfg *cfg)
{
	if (!d)
		return -EINVAL;
	if (!cfg)
		cfg = bl_dtmf_column(BL_DTMF_STANDARD);
	if (!cfg_is_good(cfg))
		return -EINVAL;
	memset(d, 0, sizeof(*d));
	d->cfg = *cfg;
	bl_dtmf_reset(d);
	return 0;
}

void bl_dtmf_reset(struct bl_dtmf *d)
{
	if (!d)
		return;

	struct bl_dtmf_cfg cfg = d->cfg;

	memset(d, 0, sizeof(*d));
	d->cfg = cfg;
	d->min_power = BL_DBM0_MEAN_SQUARE * powf(10.0f, cfg.min_level_dbm0 / 10.0f);
	d->max_high_ratio = powf(10.0f, (cfg.max_high_twist_db + TWIST_MARGIN_DB) / 10.0f);
	d->max_low_ratio = powf(10.0f, (cfg.max_low_twist_db + TWIST_MARGIN_DB) / 10.0f);
	d->max_off = cfg.max_off_percent / 100.0f;
	/* A tone of t ms gives floor((t - 6) / 5) hits or one more, in noise one less. */
	d->on_hits = (cfg.min_on_ms - 15u) / HOP_MS;
	/* A pause of t ms gives floor((t + 5) / 5) misses or one more. */
	d->off_looks = cfg.min_pause_ms / HOP_MS;
	d->hops_left = DTMF_BLOCK_EVERY;
	d->blocks_left = DIAL_PERIOD;
}

const struct bl_dtmf_cfg *bl_dtmf_column(const char *administration)
{
	if (!administration)
		return NULL;
	for (size_t i = 0; administration && i < sizeof bl_dtmf_columns / sizeof bl_dtmf_columns[0]; i++)
		if (!strcmp(administration, bl_dtmf_columns[i].name))
			return &bl_dtmf_columns[i].cfg;
	return NULL;
}

/* Power of the block's strongest tone in the group of rows that begins with `first`. */
static float strongest(const struct bl_hop_sums *old, const struct bl_hop_sums *new, int first, int channel)
{
	float most = 0.0f;

	for (int k = first; k < first + DTMF_GROUP; k++) {
		float c = bl_dtmf_advance_re[k], s = bl_dtmf_advance_im[k];
		float before_re = (float)old[k].re[channel], before_im = (float)old[k].im[channel];
		float re = (float)new[k].re[channel] + c *before_re + s *before_im;
		float im = (float)new[k].im[channel] + c *before_im - s *before_re;

		most = fmaxf(most, re * re + im * im);
	}
	return most * BL_DTMF_BLOCK_SCALE;
}

static void screen(const int16_t *const sound[DTMF_BLOCK_HOPS][BL_HOP_CHANNELS], struct bl_dtmf_screen *s)
{
	struct bl_hop hops[DTMF_BLOCK_HOPS];
	struct bl_hop_sums sums[DTMF_BLOCK_HOPS * BL_DTMF_TONES];

	if (bl_isa() == BL_ISA_VECTOR) {
		bl_dtmf_screen_vector(sound, s);
		return;
	}
	for (int h = 0; h < DTMF_BLOCK_HOPS; h++)
		bl_hop_take(&hops[h], sound[h]);
	bl_correlate(hops, DTMF_BLOCK_HOPS, bl_dtmf_hop_rows, BL_DTMF_TONES, sums);
	s->pure = 0;
	for (int c = 0; c < BL_HOP_CHANNELS; c++) {
		s->low[c] = strongest(sums, sums + BL_DTMF_TONES, 0, c);
		s->high[c] = strongest(sums, sums + BL_DTMF_TONES, DTMF_GROUP, c);
		s->power[c] = (float)(hops[0].energy[c] + hops[1].energy[c]) * BL_DTMF_ENERGY_SCALE;
		s->pure |= (uint32_t)(s->low[c] + s->high[c] > BL_DTMF_BLOCK_PURITY * s->power[c]) << c;
	}
}

/* Does a dial tone stand? While looks go on, what matters is what of the sound lies in its band. */
static int is_dial_tone(const struct bl_dtmf *d, float power)
{
	if (power < DIAL_MIN_POWER || fabsf(power - d->dial_power) > DIAL_STEADY * d->dial_power)
		return 0;
	return d->alert || d->dial_periods + 1 < DTMF_DIAL_PERIODS || bl_dtmf_dial_share(d) >= DIAL_SHARE;
}

static void watch_dial_tone(struct bl_dtmf *d)
{
	float power = d->alert && dtmf_dial_tone_stands(d) ? d->dial_low : d->dial_sum * (1.0f / DIAL_PERIOD);

	d->dial_sum = 0.0f;
	d->blocks_left = DIAL_PERIOD;
	if (is_dial_tone(d, power)) {
		d->dial_strays = 0;
		d->dial_power += DIAL_FOLLOW * (power - d->dial_power);
		d->dial_periods += d->dial_periods < DTMF_DIAL_PERIODS;
	} else if (++d->dial_strays > DIAL_STRAYS || !dtmf_dial_tone_stands(d)) {
		d->dial_power = power;
		d->dial_periods = 0;
		d->dial_strays = 0;
	}
}

static int levels_are_good(const struct bl_dtmf *d, float low, float high)
{
	float edge = d->min_power * BLOCK_SHARE;

	return low >= edge && high >= edge && high * BLOCK_SHARE <= low * d->max_high_ratio &&
	       low * BLOCK_SHARE <= high * d->max_low_ratio;
}

static void look(struct bl_dtmf *d, uint64_t end, struct dtmf_out *out)
{
	struct dtmf_look look;

	bl_dtmf_look(d, end, &look);
	bl_dtmf_decide(d, &look, out);
	if (d->candidate || d->digit)
		d->alert = ALERT_LOOKS;
	else
		d->alert -= d->alert > 0;
}

void bl_dtmf_look_on(struct bl_dtmf *d, uint16_t channel, struct dtmf_out *out)
{
	out->channel = channel;
	look(d, d->hops, out);
}

static void begin_looks(struct bl_dtmf *d, struct dtmf_out *out)
{
	d->dial_low = d->dial_power;
	bl_dtmf_glance(d, d->hops - LOOKS_BACK);
	for (uint64_t back = LOOKS_BACK; back-- > 0;)
		look(d, d->hops - back, out);
	d->alert = ALERT_LOOKS;
}

/* Look further where the block is pure, and under a dial tone wherever it has the levels. */
static inline void follow(struct bl_dtmf *d, const struct bl_dtmf_screen *s, size_t c, uint16_t channel,
                          struct dtmf_out *out)
{
	d->dial_sum += s->power[c];
	if (d->blocks_left > 1)
		d->blocks_left--;
	else
		watch_dial_tone(d);
	if (!(s->pure >> c & 1) && !dtmf_dial_tone_stands(d))
		return;
	if (!levels_are_good(d, s->low[c], s->high[c]))
		return;
	out->channel = channel;
	if (!d->alert)
		begin_looks(d, out);
	d->alert = ALERT_LOOKS;
}

void bl_dtmf_run(struct dtmf_batch *b, struct dtmf_out *out)
{
	struct bl_dtmf_screen s;

	for (size_t i = b->n; i < BL_HOP_CHANNELS; i++)
		b->sound[0][i] = b->sound[1][i] = silence;
	screen((const int16_t *const(*)[BL_HOP_CHANNELS])b->sound, &s);
	for (size_t i = 0; i < b->n; i++)
		follow(b->d[i], &s, i, b->channel[i], out);
	b->n = 0;
}

void bl_dtmf_take(struct bl_dtmf *d, const int16_t *in, size_t n, uint16_t channel, struct dtmf_out *out)
{
	struct dtmf_batch alone;

	alone.n = 0;
	while (n) {
		size_t fill = d->fill % BL_DTMF_HOP, piece = BL_DTMF_HOP - fill < n ? BL_DTMF_HOP - fill : n;

		memcpy(d->sound[d->hops % BL_DTMF_HOPS] + fill, in, piece * sizeof in[0]);
		in += piece;
		n -= piece;
		d->fill = (uint32_t)(fill + piece);
		if (d->fill < BL_DTMF_HOP)
			continue;
		d->fill = 0;
		dtmf_end_of_hop(d, d->hops, channel, &alone, out);
		if (alone.n)
			bl_dtmf_run(&alone, out);
	}
}

size_t bl_dtmf_process(struct bl_dtmf *d, const int16_t *in, size_t n, struct bl_dtmf_event *events, size_t max)
{
	if (!d || !in || !events)
		return 0;

	struct dtmf_out out = {.events = events, .max = max};

	bl_dtmf_take(d, in, n, 0, &out);
	return out.count;
}

static inline void keep(int16_t *to, const int16_t *hop)
{
	memcpy(to, hop, BL_DTMF_HOP * sizeof hop[0]);
}

size_t bl_dtmf_process_many(struct bl_dtmf *const d[], const int16_t *const in[], size_t channels,
                            struct bl_dtmf_event *events, size_t max)
{
	if (!d || !in || !events)
		return 0;

	struct dtmf_out out = {.events = events, .max = max};

	if (bl_isa() == BL_ISA_VECTOR)
		bl_dtmf_hear_many_vector(d, in, channels, &out);
	else
		dtmf_hear_many(d, in, channels, keep, &out);
	return out.count;
}
