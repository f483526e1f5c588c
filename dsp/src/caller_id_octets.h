/* SPDX-License-Identifier: GPL-2.0-only */
/* What the reader and the writer of caller ID messages share. */
#ifndef BL_CALLER_ID_OCTETS_H
#define BL_CALLER_ID_OCTETS_H

#include <stdint.h>

enum { SOH = 0x01, STX = 0x02, ETX = 0x03, HEADER = 0x07, DLE = 0x10 };

enum message_type {
	SINGLE_CALL = 0x04,
	SINGLE_WAITING = 0x06,
	NTT_CALL = 0x40,
	CALL_SETUP = 0x80,
	MESSAGE_WAITING = 0x82,
	LAST_TYPE = 0x89
};

enum parameter {
	DATE_AND_TIME = 0x01,
	CALLING_NUMBER = 0x02,
	CALLED_NUMBER = 0x03,
	NUMBER_ABSENT = 0x04,
	CALLING_NAME = 0x07,
	NAME_ABSENT = 0x08,
	NTT_CALLED_NUMBER = 0x09,
	VISUAL_INDICATOR = 0x0b,
	CALL_TYPE = 0x11,
	REDIRECTING_NUMBER = 0x1a,
	PASSED_OVER = 0x50,  /* display information: for others to read */
	LAST_PUBLIC = 0x5f,  /* EN 300 659-3 has none beyond */
	FIRST_NETWORK = 0xe0 /* for the network operator's use */
};

#define DATE_DIGITS 8

static inline int number_is_good(const char *number, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		char c = number[i];

		if (!((c >= '0' && c <= '9') || c == '*' || c == '#' || c == '+'))
			return 0;
	}
	return 1;
}

static inline int name_is_good(const char *name, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		uint8_t c = (uint8_t)name[i];

		if (c < 0x20 || c == 0x7f)
			return 0;
	}
	return 1;
}

static inline int is_absence(char reason)
{
	return reason == 'O' || reason == 'P' || reason == 'C' || reason == 'S';
}

#endif
