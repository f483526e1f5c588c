/* SPDX-License-Identifier: GPL-2.0-only */
#include "prbs.h"

#define BL_PRBS_SLIP_MAX ...

struct bl_prbs_tx {
	...;
};

struct bl_prbs_counters {
	uint64_t bits;
	uint64_t errors;
	uint64_t unsynced;
	uint64_t losses;
	uint64_t slips;
	int64_t slipped;
};

struct bl_prbs_rx {
	struct bl_prbs_counters counters;
	uint8_t synced;
	...;
};

size_t bl_prbs_tx_size(void);
int bl_prbs_tx_init(struct bl_prbs_tx *tx, uint32_t pattern);
void bl_prbs_tx_insert(struct bl_prbs_tx *tx, uint32_t errors);
void bl_prbs_tx_process(struct bl_prbs_tx *tx, uint8_t *out, size_t n);

size_t bl_prbs_rx_size(void);
int bl_prbs_rx_init(struct bl_prbs_rx *rx, uint32_t pattern);
void bl_prbs_rx_process(struct bl_prbs_rx *rx, const uint8_t *in, size_t n);
