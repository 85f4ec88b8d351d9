// SPDX-License-Identifier: GPL-2.0-or-later
/* Every finding of doctor: its severity, its name for scripts, what it means and what to do. Not
 * here: when it is found. */
#include "doctor/checks.h"

static const struct doctor_kind kinds[] = {
	[FIND_NOT_ROOT] = { DOCTOR_WARN, "not-root",
			    "Gate, devices and the owners of ports could not be looked at.",
			    "Run `sekisho doctor` as root." },
	[FIND_KERNEL_OLD] = { DOCTOR_BAD, "kernel-old",
			      "The programs need features of Linux 5.15; the gate will not load.",
			      "Boot a newer kernel; Debian 12 has 6.1." },
	[FIND_NO_BTF] = { DOCTOR_BAD, "no-btf",
			  "The kernel does not describe its types, and the gate cannot be fitted "
			  "to it.",
			  "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; the distributions' "
			  "own are." },
	[FIND_NO_BPFFS] = { DOCTOR_WARN, "no-bpffs",
			    "There is no place for pins, so the gate would end with the daemon.",
			    "mount -t bpf bpf /sys/fs/bpf (systemd does it at boot; in a "
			    "container, mount it from the host)." },
	[FIND_NO_CGROUP2] = { DOCTOR_BAD, "no-cgroup2",
			      "Handshakes cannot be counted: limits on connections and rates do "
			      "not hold.",
			      "mount -t cgroup2 none /sys/fs/cgroup/unified, or boot with "
			      "systemd.unified_cgroup_hierarchy=1." },
	[FIND_NO_DESTROY] = { DOCTOR_WARN, "no-destroy",
			      "A ban drops packets, but the mail server's open session waits for "
			      "its own timeout.",
			      "Boot a kernel built with CONFIG_INET_DIAG_DESTROY=y, or lower the "
			      "mail server's timeouts." },
	[FIND_NO_JIT] = { DOCTOR_WARN, "no-jit",
			  "Programs are interpreted: each packet costs several times as much.",
			  "sysctl net.core.bpf_jit_enable=1, and in /etc/sysctl.d/." },
	[FIND_NO_GATE] = { DOCTOR_BAD, "no-gate", "Everything passes, and nothing is counted.",
			   "sekisho load, or systemctl start sekisho." },
	[FIND_GATE_UNUSABLE] = { DOCTOR_BAD, "gate-unusable",
				 "What the gate does cannot be seen or changed by this program.",
				 "Do what the text says; after an upgrade it is usually `sekisho "
				 "load`." },
	[FIND_MONITOR] = { DOCTOR_NOTE, "monitor",
			   "It counts what it would drop, and drops nothing.",
			   "When `sekisho stats` and `sekisho bans` show nobody whom you want: "
			   "mode = enforce." },
	[FIND_NO_POLICY] = { DOCTOR_BAD, "no-policy",
			     "The gate protects no port: everything passes.", "sekisho load." },
	[FIND_NOT_RELOADED] = { DOCTOR_WARN, "not-reloaded",
				"The configuration in force is older than the file.",
				"sekisho check && systemctl reload sekisho." },
	[FIND_NOT_PUBLISHED] = { DOCTOR_WARN, "not-published",
				 "An import was cut short: the gate has older lists.",
				 "sekisho load." },
	[FIND_NO_DAEMON] = { DOCTOR_WARN, "no-daemon",
			     "Bans and limits hold, but no log is followed: nobody new is banned, "
			     "no new device is guarded.",
			     "systemctl start sekisho, and `systemctl status sekisho` for why it "
			     "ended." },
	[FIND_DAEMON_HANGS] = { DOCTOR_BAD, "daemon-hangs",
				"Logs are not followed: nobody new is banned.",
				"systemctl restart sekisho; the gate stays meanwhile. Please "
				"report what `status` said." },
	[FIND_NO_STORE] = { DOCTOR_BAD, "no-store",
			    "Bans would not outlast a reboot, and their evidence is not kept.",
			    "Do what the text says; a full disk is the usual cause." },
	[FIND_TABLE_FULL] = { DOCTOR_BAD, "table-full",
			      "Bans that do not fit are refused; sources that do not fit are held "
			      "by their network's limits; connections beyond 131,072 open at "
			      "once are not counted.",
			      "Raise the table's size in [gate], then `sekisho unload` and "
			      "`sekisho load`; bans come back." },
	[FIND_TABLE_NEARLY_FULL] = { DOCTOR_WARN, "table-nearly-full",
				     "Soon entries will find no room.",
				     "Raise the table's size in [gate], then `sekisho unload` and "
				     "`sekisho load`; bans come back." },
	[FIND_OVER_LIMIT_LOST] = { DOCTOR_WARN, "over-limit-lost",
				   "Connections completed their handshake together before a limit "
				   "could refuse them, and nobody was there to close them: they "
				   "stay open until their end.",
				   "Keep the daemon running, which closes them; if it runs, more "
				   "than 2,520 came at once: lower the limits of [class], or ban "
				   "who does it." },
	[FIND_NO_DEVICE] = { DOCTOR_BAD, "no-device", "No packet is checked.",
			     "Name the devices that mail comes in by: [gate] interface = eth0." },
	[FIND_DEVICE_UNGUARDED] = { DOCTOR_BAD, "device-unguarded",
				    "Packets that come in by it are not checked.",
				    "Do what the text says, then `sekisho load`." },
	[FIND_DEVICE_OPEN] = { DOCTOR_BAD, "device-open",
			       "The gate is on it, and mail gets past it: bans and limits do not "
			       "hold there.",
			       "Take off what the text names (tc filter show dev DEVICE ingress, "
			       "bpftool net, ip link), or make it leave the mail ports to the "
			       "programs behind it; the daemon notices that by itself." },
	[FIND_HANDSHAKES_UNSEEN] = { DOCTOR_BAD, "handshakes-unseen",
				     "Connections come in that the gate does not see: something is "
				     "in front of it on a device, or they come by one that is not "
				     "guarded.",
				     "Name that device in [gate] interface; else look at what is "
				     "in front: tc filter show dev DEVICE ingress, bpftool net, "
				     "IPsec." },
	[FIND_STRAY_PROGRAM] = { DOCTOR_WARN, "stray-program",
				 "It still uses its old bans and lists, which nothing here "
				 "changes: it may drop what this sekisho lets pass.",
				 "A lost one: `sekisho unload` takes it off, then `sekisho load`. "
				 "One of another sekisho: unload that with its own "
				 "configuration." },
	[FIND_TRANSFORMS] = { DOCTOR_WARN, "ipsec",
			      "XDP sees ESP packets, not the connections in them. tc sees the "
			      "connections of tunnel mode. Nothing sees those of transport mode. "
			      "Where they are "
			      "not seen, bans and limits do not hold for these peers.",
			      "Use an xfrm or VTI device and guard that ([gate] interface), or "
			      "hook = tc for tunnel mode; see /usr/share/doc/sekisho/devices.md." },
	[FIND_MTU_LIMIT] = { DOCTOR_NOTE, "mtu-limit",
			     "With a larger MTU the driver would lose large frames under native "
			     "XDP: the daemon then moves the gate to tc, by itself and within a "
			     "second.",
			     "Nothing; or hook = tc, if the MTU is to be raised without the "
			     "daemon." },
	[FIND_CARRIER] = { DOCTOR_NOTE, "carrier",
			   "Attaching the gate, and taking it off, interrupts this driver's link "
			   "for about a second.",
			   "Nothing, as a rule: a restart does not attach anew. hook = tc avoids "
			   "it." },
	[FIND_FORGETS] = { DOCTOR_WARN, "forgetful-driver",
			   "After such an event everything gets past the gate on this device until "
			   "the daemon attaches it anew: at once where the kernel reports the "
			   "event, "
			   "else within 5 seconds. Without a daemon, until the next `sekisho "
			   "load`.",
			   "hook = auto, which takes tc there." },
	[FIND_FOREIGN_XDP] = { DOCTOR_NOTE, "foreign-xdp",
			       "It is never replaced; the gate is behind it, by tc, and costs more "
			       "per packet.",
			       "If it is not needed: take it off (ip link set DEVICE xdp off), "
			       "then `sekisho load`." },
	[FIND_NOT_NATIVE] = { DOCTOR_NOTE, "not-native",
			      "The gate guards all the same; a flood costs about five times as "
			      "much as by native XDP.",
			      "With a flood to fear, use a device whose driver has native XDP." },
	[FIND_LRO] = { DOCTOR_WARN, "lro",
		       "Most drivers refuse native XDP while they merge packets.",
		       "ethtool -K DEVICE lro off, at every boot; then `sekisho load`." },
	[FIND_MTU] = { DOCTOR_NOTE, "mtu",
		       "Some drivers refuse native XDP with an MTU of more than a page.",
		       "If the peers allow it: a smaller MTU; else leave it, tc does the work." },
	[FIND_RXVLAN] = { DOCTOR_NOTE, "rxvlan",
			  "The device takes VLAN tags off before the gate: what comes by any VLAN "
			  "is treated alike.",
			  "To tell VLANs apart, guard the VLAN devices, or: ethtool -K DEVICE "
			  "rxvlan off." },
	[FIND_SYN_COOKIES] = { DOCTOR_NOTE, "syn-cookies",
			       "Forged SYNs from where connections may come from cost the kernel "
			       "a cookie each; a fast flood of them keeps strangers out.",
			       "If such a flood is to be feared: remove what the finding names. "
			       "Else [gate] syn-cookies = off." },
	[FIND_PORT_UNCOVERED] = { DOCTOR_WARN, "port-uncovered",
				  "Connections to it are neither counted nor limited.",
				  "Add the port to a service ([service NAME] ports = ...), or let "
				  "it listen on loopback only." },
	[FIND_DOCKER_PROXY] = { DOCTOR_NOTE, "docker-proxy",
				"Where Docker's proxy takes the connection, the mail server sees "
				"the bridge's address as the source.",
				"Set \"userland-proxy\": false in /etc/docker/daemon.json; see "
				"/usr/share/doc/sekisho/containers.md." },
	[FIND_NO_COUNTRIES] = { DOCTOR_BAD, "no-countries",
				"Every source is ZZ (unknown), and the policy for ZZ or * holds.",
				"Install tor-geoipdb, or name files in [country] files; then "
				"`sekisho load`." },
	[FIND_COUNTRIES_OLD] = { DOCTOR_WARN, "countries-old",
				 "Networks that changed hands are taken for their old country.",
				 "Update the package that the files come from (tor-geoipdb); the "
				 "daemon takes new files by itself." },
	[FIND_COUNTRIES_OLD_DENY] = { DOCTOR_BAD, "countries-old-deny",
				      "A service denies most countries, so people whose networks "
				      "changed hands are shut out.",
				      "Update the package that the files come from (tor-geoipdb); "
				      "the daemon takes new files by itself." },
	[FIND_PROVIDERS_OLD] = { DOCTOR_NOTE, "providers-old",
				 "Networks that changed hands are counted with their old provider.",
				 "`location update` (Debian's package location) brings what is new "
				 "of libloc's data; or name newer files in [country] providers. "
				 "Then reload sekisho." },
	[FIND_FEED_OLD] = { DOCTOR_WARN, "feed-old",
			    "The list is as old as its last fetch: what its publisher added since "
			    "then is missing.",
			    "`systemctl enable --now sekisho-fetch.timer`, and see `journalctl -u "
			    "sekisho-fetch` or `sekisho fetch --now`." },
	[FIND_LIST_LEFT] = { DOCTOR_WARN, "list-left",
			     "The list goes on as it was: no file and no feed renews it.",
			     "Declare it again ([list NAME]), or remove it with `sekisho import "
			     "--remove NAME`." },
	[FIND_NAME_UNKNOWN] = { DOCTOR_WARN, "name-unknown",
				"The addresses of this name may be banned like any other. When a "
				"name gives no answer, its last answer holds for a day.",
				"Check that the name exists, and `systemctl enable --now "
				"sekisho-fetch.timer`, which asks for it; `sekisho status` shows "
				"the answer." },
	[FIND_UNKNOWN] = { DOCTOR_WARN, "unknown", "What depends on it was not checked.",
			   "Do what the text says." },
	[FIND_ONE_LOCAL_SOURCE] = { DOCTOR_BAD, "one-local-source",
				    "A tunnel, proxy, port forward or container hides who "
				    "connects: limits per source hit everybody at once, lists and "
				    "countries mean nothing, and such an address is never banned.",
				    "Put the gate where the strangers' addresses are seen: on the "
				    "machine that forwards, or let the forward keep them (no "
				    "masquerading; PROXY protocol does not help the kernel). See "
				    "/usr/share/doc/sekisho/containers.md." },
	[FIND_NO_LOG] = { DOCTOR_WARN, "no-log",
			  "Connections are counted and lists hold, but no failed login bans "
			  "anybody.",
			  "Add [log NAME] with file = the mail server's log (often "
			  "/var/log/mail.log)." },
	[FIND_LOG_MISSING] = { DOCTOR_BAD, "log-missing",
			       "Failed logins that are logged there ban nobody.",
			       "Name the file that the mail server writes to; with the journal "
			       "alone, let it write a file (rsyslog, or Postfix' maillog_file)." },
	[FIND_LOG_UNREADABLE] = { DOCTOR_BAD, "log-unreadable",
				  "Failed logins that are logged there ban nobody.",
				  "Let the daemon read it; the unit needs CAP_DAC_READ_SEARCH, "
				  "which it has by default." },
	[FIND_JOURNAL_UNREADABLE] = { DOCTOR_BAD, "journal-unreadable",
				      "Failed logins that are logged there ban nobody.",
				      "Let the daemon be in the group systemd-journal (the unit "
				      "is), and build it with libsystemd." },
	[FIND_JOURNAL_EMPTY] = { DOCTOR_BAD, "journal-empty",
				 "Failed logins that are logged elsewhere ban nobody.",
				 "Name the units that the mail server runs as (systemctl "
				 "list-units; Debian's Postfix is postfix@-.service), or follow "
				 "the file that it logs to." },
	[FIND_LOG_ZONE] = { DOCTOR_WARN, "log-zone",
			    "The daemon corrects the times of lines since it saw one being "
			    "written; it took earlier lines for older or younger than they are.",
			    "Set zone (zone = UTC, for example) in the [log] section, or correct "
			    "the clock of the program that writes the log." },
	[FIND_LOG_SILENT] = { DOCTOR_WARN, "log-silent",
			      "The mail server may log elsewhere since an upgrade.",
			      "Compare with where the mail server logs now (postconf maillog_file; "
			      "doveadm log find)." },
	[FIND_LOG_UNKNOWN_FORMAT] = { DOCTOR_BAD, "log-unknown-format",
				      "Nothing in it leads to a ban.",
				      "Check that it is the mail server's log: `sekisho parse "
				      "FILE` shows what is understood, sekisho.conf(5) has the "
				      "formats." },
	[FIND_LOG_NO_ACCOUNTS] = { DOCTOR_WARN, "log-no-accounts",
				   "Sources are banned, but attacks on one account from many "
				   "addresses are not seen.",
				   "Dovecot: auth_verbose = yes. Postfix: 3.6 or newer logs "
				   "sasl_username; with older ones follow the log of whoever "
				   "checks the passwords." },
	[FIND_LOG_NO_SUCCESSES] = { DOCTOR_WARN, "log-no-successes",
				    "No source becomes known to its account: an owner who mistypes "
				    "a password is treated as a guesser, and a stolen password is "
				    "not noticed.",
				    "Follow the log that has the logins too: Dovecot's `Login:` "
				    "lines, Postfix' `sasl_username=`." },
	[FIND_LOG_BEHIND] = { DOCTOR_WARN, "log-behind", "Bans come late.",
			      "If it does not catch up within minutes, look for a slow disk, or "
			      "for a program that writes to the log in a loop." },
	[FIND_LOG_NOT_FOLLOWED] = { DOCTOR_WARN, "log-not-followed",
				    "Failed logins that are logged there ban nobody.",
				    "systemctl reload sekisho; `sekisho status` shows what it "
				    "follows." },
	[FIND_OUTFLOW_TRIPPED] = { DOCTOR_BAD, "outflow-tripped",
				   "Mail stays in the queue, and leaves at the limit's pace. "
				   "Either an account or a program is abused, or the limit is too "
				   "low.",
				   "See who sends: `sekisho outflow`. Stop it, clear the queue of "
				   "it (postqueue -p), then `sekisho outflow release`." },
	[FIND_WOULD_TRIP] = { DOCTOR_WARN, "outflow-tripped",
			      "More mail leaves than the limit allows; in monitor mode nothing is "
			      "held back.",
			      "See who sends: `sekisho outflow`. To hold it back: [outflow] mode = "
			      "enforce." },
	[FIND_OUTFLOW_RELEASED] = { DOCTOR_NOTE, "outflow-released",
				    "Until the release ends, no mail is held back.",
				    "When all is well again: `sekisho outflow arm`." },
	[FIND_OUTFLOW_OFF] = { DOCTOR_NOTE, "outflow-off",
			       "Mail that leaves is neither counted nor limited.",
			       "Take `ports = none` out of [outflow]." },
	[FIND_OUTFLOW_UNLIMITED] = { DOCTOR_NOTE, "outflow-unlimited",
				     "With a stolen password, spam leaves as fast as the mail "
				     "server can send, and the address is soon on blocklists.",
				     "See in `sekisho outflow` what leaves on a busy day, and set "
				     "[outflow] rate above it." },
	[FIND_OUTFLOW_MONITOR] = { DOCTOR_NOTE, "outflow-monitor",
				   "The gate drops, but what leaves is only counted and alerted, "
				   "not held back.",
				   "When no trip is a false one: [outflow] mode = enforce." },
	[FIND_OUTFLOW_NOT_ATTACHED] = { DOCTOR_WARN, "outflow-not-attached",
					"Mail that leaves by it is neither counted nor held back.",
					"Do what the text says, then `sekisho load`." },
	[FIND_OUTFLOW_TABLE_FULL] = { DOCTOR_WARN, "outflow-table-full",
				      "Those guests or users share one budget with all others for "
				      "whom there was no room.",
				      "Name their network in [outflow] guests, so that one budget "
				      "is theirs together." },
	[FIND_NO_ALERT_PROGRAM] = { DOCTOR_NOTE, "no-alert-program",
				    "Only the daemon's log says that an account is abused, or that "
				    "mail is held back.",
				    "[alert] program = /usr/sbin/sekisho alert --hand-over mails "
				    "and "
				    "posts, or a script of your own; the steps: "
				    "/usr/share/doc/sekisho/alerts.md." },
	[FIND_ALERTS_FAILED] = { DOCTOR_WARN, "alerts-failed", "An alert reached nobody.",
				 "`sekisho alert --test` tries it and says why; so does the "
				 "daemon's log (journalctl -u sekisho). `sekisho alerts` has what "
				 "nobody heard. The count begins anew with the daemon." },
	[FIND_ACCOUNTS_LOCKED] = { DOCTOR_NOTE, "accounts-locked",
				   "They cannot log in, or send, until somebody unlocks them.",
				   "Once the password is changed: take its line out of the file "
				   "(of Postfix: then `postfix reload`), and `sekisho account "
				   "--trust NAME`." },
	[FIND_METRICS_CLOSED] = { DOCTOR_WARN, "metrics-closed",
				  "Monitoring gets no metrics of sekisho.",
				  "See `last fault` in `sekisho status`. It is tried again by "
				  "itself, every minute at least." },
	[FIND_POLICY_CLOSED] = { DOCTOR_WARN, "policy-closed",
				 "The mail server gets no answer and goes on without one: it "
				 "refuses nobody.",
				 "See `last fault` in `sekisho status`, and sekisho-policy(7) on "
				 "sockets. It is tried again by itself, every minute at least." },
	[FIND_POLICY_UNASKED] = { DOCTOR_WARN, "policy-unasked", "[policy] is on and does nothing.",
				  "Put the lines of sekisho-policy(7) into the mail server's "
				  "configuration and reload it." },
	[FIND_POLICY_KEY] = { DOCTOR_WARN, "policy-key",
			      "Dovecot's key is not the one in [policy] api-key-file, or "
			      "somebody else tries: these requests are refused.",
			      "Compare auth_policy_server_api_header with the key file; two keys "
			      "may stand in it while they are exchanged." },
	[FIND_POLICY_SHORT_HASH] = { DOCTOR_WARN, "policy-short-hash",
				     "A random guess is taken for an old password now and then, so "
				     "one old password from one stranger proves nothing.",
				     "Set auth_policy_hash_truncate = 32 in Dovecot." },
	[FIND_POLICY_UNNAMED] = { DOCTOR_WARN, "policy-unnamed-mechanism",
				  "Failures of SCRAM and XOAUTH2 are taken for one password "
				  "tried again, and a thousand of them count once.",
				  "Put the mechanism into auth_policy_request_attributes: mech=%m, "
				  "in Dovecot 2.4 mech = %{mechanism}; sekisho-policy(7) has all "
				  "of "
				  "them." },
	[FIND_POLICY_FAILS_CLOSED] = { DOCTOR_BAD, "policy-fails-closed",
				       "When sekisho does not answer, mail or logins are refused.",
				       "Postfix: default_action=DUNNO in the braces of each "
				       "check_policy_service. Dovecot: auth_policy_reject_on_fail "
				       "= no." },
	[FIND_POLICY_STAND_IN] = { DOCTOR_WARN, "policy-stand-in",
				   "While the service hangs, or fails at every start, each login "
				   "takes up to 0.6 s longer; one that is stopped is started "
				   "again by the next login.",
				   "systemctl unmask sekisho-stand-in.service; systemctl enable "
				   "sekisho-policy.socket. Where the unit is missing, install it "
				   "anew." },
	[FIND_FLEET_DOWN] = { DOCTOR_WARN, "fleet-down",
			      "Bans of the other servers do not come, and those here are not told.",
			      "systemctl enable --now sekisho-fleet; its journal says why it "
			      "ended." },
	[FIND_FLEET_NO_ENGINE] = { DOCTOR_WARN, "fleet-no-engine",
				   "Bans of the other servers do not come, and those here wait to "
				   "be told.",
				   "Look whether Redis or Valkey runs at [fleet] server, and lets "
				   "this member's user in; it is tried again by itself." },
	[FIND_FLEET_NO_DAEMON] = { DOCTOR_WARN, "fleet-no-daemon",
				   "What the fleet adopts is not banned here.",
				   "systemctl reload sekisho, if [fleet] is newer than the "
				   "daemon's "
				   "start; both must have the same [paths] runtime." },
	[FIND_FLEET_SUSPENDED] = { DOCTOR_WARN, "fleet-suspended",
				   "It signed two batches of one number: its key is in two hands.",
				   "Give it a new key on every server, and restart sekisho-fleet; "
				   "or `sekisho fleet revoke` it." },
	[FIND_FLEET_REFUSED] = { DOCTOR_WARN, "fleet-refused",
				 "Of batches: it has another key or secret than [member NAME] "
				 "says, or somebody else writes to the engine, or what stands "
				 "there cannot be read. Of statements: it says more, or wider, "
				 "than a member may. What was refused counts for nothing.",
				 "`sekisho fleet status` says how many for which reason; compare "
				 "`sekisho fleet key` there with [member NAME] here. Statements "
				 "beyond `budget`: raise it, or look what that server bans." },
	[FIND_FLEET_CLOCK] = { DOCTOR_WARN, "fleet-clock", "What it bans is not adopted here.",
			       "Set both servers' clocks by NTP." },
};
_Static_assert(sizeof(kinds) / sizeof(*kinds) == FIND_COUNT, "each finding has its words");

const struct doctor_kind *doctor_kind(enum doctor_find find)
{
	return &kinds[find];
}

const struct doctor_kind *doctor_kind_at(size_t index)
{
	return index < FIND_COUNT ? &kinds[index] : NULL;
}
