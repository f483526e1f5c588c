/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs every block on good and on random input, built with the sanitizers by test_sanitizers.py: `driver SEED ROUNDS`.
 *
 * State lies in heap memory of exactly its size and every buffer is of exactly its length, so that one octet too far is
 * seen; a state is moved to other memory between calls, so that a pointer into itself would be seen too. Exit 0, or 1
 * with the line of the expectation that did not hold.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bank.h"
#include "dtmf.h"
#include "g711.h"
#include "hdlc.h"
#include "level.h"
#include "tone.h"

#define EXPECT(what)                                                                                                   \
	do {                                                                                                           \
		if (!(what)) {                                                                                         \
			fprintf(stderr, "%d: %s\n", __LINE__, #what);                                                  \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

static uint64_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void *room(size_t size)
{
	void *memory = malloc(size ? size : 1);

	EXPECT(memory);
	return memory;
}

static void *moved(void *state, size_t size)
{
	void *other = room(size);

	memcpy(other, state, size);
	memset(state, 0xa5, size);
	free(state);
	return other;
}

static uint8_t *any_octets(size_t n)
{
	uint8_t *octets = room(n);
	uint32_t mood = any(4);

	for (size_t i = 0; i < n; i++) /* random, nearly all ones, nearly all zeros, nearly all flags */
		octets[i] = (uint8_t)(mood && any(9) ? (const uint8_t[]){0, 0xff, 0x00, 0x7e}[mood] : any(256));
	return octets;
}

static int16_t *any_sound(size_t n)
{
	int16_t *sound = room(n * sizeof(*sound));
	uint32_t mood = any(3);

	for (size_t i = 0; i < n; i++)
		sound[i] = (int16_t)(mood == 0   ? 0
		                     : mood == 1 ? (int)any(65536) - 32768
		                     : any(2)    ? INT16_MAX
		                                 : INT16_MIN);
	return sound;
}

static void try_g711(void)
{
	size_t n = any(400);
	int16_t *sound = any_sound(n);
	int16_t *back = room(n * sizeof(*back));
	uint8_t *codes = room(n);

	bl_alaw_encode(sound, codes, n);
	bl_alaw_to_ulaw(codes, codes, n);
	bl_ulaw_decode(codes, back, n);
	bl_ulaw_encode(sound, codes, n);
	bl_ulaw_to_alaw(codes, codes, n);
	bl_alaw_decode(codes, back, n);
	free(sound);
	free(back);
	free(codes);
}

struct check {
	const uint8_t *frames[BL_HDLC_TX_QUEUE];
	size_t lens[BL_HDLC_TX_QUEUE];
	size_t heard;
};

static void on_frame(void *user, const uint8_t *frame, size_t len)
{
	struct check *check = user;

	EXPECT(check->heard < BL_HDLC_TX_QUEUE && len == check->lens[check->heard]);
	EXPECT(memcmp(frame, check->frames[check->heard], len) == 0);
	check->heard++;
}

static void count_frame(void *user, const uint8_t *frame, size_t len)
{
	size_t *octets = user;

	for (size_t i = 0; i < len; i++)
		*octets += frame[i] != 0;
}

static void try_hdlc_loop(void)
{
	struct bl_hdlc_tx_cfg cfg = {.fill = (uint8_t)any(2), .min_flags = (uint8_t)(1 + any(5))};
	struct bl_hdlc_tx *tx = room(bl_hdlc_tx_size());
	struct bl_hdlc_rx *rx = room(bl_hdlc_rx_size());
	struct check check = {.heard = 0};

	EXPECT(bl_hdlc_tx_init(tx, &cfg) == 0 && bl_hdlc_rx_init(rx, NULL) == 0);
	for (size_t i = 0; i < BL_HDLC_TX_QUEUE; i++) {
		check.lens[i] = 3 + any(BL_HDLC_FRAME_MAX - 2);
		check.frames[i] = any_octets(check.lens[i]);
		EXPECT(bl_hdlc_tx_send(tx, check.frames[i], check.lens[i]) == 0);
	}
	EXPECT(bl_hdlc_tx_send(tx, check.frames[0], 3) == -ENOBUFS);
	EXPECT(bl_hdlc_tx_send(tx, check.frames[0], 0) == -EINVAL);
	EXPECT(bl_hdlc_tx_send(tx, check.frames[0], BL_HDLC_FRAME_MAX + 1) == -EMSGSIZE);
	for (int guard = 0; check.heard < BL_HDLC_TX_QUEUE; guard++) {
		size_t n = any(60);
		uint8_t *line = room(n);

		EXPECT(guard < 10000);
		bl_hdlc_tx_process(tx, line, n);
		bl_hdlc_rx_process(rx, line, n, on_frame, &check);
		free(line);
		tx = moved(tx, bl_hdlc_tx_size());
		rx = moved(rx, bl_hdlc_rx_size());
	}
	for (size_t i = 0; i < BL_HDLC_TX_QUEUE; i++)
		free((void *)(uintptr_t)check.frames[i]);
	free(tx);
	free(rx);
}

static void try_hdlc_noise(void)
{
	struct bl_hdlc_rx_cfg cfg = {.min_len = 1, .max_len = (uint16_t)(1 + any(BL_HDLC_FRAME_MAX))};
	struct bl_hdlc_rx *rx = room(bl_hdlc_rx_size());
	size_t octets = 0;

	EXPECT(bl_hdlc_rx_init(rx, &cfg) == 0);
	for (int i = 0; i < 40; i++) {
		size_t n = any(300);
		uint8_t *line = any_octets(n);

		bl_hdlc_rx_process(rx, line, n, count_frame, &octets);
		free(line);
		if (!any(20))
			bl_hdlc_rx_reset(rx);
	}
	free(rx);
}

static void try_dtmf_noise(void)
{
	struct bl_dtmf *d = room(bl_dtmf_size());

	EXPECT(bl_dtmf_init(d, NULL) == 0);
	for (int i = 0; i < 20; i++) {
		size_t n = any(500);
		size_t max = any(4);
		int16_t *sound = any_sound(n);
		struct bl_dtmf_event *events = room(max * sizeof(*events));

		EXPECT(bl_dtmf_process(d, sound, n, events, max) <= max);
		free(events);
		free(sound);
		d = moved(d, bl_dtmf_size());
	}
	free(d);
}

static void try_dtmf_loop(void)
{
	struct bl_dtmf *d = room(bl_dtmf_size());
	struct bl_dtmf_tx *tx = room(bl_dtmf_tx_size());
	struct bl_dtmf_event events[4];
	int16_t sound[40];
	const char digits[] = "123A456B789C*0#D";
	size_t heard = 0;

	EXPECT(bl_dtmf_init(d, NULL) == 0 && bl_dtmf_tx_init(tx, NULL) == 0);
	EXPECT(bl_dtmf_tx_send(tx, digits, 16) == 0 && bl_dtmf_tx_send(tx, "x", 1) == -EINVAL);
	for (int tick = 0; tick < 16 * 32 + 20; tick++) {
		bl_dtmf_tx_process(tx, sound, 40);
		size_t count = bl_dtmf_process(d, sound, 40, events, 4);

		for (size_t i = 0; i < count; i++) {
			if (events[i].on)
				EXPECT(events[i].digit == digits[heard++]);
		}
	}
	EXPECT(heard == 16);
	free(d);
	free(tx);
}

static void try_tone(void)
{
	struct bl_tone *t = room(bl_tone_size());

	EXPECT(bl_tone_init(t) == 0 && bl_tone_zone("nowhere") == -ENOENT);
	for (int i = 0; i < 20; i++) {
		struct bl_tone_step step = {.hz = {(uint16_t)any(65536), (uint16_t)any(4000)}, .samples = any(300)};
		size_t n = any(2000);
		uint8_t *codes = room(n);
		int16_t *sound = room(n * sizeof(*sound));

		(void)bl_tone_start(t, (int)any(6) - 1, (int)any(8) - 1);
		(void)bl_tone_play(t, &step, any(2), any(4));
		EXPECT(bl_tone_process_alaw(t, codes, n) <= n && bl_tone_process(t, sound, n) <= n);
		free(codes);
		free(sound);
		t = moved(t, bl_tone_size());
	}
	free(t);
}

static void try_bank(void)
{
	struct bl_bank *b = room(bl_bank_size());
	struct bl_bank_cfg cfg;

	bl_bank_defaults(&cfg);
	cfg.wants = (1u << BL_HEARD_KINDS) - 1;
	EXPECT(bl_bank_init(b, &cfg) == -EINVAL); /* call progress without a zone */
	cfg.zone = (int32_t)any(44);
	EXPECT(bl_bank_init(b, &cfg) == 0);
	for (int i = 0; i < 20; i++) {
		size_t n = any(900), max = any(4);
		int16_t *sound = any_sound(n);
		struct bl_heard *heard = room(max * sizeof(*heard));

		EXPECT(bl_bank_process(b, sound, n, heard, max) <= max);
		free(heard);
		free(sound);
		b = moved(b, bl_bank_size());
	}
	free(b);
}

static void try_level(void)
{
	struct bl_level_cfg cfg = {.window_samples = 1 + any(1000)};
	struct bl_level *l = room(bl_level_size());
	struct bl_level_reading reading;

	EXPECT(bl_level_init(l, &cfg) == 0);
	for (int i = 0; i < 20; i++) {
		size_t n = any(3000);
		int16_t *sound = any_sound(n);

		bl_level_process(l, sound, n);
		bl_level_read(l, &reading);
		EXPECT(reading.rms_dbm0 >= -100.0f && reading.rms_dbm0 <= 6.16f && reading.peak_dbm0 <= 3.15f);
		free(sound);
	}
	free(l);
}

int main(int argc, char **argv)
{
	static void (*const blocks[])(void) = {try_g711,      try_hdlc_loop, try_hdlc_noise, try_dtmf_noise,
	                                       try_dtmf_loop, try_tone,      try_bank,       try_level};

	EXPECT(argc == 3);
	seed = strtoull(argv[1], NULL, 10);
	for (unsigned long round = strtoul(argv[2], NULL, 10); round; round--) {
		for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
			blocks[i]();
	}
	return 0;
}
