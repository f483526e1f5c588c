/* SPDX-License-Identifier: GPL-2.0-only */
#include "digit_relay.h"

struct bl_digit_change {
	uint32_t duration_ms;
	char digit;
	uint8_t on;
	uint8_t source;
};
struct bl_digit_relay {
	uint64_t digits;
	uint64_t laid;
	uint64_t dropped;
	...;
};
size_t bl_digit_relay_size(void);
int bl_digit_relay_init(struct bl_digit_relay *r);
void bl_digit_relay_reset(struct bl_digit_relay *r);
void bl_digit_relay_early(struct bl_digit_relay *r, int early);
void bl_digit_relay_inband(struct bl_digit_relay *r, char digit, int on);
void bl_digit_relay_event(struct bl_digit_relay *r, char digit, int on, uint32_t timestamp, uint32_t duration);
void bl_digit_relay_info(struct bl_digit_relay *r, char digit, uint32_t duration_ms);
void bl_digit_relay_tick(struct bl_digit_relay *r);
int bl_digit_relay_next(struct bl_digit_relay *r, struct bl_digit_change *change);
int bl_digit_relay_muted(const struct bl_digit_relay *r, uint32_t play);
