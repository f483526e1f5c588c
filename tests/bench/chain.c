/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole leg: what every channel of a line has in 20 ms, and the same with SRTP and UDP beside it.
 *
 *   line: A-law in, echo of 64 ms out and what is left of it suppressed, meters, voice activity and automatic gain,
 *         DTMF, call progress, answer tones, CNG and the fax preamble, A-law to the phone
 *   phone: a packet into the jitter buffer, out of it in ticks, concealment, meters; to the line the codes as they
 *          came, what was concealed as A-law
 *
 * The peers do the same with what one would otherwise take: tables, speexdsp's canceller, preprocessor (which alone
 * suppresses its residual echo) and jitter buffer, spandsp's receivers of the same tones and concealment, libsrtp2; one
 * packet a call.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <spandsp.h>
#include <speex/speex_echo.h>
#include <speex/speex_jitter.h>
#include <speex/speex_preprocess.h>
#include <srtp2/srtp.h>
#include <string.h>
#include <sys/socket.h>

#include "agc.h"
#include "bank.h"
#include "bench.h"
#include "dtmf.h"
#include "echo.h"
#include "g711.h"
#include "jitter.h"
#include "level.h"
#include "plc.h"
#include "rtp.h"
#include "srtp.h"
#include "tone.h"
#include "vad.h"

#define N BENCH_CHANNELS
#define TICKS (BENCH_FRAME / BENCH_TICK)
#define ROOM 256
#define LOOP 500      /* frames: ten seconds, or the canceller would know one sentence by heart */
#define BEHIND_OURS 3 /* the jitter buffer holds 40 ms */
#define BEHIND_THEIRS 1
#define ALL_CAME ((1ull << BENCH_TICK) - 1)

/* ---- ours ---- */

static _Alignas(64) struct bl_echo echo[N];
static struct bl_level levels[2][N];
static struct bl_vad vads[N];
static struct bl_agc agcs[N];
static struct bl_dtmf dtmf[N];
static struct bl_bank banks[N];
static struct bl_jitter jitter[N];
static struct bl_plc plc[N];
static _Alignas(64) struct bl_measure seen[N];
static struct bl_srtp srtp_tx[N], srtp_rx[N];
static struct bl_srtp_ctx *ctx_tx[N], *ctx_rx[N];
/* Cases run in turn: each side has a stream and a line of its own, or it would hear the other's jumps in time. */
struct stream {
	uint8_t line[LOOP][N][BENCH_FRAME]; /* codes: the echo of what the phone said BEHIND frames before */
	uint32_t timestamp;
	uint16_t sequence;
};

static struct stream ours, theirs, alone;
static uint8_t phone_codes[LOOP][N][BENCH_FRAME];
static uint8_t to_phone[N][BENCH_FRAME], to_line[N][BENCH_FRAME];
static int16_t heard[N][BENCH_TICK], said[N][BENCH_TICK];

static void begin(struct stream *s, unsigned int behind)
{
	s->timestamp = s->sequence = 0;
	for (unsigned int f = 0; f < LOOP; f++)
		for (unsigned int c = 0; c < N; c++) {
			unsigned int before = (f + LOOP - behind) % LOOP;

			bl_alaw_encode(bench_speech(c, f), phone_codes[f][c], BENCH_FRAME);
			bl_alaw_encode(bench_echo(c, before), s->line[f][c], BENCH_FRAME);
		}
}

static int prepare_channel(unsigned int c)
{
	struct bl_bank_cfg bank;

	bl_bank_defaults(&bank);
	bank.wants = 1u << BL_HEARD_ANSWER | 1u << BL_HEARD_PREAMBLE | 1u << BL_HEARD_PROGRESS;
	bank.zone = bl_tone_zone("us");
	return bl_echo_init(&echo[c], NULL) || bl_level_init(&levels[0][c], NULL) ||
	                       bl_level_init(&levels[1][c], NULL) || bl_vad_init(&vads[c], NULL) ||
	                       bl_agc_init(&agcs[c], NULL) || bl_dtmf_init(&dtmf[c], NULL) ||
	                       bl_bank_init(&banks[c], &bank) || bl_jitter_init(&jitter[c]) || bl_plc_init(&plc[c])
	               ? -EINVAL
	               : 0;
}

static int prepare_ours(void)
{
	int error = 0;

	begin(&ours, BEHIND_OURS);
	for (unsigned int c = 0; c < N; c++)
		error |= prepare_channel(c);
	return error;
}

static void line_tick(unsigned int number, int tick)
{
	static struct bl_dtmf_event digits[4 * N];
	static struct bl_heard tones[BL_BANK_EVENTS * N];
	struct bl_echo *e[N];
	struct bl_level *l[N];
	struct bl_vad *v[N];
	struct bl_agc *a[N];
	struct bl_dtmf *d[N];
	struct bl_bank *b[N];
	const int16_t *far[N], *in[N];
	int16_t *out[N];
	uint8_t active[N];

	for (int c = 0; c < N; c++) {
		e[c] = &echo[c], l[c] = &levels[0][c], v[c] = &vads[c], a[c] = &agcs[c], d[c] = &dtmf[c],
		b[c] = &banks[c];
		far[c] = said[c], in[c] = out[c] = heard[c];
		bl_alaw_decode(ours.line[number % LOOP][c] + tick * BENCH_TICK, heard[c], BENCH_TICK);
	}
	(void)bl_echo_process_many(e, far, in, out, N, BENCH_TICK);
	(void)bl_measure_many(seen, in, BENCH_TICK, N);
	bl_level_add_many(l, seen, N);
	bl_vad_process_many(v, seen, active, N);
	bench_sink += (int)bl_dtmf_process_many(d, in, N, digits, 4 * N);
	bench_sink += (int)bl_bank_process_many(b, in, N, tones, BL_BANK_EVENTS * N);
	bl_agc_process_many(a, seen, active, in, out, N);
	for (int c = 0; c < N; c++)
		bl_alaw_encode(heard[c], to_phone[c] + tick * BENCH_TICK, BENCH_TICK);
}

static void phone_tick(void)
{
	struct bl_level *l[N];
	const int16_t *in[N];
	uint8_t codes[BENCH_TICK];

	for (int c = 0; c < N; c++) {
		uint64_t came;

		(void)bl_jitter_get(&jitter[c], codes, BENCH_TICK, &came);
		bl_alaw_decode(codes, said[c], BENCH_TICK);
		if (came == ALL_CAME) {
			bl_plc_good(&plc[c], said[c], BENCH_TICK);
			memcpy(to_line[c], codes, BENCH_TICK);
		} else {
			bl_plc_lost(&plc[c], said[c], BENCH_TICK);
			bl_alaw_encode(said[c], to_line[c], BENCH_TICK);
		}
		l[c] = &levels[1][c], in[c] = said[c];
	}
	(void)bl_measure_many(seen, in, BENCH_TICK, N);
	bl_level_add_many(l, seen, N);
}

static void step(struct stream *s)
{
	s->timestamp += BENCH_FRAME;
	s->sequence++;
}

static void ticks(unsigned int number, void (*packet)(unsigned int number, unsigned int channel))
{
	for (int t = 0; t < TICKS; t++) {
		for (unsigned int c = (unsigned int)t; c < N; c += TICKS)
			packet(number, c);
		phone_tick();
		line_tick(number, t);
	}
	step(&ours);
	bench_sink += to_line[0][3] + to_phone[1][7];
}

static void put_packet(unsigned int number, unsigned int c)
{
	(void)bl_jitter_put(&jitter[c], ours.timestamp, phone_codes[number % LOOP][c], BENCH_FRAME);
}

static void chain_ours(unsigned int number)
{
	ticks(number, put_packet);
}

/* ---- the peers ---- */

#define MODEMS 3
static const int modems[MODEMS] = {MODEM_CONNECT_TONES_ANS_PR, MODEM_CONNECT_TONES_FAX_CNG,
                                   MODEM_CONNECT_TONES_FAX_PREAMBLE};
static SpeexEchoState *speex_echo[N];
static SpeexPreprocessState *speex_voice[N];
static JitterBuffer *speex_jitter[N];
static dtmf_rx_state_t *their_dtmf[N];
static super_tone_rx_state_t *their_tones[N];
static modem_connect_tones_rx_state_t *their_modems[MODEMS][N];
static plc_state_t *their_plc[N];
static power_meter_t their_meter[2][N];
static uint8_t encode_table[4096];
static int16_t decode_table[256];
static int16_t their_said[N][BENCH_FRAME];

static void heard_tone(void *user, int code, int level, int duration)
{
	(void)user, (void)level, (void)duration;
	bench_sink += code;
}

static super_tone_rx_descriptor_t *tones_of_us(void)
{
	super_tone_rx_descriptor_t *d = super_tone_rx_make_descriptor(NULL);
	int t = super_tone_rx_add_tone(d);

	super_tone_rx_add_element(d, t, 350, 440, 1000, 0);
	t = super_tone_rx_add_tone(d);
	super_tone_rx_add_element(d, t, 440, 480, 1800, 2200);
	super_tone_rx_add_element(d, t, 0, 0, 3600, 4400);
	t = super_tone_rx_add_tone(d);
	super_tone_rx_add_element(d, t, 480, 620, 400, 600);
	super_tone_rx_add_element(d, t, 0, 0, 400, 600);
	return d;
}

static void make_tables(void)
{
	for (unsigned int i = 0; i < 4096; i++)
		encode_table[i] = linear_to_alaw((int16_t)(i << 4));
	for (unsigned int i = 0; i < 256; i++)
		decode_table[i] = alaw_to_linear((uint8_t)i);
}

static int prepare_theirs(void)
{
	super_tone_rx_descriptor_t *tones = tones_of_us();
	int rate = 8000, on = 1;

	make_tables();
	begin(&theirs, BEHIND_THEIRS);
	for (unsigned int c = 0; c < N; c++) {
		speex_echo[c] = speex_echo_state_init(BENCH_FRAME, 512);
		speex_echo_ctl(speex_echo[c], SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
		speex_voice[c] = speex_preprocess_state_init(BENCH_FRAME, rate);
		speex_preprocess_ctl(speex_voice[c], SPEEX_PREPROCESS_SET_ECHO_STATE, speex_echo[c]);
		speex_preprocess_ctl(speex_voice[c], SPEEX_PREPROCESS_SET_AGC, &on);
		speex_preprocess_ctl(speex_voice[c], SPEEX_PREPROCESS_SET_VAD, &on);
		speex_jitter[c] = jitter_buffer_init(BENCH_FRAME);
		their_dtmf[c] = dtmf_rx_init(NULL, NULL, NULL);
		their_tones[c] = super_tone_rx_init(NULL, tones, heard_tone, NULL);
		for (int m = 0; m < MODEMS; m++)
			their_modems[m][c] = modem_connect_tones_rx_init(NULL, modems[m], heard_tone, NULL);
		their_plc[c] = plc_init(NULL);
		power_meter_init(&their_meter[0][c], 7);
		power_meter_init(&their_meter[1][c], 7);
	}
	return 0;
}

static void their_line(unsigned int number, unsigned int c)
{
	int16_t near[BENCH_FRAME], out[BENCH_FRAME];

	for (int i = 0; i < BENCH_FRAME; i++)
		near[i] = decode_table[theirs.line[number % LOOP][c][i]];
	speex_echo_cancellation(speex_echo[c], near, their_said[c], out);
	for (int i = 0; i < BENCH_FRAME; i++)
		bench_sink += power_meter_update(&their_meter[0][c], out[i]);
	bench_sink += dtmf_rx(their_dtmf[c], out, BENCH_FRAME);
	bench_sink += super_tone_rx(their_tones[c], out, BENCH_FRAME);
	for (int m = 0; m < MODEMS; m++)
		bench_sink += modem_connect_tones_rx(their_modems[m][c], out, BENCH_FRAME);
	bench_sink += speex_preprocess_run(speex_voice[c], out);
	for (int i = 0; i < BENCH_FRAME; i++)
		to_phone[c][i] = encode_table[(uint16_t)out[i] >> 4];
}

static void their_phone(unsigned int c)
{
	char codes[BENCH_FRAME];
	JitterBufferPacket packet = {.data = codes, .len = BENCH_FRAME};
	spx_int32_t offset;
	int got = jitter_buffer_get(speex_jitter[c], &packet, BENCH_FRAME, &offset);

	jitter_buffer_tick(speex_jitter[c]);
	if (got == JITTER_BUFFER_OK) {
		for (int i = 0; i < BENCH_FRAME; i++)
			their_said[c][i] = decode_table[(uint8_t)codes[i]];
		plc_rx(their_plc[c], their_said[c], BENCH_FRAME);
		memcpy(to_line[c], codes, BENCH_FRAME);
	} else {
		plc_fillin(their_plc[c], their_said[c], BENCH_FRAME);
		for (int i = 0; i < BENCH_FRAME; i++)
			to_line[c][i] = encode_table[(uint16_t)their_said[c][i] >> 4];
	}
	for (int i = 0; i < BENCH_FRAME; i++)
		bench_sink += power_meter_update(&their_meter[1][c], their_said[c][i]);
}

static void put_theirs(unsigned int c, const uint8_t *codes)
{
	JitterBufferPacket packet = {.data = (char *)(uintptr_t)codes,
	                             .len = BENCH_FRAME,
	                             .timestamp = theirs.timestamp,
	                             .span = BENCH_FRAME};

	jitter_buffer_put(speex_jitter[c], &packet);
}

static void chain_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < N; c++) {
		put_theirs(c, phone_codes[number % LOOP][c]);
		their_phone(c);
		their_line(number, c);
	}
	step(&theirs);
}

/* ---- with SRTP and UDP: every channel sends to itself over loopback ---- */

static int sockets[N];
static struct sockaddr_in addresses[N];
static srtp_t their_tx[N], their_rx[N];

static int open_sockets(void)
{
	for (unsigned int c = 0; c < N; c++) {
		socklen_t length = sizeof addresses[c];

		if (sockets[c] > 0)
			continue;
		sockets[c] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		addresses[c] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		if (sockets[c] < 0 || bind(sockets[c], (struct sockaddr *)&addresses[c], length) ||
		    getsockname(sockets[c], (struct sockaddr *)&addresses[c], &length))
			return -errno;
	}
	return 0;
}

static size_t packet_of(const struct stream *s, unsigned int number, unsigned int c, uint8_t *packet)
{
	struct bl_rtp_packet head = {
	        .sequence = s->sequence, .payload_type = BL_RTP_PCMA, .timestamp = s->timestamp, .ssrc = c + 1};

	bl_rtp_header(packet, &head);
	memcpy(packet + BL_RTP_HEADER, phone_codes[number % LOOP][c], BENCH_FRAME);
	return BL_RTP_HEADER + BENCH_FRAME;
}

static void send_to_itself(unsigned int c, const uint8_t *packet, size_t n)
{
	if (sendto(sockets[c], packet, n, 0, (struct sockaddr *)&addresses[c], sizeof addresses[c]) < 0)
		bench_sink++;
}

static ssize_t receive(unsigned int c, uint8_t *packet)
{
	return recv(sockets[c], packet, ROOM, 0);
}

static int prepare_ours_secure(void)
{
	int error = prepare_ours();

	for (unsigned int c = 0; c < N && !error; c++) {
		struct bl_srtp_cfg cfg = {
		        .suite = BL_SRTP_AES_CM_128_HMAC_SHA1_80, .key = {1, (uint8_t)c}, .salt = {2}};

		bl_srtp_ctx_close(ctx_tx[c]);
		bl_srtp_ctx_close(ctx_rx[c]);
		ctx_tx[c] = ctx_rx[c] = NULL;
		if (bl_srtp_init(&srtp_tx[c], &cfg) || bl_srtp_init(&srtp_rx[c], &cfg) ||
		    bl_srtp_ctx_open(&ctx_tx[c], &srtp_tx[c]) || bl_srtp_ctx_open(&ctx_rx[c], &srtp_rx[c]))
			error = -EIO;
	}
	return error ? error : open_sockets();
}

static void secure_packet(unsigned int number, unsigned int c)
{
	uint8_t packet[ROOM];
	size_t n = packet_of(&ours, number, c, packet);
	struct bl_rtp_packet head;
	ssize_t got;

	if (bl_srtp_protect(&srtp_tx[c], ctx_tx[c], packet, &n, sizeof packet) == 0)
		send_to_itself(c, packet, n);
	got = receive(c, packet);
	n = (size_t)got;
	if (got > 0 && bl_srtp_unprotect(&srtp_rx[c], ctx_rx[c], packet, &n) == 0 &&
	    bl_rtp_parse(&head, packet, n) == 0)
		(void)bl_jitter_put(&jitter[c], head.timestamp, head.payload, head.length);
	else
		bench_sink++;
}

static void secure_ours(unsigned int number)
{
	ticks(number, secure_packet);
}

static int open_theirs(srtp_t *session, unsigned int c, srtp_ssrc_type_t direction)
{
	uint8_t key[64] = {1, (uint8_t)c};
	srtp_policy_t policy = {.key = key, .window_size = BL_SRTP_WINDOW};

	srtp_crypto_policy_set_rtp_default(&policy.rtp);
	policy.rtcp = policy.rtp;
	policy.ssrc.type = direction;
	return srtp_create(session, &policy) == srtp_err_status_ok ? 0 : -EIO;
}

static int prepare_theirs_secure(void)
{
	int error = prepare_theirs();

	if (!their_tx[0] && srtp_init() != srtp_err_status_ok)
		return -EIO;
	for (unsigned int c = 0; c < N && !error; c++)
		error = open_theirs(&their_tx[c], c, ssrc_any_outbound) ||
		                        open_theirs(&their_rx[c], c, ssrc_any_inbound)
		                ? -EIO
		                : 0;
	return error ? error : open_sockets();
}

static void secure_theirs(unsigned int number)
{
	for (unsigned int c = 0; c < N; c++) {
		uint8_t packet[ROOM];
		int n = (int)packet_of(&theirs, number, c, packet);

		if (srtp_protect(their_tx[c], packet, &n) == srtp_err_status_ok)
			send_to_itself(c, packet, (size_t)n);
		n = (int)receive(c, packet);
		if (n > 0 && srtp_unprotect(their_rx[c], packet, &n) == srtp_err_status_ok)
			put_theirs(c, packet + BL_RTP_HEADER);
		else
			bench_sink++;
		their_phone(c);
		their_line(number, c);
	}
	step(&theirs);
}

/* What the kernel alone takes of it, for reading the figures. */
static void udp_alone(unsigned int number)
{
	uint8_t packet[ROOM];

	for (unsigned int c = 0; c < N; c++) {
		send_to_itself(c, packet, packet_of(&alone, number, c, packet) + 10);
		bench_sink += (int)receive(c, packet);
	}
}

const struct bench_case bench_chain[] = {
        {"leg", "ours", prepare_ours, chain_ours},
        {"leg", "best_mix", prepare_theirs, chain_theirs},
        {"leg_srtp_udp", "ours", prepare_ours_secure, secure_ours},
        {"leg_srtp_udp", "best_mix", prepare_theirs_secure, secure_theirs},
        {"leg_srtp_udp", "udp_alone", open_sockets, udp_alone},
        {0},
};
