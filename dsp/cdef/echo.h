/* SPDX-License-Identifier: GPL-2.0-only */
#include "echo.h"

#define BL_ECHO_BLOCK ...
#define BL_ECHO_TAIL_MS_MIN ...
#define BL_ECHO_TAIL_MS_MAX ...

struct bl_echo_cfg {
	uint16_t tail_ms;
	uint8_t mode;
	uint8_t comfort_noise;
	uint8_t disabler;
};

struct bl_echo_report {
	float erl_db;
	float erle_db;
	float noise_dbm0;
	uint8_t adapted;
	uint8_t double_talk;
	uint8_t nlp_active;
	uint8_t disabled;
};

struct bl_echo;
size_t bl_echo_size(void);
int bl_echo_init(struct bl_echo *e, const struct bl_echo_cfg *cfg);
void bl_echo_reset(struct bl_echo *e);
int bl_echo_set_mode(struct bl_echo *e, int mode);
int bl_echo_process(struct bl_echo *e, const int16_t *far, const int16_t *near, int16_t *out, size_t n);
int bl_echo_process_many(struct bl_echo *const e[], const int16_t *const far[], const int16_t *const near[],
                         int16_t *const out[], size_t channels, size_t n);
void bl_echo_read(const struct bl_echo *e, struct bl_echo_report *report);
