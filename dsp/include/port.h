/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port: one direction in, one out, 40 A-law octets a tick each, and everything that is done with them.
 *
 * Flat and in shared memory: an engine that was killed goes on from here. Whatever may be torn by that is checked when
 * the engine comes back, and every index is bounded where it is used.
 */
#ifndef BL_PORT_H
#define BL_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "agc.h"
#include "bank.h"
#include "caller_id.h"
#include "cng.h"
#include "codec.h"
#include "command.h"
#include "digit_relay.h"
#include "dtmf.h"
#include "emodel.h"
#include "gain.h"
#include "jitter.h"
#include "level.h"
#include "mixer.h"
#include "plc.h"
#include "prbs.h"
#include "rtcp.h"
#include "rtp.h"
#include "sid.h"
#include "sizes.h"
#include "skew.h"
#include "srtp.h"
#include "telephone_event.h"
#include "vad.h"
#include "tone.h"

enum bl_port_kind { BL_PORT_CLOSED, BL_PORT_TIMESLOT, BL_PORT_RTP, BL_PORT_NULL, BL_PORT_KINDS };
enum bl_source {
	BL_SOURCE_IDLE,
	BL_SOURCE_BRIDGE, /* what the peer receives, and the other way round */
	BL_SOURCE_PLAY,
	BL_SOURCE_TONE,
	BL_SOURCE_DIGITS,
	BL_SOURCE_LISTEN, /* what the peer receives, one way */
	BL_SOURCE_CONFERENCE,
	BL_SOURCE_TEST, /* a test pattern, which is looked for in what is received */
	BL_SOURCES
};

enum bl_profile {
	BL_PROFILE_CLEAR, /* octet for octet: data, RFC 4040 */
	BL_PROFILE_VOICE,
	BL_PROFILE_VBD, /* V.152: echo cancelled, nothing else changed */
	BL_PROFILE_T38,
	BL_PROFILES
};

struct bl_play {
	uint64_t id;
	uint64_t played; /* octets */
	uint32_t left;   /* rounds to go, this one included; 0: for ever */
	uint32_t place;  /* octets played of the sound */
	uint8_t index;   /* of the sound */
	uint8_t count;
	uint8_t stop_on_digit;
	uint8_t owner; /* client */
	struct bl_sound sounds[BL_SOUNDS];
};

struct bl_collect {
	uint8_t active;
	uint8_t owner;
	uint8_t max_digits;
	uint8_t count;
	uint32_t first_digit_samples;
	uint32_t inter_digit_samples;
	uint64_t id;
	uint64_t quiet_since; /* sample of the last digit, or of the beginning */
	char terminators[16];
	char digits[BL_DIGITS];
};

struct bl_type_ahead {
	uint8_t count;
	char digits[BL_TYPE_AHEAD];
};

struct bl_digits {
	uint64_t id;
	uint8_t active;
	uint8_t events; /* sent as telephone events */
	uint8_t owner;  /* BL_NO_CLIENT: sent for a bridge, nobody is told */
	uint8_t mf;
	union {
		struct bl_dtmf_tx tx;
		struct bl_mf_tx mf_tx;
	};
};

/* What a timeslot can be asked to hear besides tones of the bank; numbers go on from enum bl_heard_kind. */
enum bl_ear {
	BL_EAR_DTMF = BL_HEARD_KINDS, /* digits go to who asks, not to the port's listener */
	BL_EAR_VOICE,                 /* voice activity, told as it stands and as it changes */
};

/* Tones of a register on a timeslot: what is heard of the far one's, and the one that is held. */
struct bl_register {
	uint8_t hears;                          /* bit n: enum bl_heard_kind n, or enum bl_ear */
	uint8_t zone;                           /* of call progress */
	uint8_t caller;                         /* caller ID is heard: 1 + enum bl_caller_id_standard */
	uint8_t voice;                          /* that was told: 1 + bl_port.speaks; 0: nothing yet */
	uint8_t sound;                          /* parts of it that are told too, */
	uint8_t gated;                          /* only up to gate_until */
	uint8_t owner;                          /* client that is told */
	uint8_t told[BL_HEARD_R2_BACKWARD + 1]; /* signal that is on, by enum bl_heard_kind; 0: none */
	uint64_t gate_until;                    /* sample */
	uint64_t doubted_until;                 /* sample to which one told before a death may have ended; 0: none */
	struct bl_signal_command sends;         /* signal 0: none */
	union {
		struct bl_r2_tx r2;
		struct bl_mf_tx mf;
	} tx;
	uint8_t piece[BL_SOUND_TICKS * BL_TICK_SAMPLES]; /* of the sound that is told next, part by part */
};

#define BL_REGISTER_KINDS (1u << BL_HEARD_MF | 1u << BL_HEARD_R2_FORWARD | 1u << BL_HEARD_R2_BACKWARD)

/* Compelled tones of both directions stand at once: what is done to a voice would spoil them. */
static inline int bl_register_works(const struct bl_register *r)
{
	return r->hears & BL_REGISTER_KINDS || r->sends.signal;
}

/* Of a timeslot that is tested. */
struct bl_test {
	struct bl_prbs_tx tx;
	struct bl_prbs_rx rx;
};

/*
 * What a tick asks of every port lies at the beginning of a line of the cache, each block's own: there are too many
 * ports for the cache, so a tick pays by the line.
 */
struct bl_port {
	_Alignas(BL_CACHE_LINE) uint8_t kind; /* enum bl_port_kind */
	uint8_t source;                       /* enum bl_source, digits excluded: those lie over it */
	uint8_t detect;                       /* DTMF detector on */
	uint8_t listener;                     /* client that hears of digits */
	uint8_t owner;                        /* client that opened it */
	uint8_t profile;                      /* enum bl_profile */
	uint8_t echo;                         /* its echo is cancelled: bl_segment.echo */
	uint8_t speaks;                       /* voice activity */
	uint8_t resampled;                    /* its span has another clock: bl_segment.rx_skew and tx_skew */
	uint8_t automatic;                    /* gain that follows the voice */
	uint8_t conference;                   /* that it is in, BL_CONFERENCES: none */
	uint8_t party;                        /* its place there */
	uint16_t peer;                        /* of the bridge or of the listening, BL_NO_PORT */
	uint16_t whisperer;                   /* port that is heard over what this one transmits, BL_NO_PORT */
	struct bl_gain rx_gain;               /* and mute: others hear silence from it */
	struct bl_gain tx_gain;
	struct bl_register reg; /* what is asked of it lies in the first line too */
	_Alignas(BL_CACHE_LINE) struct bl_level rx_level;
	_Alignas(BL_CACHE_LINE) struct bl_level tx_level;
	_Alignas(BL_CACHE_LINE) struct bl_vad vad;
	_Alignas(BL_CACHE_LINE) struct bl_dtmf dtmf;
	_Alignas(BL_CACHE_LINE) struct bl_digit_relay relay;
	_Alignas(BL_CACHE_LINE) struct bl_bank bank; /* answer tones, fax; what the register hears */
	_Alignas(BL_CACHE_LINE) struct bl_digits digits;
	_Alignas(BL_CACHE_LINE) struct bl_type_ahead ahead;
	struct bl_collect collect;
	struct bl_play play;
	struct bl_tone tone;
	struct bl_caller_id caller_id;
	struct bl_test test;
	struct bl_agc agc;
	struct bl_dtmf_cfg dtmf_limits; /* of `dtmf`, whose own copy may be torn */
	uint16_t data_quiet;            /* ticks in a row in which voice-band data was silent both ways */
	uint8_t data_by_tone;           /* a tone has made it such, so silence ends it */
};

_Static_assert(offsetof(struct bl_port, reg.tx) <= BL_CACHE_LINE, "what is asked of a register lies in the first line");

struct bl_rtp_counters {
	uint64_t received, sent, send_errors, lost, late, duplicates, bad, stray, other_payload, rtcp, silence_samples,
	        resyncs, concealed_samples, events, forged;
};

/* Parties hear all others, never themselves. */
struct bl_conference {
	uint16_t ports[BL_MIXER_PARTIES]; /* by party; BL_NO_PORT */
	struct bl_mixer mixer;
};

/* What an RTP port has besides. */
struct bl_rtp_port {
	_Alignas(BL_CACHE_LINE) struct bl_address remote; /* where packets go */
	struct bl_address signalled;                      /* what signalling named */
	struct bl_address former;                         /* the peer before that */
	uint64_t former_until;                            /* sample to which it is not believed */
	uint32_t remote_ssrc;                             /* held once latched */
	uint8_t latched;
	uint8_t timed_out;
	uint8_t packet_ms;
	uint8_t next_packet_ms;  /* from the next packet's first sample on */
	uint8_t codec;           /* enum bl_codec */
	uint8_t payload_type;    /* of its packets */
	uint8_t event_type;      /* under which telephone events come; 0: none */
	uint8_t sent_event_type; /* under which they are sent, and heard too */
	uint8_t noise_type;      /* of comfort noise; 0: none */
	uint8_t suppress;        /* silence is not sent */
	uint8_t pause;           /* comfort noise is heard, or soon */
	uint8_t still;           /* comfort noise was sent, and no sound since */
	uint8_t secure;          /* SRTP and nothing else */
	uint8_t mux;             /* RTCP came on the RTP port (RFC 5761), and goes there */
	uint8_t over;            /* the held SSRC has said BYE */
	uint8_t sounded;         /* something of the stream was heard */
	uint8_t marker;          /* of the next packet */
	struct bl_address other; /* on probation */
	uint32_t other_ssrc;     /* RFC 3550 A.1 */
	uint16_t other_sequence;
	uint16_t other_packets;
	uint32_t wire_timestamp; /* of the newest sound, in units of the codec's clock, */
	uint32_t timestamp;      /* and in samples of 8 kHz */
	uint64_t last_packet;    /* sample at which the held source was last heard */
	uint32_t ssrc;
	uint32_t timestamp_base;
	uint16_t sequence;
	uint16_t fill; /* samples waiting for the next packet */
	uint8_t packet[BL_RTP_HEADER + BL_RTP_PAYLOAD + BL_SRTP_TRAILER_MAX];
	uint32_t octets;                 /* of payload sent */
	struct bl_rtp_counters counters; /* received, lost, late, duplicates and resyncs are kept in the two below */
	struct bl_rtp_source rx;
	_Alignas(BL_CACHE_LINE) struct bl_jitter jitter;
	struct bl_skew skew; /* behind it, where voice-band data may not slip */
	uint8_t skewed;      /* it holds the sound that is heard next */
	_Alignas(BL_CACHE_LINE) struct bl_plc plc;
	struct bl_loss loss;
	struct bl_rtcp rtcp;
	struct bl_telephone_event_rx event_rx;
	_Alignas(BL_CACHE_LINE) struct bl_telephone_event_tx event_tx;
	struct bl_srtp srtp_rx, srtp_tx;
	struct bl_srtp srtp_former; /* of before the last keys: the peer goes on with them until it has our answer, */
	uint64_t former_keys_until; /* to this sample at most */
};

/* What a port has besides that has comfort noise. */
struct bl_rtp_noise {
	struct bl_cng cng; /* that is heard */
	uint32_t from;     /* its first timestamp, */
	uint32_t until;    /* and that of the sound behind it */
	struct bl_vad vad; /* of what is sent */
	struct bl_sid sid;
	uint32_t quiet;               /* samples of silence so far, */
	uint32_t told;                /* and at the last descriptor */
	uint32_t held;                /* samples for which something loud is taken for sound yet */
	uint8_t level;                /* that was told, -dBov */
	int16_t said[BL_RTP_PAYLOAD]; /* of the next packet */
};

#define BL_ORDER_SLOTS 8

/* A packet that came before one sent earlier. */
struct bl_rtp_early {
	uint32_t timestamp; /* samples of 8 kHz */
	uint32_t came;      /* by the jitter buffer's clock */
	uint16_t sequence;
	uint16_t octets; /* 0: no sound, an event */
	uint8_t waits;
	uint8_t payload[BL_OPUS_PACKET_MAX];
};

/* What a port has besides whose codec is no law of G.711. */
struct bl_rtp_codec {
	union bl_codec_state state;
	uint8_t started;
	uint8_t waiting;                           /* packets in `early` */
	uint16_t next;                             /* sequence number that is to be decoded */
	uint32_t end;                              /* timestamp after what was decoded last, samples of 8 kHz */
	uint32_t samples_left;                     /* that may be decoded yet */
	struct bl_rtp_early early[BL_ORDER_SLOTS]; /* by sequence number */
	int16_t said[BL_RTP_PAYLOAD];              /* of the next packet */
};

#endif
