/* SPDX-License-Identifier: GPL-2.0-only */
/* Octets as a message, digits as a message, a message with its octets changed on the line; what a line in Japan sees.
 */
#include "caller_id.h"

#include "caller_id_dtmf.h"
#include "caller_id_ntt.h"
#include "fuzz.h"

static void expect_text(const char *text, size_t most)
{
	size_t length = 0;

	while (length <= most && text[length])
		length++;
	if (length > most)
		abort();
}

static void expect_message(const struct bl_caller_id_message *m)
{
	expect_text(m->number, BL_CALLER_ID_NUMBER);
	expect_text(m->redirecting, BL_CALLER_ID_NUMBER);
	expect_text(m->called, BL_CALLER_ID_NUMBER);
	expect_text(m->name, BL_CALLER_ID_NAME);
	if (m->month > 12 || m->hour > 23 || m->kind > BL_CALLER_ID_OTHER)
		abort();
}

static void read_octets(struct fuzz *f)
{
	uint32_t standard = fuzz_below(f, 4);
	size_t n = fuzz_below(f, 300);
	uint8_t *octets = fuzz_octets(f, &n), *again = fuzz_room(BL_CALLER_ID_RAW);
	struct bl_caller_id_message message, twice;

	(void)bl_caller_id_sum_is_right(octets, n, standard);
	if (!bl_caller_id_decode(octets, n, standard, &message)) {
		int length = bl_caller_id_encode(&message, standard, (int)fuzz_below(f, 2), again,
		                                 fuzz_below(f, BL_CALLER_ID_RAW + 1));

		expect_message(&message);
		if (length > 0 && (bl_caller_id_decode(again, (size_t)length, standard, &twice) ||
		                   strcmp(message.number, twice.number)))
			abort();
	}
	free(again);
	free(octets);
}

static void hear_octets(struct fuzz *f)
{
	struct bl_caller_id_cfg cfg = {.standard = (uint8_t)fuzz_below(f, 3), .min_level_dbm0 = -40.0f};
	struct bl_fsk_tx_cfg line = {.modem = cfg.standard != BL_CALLER_ID_BELL202, .level_dbm0 = -10.0f};
	struct bl_fsk_burst burst = {.mark_bits = 30, .tail_bits = 6, .stop_bits = 1};
	size_t n = fuzz_below(f, BL_FSK_OCTETS + 1);
	uint8_t *octets = fuzz_octets(f, &n);
	struct bl_caller_id *c = fuzz_room(bl_caller_id_size());
	struct bl_fsk_tx *tx = fuzz_room(bl_fsk_tx_size());
	struct bl_caller_id_result *result = fuzz_room(sizeof *result);
	int16_t sound[BL_FSK_HOP];
	size_t busy = BL_FSK_HOP;

	if (bl_caller_id_init(c, &cfg) || bl_fsk_tx_init(tx, &line))
		abort();
	(void)bl_fsk_tx_send(tx, octets, n, &burst);
	while (busy) {
		busy = bl_fsk_tx_process(tx, sound, BL_FSK_HOP);
		if (bl_caller_id_process(c, sound, BL_FSK_HOP, result) == 1)
			expect_message(&result->message);
		if (fuzz_below(f, 100) == 1) /* a torn state */
			((uint8_t *)c)[fuzz_below(f, (uint32_t)bl_caller_id_size())] = (uint8_t)fuzz_below(f, 256);
	}
	free(result);
	free(tx);
	free(c);
	free(octets);
}

static void hear_digits(struct fuzz *f)
{
	struct bl_caller_id_dtmf_cfg cfg = {.category = (uint8_t)fuzz_below(f, 3)};
	struct bl_caller_id_dtmf *d = fuzz_room(bl_caller_id_dtmf_size());
	struct bl_caller_id_result *result = fuzz_room(sizeof *result);
	char digits[BL_CALLER_ID_DTMF_MOST];
	uint64_t now = 0;

	if (!bl_caller_id_dtmf_init(d, &cfg))
		for (uint32_t left = fuzz_below(f, 200); left && f->left; left--) {
			char digit = (char)*f->next++;

			f->left--;
			now += (digit & 0x80 ? 9000u : 800u);
			if (left % 8 == 0 && bl_caller_id_dtmf_time(d, now, result) == 1 && !result->error)
				abort(); /* what is overdue is no message */
			if (bl_caller_id_dtmf_digit(d, digit & 0x7f, now, result) == 1 && !result->error) {
				expect_message(&result->message);
				(void)bl_caller_id_dtmf_encode(&result->message, fuzz_below(f, 5), digits,
				                               fuzz_below(f, sizeof digits + 1));
			}
		}
	free(result);
	free(d);
}

static void see_events(struct fuzz *f)
{
	struct bl_caller_id_ntt *n = fuzz_room(bl_caller_id_ntt_size());
	uint64_t now = 0;

	(void)bl_caller_id_ntt_init(n);
	for (uint32_t left = fuzz_choice(f, 100); left && f->left; left--) {
		uint32_t event = fuzz_choice(f, BL_CALLER_ID_NTT_CLEARED + 2);
		int action = bl_caller_id_ntt_step(n, event, now);

		now += fuzz_choice(f, 2) ? 40 : fuzz_below(f, 0);
		if ((action < 0) != (event > BL_CALLER_ID_NTT_CLEARED) || action > BL_CALLER_ID_NTT_RING ||
		    n->state > BL_CALLER_ID_NTT_RINGING)
			abort();
	}
	free(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static void (*const parts[])(struct fuzz *) = {read_octets, hear_octets, hear_digits, see_events};
	struct fuzz f = {in, n};

	while (f.left)
		parts[fuzz_below(&f, 4)](&f);
	return 0;
}
