# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of sekisho(8) for bash. What can be named (lists, bans) is asked of sekisho itself, which
# answers root alone; without it only words are offered.

_sekisho_names() { # COMMAND MEMBER: of each line of its JSON
	local line
	"${COMP_WORDS[0]}" "${config[@]}" "$1" --json 2>/dev/null </dev/null | while IFS= read -r line; do
		[[ $line =~ \"$2\":\"([^\"\\]*)\" ]] && printf '%s\n' "${BASH_REMATCH[1]}"
	done
}

_sekisho() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' at words='' i
	local -a config=()
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		at=${COMP_WORDS[i]}
		case $at in
		-c | --config)
			i=$((i + 1))
			config=(-c "${COMP_WORDS[i]}")
			;;
		-*) ;;
		*)
			command=$at
			break
			;;
		esac
	done
	case $command:$previous in
	*:-c | *:--config)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	ban:--for) words='10m 1h 1d 7d ever' ;;
	top:--interval) words='1s 2s 5s 10s' ;;
	watch:--for) words='10s 1m 5m' ;;
	watch:--reason)
		words='drop pass banned listed country source-connections network-connections source-rate network-rate
			country-rate unreadable'
		;;
	watch:--pcap)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	ban:--reason) return ;;
	country:--list)
		words=''
		;;
	:*)
		words='run load unload check status stats top watch outflow import export lists list fetch setup country ban unban bans why
			parse replay report doctor fleet stand-in account accounts alerts alert --config --verbose --utc --help --version'
		;;
	run:*) words='--unload --help' ;;
	unload:*) words='--force --help' ;;
	status:*) words='--json --verbose --help' ;;
	check:* | lists:*) words='--json --help' ;;
	account:*) words="--json --held --trust --forget --help $(_sekisho_names accounts account)" ;;
	accounts:*) words='--json --all --help' ;;
	report:--lang) words='en ja' ;;
	report:--account) words=$(_sekisho_names accounts account) ;;
	alerts:--since | bans:--since) words='1h 12h 1d 7d' ;;
	alerts:*) words='--json --account --since --help' ;;
	bans:*) words='--json --ended --since --help' ;;
	alert:*) words='--test --hand-over --help' ;;
	doctor:*) words='--json --list --nagios --help' ;;
	stats:*) words='--json --prometheus --help' ;;
	top:*) words='--interval --help' ;;
	watch:*) words='--source --service --reason --country --pcap --rate --count --for --json --help' ;;
	outflow:--for) words='10m 1h 1d' ;;
	outflow:*) words='release arm --for --json --help' ;;
	ban:*) words='--for --service --reason --help -' ;;
	list:--for) words='10m 1h 1d 7d' ;;
	list:list) words='add remove --for --force --help' ;;
	list:*) words="--for --force --help $(_sekisho_names lists name)" ;;
	fleet:--output) words=$(compgen -f -- "$current") ;;
	fleet:*) words='run status key acl revoke --json --secret --output --help' ;;
	fetch:*) words="--now --help $(_sekisho_names lists name)" ;;
	setup:--root) words=$(compgen -d -- "$current") ;;
	setup:*) words='--print --yes --home --mail-to --root --help' ;;
	country:*) words='--list --provider --help' ;;
	why:--at) words='1h 12h yesterday' ;;
	why:*) words='--json --at --help' ;;
	unban:*) words="--all --service --help $(_sekisho_names bans prefix)" ;;
	export:*) words="--help $(_sekisho_names lists name)" ;;
	import:* | parse:* | replay:* | report:*)
		[[ $command == parse ]] && words='--json --missed --help'
		[[ $command == replay ]] && words='--json --config --help'
		[[ $command == report ]] && words='--account --day --html --json --output --lang --config --help'
		[[ $command == import ]] && words='--allow --deny --force --mask --dry-run --diff --remove --help'
		[[ $command == import && $previous == import ]] && words+=" $(_sekisho_names lists name)"
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
		[[ $command == import && $previous == import ]] ||
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	*) words='--help' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o filenames -F _sekisho sekisho
