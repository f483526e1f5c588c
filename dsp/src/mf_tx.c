/* SPDX-License-Identifier: GPL-2.0-only */
/* Bell MF sender, Q.322. */
#include <errno.h>
#include <string.h>

#include "mf.h"
#include "mf_signals.h"
#include "oscillator.h"
#include "pairs.h"

static const uint16_t tone_hz[PAIR_TONES] = {700, 900, 1100, 1300, 1500, 1700};

size_t bl_mf_tx_size(void)
{
	return sizeof(struct bl_mf_tx);
}

static int length_is_good(uint16_t ms)
{
	return ms >= 1 && ms <= 60000;
}

int bl_mf_tx_init(struct bl_mf_tx *tx, const struct bl_mf_tx_cfg *cfg)
{
	if (!tx)
		return -EINVAL;

	static const struct bl_mf_tx_cfg standard = {.level_dbm0 = -7.0f, .on_ms = 68, .kp_ms = 100, .off_ms = 68};

	if (!cfg)
		cfg = &standard;
	if (!(cfg->level_dbm0 >= -60.0f && cfg->level_dbm0 <= 0.0f))
		return -EINVAL;
	if (!length_is_good(cfg->on_ms) || !length_is_good(cfg->kp_ms) || !length_is_good(cfg->off_ms))
		return -EINVAL;
	memset(tx, 0, sizeof(*tx));
	tx->cfg = *cfg;
	tx->amplitude = sine_peak(cfg->level_dbm0);
	return 0;
}

void bl_mf_tx_reset(struct bl_mf_tx *tx)
{
	if (!tx)
		return;
	tx->on_left = 0;
	tx->off_left = 0;
	tx->first = 0;
	tx->queued = 0;
}

int bl_mf_tx_send(struct bl_mf_tx *tx, const char *signals, size_t n)
{
	if (!tx || !signals)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!mf_number(signals[i]))
			return -EINVAL;
	}
	if (tx->queued > BL_MF_TX_QUEUE || n > (size_t)BL_MF_TX_QUEUE - tx->queued)
		return -ENOBUFS;
	for (size_t i = 0; i < n; i++) {
		tx->queue[(tx->first + tx->queued) % BL_MF_TX_QUEUE] = signals[i];
		tx->queued++;
	}
	return 0;
}

static void start_signal(struct bl_mf_tx *tx)
{
	char signal = tx->queue[tx->first % BL_MF_TX_QUEUE];
	int number = mf_number(signal);
	struct pair tones = pair_of(number ? number : 1); /* the queue may have been torn */

	tx->first = (uint8_t)((tx->first + 1) % BL_MF_TX_QUEUE);
	tx->queued--;
	memset(tx->phase, 0, sizeof(tx->phase));
	tx->step[0] = phase_step(tone_hz[tones.low]);
	tx->step[1] = phase_step(tone_hz[tones.high]);
	tx->on_left = (uint32_t)(signal == MF_KP ? tx->cfg.kp_ms : tx->cfg.on_ms) * BL_SAMPLES_PER_MS;
	tx->off_left = (uint32_t)tx->cfg.off_ms * BL_SAMPLES_PER_MS;
}

static size_t sound(struct bl_mf_tx *tx, int16_t *out, size_t n)
{
	struct sines s = {.turn = {tx->step[0], tx->step[1]}, .amplitude = {tx->amplitude, tx->amplitude}};

	if (n > tx->on_left)
		n = tx->on_left;
	memcpy(s.phase, tx->phase, sizeof(tx->phase));
	bl_sines_fill(&s, out, n);
	memcpy(tx->phase, s.phase, sizeof(tx->phase));
	tx->on_left -= (uint32_t)n;
	return n;
}

static size_t pause(struct bl_mf_tx *tx, int16_t *out, size_t n)
{
	if (n > tx->off_left)
		n = tx->off_left;
	memset(out, 0, n * sizeof(*out));
	tx->off_left -= (uint32_t)n;
	return n;
}

size_t bl_mf_tx_process(struct bl_mf_tx *tx, int16_t *out, size_t n)
{
	size_t done = 0;

	while (done < n && (tx->on_left || tx->off_left || tx->queued)) {
		if (!tx->on_left && !tx->off_left)
			start_signal(tx);
		done += tx->on_left ? sound(tx, out + done, n - done) : pause(tx, out + done, n - done);
	}
	if (done < n)
		memset(out + done, 0, (n - done) * sizeof(*out));
	return done;
}
