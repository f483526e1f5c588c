/* SPDX-License-Identifier: GPL-2.0-only */
#include "bl_engine.h"
#include "segment.h"

#define BL_PORTS ...
#define BL_RTP_PORTS ...
#define BL_NULL_FIRST ...
#define BL_NULL_PORTS ...
#define BL_CONFERENCES ...
#define BL_NO_PORT ...
#define BL_CLIENTS ...
#define BL_ARENA_OCTETS ...

struct bl_address {
	uint32_t ip;
	uint16_t port;
	...;
};

struct bl_sound {
	uint32_t offset;
	uint32_t octets;
};

struct bl_open_span {
	uint8_t card;
	uint8_t t1;
	uint8_t d_channel;
	uint8_t clock_recovered;
	uint8_t clock_domain;
	uint8_t clock_priority;
	uint8_t cas;
	uint8_t resting_bits;
	float trim_ppm;
	uint8_t settings[...];
};

struct bl_send_frame {
	uint16_t length;
	uint8_t octets[...];
};

struct bl_rtp_command {
	struct bl_address remote;
	uint8_t packet_ms;
	uint8_t codec;
	uint8_t payload_type;
	uint8_t event_type;
	uint8_t sent_event_type;
	uint8_t noise_type;
	uint8_t suppress;
};

struct bl_secure_command {
	uint8_t suite;
	uint8_t tx[...];
	uint8_t rx[...];
};

struct bl_info_command {
	char digit;
	uint16_t duration_ms;
};

struct bl_play_command {
	uint8_t count;
	uint8_t stop_on_digit;
	uint32_t repeat;
	struct bl_sound sounds[...];
};

struct bl_tone_command {
	uint8_t kind;
	uint8_t zone;
};

struct bl_collect_command {
	uint8_t max_digits;
	uint8_t clear_type_ahead;
	uint32_t first_digit_ms;
	uint32_t inter_digit_ms;
	char terminators[...];
};

struct bl_digits_command {
	uint16_t on_ms;
	uint16_t off_ms;
	float level_dbm0;
	uint8_t mf;
	char digits[...];
};

struct bl_hear_command {
	uint8_t kinds;
	uint8_t zone;
	uint8_t caller;
	uint8_t sound;
	uint8_t gated;
};

struct bl_signal_command {
	uint8_t kind;
	uint8_t signal;
};

struct bl_record_command {
	uint16_t right;
	uint64_t from_sample;
};

struct bl_profile_command {
	uint8_t profile;
	uint8_t echo_tail_ms;
};

struct bl_gain_command {
	int16_t rx;
	int16_t tx;
	uint8_t automatic;
};

struct bl_test_command {
	uint8_t pattern;
};

struct bl_framer_command {
	uint8_t alarms;
	uint8_t bits[32];
};

struct bl_join_command {
	uint8_t conference;
	uint8_t speaks;
	uint8_t hears;
};

struct bl_command {
	uint16_t kind;
	uint16_t port;
	uint64_t id;
	union {
		struct bl_open_span span;
		struct bl_send_frame frame;
		struct bl_rtp_command rtp;
		uint16_t peer;
		uint8_t muted;
		uint8_t bits;
		struct bl_join_command join;
		struct bl_profile_command profile;
		struct bl_gain_command gain;
		struct bl_dtmf_cfg dtmf;
		struct bl_secure_command secure;
		struct bl_info_command info;
		struct bl_play_command play;
		struct bl_tone_command tone;
		struct bl_collect_command collect;
		struct bl_digits_command digits;
		struct bl_hear_command hear;
		struct bl_signal_command signal;
		struct bl_test_command test;
		struct bl_framer_command framer;
		uint32_t errors;
		struct bl_record_command record;
	};
};

struct bl_event {
	uint16_t kind;
	uint16_t port;
	uint16_t reason;
	uint16_t length;
	uint64_t id;
	uint64_t sample;
	uint64_t count;
	uint64_t lost;
	uint8_t octets[...];
};

struct bl_tap {
	uint64_t recording_id;
	uint64_t sample;
	uint16_t octets;
	uint8_t kind;
	...;
};

struct bl_lateness {
	uint64_t late;
	uint64_t worst_ns;
	uint64_t histogram[...];
};

struct bl_header {
	uint32_t pid;
	uint32_t policy_fifo;
	uint32_t stop;
	uint32_t repaired;
	uint64_t generation;
	uint64_t samples;
	uint64_t ticks;
	uint64_t skipped_ticks;
	uint64_t cpu_ns;
	uint64_t stage_ns[...];
	uint64_t taps_dropped;
	float clock_ppm;
	uint32_t rtp_ip;
	uint32_t rtp_base;
	uint32_t tos;
	uint64_t orphans;
	uint64_t command_ticket;
	uint32_t command_attempts;
	struct bl_lateness tick;
	struct bl_lateness reference;
	uint64_t late_alone;
	...;
};

struct bl_play {
	uint8_t count;
	struct bl_sound sounds[...];
	...;
};

struct bl_port {
	uint8_t kind;
	uint8_t source;
	uint8_t owner;
	uint16_t peer;
	struct bl_play play;
	...;
};

struct bl_rtp_port {
	uint64_t last_packet;
	uint8_t secure;
	uint8_t mux;
	...;
};

struct bl_recording {
	uint16_t left, right;
	uint8_t active;
	...;
};

struct bl_trace_head {
	int64_t at_ns;
	uint16_t port;
	uint8_t sent;
	uint8_t bits;
	uint16_t octets;
	uint16_t remote_port;
};

struct bl_trace_frame {
	struct bl_trace_head head;
	uint8_t octets[...];
};

struct bl_trace_rtp {
	struct bl_trace_head head;
	uint32_t remote_ip;
	uint8_t header[...];
};

struct bl_trace_wanted {
	uint8_t kind;
	uint16_t port;
	int64_t from_ns, until_ns;
};

struct bl_trace {
	...;
};

struct bl_segment {
	struct bl_header header;
	struct bl_port ports[...];
	struct bl_rtp_port rtp[...];
	struct bl_recording recordings[...];
	struct bl_trace trace;
	...;
};

struct bl_span_counters {
	uint64_t received, sent, send_errors, lost, late, duplicates, stray, malformed, resyncs;
	uint64_t slips, slips_sent;
	uint64_t frames_received, frames_sent;
	uint64_t fcs_errors, frame_errors;
};

struct bl_span_status {
	uint8_t open;
	uint8_t alarms;
	uint8_t clock_locked;
	uint8_t leads;
	int32_t buffer_us;
	int32_t store_us;
	float clock_ppm;
	float skew_ppm;
	struct bl_span_counters counters;
};

struct bl_rtp_counters {
	uint64_t received, sent, send_errors, lost, late, duplicates, bad, stray, other_payload, rtcp, silence_samples,
	        resyncs, concealed_samples, events, forged;
};

struct bl_bits_status {
	uint8_t open;
	uint8_t tx;
	uint8_t rx;
};

struct bl_test_status {
	uint8_t active;
	uint8_t synced;
	struct bl_prbs_counters counters;
};

struct bl_conference_status {
	uint64_t parties;
	uint16_t dominant;
};

struct bl_port_status {
	uint8_t kind;
	uint8_t source;
	uint8_t muted;
	uint8_t speaks;
	uint8_t profile;
	uint8_t echo;
	uint8_t double_talk;
	uint8_t echo_disabled;
	uint8_t hears;
	struct bl_signal_command sends;
	uint16_t peer;
	float rx_dbm0, tx_dbm0;
	float noise_dbm0;
	float erl_db, erle_db;
	uint32_t clipped;
	struct bl_address remote;
	uint8_t codec;
	uint8_t secure;
	float mos_lq, mos_cq;
	float loss_percent;
	float round_trip_ms;
	uint32_t jitter_us;
	uint32_t delay_us;
	struct bl_rtp_counters rtp;
};

size_t bl_segment_size(void);
int bl_segment_format(int fd, uint32_t rtp_ip, uint32_t rtp_base, uint32_t orphan_ms);
struct bl_segment *bl_segment_map(int fd);
const struct bl_segment *bl_segment_view(int fd);
void bl_segment_unmap(const struct bl_segment *s);
int bl_command_push(struct bl_segment *s, uint32_t client, const struct bl_command *command);
int bl_event_pop(struct bl_segment *s, uint32_t client, struct bl_event *event);
void bl_event_discard(struct bl_segment *s, uint32_t client);
size_t bl_taps_take(struct bl_segment *s, struct bl_tap *taps, size_t count);
uint8_t *bl_arena(struct bl_segment *s);
size_t bl_trace_read(const struct bl_trace *t, const struct bl_trace_wanted *wanted, uint64_t *place, void *out,
                     size_t count);
void bl_span_status(const struct bl_segment *s, uint32_t span, struct bl_span_status *status);
void bl_bits_status(const struct bl_segment *s, uint32_t port, struct bl_bits_status *status);
void bl_test_status(const struct bl_segment *s, uint32_t port, struct bl_test_status *status);
void bl_conference_status(const struct bl_segment *s, uint32_t conference, struct bl_conference_status *status);
void bl_port_status(const struct bl_segment *s, uint32_t port, struct bl_port_status *status);

struct bl_engine;
int bl_engine_open(int segment_fd, const int *event_fds, int own_process, struct bl_engine **engine);
int bl_engine_run(struct bl_engine *engine);
int bl_engine_tell_crashes(void);
void bl_engine_tick(struct bl_engine *engine);
void bl_engine_close(struct bl_engine *engine);
