/* SPDX-License-Identifier: GPL-2.0-only */
/* DTMF receivers: 20 ms of every channel, of speech; and of digits, 100 ms long with pauses as long. */
#include "dtmf.h"

#include <spandsp.h>
#include <string.h>

#include "bench.h"

#define EVENTS (4 * BENCH_CHANNELS)
#define DIGIT_FRAMES 160 /* the 16 digits, 100 ms and 100 ms */

static struct {
	_Alignas(64) struct bl_dtmf receiver; /* as a port of the engine has it */
} ours[BENCH_CHANNELS];
static dtmf_rx_state_t *theirs[BENCH_CHANNELS];
static int16_t digits[DIGIT_FRAMES][BENCH_FRAME];

static int make_digits(void)
{
	struct bl_dtmf_tx_cfg cfg = {-10.0f, -10.0f, 100, 100};
	struct bl_dtmf_tx tx;

	if (bl_dtmf_tx_init(&tx, &cfg) || bl_dtmf_tx_send(&tx, "1234567890*#ABCD", 16))
		return -1;
	return bl_dtmf_tx_process(&tx, digits[0], sizeof digits / sizeof digits[0][0]) ? 0 : -1;
}

static int prepare_ours(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		if (bl_dtmf_init(&ours[c].receiver, NULL))
			return -1;
	return make_digits();
}

static int prepare_theirs(void)
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		theirs[c] = dtmf_rx_init(NULL, NULL, NULL);
	return make_digits();
}

static const int16_t *digit_frame(unsigned int channel, unsigned int number)
{
	return digits[(number + 7 * channel) % DIGIT_FRAMES];
}

static void hear_ours(unsigned int number, const int16_t *(*sound)(unsigned int, unsigned int))
{
	struct bl_dtmf *receivers[BENCH_CHANNELS];
	const int16_t *in[BENCH_CHANNELS];
	struct bl_dtmf_event events[EVENTS];

	for (unsigned int c = 0; c < BENCH_CHANNELS; c++) {
		receivers[c] = &ours[c].receiver;
		in[c] = sound(c, number);
	}
	for (int at = 0; at < BENCH_FRAME; at += BENCH_TICK) {
		bench_sink += (int)bl_dtmf_process_many(receivers, in, BENCH_CHANNELS, events, EVENTS);
		for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
			in[c] += BENCH_TICK;
	}
}

static void hear_theirs(unsigned int number, const int16_t *(*sound)(unsigned int, unsigned int))
{
	for (unsigned int c = 0; c < BENCH_CHANNELS; c++)
		bench_sink += dtmf_rx(theirs[c], sound(c, number), BENCH_FRAME);
}

static void speech_ours(unsigned int number)
{
	hear_ours(number, bench_speech);
}

static void speech_theirs(unsigned int number)
{
	hear_theirs(number, bench_speech);
}

static void digits_ours(unsigned int number)
{
	hear_ours(number, digit_frame);
}

static void digits_theirs(unsigned int number)
{
	hear_theirs(number, digit_frame);
}

const struct bench_case bench_dtmf[] = {
        {"receive", "ours", prepare_ours, speech_ours},
        {"receive", "spandsp", prepare_theirs, speech_theirs},
        {"receive_digits", "ours", prepare_ours, digits_ours},
        {"receive_digits", "spandsp", prepare_theirs, digits_theirs},
        {0},
};
