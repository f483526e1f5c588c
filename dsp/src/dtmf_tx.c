/* SPDX-License-Identifier: GPL-2.0-only */
/* DTMF sender: two sines a digit, Q.23. */
#include "dtmf.h"

#include <errno.h>
#include <string.h>

#include "dtmf_digits.h"
#include "oscillator.h"

static const uint16_t low_hz[4] = {697, 770, 852, 941};
static const uint16_t high_hz[4] = {1209, 1336, 1477, 1633};

size_t bl_dtmf_tx_size(void)
{
	return sizeof(struct bl_dtmf_tx);
}

static int level_is_good(float level_dbm0)
{
	return level_dbm0 >= -60.0f && level_dbm0 <= 0.0f;
}

static int length_is_good(uint16_t ms)
{
	return ms >= 1 && ms <= 60000;
}

int bl_dtmf_tx_init(struct bl_dtmf_tx *tx, const struct bl_dtmf_tx_cfg *cfg)
{
	static const struct bl_dtmf_tx_cfg standard = {
	        .low_level_dbm0 = -9.0f, .high_level_dbm0 = -7.0f, .on_ms = 80, .off_ms = 80};

	if (!cfg)
		cfg = &standard;
	if (!level_is_good(cfg->low_level_dbm0) || !level_is_good(cfg->high_level_dbm0))
		return -EINVAL;
	if (!length_is_good(cfg->on_ms) || !length_is_good(cfg->off_ms))
		return -EINVAL;
	memset(tx, 0, sizeof(*tx));
	tx->cfg = *cfg;
	tx->amplitude[0] = sine_peak(cfg->low_level_dbm0);
	tx->amplitude[1] = sine_peak(cfg->high_level_dbm0);
	return 0;
}

void bl_dtmf_tx_reset(struct bl_dtmf_tx *tx)
{
	tx->on_left = 0;
	tx->off_left = 0;
	tx->first = 0;
	tx->queued = 0;
}

int bl_dtmf_tx_send(struct bl_dtmf_tx *tx, const char *digits, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (digit_index(digits[i]) < 0)
			return -EINVAL;
	}
	if (n > (size_t)BL_DTMF_TX_QUEUE - tx->queued)
		return -ENOBUFS;
	for (size_t i = 0; i < n; i++) {
		tx->queue[(tx->first + tx->queued) % BL_DTMF_TX_QUEUE] = digits[i];
		tx->queued++;
	}
	return 0;
}

static void start_digit(struct bl_dtmf_tx *tx)
{
	int digit = digit_index(tx->queue[tx->first]);

	tx->first = (uint8_t)((tx->first + 1) % BL_DTMF_TX_QUEUE);
	tx->queued--;
	tx->phase[0] = 0;
	tx->phase[1] = 0;
	tx->step[0] = phase_step(low_hz[digit / 4]);
	tx->step[1] = phase_step(high_hz[digit % 4]);
	tx->on_left = (uint32_t)tx->cfg.on_ms * BL_SAMPLES_PER_MS;
	tx->off_left = (uint32_t)tx->cfg.off_ms * BL_SAMPLES_PER_MS;
}

static int16_t next_sample(struct bl_dtmf_tx *tx)
{
	float value;

	if (!tx->on_left) {
		tx->off_left--;
		return 0;
	}
	value = tx->amplitude[0] * sine_of(tx->phase[0]) + tx->amplitude[1] * sine_of(tx->phase[1]);
	tx->phase[0] += tx->step[0];
	tx->phase[1] += tx->step[1];
	tx->on_left--;
	return to_sample(value);
}

size_t bl_dtmf_tx_process(struct bl_dtmf_tx *tx, int16_t *out, size_t n)
{
	size_t done = 0;

	for (; done < n; done++) {
		if (!tx->on_left && !tx->off_left) {
			if (!tx->queued)
				break;
			start_digit(tx);
		}
		out[done] = next_sample(tx);
	}
	if (done < n)
		memset(out + done, 0, (n - done) * sizeof(*out));
	return done;
}
