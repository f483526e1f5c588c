/* SPDX-License-Identifier: GPL-2.0-only */
#include "g722.h"

struct bl_g722_enc {
	...;
};
struct bl_g722_dec {
	...;
};
struct bl_g722_dec_cfg {
	uint32_t bit_rate;
	...;
};
size_t bl_g722_enc_size(void);
int bl_g722_enc_init(struct bl_g722_enc *e);
void bl_g722_enc_reset(struct bl_g722_enc *e);
int bl_g722_enc_process(struct bl_g722_enc *e, const int16_t *in, uint8_t *out, size_t n);
int bl_g722_enc_process_many(struct bl_g722_enc *const e[], const int16_t *const in[], uint8_t *const out[], size_t n,
                             size_t channels);
size_t bl_g722_dec_size(void);
int bl_g722_dec_init(struct bl_g722_dec *d, const struct bl_g722_dec_cfg *cfg);
void bl_g722_dec_reset(struct bl_g722_dec *d);
void bl_g722_dec_process(struct bl_g722_dec *d, const uint8_t *in, int16_t *out, size_t n);
void bl_g722_dec_process_many(struct bl_g722_dec *const d[], const uint8_t *const in[], int16_t *const out[], size_t n,
                              size_t channels);
