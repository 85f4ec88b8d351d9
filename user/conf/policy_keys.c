// SPDX-License-Identifier: GPL-2.0-or-later
/* [policy]: which of its keys need each other. */
#include "conf/load.h"

void conf_check_policy(struct conf_load *load, const struct conf_use *use)
{
	const struct config_policy *policy = &load->config->policy;
	struct conf_where where = conf_key_where(use, "dovecot");

	if (policy->dovecot.kind != LISTEN_OFF && !policy->key_file)
		conf_fault(load, &where,
			   "'dovecot' needs 'api-key-file': without a key any local user could "
			   "report logins that never were");
	where = conf_key_where(use, "postfix");
	if (policy->postfix.kind == LISTEN_TCP && !policy->insecure)
		conf_fault(load, &where,
			   "'postfix' on a TCP port needs 'insecure = yes': any local user could "
			   "ask there and spend another's budget; write "
			   "unix:/var/spool/postfix/private/sekisho");
	where = conf_key_where(use, "recipients-day");
	if (!where.file)
		where = conf_key_where(use, "recipients");
	if (policy->recipients > policy->recipients_day)
		conf_fault(load, &where,
			   "'recipients' (%u) are more than 'recipients-day' (%u), which bounds "
			   "them",
			   policy->recipients, policy->recipients_day);
}
