/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which services bans (enum ban_services) and lists are for, as words and as names of the
 * configuration. */
#ifndef SEKISHO_BAN_SERVICES_H
#define SEKISHO_BAN_SERVICES_H

#include "conf/config.h"

/* The group of config->services[index]. */
enum ban_services config_service_group(const struct config *config, size_t index);

/* The services that the list of this name is for: a bit for each id, bit 0 for packets that hide
 * their port, which only a list for all services judges. ALL_SERVICES for a list that names none;
 * for a list that gives a code, the services that name the code. A list without section, or with a
 * fault in its `services`, is for those that it was for when it last had one (`kept`, as
 * config_keep_services() wrote it; 0 if none of them is left); for all if it never had one (""). */
#define ALL_SERVICES 0xffff
uint16_t config_list_services(const struct config *config, const char *name, const char *kept);

/* Writes to `kept` the services that the section of the list names, by their names, since ids
 * change: "submission imap", "*" for all. Without a section, or if it gives a code, `kept` stays.
 * Whether it changed. */
#define KEPT_ALL	   "*" /* no service has this name */
#define KEPT_SERVICES_SIZE (SERVICE_MAX * CONFIG_NAME_SIZE)
bool config_keep_services(const struct config *config, const char *name,
			  char kept[KEPT_SERVICES_SIZE]);

/* "smtp", "login", "all"; "none" for an empty mask. */
const char *ban_services_word(enum ban_services services);

/* One of these words, or the name of a service, which stands for its group. -EINVAL: neither. */
int ban_services_read(const struct config *config, const char *word);

#endif
