/* SPDX-License-Identifier: GPL-2.0-only */
#include "opus_codec.h"

#define BL_OPUS_PACKET_MAX ...
#define BL_OPUS_SAMPLES_MAX ...

struct bl_opus_enc_cfg {
	uint32_t rate_hz;
	uint32_t bit_rate;
	uint32_t complexity;
	uint32_t loss_percent;
	uint32_t fec;
	uint32_t dtx;
	...;
};
struct bl_opus_dec_cfg {
	uint32_t rate_hz;
	...;
};
struct bl_opus_enc;
struct bl_opus_dec;
size_t bl_opus_enc_size(void);
int bl_opus_enc_init(struct bl_opus_enc *e, const struct bl_opus_enc_cfg *cfg);
int bl_opus_enc_set(struct bl_opus_enc *e, const struct bl_opus_enc_cfg *cfg);
void bl_opus_enc_reset(struct bl_opus_enc *e);
int bl_opus_enc_resume(struct bl_opus_enc *e);
int bl_opus_enc_delay(const struct bl_opus_enc *e);
int bl_opus_enc_process(struct bl_opus_enc *e, const int16_t *in, size_t n, uint8_t *out, size_t room);
size_t bl_opus_dec_size(void);
int bl_opus_dec_init(struct bl_opus_dec *d, const struct bl_opus_dec_cfg *cfg);
void bl_opus_dec_reset(struct bl_opus_dec *d);
int bl_opus_dec_resume(struct bl_opus_dec *d);
int bl_opus_dec_process(struct bl_opus_dec *d, const uint8_t *in, size_t octets, int16_t *out, size_t n);
int bl_opus_dec_fec(struct bl_opus_dec *d, const uint8_t *in, size_t octets, int16_t *out, size_t n);
int bl_opus_samples(const uint8_t *in, size_t octets, uint32_t rate_hz);
