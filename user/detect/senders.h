/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks (IPv4 /24, IPv6 /48) from which mail to port 25 was accepted in the last 30 days: failed
 * logins never close port 25 to them. Pure, bounded; 60 bytes each. Not here: which events mean
 * that.
 */
#ifndef SEKISHO_SENDERS_H
#define SEKISHO_SENDERS_H

#include "detect/detect.h"
#include "detect/lru_table.h"

struct senders;

struct senders *senders_new(const struct detect_settings *settings); /* NULL: out of memory */
void senders_free(struct senders *senders);
/* `settings` must live on until the next call. */
void senders_configure(struct senders *senders, const struct detect_settings *settings);

/* Notes that mail from this network was accepted, and tells settings->store once a day. */
void senders_note(struct senders *senders, const struct prefix *network, int64_t now_ns);
/* Whether mail from this network was accepted in the 30 days before `now_ns`; asks settings->store
 * if nothing is remembered. */
bool senders_know(struct senders *senders, const struct prefix *network, int64_t now_ns);

#endif
