/* SPDX-License-Identifier: GPL-2.0-only */
#include "bank.h"

#include <errno.h>
#include <string.h>

#define SIX_ROWS 0x3fu
#define SIGNALS (1u << BL_HEARD_MF | 1u << BL_HEARD_R2_FORWARD | 1u << BL_HEARD_R2_BACKWARD)

static const int16_t silence[BL_BANK_TICK];

size_t bl_bank_size(void)
{
	return sizeof(struct bl_bank);
}

static int level_is_good(float dbm0)
{
	return dbm0 >= -45.0f && dbm0 <= 0.0f; /* false for NaN */
}

static int levels_are_good(const struct bl_bank_cfg *cfg)
{
	return level_is_good(cfg->mf_min_dbm0) && level_is_good(cfg->r2_min_dbm0) &&
	       level_is_good(cfg->progress_min_dbm0) && level_is_good(cfg->answer_min_dbm0);
}

static int wants(const struct bl_bank *b, enum bl_heard_kind kind)
{
	return (int)(b->cfg.wants >> kind & 1u);
}

void bl_bank_defaults(struct bl_bank_cfg *cfg)
{
	*cfg = (struct bl_bank_cfg){.zone = -1,
	                            .mf_min_dbm0 = -30.0f,
	                            .r2_min_dbm0 = -38.0f,
	                            .progress_min_dbm0 = -40.0f,
	                            .answer_min_dbm0 = -38.0f};
}

int bl_bank_init(struct bl_bank *b, const struct bl_bank_cfg *cfg)
{
	if (!b)
		return -EINVAL;

	struct bl_bank_cfg standard;

	bl_bank_defaults(&standard);
	if (!cfg)
		cfg = &standard;
	if (cfg->wants >> BL_HEARD_KINDS || !levels_are_good(cfg))
		return -EINVAL;
	memset(b, 0, sizeof(*b));
	b->cfg = *cfg;
	if (wants(b, BL_HEARD_PROGRESS) && bl_progress_reset(&b->progress, cfg->zone, cfg->progress_min_dbm0))
		return -EINVAL;
	bl_bank_reset(b);
	return 0;
}

void bl_bank_reset(struct bl_bank *b)
{
	if (!b)
		return;
	bl_front_reset(&b->front, (b->cfg.wants & SIGNALS) != 0);
	b->fill = 0;
	bl_pair_reset(&b->mf, b->cfg.mf_min_dbm0);
	bl_pair_reset(&b->r2[0], b->cfg.r2_min_dbm0);
	bl_pair_reset(&b->r2[1], b->cfg.r2_min_dbm0);
	(void)bl_progress_reset(&b->progress, b->cfg.zone, b->cfg.progress_min_dbm0); /* not wanted without a zone */
	bl_answer_reset(&b->answer, b->cfg.answer_min_dbm0);
	bl_preamble_reset(&b->preamble, b->cfg.answer_min_dbm0);
}

/* What the receivers make of the hop the front has just taken: at most BL_BANK_EVENTS. */
static size_t hear(struct bl_bank *b, struct bl_heard *heard)
{
	const struct bl_front *f = &b->front;
	size_t count = 0;

	if (wants(b, BL_HEARD_MF) && bl_pair_stirs(&b->mf, f->paired & SIX_ROWS))
		count += bl_mf_hear(&b->mf, f, heard);
	if (wants(b, BL_HEARD_R2_FORWARD) && bl_pair_stirs(&b->r2[0], f->paired >> BL_ROW_R2_FORWARD & SIX_ROWS))
		count += bl_r2_hear(&b->r2[0], 0, f, heard + count);
	if (wants(b, BL_HEARD_R2_BACKWARD) && bl_pair_stirs(&b->r2[1], f->paired >> BL_ROW_R2_BACKWARD & SIX_ROWS))
		count += bl_r2_hear(&b->r2[1], 1, f, heard + count);
	if (wants(b, BL_HEARD_PROGRESS) && bl_progress_stirs(&b->progress, f))
		count += bl_progress_hear(&b->progress, f, heard + count);
	if (wants(b, BL_HEARD_ANSWER) && bl_answer_stirs(&b->answer, f))
		count += bl_answer_hear(&b->answer, f, heard + count);
	if (wants(b, BL_HEARD_PREAMBLE) && bl_preamble_stirs(&b->preamble, f))
		count += bl_preamble_hear(&b->preamble, f, heard + count);
	return count;
}

static size_t hand_over(struct bl_bank *b, size_t channel, struct bl_heard *to, size_t max)
{
	struct bl_heard heard[BL_BANK_EVENTS];
	size_t count = hear(b, heard);

	if (count > max)
		count = max;
	for (size_t i = 0; i < count; i++) {
		to[i] = heard[i];
		to[i].channel = (uint32_t)channel;
	}
	return count;
}

static size_t take(struct bl_bank *b, size_t channel, const int16_t *in, size_t n, struct bl_heard *heard, size_t max)
{
	size_t count = 0;

	while (n) {
		struct bl_front *front = &b->front;
		const int16_t *tick = b->part;
		size_t room, piece;

		if (b->fill >= BL_BANK_TICK)
			b->fill = 0;
		room = BL_BANK_TICK - b->fill;
		piece = n < room ? n : room;
		memcpy(b->part + b->fill, in, piece * sizeof(*in));
		b->fill += (uint32_t)piece;
		in += piece;
		n -= piece;
		if (b->fill < BL_BANK_TICK)
			break;
		b->fill = 0;
		bl_front_take(&front, &tick, 1);
		count += hand_over(b, channel, heard + count, max - count);
	}
	return count;
}

size_t bl_bank_process(struct bl_bank *b, const int16_t *in, size_t n, struct bl_heard *heard, size_t max)
{
	if (!b || !in || !heard)
		return 0;
	return take(b, 0, in, n, heard, max);
}

static int all_whole(struct bl_bank *const b[], size_t channels)
{
	uint32_t fill = 0;

	for (size_t c = 0; c < channels; c++)
		fill |= b[c]->fill;
	return fill == 0;
}

size_t bl_bank_process_many(struct bl_bank *const b[], const int16_t *const in[], size_t channels,
                            struct bl_heard *heard, size_t max)
{
	if (!b || !in || !heard)
		return 0;

	size_t count = 0;

	for (size_t first = 0; first < channels; first += BL_FRONT_CHANNELS) {
		size_t some = channels - first < BL_FRONT_CHANNELS ? channels - first : BL_FRONT_CHANNELS;
		struct bl_front *fronts[BL_FRONT_CHANNELS] = {0};

		if (!all_whole(b + first, some)) {
			for (size_t c = first; c < first + some; c++)
				count += take(b[c], c, in[c] ? in[c] : silence, BL_BANK_TICK, heard + count,
				              max - count);
			continue;
		}
		for (size_t c = 0; c < some; c++) {
			fronts[c] = &b[first + c]->front;
			bl_front_fetch(fronts[c]);
		}
		bl_front_take(fronts, in + first, some);
		for (size_t c = first; c < first + some; c++)
			count += hand_over(b[c], c, heard + count, max - count);
	}
	return count;
}
