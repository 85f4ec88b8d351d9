/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sieve of the bans as user space writes it: one bit in the kernel's map for each ban, so that
 * the gate need not look for most bans that are not there. Which bit is a prefix's:
 * include/ban_sieve.h.
 *
 * A bit too many costs a packet a look-up; one too few would let a banned source in. So bits are
 * set before a ban is put in, stay when it is lifted, and are only cleared by sieve_replace() with
 * those of every ban there is, under the writers' lock.
 */
#ifndef SEKISHO_KERNEL_SIEVE_H
#define SEKISHO_KERNEL_SIEVE_H

#include "kernel/handle.h"

/* Entries of the map "sieve" for a map "bans" of that size. */
uint32_t sieve_words(uint32_t ban_size);

/* mmap()s the sieve into gate->sieve; sieve_unmap() ends it. */
int sieve_map(struct gate *gate, struct fault *fault);
void sieve_unmap(struct gate *gate);

/* To be called before the ban is put in. */
void sieve_add(struct gate *gate, const struct prefix *prefix);

/* A sieve aside, without a bit, to be freed by free() (NULL: no memory); and a ban noted in it. */
uint64_t *sieve_begin(const struct gate *gate);
void sieve_note(const struct gate *gate, uint64_t *words, const struct prefix *prefix);

/* Makes the gate's equal to it, with the bits of every ban there is. */
void sieve_replace(struct gate *gate, const uint64_t *words);

/* From now on the gate believes its bits. */
void sieve_believe(struct gate *gate);

/* Makes a sieve that is new that of the bans there are. In bans.c. */
int gate_sieve_settle(struct gate *gate, struct fault *fault);

#endif
