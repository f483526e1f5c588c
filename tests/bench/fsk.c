/* SPDX-License-Identifier: GPL-2.0-only */
/* FSK of 1200 bit/s: a message received, the same on speech and in silence, a message sent; Bell 202's, and V.23's. */
#include "fsk.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"

#define FRAMES 200 /* 4 s: longer than the longest message */
#define MESSAGE 250

static const struct bl_fsk_burst burst = {.seizure_bits = 300, .mark_bits = 180, .tail_bits = 10, .stop_bits = 1};

static struct bl_fsk_rx ours[BENCH_CHANNELS];
static struct bl_fsk_tx sending[BENCH_CHANNELS];
static fsk_rx_state_t *theirs[BENCH_CHANNELS];
static fsk_tx_state_t *their_sending[BENCH_CHANNELS];
static int16_t message[FRAMES * BENCH_FRAME];
static const int16_t *heard; /* NULL: speech */
static int16_t silence[FRAMES * BENCH_FRAME];
static uint32_t bits;

static int16_t made[BENCH_CHANNELS][BENCH_FRAME];

static void make_message(const struct bl_fsk_tx_cfg *speak)
{
	struct bl_fsk_tx tx;
	uint8_t octets[MESSAGE];
	size_t done = 0;

	for (size_t i = 0; i < MESSAGE; i++)
		octets[i] = (uint8_t)(i * 37 + 11);
	(void)bl_fsk_tx_init(&tx, speak);
	while (done < FRAMES * BENCH_FRAME) {
		(void)bl_fsk_tx_send(&tx, octets, MESSAGE, &burst);
		done += bl_fsk_tx_process(&tx, message + done, FRAMES * BENCH_FRAME - done);
	}
}

static void put_bit(void *user, int bit)
{
	(void)user;
	bench_sink += bit;
}

static int get_bit(void *user)
{
	(void)user;
	bits = bits * 1664525u + 1013904223u;
	return (int)(bits >> 31);
}

static int prepare(const int16_t *sound, enum bl_fsk_modem modem, int theirs_is)
{
	const struct bl_fsk_rx_cfg hear = {.modem = modem, .min_level_dbm0 = -40.0f};
	const struct bl_fsk_tx_cfg speak = {.modem = modem, .level_dbm0 = -14.0f};
	const fsk_spec_t *spec = &preset_fsk_specs[theirs_is];

	make_message(&speak);
	heard = sound;
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		if (bl_fsk_rx_init(&ours[c], &hear) || bl_fsk_tx_init(&sending[c], &speak))
			return -1;
		theirs[c] = fsk_rx_init(theirs[c], spec, FSK_FRAME_MODE_ASYNC, put_bit, NULL);
		their_sending[c] = fsk_tx_init(their_sending[c], spec, get_bit, NULL);
	}
	return 0;
}

static int prepare_message(void)
{
	return prepare(message, BL_FSK_BELL202, FSK_BELL202);
}

static int prepare_speech(void)
{
	return prepare(NULL, BL_FSK_BELL202, FSK_BELL202);
}

static int prepare_silence(void)
{
	return prepare(silence, BL_FSK_BELL202, FSK_BELL202);
}

static int prepare_v23(void)
{
	return prepare(message, BL_FSK_V23, FSK_V23CH1);
}

/* The channels are at different places of the message. */
static const int16_t *sound_of(unsigned int channel, unsigned int number)
{
	return heard ? heard + (number + channel * 11) % FRAMES * BENCH_FRAME : bench_speech(channel, number);
}

static void hear_ours(unsigned int number)
{
	struct bl_fsk_event events[2];

	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			bench_sink += (int)bl_fsk_rx_process(&ours[c], sound_of(c, number) + at, BENCH_TICK, events, 2);
}

static void hear_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += fsk_rx(theirs[c], sound_of(c, number), BENCH_FRAME);
}

static void send_ours(unsigned int number)
{
	static const uint8_t octets[MESSAGE] = {0x80, 0xf8, 1, 8, '0', '3', '2', '5'};

	(void)number;
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK)
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			if (bl_fsk_tx_process(&sending[c], made[c] + at, BENCH_TICK) < BENCH_TICK)
				(void)bl_fsk_tx_send(&sending[c], octets, MESSAGE, &burst);
	bench_sink += made[number % BENCH_CHANNELS][7];
}

static void send_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += fsk_tx(their_sending[c], made[c], BENCH_FRAME);
	bench_sink += made[number % BENCH_CHANNELS][7];
}

const struct bench_case bench_fsk[] = {
        {"receive", "ours", prepare_message, hear_ours},
        {"receive", "spandsp", prepare_message, hear_theirs},
        {"receive_speech", "ours", prepare_speech, hear_ours},
        {"receive_speech", "spandsp", prepare_speech, hear_theirs},
        {"receive_silence", "ours", prepare_silence, hear_ours},
        {"receive_silence", "spandsp", prepare_silence, hear_theirs},
        {"send", "ours", prepare_message, send_ours},
        {"send", "spandsp", prepare_message, send_theirs},
        {"receive_v23", "ours", prepare_v23, hear_ours},
        {"receive_v23", "spandsp", prepare_v23, hear_theirs},
        {"send_v23", "ours", prepare_v23, send_ours},
        {"send_v23", "spandsp", prepare_v23, send_theirs},
        {0},
};
