/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's inside: what it has besides the segment, and the parts of a tick.
 *
 * Nothing here locks, allocates or prints after bl_engine_open. Every part takes the whole machine and works block by
 * block over the open ports.
 */
#ifndef BL_MACHINE_H
#define BL_MACHINE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bl_engine.h"
#include "dbm0.h"
#include "segment.h"

#define BL_ALL_CAME ((1ull << BL_TICK_SAMPLES) - 1)

struct bl_ciphers {
	struct bl_srtp_ctx *rx, *tx, *former;
};

struct bl_rtp_sockets {
	int rtp; /* -1: closed */
	int rtcp;
};

/*
 * There are too many ports for the cache, and a stage needs a few lines of each. It asks for those of the port that is
 * BL_AHEAD further on: fetching them takes longer than using them.
 */
#define BL_AHEAD 4
#define BL_STALLS 4 /* of the idle thread, that a late tick is held against */

#define BL_DIGIT_EVENTS (4 * BL_PORTS) /* bl_dtmf_process_many: loses none */

#define BL_TONE_EVENTS (BL_BANK_EVENTS * BL_PORTS) /* loses none */

/* A tick's work on the open ports, in their order. */
struct bl_batch {
	const int16_t *in[BL_PORTS];
	struct bl_measure measured[BL_PORTS];
	struct bl_level *level[BL_PORTS];
	struct bl_dtmf *dtmf[BL_PORTS];
	struct bl_dtmf_event digits[BL_DIGIT_EVENTS];
	struct bl_vad *vad[BL_PORTS];
	uint8_t active[BL_PORTS];
	struct bl_bank *bank[BL_PORTS];
	const int16_t *line[BL_PORTS]; /* of those listened to */
	struct bl_heard tones[BL_TONE_EVENTS];
};

/* Frames of a span in the tick under way, and the place in its store after it. */
struct bl_due {
	unsigned rx, tx;
	struct bl_pace sent; /* the tick's, of what is sent */
	uint32_t place;
};

/* Ticks that began late one after another, not yet judged. */
struct bl_late {
	int64_t from_ns, until_ns; /* deadline of the first, start of the last */
	uint32_t count;
};

/* The idle thread, and what it and the tick tell one another: atomically, each its own. */
struct bl_reference {
	pthread_t thread;
	int cpu;         /* the tick's, which it follows */
	int64_t seen_ns; /* of its last waking */
	int64_t from_ns[BL_STALLS], until_ns[BL_STALLS];
	uint32_t stalls; /* ever; the last ones are kept */
};

struct bl_engine {
	struct bl_segment *segment;
	int event_fds[BL_CLIENTS];
	int epoll_fd;
	uint32_t tos; /* of all sockets */
	int own_process;
	struct bl_tick tick;       /* the one under way */
	double period_left_ns;     /* fraction of a nanosecond that deadlines have been short */
	uint64_t orphans_due;      /* sample of the next look after them */
	uint8_t woken[BL_CLIENTS]; /* clients with new events */
	uint8_t dirty;             /* ports opened or closed: list them again */
	uint16_t ports_open;
	uint16_t open[BL_PORTS + BL_AHEAD]; /* port numbers; behind them those of before */
	int span_fds[BL_SPANS];
	struct bl_due due[BL_SPANS];
	struct bl_rtp_sockets sockets[BL_RTP_PORTS];
	struct bl_ciphers ciphers[BL_RTP_PORTS];
	uint64_t came[BL_RTP_PORTS]; /* bit of each octet of this tick that was not lost */
	uint8_t quiet[BL_RTP_PORTS]; /* those that did not come are comfort noise */
	struct bl_reference reference;
	struct bl_late late;
	uint8_t rx[BL_PORTS][BL_TICK_SAMPLES]; /* A-law, this tick */
	uint8_t tx[BL_PORTS][BL_TICK_SAMPLES];
	uint8_t ulaw[BL_NULL_FIRST][BL_TICK_SAMPLES]; /* of ports of mu-law: rx as it came */
	uint8_t own[BL_PORTS];                        /* tx is what the port played, not what it was told */
	int16_t heard[BL_PORTS][BL_TICK_SAMPLES];     /* what rx says */
	int16_t said[BL_PORTS][BL_TICK_SAMPLES];      /* what tx says */
	struct bl_batch batch;
	uint8_t frames[BL_SPANS][BL_TICK_FRAMES_MAX][BL_TIMESLOTS];
};

/* clock.c: deadlines, the recovered clock */
int64_t bl_now_ns(void);
void bl_clock_update(struct bl_engine *e);
void bl_loop_mend(struct bl_loop *l);
int64_t bl_clock_advance(struct bl_engine *e, uint64_t ticks);

/* lateness.c: how late ticks begin, beside an idle thread */
void bl_lateness_tick(struct bl_engine *e, int64_t late_ns);
int bl_reference_start(struct bl_engine *e);
void bl_reference_stop(struct bl_engine *e);

/* command.c */
void bl_commands_read(struct bl_engine *e);

/* event.c: to a client's ring; a full ring counts the event as dropped */
struct bl_event *bl_event_new(struct bl_engine *e, unsigned client, enum bl_event_kind kind, unsigned port);
void bl_event_publish(struct bl_engine *e, unsigned client);
void bl_events_wake(struct bl_engine *e);
/* A ring of which half is free has room for what may come often. */
bool bl_event_room(struct bl_engine *e, unsigned client);

/* port.c; return 0 or -errno */
int bl_timeslot_fits(const struct bl_open_span *span, unsigned timeslot);
int bl_timeslot_open(struct bl_engine *e, unsigned port, unsigned owner);
int bl_rtp_open(struct bl_engine *e, unsigned port, unsigned owner, const struct bl_rtp_command *c);
void bl_port_close(struct bl_engine *e, unsigned port);
bool bl_port_is_open(const struct bl_engine *e, unsigned port);
int bl_port_connect(struct bl_engine *e, unsigned a, unsigned b);
int bl_port_listen(struct bl_engine *e, unsigned port, unsigned to);
/* End a bridge or a listening. */
int bl_port_disconnect(struct bl_engine *e, unsigned port);
/* End whatever joins the port with others. */
void bl_port_part(struct bl_engine *e, unsigned port);
int bl_null_open(struct bl_engine *e, unsigned port, unsigned owner);
/* Stop what the port transmits, telling its owner. */
void bl_port_silence(struct bl_engine *e, unsigned port, enum bl_play_end why);
void bl_ports_list(struct bl_engine *e);

/* conference.c */
int bl_conference_join(struct bl_engine *e, unsigned port, const struct bl_join_command *c);
int bl_conference_leave(struct bl_engine *e, unsigned port);
void bl_conferences_resume(struct bl_engine *e);
void bl_conference_tick(struct bl_engine *e);

/* profile.c */
int bl_profile_set(struct bl_engine *e, unsigned port, const struct bl_profile_command *c);
/* A tone that is not a voice's. */
void bl_profile_heard(struct bl_engine *e, unsigned port, const struct bl_heard *heard);
/* The end of what is not a voice's, by what was heard in this tick. */
void bl_profile_tick(struct bl_engine *e, unsigned port, const struct bl_measure *heard);
/* Detectors and automatic gain anew. */
void bl_profile_listen(struct bl_port *p);
void bl_profile_resume(struct bl_engine *e, unsigned port);
void bl_echo_tick(struct bl_engine *e);

/* test.c: a test pattern on a timeslot */
int bl_test_start(struct bl_engine *e, unsigned port, const struct bl_test_command *c);
int bl_test_insert(struct bl_engine *e, unsigned port, uint32_t errors);
void bl_test_fill(struct bl_engine *e, unsigned port, uint8_t *out);

/* register.c: R2, MF, call progress, digits, voice and caller ID on timeslots */
int bl_register_hear(struct bl_engine *e, unsigned port, unsigned client, const struct bl_hear_command *c);
int bl_register_send(struct bl_engine *e, unsigned port, const struct bl_signal_command *c);
/* The bank anew, with what the register wants. */
void bl_register_listen(struct bl_port *p);
void bl_register_resume(struct bl_engine *e, unsigned port);
/* False: it is no register's. */
bool bl_register_heard(struct bl_engine *e, unsigned port, const struct bl_heard *heard);
/* False: the port's listener is to have it. */
bool bl_register_digit(struct bl_engine *e, unsigned port, char digit);
void bl_register_tick(struct bl_engine *e, unsigned port);
void bl_register_fill(struct bl_port *p, uint8_t *out);

/* condition.c: what is received, as it is heard by others */
void bl_decode_tick(struct bl_engine *e);
void bl_condition_tick(struct bl_engine *e);

/* play.c, digits.c, collect.c, detect.c, source.c, tap.c */
int bl_play_start(struct bl_engine *e, unsigned port, unsigned owner, uint64_t id, const struct bl_play_command *c);
bool bl_play_valid(const struct bl_play *play);
void bl_play_end(struct bl_engine *e, unsigned port, enum bl_play_end why);
void bl_play_fill(struct bl_engine *e, unsigned port, uint8_t *out);
int bl_digits_start(struct bl_engine *e, unsigned port, unsigned owner, uint64_t id, const struct bl_digits_command *c);
void bl_digits_end(struct bl_engine *e, unsigned port);
void bl_digits_fill(struct bl_engine *e, unsigned port, uint8_t *out);
void bl_digits_pass(struct bl_engine *e, unsigned port, char digit, uint16_t on_ms, uint16_t off_ms);
void bl_digits_events_tick(struct bl_engine *e, unsigned port);
int bl_collect_start(struct bl_engine *e, unsigned port, unsigned owner, uint64_t id,
                     const struct bl_collect_command *c);
void bl_collect_end(struct bl_engine *e, unsigned port, enum bl_collect_end why, char terminator);
void bl_collect_digit(struct bl_engine *e, unsigned port, char digit);
void bl_collect_tick(struct bl_engine *e, unsigned port);
void bl_detect_start(struct bl_engine *e, unsigned port);
int bl_detect_set(struct bl_engine *e, unsigned port, const struct bl_dtmf_cfg *limits);
void bl_detect_tick(struct bl_engine *e);
void bl_source_tick(struct bl_engine *e);
int bl_recording_start(struct bl_engine *e, unsigned owner, uint64_t id, unsigned left,
                       const struct bl_record_command *c);
int bl_recording_stop(struct bl_engine *e, uint64_t id);
void bl_recordings_of_port_end(struct bl_engine *e, unsigned port);
void bl_tap_tick(struct bl_engine *e);

/* span.c */
int bl_span_open(struct bl_engine *e, unsigned span, unsigned owner, const struct bl_open_span *settings, bool first);
int bl_span_close(struct bl_engine *e, unsigned span);
void bl_span_release(struct bl_engine *e, unsigned span); /* its descriptor; the table is left as it is */
int bl_span_tell_framer(struct bl_engine *e, unsigned n, const struct bl_framer_command *told);
int bl_span_send_frame(struct bl_engine *e, unsigned span, const struct bl_send_frame *frame);
void bl_spans_resume(struct bl_engine *e);
void bl_spans_receive(struct bl_engine *e);
void bl_spans_send(struct bl_engine *e);

/* cas.c: bits ABCD of timeslots */
void bl_cas_begin(struct bl_span *span, bool first);
int bl_cas_set(struct bl_engine *e, unsigned port, unsigned client, uint8_t bits);
void bl_cas_tell(struct bl_engine *e, unsigned span);
/* True if bits stand that this client has set. */
bool bl_cas_owned(const struct bl_engine *e, unsigned client);
/* They rest from now on. Returns how many timeslots' they were. */
unsigned bl_cas_rest(struct bl_engine *e, unsigned client);

/* trace.c: what came and what was sent */
void bl_trace_frame(struct bl_engine *e, unsigned span, bool sent, const uint8_t *octets, size_t n);
void bl_trace_bits(struct bl_engine *e, unsigned port, bool sent, uint8_t bits);
/* A datagram as it is on the wire; one without a header of RTP is left out. */
void bl_trace_rtp(struct bl_engine *e, unsigned port, bool sent, const struct bl_address *remote, const uint8_t *octets,
                  size_t n);

/* law.c: ports of mu-law. What a port is given of what another, or itself, receives; what tx says; tx as mu-law. */
const uint8_t *bl_law_pass(const struct bl_engine *e, unsigned port, unsigned from);
void bl_law_decode(const struct bl_engine *e, unsigned port, int16_t *said);
void bl_law_send(const struct bl_engine *e, unsigned port, uint8_t *out);

/* store.c: spans of another clock than the leader's */
bool bl_span_apart(const struct bl_engine *e, unsigned span);
void bl_store_begin(struct bl_engine *e, unsigned span);
/* The span's frames into 40. */
void bl_store_receive(struct bl_engine *e, unsigned span, uint8_t (*frames)[BL_TIMESLOTS]);
void bl_stores_resample(struct bl_engine *e);
/* 40 frames into the span's. */
void bl_store_send(struct bl_engine *e, unsigned span, const uint8_t (*frames)[BL_TIMESLOTS]);

/* rtp_socket.c */
int bl_rtp_bind(struct bl_engine *e, unsigned port);
void bl_rtp_unbind(struct bl_engine *e, unsigned port);
/* Media packets as the segment says now, of every open socket. */
void bl_mark_follow(struct bl_engine *e);
void bl_mark_span(const struct bl_engine *e, unsigned span);
void bl_rtp_sockets_drain(struct bl_engine *e);
bool bl_rtp_socket_send(int fd, const struct bl_address *remote, const uint8_t *octets, size_t n);

/* rtp_open.c */
bool bl_rtp_valid(const struct bl_rtp_command *c);
bool bl_rtp_types_fit(unsigned codec, unsigned payload_type, unsigned event_type, unsigned sent_event_type,
                      unsigned noise_type);
void bl_rtp_setup(struct bl_engine *e, unsigned port, const struct bl_rtp_command *c);
void bl_rtp_profile(struct bl_rtp_port *r, unsigned profile);
/* What goes by the codec's clock or has its state, anew. */
void bl_rtp_codec_begin(struct bl_engine *e, unsigned port);

/* rtp_peer.c: whose packets are believed */
void bl_rtp_remote(struct bl_rtp_port *r, const struct bl_address *remote, uint64_t sample);
bool bl_rtp_believed(struct bl_engine *e, unsigned port, const struct bl_address *from,
                     const struct bl_rtp_packet *packet);

/* rtp_port.c, rtp_send.c */
void bl_rtp_datagram(struct bl_engine *e, unsigned port, const struct bl_address *from, uint8_t *octets, size_t n);
/* The stream of an event that is on is given up: nobody else would tell its end. */
void bl_rtp_event_end(struct bl_engine *e, unsigned port);
void bl_rtp_receive(struct bl_engine *e);
void bl_rtp_conceal(struct bl_engine *e);
void bl_rtp_send(struct bl_engine *e);

/* rtp_order.c: ports whose codec is no law of G.711 */
void bl_order_begin(struct bl_engine *e, unsigned port);
/* Another row of numbers comes. */
void bl_order_forget(struct bl_engine *e, unsigned port);
/* A packet of the held source, without sound where its length is 0; false: too late or too much to be heard. */
bool bl_order_take(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet);
/* Before the jitter buffer gives a tick. */
void bl_order_tick(struct bl_engine *e, unsigned port);

/* rtp_noise.c: comfort noise, RFC 3389 */
void bl_noise_begin(struct bl_engine *e, unsigned port);
/* A descriptor came. */
void bl_noise_take(struct bl_engine *e, unsigned port, const struct bl_rtp_packet *packet);
/* Sound of this timestamp came, in a pause. */
void bl_noise_ends(struct bl_engine *e, unsigned port, uint32_t timestamp);
/* Before the jitter buffer gives a tick: what is missing of it is noise. */
bool bl_noise_is_due(struct bl_engine *e, unsigned port);
void bl_noise_fill(struct bl_engine *e, unsigned port, uint64_t came);
/* A tick that the port sends, one that suppresses silence. */
void bl_noise_listen(struct bl_engine *e, unsigned port, const struct bl_measure *said);
/* Instead of a packet of sound: octets of a descriptor, 0: nothing, below 0: the sound is to be sent. */
int bl_noise_instead(struct bl_engine *e, unsigned port, unsigned samples, uint8_t *out, size_t room);

/* rtp_control.c: RTCP */
void bl_rtcp_begin(struct bl_rtp_port *r, uint64_t sample);
bool bl_rtcp_muxed(const uint8_t *octets, size_t n);
/* True if it was the peer's. */
bool bl_rtcp_datagram(struct bl_engine *e, unsigned port, const struct bl_address *from, uint8_t *octets, size_t n);
void bl_rtcp_tick(struct bl_engine *e, unsigned port);
/* The stream ends: the peer is told, if it has heard anything of it and the sockets are there. */
void bl_rtcp_bye(struct bl_engine *e, unsigned port);

/* secure.c: SRTP; open and close are true where the packet may be used */
int bl_secure_start(struct bl_engine *e, unsigned port, const struct bl_secure_command *c);
void bl_secure_forget(struct bl_secure_command *c);
/* This process's ciphers go; the keys stay for the next. */
void bl_secure_suspend(struct bl_engine *e, unsigned port);
void bl_secure_end(struct bl_engine *e, unsigned port);
int bl_secure_resume(struct bl_engine *e, unsigned port);
bool bl_secure_open(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n);
bool bl_secure_close(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n, size_t room);
bool bl_secure_open_control(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n);
bool bl_secure_close_control(struct bl_engine *e, unsigned port, uint8_t *octets, size_t *n, size_t room);

/* relay.c: digits, however they come */
void bl_digit_event(struct bl_engine *e, unsigned port, const struct bl_telephone_event_change *change);
void bl_relay_tick(struct bl_engine *e);
/* The tone in what is received is to be silenced: the digit is passed on in another form. */
bool bl_relay_silences(struct bl_engine *e, unsigned port);

/* orphan.c: ports whose owner is dead; after a time in which nobody could read, everybody is forgiven */
void bl_orphans_tick(struct bl_engine *e);
void bl_orphans_forgive(struct bl_engine *e);

/* repair.c: after a death; closes what makes no sense, opens descriptors again */
void bl_table_resume(struct bl_engine *e);

static inline bool bl_stop_asked(const struct bl_header *h)
{
	return __atomic_load_n(&h->stop, __ATOMIC_ACQUIRE);
}

/* The port's octets are mu-law's on the wire. */
static inline bool bl_law_is_ulaw(const struct bl_engine *e, unsigned port)
{
	if (port < BL_RTP_FIRST)
		return e->segment->spans[port / BL_TIMESLOTS].settings.t1;
	return port < BL_NULL_FIRST && e->segment->rtp[port - BL_RTP_FIRST].codec == BL_CODEC_PCMU;
}

/* Of the octets in the jitter buffer. */
static inline uint8_t bl_rtp_law(const struct bl_rtp_port *r)
{
	return r->codec == BL_CODEC_PCMU ? BL_JITTER_ULAW : BL_JITTER_ALAW;
}

/* What our packets of this tick's first sample say. */
static inline uint32_t bl_rtp_timestamp(const struct bl_rtp_port *r, uint64_t sample)
{
	return r->timestamp_base + bl_codec_units(r->codec) * (uint32_t)sample;
}

/* Nothing is done to a sound at 0 dB. */
static inline bool bl_gain_alters(const struct bl_gain *g)
{
	return g->muted || g->factor != 1 << 13;
}

static inline struct bl_port *bl_port(struct bl_engine *e, unsigned port)
{
	return &e->segment->ports[port];
}

static inline struct bl_rtp_port *bl_rtp_of(struct bl_engine *e, unsigned port)
{
	return &e->segment->rtp[port - BL_RTP_FIRST];
}

/* In a loop over e->open. */
static inline struct bl_port *bl_port_ahead(struct bl_engine *e, unsigned i)
{
	return bl_port(e, e->open[i + BL_AHEAD]);
}

/* NULL: it has no RTP. */
static inline struct bl_rtp_port *bl_rtp_ahead(struct bl_engine *e, unsigned i)
{
	unsigned port = e->open[i + BL_AHEAD];

	return port >= BL_RTP_FIRST && port < BL_NULL_FIRST ? bl_rtp_of(e, port) : NULL;
}

#endif
