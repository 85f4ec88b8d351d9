/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which services bans (enum ban_services) and lists are for, as words and as names of the
 * configuration. */
#ifndef SEKISHO_BAN_SERVICES_H
#define SEKISHO_BAN_SERVICES_H

#include "conf/config.h"

/* The group of config->services[index]. */
enum ban_services config_service_group(const struct config *config, size_t index);

/* The services that the list of this name is for: a bit for each id, bit 0 for packets that hide
 * their port, which only a list for all services judges. ALL_SERVICES for a list that names none,
 * or has no section; for a list that gives a code, the services that name the code. */
#define ALL_SERVICES 0xffff
uint16_t config_list_services(const struct config *config, const char *name);

/* "smtp", "login", "all"; "none" for an empty mask. */
const char *ban_services_word(enum ban_services services);

/* One of these words, or the name of a service, which stands for its group. -EINVAL: neither. */
int ban_services_read(const struct config *config, const char *word);

#endif
