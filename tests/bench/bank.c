/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All tone receivers on speech, and on signals, which cost more: 20 ms of every channel. Ours are the DTMF receiver and
 * the bank with everything wanted; the peers are spandsp's, one case each, that the bars add up.
 */
#include "bank.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"
#include "dtmf.h"
#include "tone.h"

#define SECOND 8000
#define EVENTS (BL_BANK_EVENTS * BENCH_CHANNELS)

static struct bl_bank banks[BENCH_CHANNELS];
static struct bl_dtmf dtmf[BENCH_CHANNELS];
static void *theirs[8][BENCH_CHANNELS];

static int16_t played[BENCH_CHANNELS][SECOND];
static int signals; /* 1: what is played, 0: speech */

static const int16_t *sound(unsigned int channel, unsigned int number)
{
	return signals ? played[channel] + number * BENCH_FRAME % SECOND : bench_speech(channel, number);
}

/* R1, R2, a busy tone and an answering tone by turns. */
static int play(void)
{
	static const struct bl_tone_step busy[] = {{{480, 620}, -13.0f, 4000, 0, 0, 0}, {{0, 0}, 0.0f, 4000, 0, 0, 0}};
	static const struct bl_tone_step answer = {{2100, 0}, -12.0f, 3600, 15, 20, 1};

	for (int c = 0; c < BENCH_CHANNELS; c++) {
		struct bl_mf_tx mf;
		struct bl_r2_tx r2;
		struct bl_tone tone;

		if (bl_mf_tx_init(&mf, NULL) || bl_r2_tx_init(&r2, NULL) || bl_tone_init(&tone) ||
		    bl_mf_tx_send(&mf, "12345678", 8) || bl_r2_tx_send(&r2, 7) ||
		    (c % 4 == 2 ? bl_tone_play(&tone, busy, 2, 0) : bl_tone_play(&tone, &answer, 1, 0)))
			return -1;
		if (c % 4 == 0)
			(void)bl_mf_tx_process(&mf, played[c], SECOND);
		else if (c % 4 == 1)
			(void)bl_r2_tx_process(&r2, played[c], SECOND);
		else
			(void)bl_tone_process(&tone, played[c], SECOND);
	}
	return 0;
}

static int prepare_bank(void)
{
	struct bl_bank_cfg cfg;

	signals = 0;

	for (int c = 0; c < BENCH_CHANNELS; c++) {
		bl_bank_defaults(&cfg);
		cfg.wants = (1u << BL_HEARD_KINDS) - 1;
		cfg.zone = bl_tone_zone("us");
		if (bl_bank_init(&banks[c], &cfg) || bl_dtmf_init(&dtmf[c], NULL))
			return -1;
	}
	return 0;
}

static int prepare_signals(void)
{
	int error = prepare_bank();

	signals = 1;
	return error ? error : play();
}

static void hear_bank(const int16_t *const in[])
{
	static struct bl_heard heard[EVENTS];
	struct bl_bank *states[BENCH_CHANNELS];

	for (int c = 0; c < BENCH_CHANNELS; c++)
		states[c] = &banks[c];
	bench_sink += (int)bl_bank_process_many(states, in, BENCH_CHANNELS, heard, EVENTS);
}

static void hear_dtmf(const int16_t *const in[])
{
	static struct bl_dtmf_event events[2 * BENCH_CHANNELS];
	struct bl_dtmf *states[BENCH_CHANNELS];

	for (int c = 0; c < BENCH_CHANNELS; c++)
		states[c] = &dtmf[c];
	bench_sink += (int)bl_dtmf_process_many(states, in, BENCH_CHANNELS, events, 2 * BENCH_CHANNELS);
}

static void each_tick(unsigned int number, int with_dtmf)
{
	const int16_t *in[BENCH_CHANNELS];

	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		in[c] = sound(c, number);
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
		hear_bank(in);
		if (with_dtmf)
			hear_dtmf(in);
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			in[c] += BENCH_TICK;
	}
}

static void ours_all(unsigned int number)
{
	each_tick(number, 1);
}

static void ours_bank(unsigned int number)
{
	each_tick(number, 0);
}

static void on_tone(void *user, int code, int level, int delay)
{
	(void)user;
	bench_sink += code + level + delay;
}

static super_tone_rx_descriptor_t *seven_tones(void)
{
	static const struct {
		int low, high, on_ms, off_ms;
	} tones[7] = {{350, 440, 1250, 0},  {440, 480, 2000, 4000}, {480, 620, 500, 500}, {480, 620, 250, 250},
	              {425, 0, 1000, 4000}, {450, 0, 350, 350},     {400, 0, 375, 375}};
	super_tone_rx_descriptor_t *made = super_tone_rx_make_descriptor(NULL);

	for (int i = 0; i < 7; i++) {
		int tone = super_tone_rx_add_tone(made);

		super_tone_rx_add_element(made, tone, tones[i].low, tones[i].high, tones[i].on_ms * 8 / 10,
		                          tones[i].off_ms ? tones[i].on_ms * 12 / 10 : 0);
		if (tones[i].off_ms)
			super_tone_rx_add_element(made, tone, 0, 0, tones[i].off_ms * 8 / 10,
			                          tones[i].off_ms * 12 / 10);
	}
	return made;
}

static void on_super_tone(void *user, int code, int level, int delay)
{
	on_tone(user, code, level, delay);
}

static void on_digits(void *user, const char *digits, int n)
{
	(void)user;
	bench_sink += digits[0] + n;
}

static void *made(int peer)
{
	static super_tone_rx_descriptor_t *tones;

	switch (peer) {
	case 0:
		return dtmf_rx_init(NULL, on_digits, NULL);
	case 1:
		return bell_mf_rx_init(NULL, on_digits, NULL);
	case 2:
	case 3:
		return r2_mf_rx_init(NULL, peer == 2, on_tone, NULL);
	case 4:
		if (!tones)
			tones = seven_tones();
		return super_tone_rx_init(NULL, tones, on_super_tone, NULL);
	case 5:
		return modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CED, on_tone, NULL);
	case 6:
		return modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_FAX_CNG, on_tone, NULL);
	default:
		return modem_connect_tones_rx_init(NULL, MODEM_CONNECT_TONES_ANS_PR, on_tone, NULL);
	}
}

static void hear(int peer, void *state, const int16_t *in)
{
	switch (peer) {
	case 0:
		bench_sink += dtmf_rx(state, in, BENCH_FRAME);
		return;
	case 1:
		bench_sink += bell_mf_rx(state, in, BENCH_FRAME);
		return;
	case 2:
	case 3:
		bench_sink += r2_mf_rx(state, in, BENCH_FRAME);
		return;
	case 4:
		bench_sink += super_tone_rx(state, in, BENCH_FRAME);
		return;
	default:
		bench_sink += modem_connect_tones_rx(state, in, BENCH_FRAME);
	}
}

#define PEER(number, name)                                                                                             \
	static int prepare_##name(void)                                                                                \
	{                                                                                                              \
		for (int c = 0; c < BENCH_CHANNELS; c++)                                                               \
			theirs[number][c] = made(number);                                                              \
		return 0;                                                                                              \
	}                                                                                                              \
	static void hear_##name(unsigned int frame)                                                                    \
	{                                                                                                              \
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)                                                      \
			hear(number, theirs[number][c], sound(c, frame));                                              \
	}

PEER(0, dtmf_rx)
PEER(1, bell_mf_rx)
PEER(2, r2_forward)
PEER(3, r2_backward)
PEER(4, super_tone_rx)
PEER(5, ced)
PEER(6, cng)
PEER(7, ans_pr)

/* Versions of clang-format differ on a macro that is braces. */
/* clang-format off */
#define ENTRY(name) {"all", #name, prepare_##name, hear_##name}
#define AGAIN(name) {"signals", #name, prepare_##name, hear_##name}
/* clang-format on */

const struct bench_case bench_bank[] = {
        {"all", "ours", prepare_bank, ours_all},
        ENTRY(dtmf_rx),
        ENTRY(bell_mf_rx),
        ENTRY(r2_forward),
        ENTRY(r2_backward),
        ENTRY(super_tone_rx),
        ENTRY(ced),
        ENTRY(cng),
        ENTRY(ans_pr),
        {"bank", "ours", prepare_bank, ours_bank},
        {"signals", "ours", prepare_signals, ours_all},
        AGAIN(dtmf_rx),
        AGAIN(bell_mf_rx),
        AGAIN(r2_forward),
        AGAIN(r2_backward),
        AGAIN(super_tone_rx),
        AGAIN(ced),
        AGAIN(cng),
        AGAIN(ans_pr),
        {0},
};
