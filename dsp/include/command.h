/* SPDX-License-Identifier: GPL-2.0-only */
/* What clients ask of the engine. The engine copies a command out of shared memory before it looks at it. */
#ifndef BL_COMMAND_H
#define BL_COMMAND_H

#include <stdint.h>

#include "codec.h"
#include "dtmf.h"
#include "hdlc.h"
#include "jitter.h"
#include "sizes.h"
#include "srtp.h"

enum bl_command_kind {
	BL_OPEN_SPAN = 1,
	BL_CLOSE_SPAN,
	BL_SEND_FRAME,
	BL_OPEN_TIMESLOT,
	BL_OPEN_RTP,
	BL_SET_RTP_REMOTE,
	BL_CLOSE_PORT,
	BL_CONNECT,
	BL_DISCONNECT,
	BL_PLAY,
	BL_STOP,
	BL_TONE,
	BL_COLLECT,
	BL_SEND_DIGITS,
	BL_RECORD,
	BL_STOP_RECORDING,
	BL_OPEN_NULL,
	BL_LISTEN,
	BL_MUTE,
	BL_WHISPER,
	BL_JOIN,
	BL_LEAVE,
	BL_SET_PROFILE,
	BL_SET_GAIN,
	BL_SECURE,
	BL_TELL_DIGIT,
	BL_SET_BITS,
	BL_HEAR_SIGNALS,
	BL_SEND_SIGNAL,
	BL_TEST,
	BL_INSERT_ERRORS,
	BL_TELL_FRAMER,
	BL_SET_DTMF,
	BL_COMMAND_KINDS
};

#define BL_CARD_SETTINGS 64

struct bl_sound {
	uint32_t offset; /* in the arena */
	uint32_t octets; /* A-law */
};

struct bl_open_span {
	uint8_t card;      /* enum bl_card */
	uint8_t t1;        /* 24 timeslots of mu-law; else an E1: 31 of A-law */
	uint8_t d_channel; /* timeslot, 0: none */
	uint8_t clock_recovered;
	uint8_t clock_domain;   /* 1 to BL_SPANS; spans of one domain have one clock */
	uint8_t clock_priority; /* 1 to BL_SPANS; the lowest leads */
	uint8_t cas;            /* its timeslots have bits ABCD, those of an E1 in timeslot 16; without a D-channel */
	uint8_t resting_bits;   /* sent until told otherwise, and after the death of who told it */
	float trim_ppm;
	uint8_t settings[BL_CARD_SETTINGS]; /* the card's own */
};

struct bl_send_frame {
	uint16_t length;
	uint8_t octets[BL_HDLC_FRAME_MAX];
};

struct bl_rtp_command {
	struct bl_address remote;
	uint8_t packet_ms;       /* 5, 10 or 20; Opus: 10 or 20; of BL_SET_RTP_REMOTE also 0: as before */
	uint8_t codec;           /* enum bl_codec */
	uint8_t payload_type;    /* its static one, or 96 to 127 */
	uint8_t event_type;      /* under which telephone events come, at the codec's clock, 96 to 127; 0: none */
	uint8_t sent_event_type; /* and under which they are sent, which the peer named: both or none */
	uint8_t noise_type;      /* of comfort noise, 13 or 96 to 127; 0: none, as with Opus */
	uint8_t suppress;        /* silence is described by it, not sent */
};

struct bl_play_command {
	uint8_t count;
	uint8_t stop_on_digit;
	uint32_t repeat; /* 0: for ever */
	struct bl_sound sounds[BL_SOUNDS];
};

struct bl_tone_command {
	uint8_t kind; /* enum bl_tone_kind */
	uint8_t zone;
};

struct bl_collect_command {
	uint8_t max_digits;
	uint8_t clear_type_ahead;
	uint32_t first_digit_ms;
	uint32_t inter_digit_ms;
	char terminators[16]; /* ends with a 0 */
};

struct bl_digits_command {
	uint16_t on_ms;
	uint16_t off_ms;
	float level_dbm0;           /* DTMF: of the high tone, the low one is 2 dB weaker; MF: of each */
	uint8_t mf;                 /* MF instead of DTMF, on a timeslot; its KP lasts 32 ms longer */
	char digits[BL_DIGITS + 1]; /* ends with a 0 */
};

#define BL_MASTER_OCTETS (BL_SRTP_KEY_MAX + BL_SRTP_SALT_MAX)

struct bl_secure_command { /* SRTP: keys as SDES gives them, key and salt in one */
	uint8_t suite;     /* enum bl_srtp_suite */
	uint8_t tx[BL_MASTER_OCTETS];
	uint8_t rx[BL_MASTER_OCTETS];
};

struct bl_info_command { /* a digit that a SIP INFO told */
	char digit;
	uint16_t duration_ms;
};

struct bl_profile_command {
	uint8_t profile;      /* enum bl_profile */
	uint8_t echo_tail_ms; /* 16 to 128; 0: no canceller */
};

struct bl_gain_command { /* tenths of a decibel, see gain.h */
	int16_t rx;
	int16_t tx;
	uint8_t automatic; /* of what is received, besides */
};

struct bl_hear_command {
	uint8_t kinds;  /* bit n: enum bl_heard_kind n, or enum bl_ear, besides what the profile hears; 0: no more */
	uint8_t zone;   /* of call progress */
	uint8_t caller; /* caller ID: 1 + enum bl_caller_id_standard; 0: none */
	uint8_t sound;  /* parts of BL_SOUND_HEARD: 0, 2 or 3 */
	uint8_t gated;  /* only while something comes, and a while after it */
};

struct bl_signal_command {
	uint8_t kind;   /* enum bl_heard_kind: MF or one of R2's */
	uint8_t signal; /* R2: 1 to 15; MF: its character; 0: silence */
};

struct bl_test_command {
	uint8_t pattern; /* enum bl_prbs_pattern */
};

struct bl_framer_command { /* what a framer says that is no part of the card: it stands until it says otherwise */
	uint8_t alarms;    /* enum bl_alarm without RED */
	uint8_t bits[BL_TIMESLOTS]; /* ABCD that came; BL_BITS_UNKNOWN: none, or what stood before */
};

struct bl_join_command {
	uint8_t conference;
	uint8_t speaks;
	uint8_t hears;
};

struct bl_record_command {
	uint16_t right; /* left is the command's port */
	uint64_t from_sample;
};

struct bl_command {
	uint16_t kind;
	uint16_t port; /* or span */
	uint64_t id;   /* of the play, collect, sending or recording */
	union {
		struct bl_open_span span;
		struct bl_send_frame frame;
		struct bl_rtp_command rtp;
		uint16_t peer; /* connect, listen; whisper: who, BL_NO_PORT: nobody any more */
		uint8_t muted;
		uint8_t bits; /* ABCD, A is 8 */
		struct bl_join_command join;
		struct bl_profile_command profile;
		struct bl_gain_command gain;
		struct bl_dtmf_cfg dtmf; /* limits by which digits are heard in the sound */
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
		uint32_t errors; /* to be inserted into a test pattern */
		struct bl_record_command record;
	};
};

#endif
