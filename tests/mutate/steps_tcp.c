// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps on the TCP header. */
#include <string.h>

#include "mutation.h"

void step_port(struct draft *draft, struct rng *rng)
{
	static const uint16_t ports[] = { PORT_SUBMIT,	PORT_SUBMIT, PORT_REFUSED,
					  PORT_REFUSED, PORT_OTHER,  143 };
	draft->port = rng_chance(rng, 95) ? ports[rng_below(rng, sizeof(ports) / sizeof(*ports))]
					  : (uint16_t)rng_below(rng, 65536);
}

void step_sequence(struct draft *draft, struct rng *rng)
{
	static const uint32_t edges[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff };

	draft->seq = rng_chance(rng, 50) ? edges[rng_below(rng, 5)] : (uint32_t)rng_next(rng);
	draft->ack = rng_chance(rng, 50) ? edges[rng_below(rng, 5)] : (uint32_t)rng_next(rng);
}

void step_data_offset(struct draft *draft, struct rng *rng)
{
	draft->data_offset_override = (int)rng_below(rng, 16);
	draft->data_size += rng_below(rng, 48);
}

void step_flags(struct draft *draft, struct rng *rng)
{
	draft->flags = (uint8_t)rng_below(rng, 256);
}

/* All that leave it a SYN: no ACK, RST or FIN, of which Linux would make something else. */
void step_flags_more(struct draft *draft, struct rng *rng)
{
	draft->flags = (uint8_t)(rng_below(rng, 256) & 0xe8U) | FLAG_SYN;
}

void step_reserved(struct draft *draft, struct rng *rng)
{
	draft->reserved = (uint8_t)rng_below(rng, 16);
}

void step_window(struct draft *draft, struct rng *rng)
{
	draft->window = (uint16_t)(rng_chance(rng, 50) ? 0 : rng_below(rng, 65536));
}

void step_urgent(struct draft *draft, struct rng *rng)
{
	draft->urgent = (uint16_t)rng_below(rng, 65536);
	draft->flags |= (uint8_t)(rng_below(rng, 2) << 5);
}

static unsigned put_option(struct rng *rng, uint8_t *at, unsigned room)
{
	static const struct {
		uint8_t size, bytes[10];
	} known[] = {
		{ 4, { 2, 4, 5, 180 } }, { 4, { 2, 4, 0, 0 } }, { 3, { 3, 3, 7 } },
		{ 3, { 3, 3, 255 } },	 { 2, { 4, 2 } },	{ 10, { 8, 10, 1, 2, 3, 4 } },
		{ 2, { 34, 2 } },	 { 1, { 1 } },		{ 4, { 253, 4, 0xf9, 0x89 } },
	};
	unsigned which = rng_below(rng, sizeof(known) / sizeof(*known));

	if (known[which].size > room) {
		*at = 1;
		return 1;
	}
	memcpy(at, known[which].bytes, known[which].size);
	return known[which].size;
}

void step_options(struct draft *draft, struct rng *rng)
{
	unsigned size = 4 * rng_between(rng, 1, OPTIONS_ROOM / 4);

	for (unsigned at = 0; at < size;)
		at += put_option(rng, draft->options + at, size - at);
	draft->options_size = size;
}

void step_options_random(struct draft *draft, struct rng *rng)
{
	draft->options_size = 4 * rng_between(rng, 1, OPTIONS_ROOM / 4);
	rng_fill(rng, draft->options, draft->options_size);
}

void step_data(struct draft *draft, struct rng *rng)
{
	draft->data_size = rng_chance(rng, 80) ? rng_between(rng, 1, 64)
					       : rng_between(rng, 1, 1300);
}

void step_checksum(struct draft *draft, struct rng *rng)
{
	(void)rng;
	draft->checksum_wrong = true;
}
