/* SPDX-License-Identifier: GPL-2.0-only */
#include "fsk.h"

#define BL_FSK_HOP ...
#define BL_FSK_OCTETS ...

struct bl_fsk_rx_cfg {
	uint8_t modem;
	float min_level_dbm0;
	...;
};
struct bl_fsk_event {
	uint64_t at_sample;
	float level_dbm0;
	uint16_t mark_bits;
	uint8_t kind;
	uint8_t octet;
	uint8_t weak;
	...;
};
struct bl_fsk_rx {
	...;
};
size_t bl_fsk_rx_size(void);
int bl_fsk_rx_init(struct bl_fsk_rx *rx, const struct bl_fsk_rx_cfg *cfg);
void bl_fsk_rx_reset(struct bl_fsk_rx *rx);
size_t bl_fsk_rx_process(struct bl_fsk_rx *rx, const int16_t *in, size_t n, struct bl_fsk_event *events, size_t max);

struct bl_fsk_tx_cfg {
	uint8_t modem;
	float level_dbm0;
	...;
};
struct bl_fsk_burst {
	uint16_t seizure_bits;
	uint16_t mark_bits;
	uint16_t tail_bits;
	uint8_t stop_bits;
	...;
};
struct bl_fsk_tx {
	...;
};
size_t bl_fsk_tx_size(void);
int bl_fsk_tx_init(struct bl_fsk_tx *tx, const struct bl_fsk_tx_cfg *cfg);
void bl_fsk_tx_reset(struct bl_fsk_tx *tx);
int bl_fsk_tx_send(struct bl_fsk_tx *tx, const uint8_t *octets, size_t n, const struct bl_fsk_burst *burst);
size_t bl_fsk_tx_process(struct bl_fsk_tx *tx, int16_t *out, size_t n);
