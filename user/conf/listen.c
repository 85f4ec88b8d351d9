// SPDX-License-Identifier: GPL-2.0-or-later
/* The addresses at which [metrics] and [policy] listen, as text. Only addresses that cannot be
 * reached from other machines are accepted. */
#include "conf/load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "net/address.h"

static void set_path(struct conf_load *load, const struct conf_key *key,
		     struct config_listen *listen, const char *value)
{
	char *path = conf_read_path(load, key, value);

	if (path && strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		conf_fault(load, NULL, "'%s' is too long for a socket; at most %zu characters",
			   path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
		free(path);
		return;
	}
	if (!path)
		return;
	free(listen->path);
	*listen = (struct config_listen){ .kind = LISTEN_UNIX, .path = path };
}

/* Splits "[2001:db8::1]:80" or "192.0.2.1:80"; returns the port's text, and the place of the
 * address. */
static const char *split(const char *value, const char **address, size_t *size)
{
	const char *colon = strrchr(value, ':');

	if (!colon)
		return NULL;
	*address = value;
	*size = (size_t)(colon - value);
	if (*value != '[')
		return memchr(value, ':', *size) ? NULL : colon + 1;
	if (*size < 2 || value[*size - 1] != ']')
		return NULL;
	++*address;
	*size -= 2;
	return colon + 1;
}

static bool is_loopback(const struct address *address)
{
	const struct prefix prefix = { .address = *address, .length = 128 };
	const char *special = prefix_special(&prefix);

	return special && !strcmp(special, "loopback");
}

void conf_listen_tcp(struct conf_load *load, const struct conf_key *key, void *base,
		     const char *value)
{
	struct config_listen *listen = (void *)((char *)base + key->offset);
	const char *text = NULL, *port;
	struct address address;
	uint64_t number;
	size_t size = 0;

	if (!strcmp(value, "off")) {
		free(listen->path);
		*listen = (struct config_listen){ .kind = LISTEN_OFF };
		return;
	}
	port = split(value, &text, &size);
	if (!port || address_parse(text, size, &address)) {
		conf_fault(load, NULL, "'%s' is no place to listen for '%s'; write %s", value,
			   key->name, key->forms);
		return;
	}
	if (!conf_read_number(port, 1, 65535, &number)) {
		conf_fault(load, NULL, "'%s' is no port of 1 to 65535", port);
		return;
	}
	if (!is_loopback(&address)) {
		conf_fault(
			load, NULL,
			"'%s' can be reached from other machines, and '%s' serves this one only; "
			"write %s, and where others need it put a proxy that knows its users in "
			"front",
			value, key->name, key->forms);
		return;
	}
	free(listen->path);
	*listen = (struct config_listen){ .kind = LISTEN_TCP,
					  .address = address,
					  .port = (uint16_t)number };
}

void conf_listen(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	if (!strncmp(value, "unix:", 5))
		set_path(load, key, (void *)((char *)base + key->offset), value + 5);
	else
		conf_listen_tcp(load, key, base, value);
}
