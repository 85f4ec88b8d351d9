// SPDX-License-Identifier: GPL-2.0-or-later
/* See json_members.h. */
#include "log/json_members.h"

const struct member_name member_names[MEMBER_COUNT] = {
	[MEMBER_PARTIAL] = { "partial_message", ROLE_NONE },
	[MEMBER_HOST] = { "_HOSTNAME", ROLE_NONE },
	[MEMBER_JOURNAL_CONTAINER] = { "CONTAINER_NAME", ROLE_NONE },
	[MEMBER_JOURNAL_TIME] = { "__REALTIME_TIMESTAMP", ROLE_TIME },
	[MEMBER_LOG] = { "log", ROLE_MESSAGE },
	[MEMBER_STREAM] = { "stream", ROLE_STREAM },
	[MEMBER_CONTAINER_ID] = { "container_id", ROLE_CONTAINER },
	[MEMBER_CONTAINER_NAME] = { "container_name", ROLE_CONTAINER },
	[MEMBER_IDENTIFIER] = { "SYSLOG_IDENTIFIER", ROLE_PROGRAM },
	[MEMBER_COMM] = { "_COMM", ROLE_COMM },
	[MEMBER_SYSLOG_PID] = { "SYSLOG_PID", ROLE_PID },
	[MEMBER_PID] = { "_PID", ROLE_PID },
	[MEMBER_UID] = { "_UID", ROLE_UID },
	[MEMBER_UNIT] = { "_SYSTEMD_UNIT", ROLE_UNIT },
	[MEMBER_MESSAGE] = { "MESSAGE", ROLE_MESSAGE },
	[MEMBER_TIME_REPORTED] = { "timereported", ROLE_TIME },
	[MEMBER_ISO_DATE] = { "ISODATE", ROLE_TIME },
	[MEMBER_TIME] = { "time", ROLE_TIME },
	[MEMBER_NAMED] = { "message", ROLE_MESSAGE },
	{ "msg", ROLE_MESSAGE },
	{ "Message", ROLE_MESSAGE },
	{ "short_message", ROLE_MESSAGE }, /* GELF */
	{ "line", ROLE_MESSAGE },	   /* logcli -o jsonl */
	{ "textPayload", ROLE_MESSAGE },   /* Google's */
	{ "LogMessage", ROLE_MESSAGE },	   /* Azure's */
	/* "postfix/smtpd[12]:" */
	{ "syslogtag", ROLE_TAG },
	{ "tag", ROLE_TAG },
	{ "PROGRAM", ROLE_PROGRAM },
	{ "program", ROLE_PROGRAM },
	{ "ident", ROLE_PROGRAM },
	{ "appname", ROLE_PROGRAM },
	{ "app-name", ROLE_PROGRAM },
	{ "app_name", ROLE_PROGRAM },
	{ "programname", ROLE_PROGRAM },
	{ "SourceName", ROLE_PROGRAM },	       /* NXLog */
	{ "syslog_identifier", ROLE_PROGRAM }, /* the journal's names in small letters */
	{ "_program", ROLE_PROGRAM },
	{ "_appname", ROLE_PROGRAM },
	{ "log.syslog.appname", ROLE_PROGRAM }, /* ECS: Filebeat, Elastic Agent */
	{ "syslog.appname", ROLE_PROGRAM },
	{ "syslog.identifier", ROLE_PROGRAM },
	{ "process.name", ROLE_PROGRAM },
	{ "PID", ROLE_PID },
	{ "pid", ROLE_PID },
	{ "procid", ROLE_PID },
	{ "ProcessID", ROLE_PID },
	{ "_pid", ROLE_PID },
	{ "log.syslog.procid", ROLE_PID },
	{ "syslog.pid", ROLE_PID },
	{ "syslog.procid", ROLE_PID },
	{ "process.pid", ROLE_PID },
	{ "timestamp", ROLE_TIME },
	{ "EventTime", ROLE_TIME },
	{ "@timestamp", ROLE_TIME },
	{ "timegenerated", ROLE_TIME },
	{ "TimeGenerated", ROLE_TIME },
	{ "date", ROLE_TIME },
	{ "DATE", ROLE_TIME },
	/* The journal's names in small letters, without the underscore, or both (Fluent Bit,
	 * Fluentd). Whoever sends an entry may add a field UID, but none with an underscore: such
	 * names come first. */
	{ "_uid", ROLE_UID },
	{ "UID", ROLE_UID },
	{ "uid", ROLE_UID },
	{ "journald.uid", ROLE_UID },
	{ "_systemd_unit", ROLE_UNIT },
	{ "SYSTEMD_UNIT", ROLE_UNIT },
	{ "systemd_unit", ROLE_UNIT },
	{ "systemd.unit", ROLE_UNIT },
	{ "_comm", ROLE_COMM },
	{ "COMM", ROLE_COMM },
	{ "comm", ROLE_COMM },
	{ "journald.process.name", ROLE_COMM },
	{ "_container_id", ROLE_CONTAINER },
	{ "_container_name", ROLE_CONTAINER },
	{ "container.id", ROLE_CONTAINER },
	{ "kubernetes.container_name", ROLE_CONTAINER },
	{ "kubernetes.container.name", ROLE_CONTAINER },
	{ "resource.labels.container_name", ROLE_CONTAINER },
	{ "logtag", ROLE_PART }, /* "P" or "F", by Fluent Bit of CRI's lines */
	{ "_p", ROLE_PART },
};
