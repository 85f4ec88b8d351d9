// SPDX-License-Identifier: GPL-2.0-or-later
/* "bob" and "bob@example.org" are one account where example.org is the server's default realm: that
 * of the configuration, or the one that more than half of the accounts have that were logged in to.
 * Failures have no say: anybody can make up names. See accounts.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "detect/accounts_internal.h"

/* Accounts that must be met before another realm may be the default. */
#define USUAL_WEIGHT 16

static struct realm *find(struct accounts *accounts, const char *name)
{
	for (uint32_t i = 0; i < accounts->realm_count; i++)
		if (!strcasecmp(accounts->realms[i].name, name))
			return &accounts->realms[i];
	if (accounts->realm_count == REALMS_MAX || strlen(name) >= DETECT_REALM_SIZE)
		return NULL; /* a server with so many has no default */
	strcpy(accounts->realms[accounts->realm_count].name, name);
	return &accounts->realms[accounts->realm_count++];
}

void realms_note(struct accounts *accounts, const char *name)
{
	const char *at = strrchr(name, '@');
	struct realm *realm = at && at[1] ? find(accounts, at + 1) : NULL;

	if (!at)
		return; /* it is of the default realm, whichever that is */
	accounts->realm_accounts++;
	if (realm)
		realm->accounts++;
	if (realm && realm->accounts > accounts->realm_accounts / 2)
		accounts->most = realm;
	else if (accounts->most && accounts->most->accounts <= accounts->realm_accounts / 2)
		accounts->most = NULL;
}

void realms_begin(struct accounts *accounts)
{
	const char *usual = accounts->settings->usual_realm;
	struct realm *realm = *usual ? find(accounts, usual) : NULL;

	if (!realm)
		return;
	realm->accounts = accounts->realm_accounts = USUAL_WEIGHT;
	accounts->most = realm;
}

static const char *default_realm(const struct accounts *accounts)
{
	const char *realm = accounts->settings->realm;

	return !*realm && accounts->most ? accounts->most->name : realm;
}

bool accounts_other_name(const struct accounts *accounts, const char *name,
			 char other[ACCOUNTS_NAME_SIZE])
{
	const char *realm = default_realm(accounts);
	const char *at = strrchr(name, '@');
	int size = (int)(at ? at - name : (long)strnlen(name, EVENT_ACCOUNT_SIZE));

	if (!*realm || (at && strcasecmp(at + 1, realm) != 0))
		return false;
	snprintf(other, ACCOUNTS_NAME_SIZE, at ? "%.*s" : "%.*s@%s", size, name, realm);
	return true;
}

struct prefix accounts_key(const struct accounts *accounts, const char *name)
{
	const char *realm = default_realm(accounts);
	char full[ACCOUNTS_NAME_SIZE];
	size_t size;

	if (!*realm || strchr(name, '@'))
		return lru_name_key(&accounts->seed, name);
	size = strnlen(name, EVENT_ACCOUNT_SIZE);
	memcpy(full, name, size);
	full[size++] = '@';
	memcpy(full + size, realm, strlen(realm) + 1);
	return lru_name_key(&accounts->seed, full);
}

struct prefix accounts_local_key(const struct accounts *accounts, const char *name)
{
	char local[EVENT_ACCOUNT_SIZE];
	size_t size = strcspn(name, "@");

	if (size >= sizeof(local))
		size = sizeof(local) - 1;
	memcpy(local, name, size);
	local[size] = '\0';
	return lru_name_key(&accounts->seed, local);
}
