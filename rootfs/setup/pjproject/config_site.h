/* SPDX-License-Identifier: GPL-2.0-only */
/* Compile-time limits of our pjproject: signalling for a large branch, sound handled elsewhere. */
#define PJSUA_MAX_CALLS 512
#define PJSUA_MAX_ACC 256
#define PJSUA_MAX_CONF_PORTS 1024
#define PJ_IOQUEUE_MAX_HANDLES 1024
#define PJSIP_MAX_TSX_COUNT 8191
#define PJSIP_MAX_DIALOG_COUNT 4095
#define PJ_HAS_IPV6 1
#define PJ_DEBUG 0
#define PJMEDIA_HAS_VIDEO 0
#define PJMEDIA_HAS_ILBC_CODEC 0
#define PJMEDIA_HAS_GSM_CODEC 0
#define PJMEDIA_HAS_SPEEX_CODEC 0
#define PJMEDIA_HAS_G7221_CODEC 0
