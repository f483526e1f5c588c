/* SPDX-License-Identifier: GPL-2.0-only */
#include "telephone_event.h"

#define BL_TELEPHONE_EVENT_PAYLOAD_MAX ...

struct bl_telephone_event_report {
	uint8_t event;
	uint8_t end;
	uint8_t volume;
	uint16_t duration;
};
int bl_telephone_event_parse(struct bl_telephone_event_report *r, const uint8_t *in, size_t n);
void bl_telephone_event_write(uint8_t *out, const struct bl_telephone_event_report *r);
int bl_telephone_event_of(char digit);
char bl_telephone_event_digit(uint8_t event);

struct bl_red_block {
	uint8_t payload_type;
	uint32_t timestamp_offset;
	const uint8_t *payload;
	size_t length;
};
int bl_red_parse(struct bl_red_block *blocks, size_t max, const uint8_t *in, size_t n);

struct bl_telephone_event_rx_cfg {
	uint32_t clock_hz;
	uint16_t timeout_ms;
};
struct bl_telephone_event_change {
	uint32_t timestamp;
	uint32_t duration;
	uint8_t event;
	uint8_t on;
	uint8_t volume;
	uint8_t timed_out;
};
size_t bl_telephone_event_rx_size(void);
int bl_telephone_event_rx_init(struct bl_telephone_event_rx *rx, const struct bl_telephone_event_rx_cfg *cfg);
void bl_telephone_event_rx_reset(struct bl_telephone_event_rx *rx);
int bl_telephone_event_rx_take(struct bl_telephone_event_rx *rx, uint32_t timestamp, int marker, const uint8_t *in,
                               size_t n, struct bl_telephone_event_change *changes, size_t max);
int bl_telephone_event_rx_take_red(struct bl_telephone_event_rx *rx, uint32_t timestamp, int marker,
                                   uint8_t payload_type, const uint8_t *in, size_t n,
                                   struct bl_telephone_event_change *changes, size_t max);
int bl_telephone_event_rx_tick(struct bl_telephone_event_rx *rx, struct bl_telephone_event_change *change);

struct bl_telephone_event_tx_cfg {
	uint32_t clock_hz;
	uint16_t packet_ms;
	uint16_t on_ms;
	uint16_t off_ms;
	uint8_t volume;
	uint8_t redundancy;
	uint8_t payload_type;
};
struct bl_telephone_event_packet {
	uint32_t timestamp;
	uint8_t marker;
	uint8_t length;
	uint8_t payload[...];
};
size_t bl_telephone_event_tx_size(void);
int bl_telephone_event_tx_init(struct bl_telephone_event_tx *tx, const struct bl_telephone_event_tx_cfg *cfg);
void bl_telephone_event_tx_stop(struct bl_telephone_event_tx *tx);
int bl_telephone_event_tx_send(struct bl_telephone_event_tx *tx, const char *digits, size_t n);
int bl_telephone_event_tx_press(struct bl_telephone_event_tx *tx, int event);
void bl_telephone_event_tx_release(struct bl_telephone_event_tx *tx);
int bl_telephone_event_tx_tick(struct bl_telephone_event_tx *tx, uint32_t timestamp,
                               struct bl_telephone_event_packet *packet);
int bl_telephone_event_tx_busy(const struct bl_telephone_event_tx *tx);
