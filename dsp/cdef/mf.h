/* SPDX-License-Identifier: GPL-2.0-only */
#include "mf.h"

#define BL_MF_TX_QUEUE ...

struct bl_mf_tx_cfg {
	float level_dbm0;
	uint16_t on_ms;
	uint16_t kp_ms;
	uint16_t off_ms;
};

struct bl_mf_tx;
size_t bl_mf_tx_size(void);
int bl_mf_tx_init(struct bl_mf_tx *tx, const struct bl_mf_tx_cfg *cfg);
void bl_mf_tx_reset(struct bl_mf_tx *tx);
int bl_mf_tx_send(struct bl_mf_tx *tx, const char *signals, size_t n);
size_t bl_mf_tx_process(struct bl_mf_tx *tx, int16_t *out, size_t n);
