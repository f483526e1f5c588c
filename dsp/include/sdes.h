/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SDES: the master keys of SRTP in SDP, RFC 4568.
 *
 *   a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4
 *            tag suite                 key and salt in base64                         lifetime, MKI and its octets
 *
 * Text is what stands behind "a=crypto:", without the end of the line; it need not end with a zero. Read and written
 * are tag, suite, up to BL_SDES_KEYS keys and WSH. The other session parameters change what an SRTP packet is, and
 * bl_srtp knows one kind; they are refused with -ENOTSUP, so that the line is declined (§5.1.2), but KDR=0, which says
 * nothing, and what begins with "-", which may be passed over (§6.3.7). Unknown suites are -ENOTSUP too: the line of an
 * offer is then not chosen. Padding of base64 may be left out, as some phones do; we write it.
 *
 * Whoever has a struct bl_sdes or its text has the keys: wipe them, and keep them out of logs.
 */
#ifndef BL_SDES_H
#define BL_SDES_H

#include "srtp.h"

#define BL_SDES_KEYS 4
#define BL_SDES_TEXT_MAX 2048 /* octets; what bl_sdes_build makes is shorter */
#define BL_SDES_TAG_MAX 999999999u
#define BL_SDES_WSH_MIN 64 /* packets, §6.3.6 */

struct bl_sdes {
	uint32_t tag;
	uint32_t keys;                        /* 1 to BL_SDES_KEYS; several differ in their MKIs, all of one length */
	uint32_t wsh;                         /* hint for the replay window, packets; 0: none */
	struct bl_srtp_cfg key[BL_SDES_KEYS]; /* all of one suite */
};

/* Suite by its name, n octets; 0: unknown. And the name; NULL: there is no such suite. */
unsigned bl_sdes_suite(const char *name, size_t n);
const char *bl_sdes_suite_name(unsigned suite);
/* 0; -EBADMSG: not of RFC 4568's grammar, or out of its limits; -ENOTSUP: see above. *s is zeros then. */
int bl_sdes_parse(struct bl_sdes *s, const char *text, size_t n);
/* Write at most `room` octets, no zero behind; returns how many. -EINVAL: *s cannot be; -EMSGSIZE: no room. */
int bl_sdes_build(const struct bl_sdes *s, char *text, size_t room);
void bl_sdes_wipe(struct bl_sdes *s);

#endif
