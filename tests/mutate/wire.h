/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The attacker's end of one server's cable: frames out, answers in. */
#ifndef SEKISHO_MUTATE_WIRE_H
#define SEKISHO_MUTATE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* What was answered, as bits: what kind of port answered, and how. */
#define ANSWER_RESET	   0x01
#define ANSWER_SYNACK	   0x02
#define ANSWER_PROTECTED   0 /* << this */
#define ANSWER_REFUSED	   2
#define ANSWER_UNPROTECTED 4

struct answer {
	uint8_t bits;  /* one of the above, shifted */
	uint16_t port; /* to which source port */
	uint8_t host;  /* to which host part */
	uint8_t clean; /* 1: to the clean source; 0: to the banned one */
};

struct wire;

int wire_open(unsigned ifindex, struct wire **wire, struct fault *fault);
void wire_close(struct wire *wire);

/* Puts a frame in the queue; bytes must stay until wire_flush(). */
int wire_send(struct wire *wire, const uint8_t *bytes, size_t size, struct fault *fault);
int wire_flush(struct wire *wire, struct fault *fault);

/*
 * Waits until all that was sent has been dealt with: sends a plain SYN from a clean source and
 * takes in answers until its own is there, for what goes through one device stays in order. `each`
 * is called for every answer. -ETIMEDOUT: the server is deaf.
 */
int wire_settle(struct wire *wire, void (*each)(const struct answer *answer, void *context),
		void *context, struct fault *fault);

/* Host part of the plain SYNs' source. */
#define WIRE_HOST 250

#endif
