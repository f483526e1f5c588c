/* SPDX-License-Identifier: GPL-2.0-only */
#include "dtmf.h"

#define BL_DTMF_HOP ...
#define BL_DTMF_TX_QUEUE ...

struct bl_dtmf_cfg {
	float min_level_dbm0;
	float max_high_twist_db;
	float max_low_twist_db;
	uint16_t min_on_ms;
	uint16_t min_pause_ms;
	float max_off_percent;
};

struct bl_dtmf_event {
	uint64_t at_sample;
	uint32_t duration_samples;
	float level_dbm0;
	char digit;
	uint8_t on;
	uint16_t channel;
};

struct bl_dtmf;
size_t bl_dtmf_size(void);
int bl_dtmf_init(struct bl_dtmf *d, const struct bl_dtmf_cfg *cfg);
void bl_dtmf_reset(struct bl_dtmf *d);
size_t bl_dtmf_process(struct bl_dtmf *d, const int16_t *in, size_t n, struct bl_dtmf_event *events, size_t max);
size_t bl_dtmf_process_many(struct bl_dtmf *const d[], const int16_t *const in[], size_t channels,
                            struct bl_dtmf_event *events, size_t max);
char bl_dtmf_early(const struct bl_dtmf *d);
const struct bl_dtmf_cfg *bl_dtmf_column(const char *administration);

struct bl_dtmf_tx_cfg {
	float low_level_dbm0;
	float high_level_dbm0;
	uint16_t on_ms;
	uint16_t off_ms;
};

struct bl_dtmf_tx;
size_t bl_dtmf_tx_size(void);
int bl_dtmf_tx_init(struct bl_dtmf_tx *tx, const struct bl_dtmf_tx_cfg *cfg);
void bl_dtmf_tx_reset(struct bl_dtmf_tx *tx);
int bl_dtmf_tx_send(struct bl_dtmf_tx *tx, const char *digits, size_t n);
size_t bl_dtmf_tx_process(struct bl_dtmf_tx *tx, int16_t *out, size_t n);
