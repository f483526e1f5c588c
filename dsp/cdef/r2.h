/* SPDX-License-Identifier: GPL-2.0-only */
#include "r2.h"

struct bl_r2_tx_cfg {
	float level_dbm0;
	uint8_t backward;
};

struct bl_r2_tx;
size_t bl_r2_tx_size(void);
int bl_r2_tx_init(struct bl_r2_tx *tx, const struct bl_r2_tx_cfg *cfg);
void bl_r2_tx_reset(struct bl_r2_tx *tx);
int bl_r2_tx_send(struct bl_r2_tx *tx, unsigned int signal);
size_t bl_r2_tx_process(struct bl_r2_tx *tx, int16_t *out, size_t n);
