/* SPDX-License-Identifier: GPL-2.0-only */
#include "hdlc.h"

#define BL_HDLC_FRAME_MAX ...
#define BL_HDLC_TX_QUEUE ...

struct bl_hdlc_tx_cfg {
	uint8_t fill;
	uint8_t min_flags;
};

struct bl_hdlc_tx {
	uint8_t queued;
	uint64_t frames;
	...;
};

struct bl_hdlc_rx_cfg {
	uint16_t min_len;
	uint16_t max_len;
};

struct bl_hdlc_counters {
	uint64_t frames;
	uint64_t fcs_errors;
	uint64_t aborts;
	uint64_t short_frames;
	uint64_t long_frames;
	uint64_t non_aligned;
};

struct bl_hdlc_rx {
	struct bl_hdlc_counters counters;
	uint32_t synced;
	uint32_t idle;
	...;
};

size_t bl_hdlc_tx_size(void);
int bl_hdlc_tx_init(struct bl_hdlc_tx *tx, const struct bl_hdlc_tx_cfg *cfg);
void bl_hdlc_tx_reset(struct bl_hdlc_tx *tx);
int bl_hdlc_tx_send(struct bl_hdlc_tx *tx, const uint8_t *frame, size_t len);
void bl_hdlc_tx_process(struct bl_hdlc_tx *tx, uint8_t *out, size_t n);

typedef void (*bl_hdlc_frame_fn)(void *user, const uint8_t *frame, size_t len);
size_t bl_hdlc_rx_size(void);
int bl_hdlc_rx_init(struct bl_hdlc_rx *rx, const struct bl_hdlc_rx_cfg *cfg);
void bl_hdlc_rx_reset(struct bl_hdlc_rx *rx);
size_t bl_hdlc_rx_process(struct bl_hdlc_rx *rx, const uint8_t *in, size_t n, bl_hdlc_frame_fn on_frame, void *user);

extern "Python" void bl_hdlc_frame_to_python(void *user, const uint8_t *frame, size_t len);
