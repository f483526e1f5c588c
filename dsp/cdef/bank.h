/* SPDX-License-Identifier: GPL-2.0-only */
#include "bank.h"

#define BL_BANK_TICK ...
#define BL_BANK_EVENTS ...

struct bl_heard {
	uint64_t at_sample;
	uint32_t duration_samples;
	float level_dbm0;
	uint32_t channel;
	uint8_t kind;
	uint8_t code;
	uint8_t on;
};

struct bl_bank_cfg {
	uint32_t wants;
	int32_t zone;
	float mf_min_dbm0;
	float r2_min_dbm0;
	float progress_min_dbm0;
	float answer_min_dbm0;
};

struct bl_bank;
size_t bl_bank_size(void);
int bl_bank_init(struct bl_bank *b, const struct bl_bank_cfg *cfg);
void bl_bank_reset(struct bl_bank *b);
size_t bl_bank_process(struct bl_bank *b, const int16_t *in, size_t n, struct bl_heard *heard, size_t max);
size_t bl_bank_process_many(struct bl_bank *const b[], const int16_t *const in[], size_t channels,
                            struct bl_heard *heard, size_t max);
