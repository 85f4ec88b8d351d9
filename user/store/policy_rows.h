/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy server's judgement (policy/judge.h) keeps in the store. As with other notes, a
 * power cut may lose the newest rows. A store of an older schema that is open for reading only has
 * none of them: nothing is found there.
 */
#ifndef SEKISHO_POLICY_ROWS_H
#define SEKISHO_POLICY_ROWS_H

#include "policy/judge.h"
#include "store/store.h"

/* Rows of each kind; the oldest give way. */
#define STORE_RIGHTS_MOST  131072
#define STORE_WRONGS_MOST  262144
#define STORE_BUDGETS_MOST 131072
#define STORE_HELD_MOST	   100000

/* Digests of passwords that a source tried on an account; `source` NULL: the account's right
 * ones. */
int store_digests_put(struct store *store, const char *account, const struct prefix *source,
		      const struct judge_digests *digests, struct fault *fault);
int store_digests_get(struct store *store, const char *account, const struct prefix *source,
		      struct judge_digests *digests, struct fault *fault); /* -ENOENT */
/* Accounts whose old password came from sources within `within` since `from_wall_ns`, the last
 * first; at most `most`. */
int store_stale_each(struct store *store, const struct prefix *within, int64_t from_wall_ns,
		     unsigned most,
		     void (*each)(const char *account, const struct prefix *source,
				  int64_t stale_wall_ns, void *context),
		     void *context, struct fault *fault);

/* Replaces the account's budget; beyond STORE_BUDGETS_MOST the oldest go. */
int store_budget_put(struct store *store, const char *account, const struct judge_budget *budget,
		     struct fault *fault);
int store_budget_get(struct store *store, const char *account, struct judge_budget *budget,
		     struct fault *fault); /* -ENOENT */
/* Accounts that were over a budget on `day` (since 1970), by name. */
int store_over_each(struct store *store, uint32_t day,
		    void (*each)(const char *account, const struct judge_budget *budget,
				 void *context),
		    void *context, struct fault *fault);

/* Adds a message on hold; it replaces an earlier one of the account with the same queue id. */
int store_held_put(struct store *store, const char *account, const struct judge_held *held,
		   struct fault *fault);
/* The last ones first, at most `most`. */
int store_held_each(struct store *store, const char *account, unsigned most,
		    void (*each)(const struct judge_held *held, void *context), void *context,
		    struct fault *fault);

/* Fills the account's budgets again; or with `all` forgets its passwords, budgets and messages. */
int store_policy_clear(struct store *store, const char *account, bool all, struct fault *fault);

#endif
