// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the manual says that the gate cannot read and therefore drops from anybody. Written from the
 * manual's words, plainly; the gate's own code is not used here.
 */
#include <string.h>

#include "mutation.h"

#define TAGS_READ    4
#define HEADERS_READ 10
/* Headers that lie within this are in one piece whatever the device. */
#define REACH 2000

static const char *const hidden = "a first fragment that hides the flags";
static const char *const at_one = "a fragment at offset 1";
static const char *const far = "headers longer than what is looked at";

static const char *tcp_hidden(uint32_t at, uint32_t end, bool first)
{
	if (first && at + 14 > end)
		return hidden;
	return at + 14 > REACH ? far : NULL;
}

static const char *ip4_unreadable(const uint8_t *bytes, uint32_t at, uint32_t end)
{
	const uint8_t *ip = bytes + at;
	uint32_t total, fragment;

	if (at + 20 > end || ip[9] != HEADER_TCP)
		return NULL;
	total = (uint32_t)(ip[2] << 8 | ip[3]);
	if (at + total < end)
		end = at + total;
	fragment = (uint32_t)(ip[6] << 8 | ip[7]) & 0x3fff;
	if ((fragment & 0x1fff) == 1)
		return at_one;
	if (fragment & 0x1fff)
		return NULL;
	return tcp_hidden(at + (uint32_t)(ip[0] & 15) * 4, end, fragment);
}

/* Of the header of this kind; 0: none that is stepped over. */
static uint32_t header_size(uint8_t kind, const uint8_t *header)
{
	switch (kind) {
	case HEADER_FRAG:
		return 8;
	case HEADER_AUTH:
		return 8 + header[1] * 4U;
	case HEADER_IP6: /* the inner packet at the end of a segment route */
		return 40;
	case HEADER_HOP:
	case HEADER_ROUTING:
	case HEADER_DEST:
	case 135: /* mobility */
	case 139: /* HIP */
	case 140: /* shim6 */
		return 8 + header[1] * 8U;
	default:
		return 0;
	}
}

static const char *ip6_unreadable(const uint8_t *bytes, uint32_t at, uint32_t end)
{
	uint32_t length, followed = 0, fragment;
	bool first = false;
	uint8_t next;

	if (at + 40 > end)
		return NULL;
	next = bytes[at + 6];
	length = (uint32_t)(bytes[at + 4] << 8 | bytes[at + 5]);
	if (at + 40 + length < end && (length || next != HEADER_HOP))
		end = at + 40 + length;
	for (at += 40; next != HEADER_TCP; followed++) {
		const uint8_t *header = bytes + at;

		if (at + 8 > end)
			return first ? hidden : NULL;
		if (next == HEADER_IP4)
			return ip4_unreadable(bytes, at, end);
		if (!header_size(next, header))
			return NULL;
		if (followed == HEADERS_READ)
			return "more headers than are followed";
		if (at > REACH)
			return far;
		if (next == HEADER_FRAG) {
			fragment = (uint32_t)(header[2] << 8 | header[3]);
			if (fragment >> 3)
				return fragment >> 3 == 1 ? at_one : NULL;
			first |= fragment & 1;
		}
		at += header_size(next, header);
		next = header[next == HEADER_IP6 ? 6 : 0];
	}
	return tcp_hidden(at, end, first);
}

static const char *frame_unreadable(const uint8_t *bytes, uint32_t end)
{
	uint32_t at = 14, tags = 0;
	uint32_t type;

	if (end < at)
		return NULL;
	for (;; at += 4) {
		type = (uint32_t)(bytes[at - 2] << 8 | bytes[at - 1]);
		if (type != 0x8100 && type != 0x88a8)
			break;
		if (++tags > TAGS_READ)
			return "more tags than are followed";
		if (at + 4 > end)
			return NULL;
	}
	if (type == 0x0800)
		return ip4_unreadable(bytes, at, end);
	return type == 0x86dd ? ip6_unreadable(bytes, at, end) : NULL;
}

const char *train_unreadable(const struct train *train)
{
	for (unsigned i = 0; i < train->count; i++) {
		const char *why = frame_unreadable(train->bytes + train->at[i], train->size[i]);

		if (why)
			return why;
	}
	return NULL;
}
