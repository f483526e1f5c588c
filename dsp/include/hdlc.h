/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HDLC framing of a D-channel that is carried in 8-bit timeslot octets (Q.921 §2, ISO/IEC 13239).
 *
 * Flags, zero insertion, FCS-16. Frame octets go to the line least significant bit first (Q.921 §2.8.2); a timeslot
 * octet holds the line's bits most significant first (G.704 bit 1, RFC 5086), so frames need not lie on octet
 * boundaries. Flags may be shared between frames, and two flags may share a zero. The state is flat: it may be copied
 * or live in shared memory, and has no pointers. Frames given and taken have no flags and no FCS.
 */
#ifndef BL_HDLC_H
#define BL_HDLC_H

#include <stddef.h>
#include <stdint.h>

#define BL_HDLC_FRAME_MAX 300 /* octets without FCS; Q.921 N201 (260) + address and control fit */
#define BL_HDLC_FCS_LEN 2
#define BL_HDLC_TX_QUEUE 32 /* frames that may wait */

enum bl_hdlc_fill { BL_HDLC_FILL_FLAGS = 0, BL_HDLC_FILL_MARK = 1 };

struct bl_hdlc_tx_cfg {
	uint8_t fill;      /* enum bl_hdlc_fill: what is sent between frames; PRI: flags (Q.921 §2.2) */
	uint8_t min_flags; /* flags between two frames, 1 (shared) to 255 */
};

struct bl_hdlc_tx_frame {
	uint16_t len;                                          /* octets in data, FCS included */
	uint8_t data[BL_HDLC_FRAME_MAX + BL_HDLC_FCS_LEN + 8]; /* it is read eight octets at a time */
};

struct bl_hdlc_tx {
	struct bl_hdlc_tx_cfg cfg;
	uint8_t first;   /* index of the oldest frame */
	uint8_t queued;  /* frames in the queue, the one being sent included */
	uint8_t ones;    /* ones sent in a row inside a frame, 0 to 4 */
	uint8_t flags;   /* flags sent since the last frame, saturating */
	uint8_t open;    /* a frame is being sent */
	uint8_t mark;    /* mark idle is being sent */
	uint16_t next;   /* octet of it to send next */
	uint32_t bits_n; /* bits waiting for an octet */
	uint64_t bits;   /* first to go in bit 0 */
	uint64_t frames; /* sent completely */
	struct bl_hdlc_tx_frame queue[BL_HDLC_TX_QUEUE];
};

struct bl_hdlc_rx_cfg {
	uint16_t min_len; /* octets without FCS; below: `short_frames`. Q.921 §2.9: 3 (address 2, control 1) */
	uint16_t max_len; /* octets without FCS, ≤ BL_HDLC_FRAME_MAX; above: `long_frames` */
};

struct bl_hdlc_counters {
	uint64_t frames;       /* good frames handed over */
	uint64_t fcs_errors;   /* whole octets, wrong FCS */
	uint64_t aborts;       /* seven ones inside a frame */
	uint64_t short_frames; /* closed by a flag before min_len + FCS octets */
	uint64_t long_frames;  /* longer than max_len; counted once, then a flag is hunted */
	uint64_t non_aligned;  /* a number of bits that is no multiple of 8 */
};

struct bl_hdlc_rx {
	struct bl_hdlc_rx_cfg cfg;
	struct bl_hdlc_counters counters;
	uint32_t ones;   /* ones in a row just received, saturating at 7 */
	uint32_t synced; /* a flag opened what is being collected; 0: hunting */
	uint32_t idle;   /* at least seven ones since the last flag: mark idle or abort */
	uint32_t len;    /* whole octets collected */
	uint32_t bits_n; /* bits of the octet in hand */
	uint32_t rest;   /* an octet that changes nothing, 256: none is known */
	uint64_t bits;   /* first received in bit 0 */
	uint8_t data[BL_HDLC_FRAME_MAX + BL_HDLC_FCS_LEN + 8]; /* it is written eight octets at a time */
};

/* A good frame: `len` octets, valid only during the call. */
typedef void (*bl_hdlc_frame_fn)(void *user, const uint8_t *frame, size_t len);

size_t bl_hdlc_tx_size(void);
/* cfg NULL: flags, one between frames. -EINVAL on a bad cfg. */
int bl_hdlc_tx_init(struct bl_hdlc_tx *tx, const struct bl_hdlc_tx_cfg *cfg);
/* Forget all frames; what was being sent is cut off. Counters stay. */
void bl_hdlc_tx_reset(struct bl_hdlc_tx *tx);
/* Queue one frame (copied). -EINVAL: len 0; -EMSGSIZE: > BL_HDLC_FRAME_MAX; -ENOBUFS: queue full. */
int bl_hdlc_tx_send(struct bl_hdlc_tx *tx, const uint8_t *frame, size_t len);
/* Fill n timeslot octets. Pointers are not checked. */
void bl_hdlc_tx_process(struct bl_hdlc_tx *tx, uint8_t *out, size_t n);

size_t bl_hdlc_rx_size(void);
/* cfg NULL: min_len 3, max_len BL_HDLC_FRAME_MAX. -EINVAL on a bad cfg. */
int bl_hdlc_rx_init(struct bl_hdlc_rx *rx, const struct bl_hdlc_rx_cfg *cfg);
/* Hunt for a flag again; counters stay. */
void bl_hdlc_rx_reset(struct bl_hdlc_rx *rx);
/*
 * Take n timeslot octets; call `on_frame` for every good frame. Returns the number of good frames. Pointers are not
 * checked.
 */
size_t bl_hdlc_rx_process(struct bl_hdlc_rx *rx, const uint8_t *in, size_t n, bl_hdlc_frame_fn on_frame, void *user);

#endif
