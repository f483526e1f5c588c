/* SPDX-License-Identifier: GPL-2.0-only */
/* MFC-R2 sender, Q.454. */
#include <errno.h>
#include <string.h>

#include "oscillator.h"
#include "pairs.h"
#include "r2.h"

static const uint16_t tone_hz[2][PAIR_TONES] = {{1380, 1500, 1620, 1740, 1860, 1980}, {1140, 1020, 900, 780, 660, 540}};

size_t bl_r2_tx_size(void)
{
	return sizeof(struct bl_r2_tx);
}

int bl_r2_tx_init(struct bl_r2_tx *tx, const struct bl_r2_tx_cfg *cfg)
{
	if (!tx)
		return -EINVAL;

	static const struct bl_r2_tx_cfg standard = {.level_dbm0 = -11.5f};

	if (!cfg)
		cfg = &standard;
	if (!(cfg->level_dbm0 >= -60.0f && cfg->level_dbm0 <= 0.0f) || cfg->backward > 1)
		return -EINVAL;
	memset(tx, 0, sizeof(*tx));
	tx->cfg = *cfg;
	tx->amplitude = sine_peak(cfg->level_dbm0);
	return 0;
}

void bl_r2_tx_reset(struct bl_r2_tx *tx)
{
	if (!tx)
		return;
	tx->signal = 0;
}

int bl_r2_tx_send(struct bl_r2_tx *tx, unsigned int signal)
{
	if (!tx)
		return -EINVAL;

	const uint16_t *hz = tone_hz[tx->cfg.backward != 0];

	if (signal > BL_R2_SIGNALS)
		return -EINVAL;
	if (signal && signal != tx->signal) {
		struct pair tones = pair_of((int)signal);

		memset(tx->phase, 0, sizeof(tx->phase));
		tx->step[0] = phase_step(hz[tones.low]);
		tx->step[1] = phase_step(hz[tones.high]);
	}
	tx->signal = (uint8_t)signal;
	return 0;
}

size_t bl_r2_tx_process(struct bl_r2_tx *tx, int16_t *out, size_t n)
{
	if (!tx || !out)
		return 0;

	struct sines s = {.turn = {tx->step[0], tx->step[1]}, .amplitude = {tx->amplitude, tx->amplitude}};

	if (!tx->signal) {
		memset(out, 0, n * sizeof(*out));
		return 0;
	}
	memcpy(s.phase, tx->phase, sizeof(tx->phase));
	bl_sines_fill(&s, out, n);
	memcpy(tx->phase, s.phase, sizeof(tx->phase));
	return n;
}
