// SPDX-License-Identifier: GPL-2.0-or-later
/* See build.h. A header's "next" field is written when the next word says what follows. */
#include "build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct builder {
	struct built_packet *packet;
	const struct address *source4, *source6;
	uint8_t *next;	/* the pending next-header or protocol byte */
	uint8_t *type;	/* the pending ethertype */
	size_t payload; /* where what IP carries begins */
	int length;	/* what the IP header says of it; -1: what is there */
};

static uint8_t *append(struct builder *builder, size_t size)
{
	uint8_t *at = builder->packet->bytes + builder->packet->size;

	memset(at, 0, size);
	builder->packet->size += size;
	return at;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void set_type(struct builder *builder, unsigned type)
{
	if (builder->type)
		put16(builder->type, type);
	builder->type = NULL;
}

static void set_next(struct builder *builder, unsigned next)
{
	if (builder->next)
		*builder->next = (uint8_t)next;
	builder->next = NULL;
}

/* ":NAME=VALUE" within a word; `base` of the number. */
static unsigned option(const char *word, const char *name, int base, unsigned otherwise)
{
	const char *at = strstr(word, name);

	return at ? (unsigned)strtoul(at + strlen(name), NULL, base) : otherwise;
}

/* The number behind the nth colon. */
static unsigned number(const char *word, int nth, unsigned otherwise)
{
	while (nth-- && word)
		word = strchr(word + 1, ':');
	return word ? (unsigned)strtoul(word + 1, NULL, 10) : otherwise;
}

static void add_tag(struct builder *builder, unsigned type, unsigned vid)
{
	uint8_t *tag;

	set_type(builder, type);
	tag = append(builder, 4);
	put16(tag, vid);
	builder->type = tag + 2;
}

static void add_ip4(struct builder *builder, const char *word)
{
	unsigned options = option(word, ":opt=", 10, 0);
	uint8_t *ip;

	set_type(builder, 0x0800);
	builder->packet->ip = builder->packet->size;
	builder->packet->is4 = true;
	builder->length = (int)option(word, ":len=", 10, (unsigned)-1);
	ip = append(builder, 20 + options);
	ip[0] = (uint8_t)(option(word, ":ver=", 10, 4) << 4 |
			  option(word, ":ihl=", 10, (20 + options) / 4));
	put16(ip + 6, option(word, ":frag=", 16, 0));
	ip[8] = 64;
	ip[9] = (uint8_t)option(word, ":proto=", 10, 6);
	memcpy(ip + 12, builder->source4->byte + 12, 4);
	memcpy(ip + 16, (uint8_t[]){ 192, 0, 2, 200 }, 4);
	memset(ip + 20, 1, options); /* no-operation */
	builder->payload = builder->packet->size;
}

static void add_ip6(struct builder *builder, const char *word)
{
	uint8_t *ip;

	set_type(builder, 0x86dd);
	builder->packet->ip = builder->packet->size;
	builder->length = (int)option(word, ":len=", 10, (unsigned)-1);
	ip = append(builder, 40);
	ip[0] = (uint8_t)(option(word, ":ver=", 10, 6) << 4);
	ip[7] = 64;
	memcpy(ip + 8, builder->source6->byte, 16);
	memcpy(ip + 24, (uint8_t[]){ 0x20, 1, 0xd, 0xb8, 0xff, 0xff }, 6);
	builder->next = ip + 6;
	builder->payload = builder->packet->size;
}

/* An extension header of 8 bytes and `units` times `unit` more. */
static void add_extension(struct builder *builder, unsigned kind, unsigned unit, unsigned units)
{
	uint8_t *header;

	set_next(builder, kind);
	header = append(builder, 8 + (size_t)unit * units);
	header[1] = (uint8_t)units;
	builder->next = header;
}

static void add_fragment(struct builder *builder, const char *word)
{
	uint8_t *header;

	set_next(builder, 44);
	header = append(builder, 8);
	put16(header + 2, number(word, 1, 0) << 3 | number(word, 2, 0));
	builder->next = header;
}

static void add_tcp(struct builder *builder, const char *word)
{
	static const char names[] = "FSRPAUEW";
	const char *flags = strchr(strchr(word, ':') + 1, ':') + 1;
	unsigned keep = number(word, 3, 20);
	uint8_t *tcp;

	set_next(builder, 6);
	tcp = append(builder, 20);
	put16(tcp, option(word, "from=", 10, 40000));
	put16(tcp + 2, number(word, 1, 25));
	tcp[12] = 5 << 4;
	for (; *flags && *flags != ':'; flags++)
		if (strchr(names, *flags))
			tcp[13] |= (uint8_t)(1 << (strchr(names, *flags) - names));
	builder->packet->size -= 20 - keep;
}

static bool add_header(struct builder *builder, const char *word)
{
	static const struct {
		const char *name;
		unsigned kind, unit;
	} extensions[] = { { "hop", 0, 8 },	  { "route", 43, 8 }, { "dest", 60, 8 },
			   { "auth", 51, 4 },	  { "hip", 139, 8 },  { "shim6", 140, 8 },
			   { "mobility", 135, 8 } };
	size_t size = strcspn(word, ":");

	for (size_t i = 0; i < sizeof(extensions) / sizeof(*extensions); i++) {
		if (strlen(extensions[i].name) != size || strncmp(word, extensions[i].name, size))
			continue;
		add_extension(builder, extensions[i].kind, extensions[i].unit, number(word, 1, 0));
		return true;
	}
	return false;
}

static bool is_word(const char *word, const char *name)
{
	return strcspn(word, ":") == strlen(name) && !strncmp(word, name, strlen(name));
}

static int add_word(struct builder *builder, const char *word)
{
	struct built_packet *packet = builder->packet;

	if (is_word(word, "eth"))
		builder->type = append(builder, 14) + 12;
	else if (is_word(word, "q"))
		add_tag(builder, 0x8100, number(word, 1, 0));
	else if (is_word(word, "ad"))
		add_tag(builder, 0x88a8, number(word, 1, 0));
	else if (is_word(word, "arp"))
		set_type(builder, 0x0806);
	else if (is_word(word, "ip4"))
		add_ip4(builder, word);
	else if (is_word(word, "ip6"))
		add_ip6(builder, word);
	else if (is_word(word, "frag"))
		add_fragment(builder, word);
	else if (is_word(word, "other"))
		set_next(builder, number(word, 1, 0));
	else if (is_word(word, "tcp"))
		add_tcp(builder, word);
	else if (is_word(word, "udp"))
		set_next(builder, 17), put16(append(builder, 8) + 2, number(word, 1, 0));
	else if (is_word(word, "bytes"))
		append(builder, number(word, 1, 0));
	else if (is_word(word, "cut") && number(word, 1, 0) < packet->size)
		packet->size = number(word, 1, 0);
	else if (!add_header(builder, word))
		return -EINVAL;
	return 0;
}

/* Lengths as they are, not as they were meant, unless told: cut packets say what is there. */
static void finish(struct builder *builder)
{
	struct built_packet *packet = builder->packet;
	size_t header = packet->is4 ? 20 : 40, at = packet->ip + (packet->is4 ? 2 : 4);

	if (!packet->ip || packet->size < packet->ip + header)
		return;
	if (builder->length >= 0)
		put16(packet->bytes + at, (unsigned)builder->length);
	else
		put16(packet->bytes + at,
		      (unsigned)(packet->size - packet->ip - (packet->is4 ? 0 : header)));
}

int packet_build(const char *words, const struct address *source4, const struct address *source6,
		 struct built_packet *packet, char word[64])
{
	struct builder builder = { .packet = packet, .source4 = source4, .source6 = source6 };

	memset(packet, 0, sizeof(*packet));
	while (*words) {
		size_t size = strcspn(words, " ");

		if (size && size < 64) {
			memcpy(word, words, size);
			word[size] = '\0';
			if (add_word(&builder, word))
				return -EINVAL;
		}
		words += size + (words[size] == ' ');
	}
	finish(&builder);
	return 0;
}
