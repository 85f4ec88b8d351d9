// SPDX-License-Identifier: GPL-2.0-or-later
/* See capture.h. Pure except for the stream. */
#include "show/capture.h"

#include <string.h>

#define ETHERNET     14
#define TCP_LEAST    20
#define BLOCK_HEAD   0x0a0d0d0aU
#define BLOCK_IFACE  1U
#define BLOCK_PACKET 6U

static unsigned word_be(const unsigned char *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static size_t at_most(size_t wanted, size_t size)
{
	return wanted < size ? wanted : size;
}

static size_t tcp_end(const unsigned char *bytes, size_t size, size_t at)
{
	size_t length = at + 12 < size ? (size_t)(bytes[at + 12] >> 4) * 4 : 0;

	return at_most(at + (length < TCP_LEAST ? TCP_LEAST : length), size);
}

static size_t headers4(const unsigned char *bytes, size_t size, size_t at)
{
	size_t length;

	if (at + 20 > size)
		return size;
	length = (size_t)(bytes[at] & 15) * 4;
	if (length < 20)
		length = 20;
	if (word_be(bytes + at + 6) & 0x1fff)
		return at_most(at + length, size);
	return tcp_end(bytes, size, at + length);
}

static size_t headers6(const unsigned char *bytes, size_t size, size_t at)
{
	unsigned next;

	if (at + 40 > size)
		return size;
	next = bytes[at + 6];
	at += 40;
	while (at + 8 <= size) {
		if (next == 44 && word_be(bytes + at + 2) & 0xfff8)
			return at + 8; /* a later fragment */
		if (next != 0 && next != 43 && next != 44 && next != 51 && next != 60)
			break;
		size_t length = (size_t)bytes[at + 1] * 8 + 8;

		if (next == 44)
			length = 8;
		else if (next == 51)
			length = (size_t)bytes[at + 1] * 4 + 8;
		next = bytes[at];
		at += length;
	}
	return at < size ? tcp_end(bytes, size, at) : size;
}

size_t capture_headers(const unsigned char *bytes, size_t size)
{
	size_t at = ETHERNET;

	while (at <= size &&
	       (word_be(bytes + at - 2) == 0x8100 || word_be(bytes + at - 2) == 0x88a8))
		at += 4;
	if (at > size)
		return size;
	if (word_be(bytes + at - 2) == 0x0800)
		return headers4(bytes, size, at);
	if (word_be(bytes + at - 2) == 0x86dd)
		return headers6(bytes, size, at);
	return at;
}

static void put32(FILE *out, uint32_t value)
{
	fwrite(&value, sizeof(value), 1, out);
}

static void put_option(FILE *out, uint16_t code, const void *value, size_t size)
{
	uint16_t head[2] = { code, (uint16_t)size };

	fwrite(head, sizeof(head), 1, out);
	fwrite(value, 1, size, out);
	fwrite("\0\0\0", 1, -size & 3, out);
}

/* In this machine's byte order, which readers learn from the magic number. */
void capture_begin(FILE *out)
{
	static const char program[] = "sekisho " SEKISHO_VERSION;
	const size_t name = sizeof(program) - 1, padded = (name + 3) & ~(size_t)3;
	uint32_t size = (uint32_t)(28 + 4 + padded + 4);
	uint8_t nanoseconds = 9;

	put32(out, BLOCK_HEAD);
	put32(out, size);
	put32(out, 0x1a2b3c4dU);
	put32(out, 1); /* version 1.0 */
	put32(out, UINT32_MAX);
	put32(out, UINT32_MAX);		   /* the section's length is not given */
	put_option(out, 4, program, name); /* shb_userappl */
	put32(out, 0);			   /* no more options */
	put32(out, size);

	put32(out, BLOCK_IFACE);
	put32(out, 32);
	put32(out, 1); /* LINKTYPE_ETHERNET */
	put32(out, WATCH_BYTES + ETHERNET);
	put_option(out, 9, &nanoseconds, 1); /* if_tsresol */
	put32(out, 0);			     /* no more options */
	put32(out, 32);
}

/* The record's packet as an Ethernet frame; if its device has no such header, one is made. */
static size_t frame_of(const struct watch_record *record,
		       unsigned char frame[WATCH_BYTES + ETHERNET])
{
	size_t from = record->ip_offset, size = at_most(record->size, WATCH_BYTES);

	if (!record->protocol ||
	    (from == ETHERNET && word_be(record->bytes + 12) == record->protocol)) {
		memcpy(frame, record->bytes, size);
		return size;
	}
	from = at_most(from, size);
	memset(frame, 0, ETHERNET);
	frame[12] = (unsigned char)(record->protocol >> 8);
	frame[13] = (unsigned char)record->protocol;
	memcpy(frame + ETHERNET, record->bytes + from, size - from);
	return ETHERNET + size - from;
}

size_t capture_packet(FILE *out, const struct watch_record *record, int64_t wall_ns,
		      const char *comment)
{
	unsigned char frame[WATCH_BYTES + ETHERNET] = { 0 };
	size_t there = frame_of(record, frame), kept = capture_headers(frame, there);
	size_t said = strlen(comment);
	uint32_t size =
		(uint32_t)(32 + ((kept + 3) & ~(size_t)3) + 4 + ((said + 3) & ~(size_t)3) + 4);
	uint64_t time = (uint64_t)wall_ns;

	put32(out, BLOCK_PACKET);
	put32(out, size);
	put32(out, 0); /* the interface */
	put32(out, (uint32_t)(time >> 32));
	put32(out, (uint32_t)time);
	put32(out, (uint32_t)kept);
	put32(out, record->packet_size + (uint32_t)(there - at_most(record->size, there)));
	fwrite(frame, 1, kept, out);
	fwrite("\0\0\0", 1, -kept & 3, out);
	put_option(out, 1, comment, said); /* opt_comment */
	put32(out, 0);			   /* no more options */
	put32(out, size);
	return size;
}
