/* SPDX-License-Identifier: GPL-2.0-only */
#include "caller_id.h"
#include "caller_id_dtmf.h"
#include "caller_id_ntt.h"

#define BL_CALLER_ID_NUMBER ...
#define BL_CALLER_ID_NAME ...
#define BL_CALLER_ID_RAW ...
#define BL_CALLER_ID_DTMF_MOST ...

struct bl_caller_id_message {
	uint8_t kind;
	uint8_t month, day, hour, minute;
	uint8_t waiting;
	uint8_t call_type;
	char category;
	char number_absent;
	char name_absent;
	char number[...];
	char redirecting[...];
	char called[...];
	char name[...];
	...;
};
int bl_caller_id_decode(const uint8_t *octets, size_t n, uint32_t standard, struct bl_caller_id_message *message);
int bl_caller_id_encode(const struct bl_caller_id_message *message, uint32_t standard, int single, uint8_t *octets,
                        size_t max);

struct bl_caller_id_cfg {
	uint8_t standard;
	float min_level_dbm0;
	...;
};
struct bl_caller_id_result {
	uint64_t at_sample;
	float level_dbm0;
	uint8_t error;
	uint8_t weak_bits;
	uint16_t raw_length;
	uint8_t raw[...];
	struct bl_caller_id_message message;
	...;
};
struct bl_caller_id {
	...;
};
size_t bl_caller_id_size(void);
int bl_caller_id_init(struct bl_caller_id *c, const struct bl_caller_id_cfg *cfg);
void bl_caller_id_reset(struct bl_caller_id *c);
int bl_caller_id_process(struct bl_caller_id *c, const int16_t *in, size_t n, struct bl_caller_id_result *result);

struct bl_caller_id_tx_cfg {
	uint8_t standard;
	uint8_t single;
	uint8_t off_hook;
	float level_dbm0;
	...;
};
struct bl_caller_id_tx {
	...;
};
size_t bl_caller_id_tx_size(void);
int bl_caller_id_tx_init(struct bl_caller_id_tx *tx, const struct bl_caller_id_tx_cfg *cfg);
void bl_caller_id_tx_reset(struct bl_caller_id_tx *tx);
int bl_caller_id_tx_send(struct bl_caller_id_tx *tx, const struct bl_caller_id_message *message);
size_t bl_caller_id_tx_process(struct bl_caller_id_tx *tx, int16_t *out, size_t n);

struct bl_caller_id_dtmf_cfg {
	uint8_t category;
	...;
};
struct bl_caller_id_dtmf {
	...;
};
size_t bl_caller_id_dtmf_size(void);
int bl_caller_id_dtmf_init(struct bl_caller_id_dtmf *d, const struct bl_caller_id_dtmf_cfg *cfg);
void bl_caller_id_dtmf_reset(struct bl_caller_id_dtmf *d);
int bl_caller_id_dtmf_digit(struct bl_caller_id_dtmf *d, char digit, uint64_t at_sample,
                            struct bl_caller_id_result *result);
int bl_caller_id_dtmf_time(struct bl_caller_id_dtmf *d, uint64_t now, struct bl_caller_id_result *result);
int bl_caller_id_dtmf_encode(const struct bl_caller_id_message *message, uint32_t form, char *digits, size_t max);

struct bl_caller_id_ntt {
	uint32_t state;
	...;
};
size_t bl_caller_id_ntt_size(void);
int bl_caller_id_ntt_init(struct bl_caller_id_ntt *n);
int bl_caller_id_ntt_step(struct bl_caller_id_ntt *n, uint32_t event, uint64_t at_sample);
