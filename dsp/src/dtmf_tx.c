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
	if (!tx)
		return -EINVAL;

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
	if (!tx)
		return;
	tx->on_left = 0;
	tx->off_left = 0;
	tx->first = 0;
	tx->queued = 0;
}

int bl_dtmf_tx_send(struct bl_dtmf_tx *tx, const char *digits, size_t n)
{
	if (!tx || !digits)
		return -EINVAL;
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

/* The samples of the digit that is on. */
static void sound(struct bl_dtmf_tx *tx, int16_t *out, size_t n)
{
	struct sines s = {.phase = {tx->phase[0], tx->phase[1]},
	                  .turn = {tx->step[0], tx->step[1]},
	                  .amplitude = {tx->amplitude[0], tx->amplitude[1]}};

	bl_sines_fill(&s, out, n);
	tx->phase[0] = s.phase[0];
	tx->phase[1] = s.phase[1];
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t bl_dtmf_tx_process(struct bl_dtmf_tx *tx, int16_t *out, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t take;

		if (tx->on_left) {
			take = least(tx->on_left, n - done);
			sound(tx, out + done, take);
			tx->on_left -= (uint32_t)take;
		} else if (tx->off_left) {
			take = least(tx->off_left, n - done);
			memset(out + done, 0, take * sizeof(*out));
			tx->off_left -= (uint32_t)take;
		} else if (tx->queued) {
			start_digit(tx);
			continue;
		} else {
			break;
		}
		done += take;
	}
	if (done < n)
		memset(out + done, 0, (n - done) * sizeof(*out));
	return done;
}
