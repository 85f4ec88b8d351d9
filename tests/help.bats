#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Help, manual pages, completion and output for scripts: the same everywhere, and nothing left out.

load helpers/common

REPO=$BATS_TEST_DIRNAME/..

setup_file() {
	file_requires sekisho || return 0
	[[ -z $(missing root)$(missing bpf)$(missing networks) ]] || return 0
	lab_up "$BATS_FILE_TMPDIR/lab"
	lab_conf 'mode = enforce' "[list drop]
action = deny"
}

teardown_file() {
	lab_down
}

setup() {
	requires jq
}

# Every command there is, by the program's own list.
commands() {
	"$SEKISHO" --help | sed -n '/^commands:/,$s/^  \([a-z][a-z-]*\) .*/\1/p'
}

options_of() { # COMMAND: those of its --help
	"$SEKISHO" "$1" --help | grep -oE -- '(^|[^-a-z])--[a-z][a-z-]*' | grep -oE -- '--[a-z-]+' | sort -u
}

@test "help fits 80 columns, says usage, summary and options, and never colours" {
	(($(commands | wc -l) >= 17))
	for name in $(commands); do
		run_sekisho "$name" --help
		says "^usage: sekisho $name"
		awk 'length > 80 { print FILENAME ": " $0; exit 1 }' <<<"$output" || fail "$name: wider than 80"
		[[ $output != *$'\e'* ]]
		run_sekisho "$name" -h
	done
	run_sekisho --help
	awk 'length > 80 { print; exit 1 }' <<<"$output" || fail "wider than 80"
}

@test "wrong usage exits 2 with the usage and where help is, on standard error alone" {
	for name in $(commands); do
		run_sekisho 2 "$name" --no-such-option
		complains "^sekisho $name: "
		complains "^usage: sekisho $name"
		complains "Try .sekisho $name --help"
		[[ -z $output ]]
	done
	for name in run load unload check status stats top outflow lists bans doctor; do
		run_sekisho 2 "$name" too-much
		complains too-much
	done
}

# /dev/full takes no byte.
@test "what standard output does not take is no success, of any command" {
	local conf=$BATS_TEST_TMPDIR/full.conf list=$BATS_TEST_TMPDIR/full.list
	printf '[paths]\nstate = %s/state\npins = %s/pins\nruntime = %s/run\n[country]\nfiles = %s\n' \
		"$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/full.csv" >"$conf"
	echo 192.0.2.0,192.0.2.255,JP >"$BATS_TEST_TMPDIR/full.csv"
	echo 203.0.113.9 >"$list"
	while read -r words; do
		# shellcheck disable=SC2016,SC2086 # words of the inner shell
		run -1 bash -c '"$@" >/dev/full' bash "$SEKISHO" -c "$conf" $words
		[[ $output == *'cannot '*': No space left on device'* ]] || fail "$words: $output"
		# shellcheck disable=SC2086 # words
		"$SEKISHO" -c "$conf" $words >/dev/null
	done <<-END
		--help
		--version
		help
		version
		help ban
		ban --help
		check
		check --json
		import --dry-run --deny --diff new $list
		country --list JP
		country 192.0.2.1
		doctor --list
		doctor --list --json
	END
}

@test "help and version are words too, and a mistyped command is told the nearest" {
	run_sekisho --help
	local whole=$output
	run_sekisho help
	[[ $output == "$whole" ]]
	run_sekisho help ban
	says '^usage: sekisho ban '
	run_sekisho version
	says '^sekisho [0-9]+\.[0-9]+\.[0-9]+$'
	run_sekisho 2 help statsu
	complains "no command 'statsu'; did you mean 'status'"
	run_sekisho 2 unbna
	complains "no command 'unbna'; did you mean 'unban'"
	run_sekisho 2 xyzzy-plugh
	complains 'sekisho --help. lists them'
	run_sekisho 2 $'e\e[2Jvil'
	complains 'e\\x1b\[2Jvil'
}

@test "a mistyped option is told the nearest, and where the global ones stand" {
	run_sekisho 2 bans --jsno
	complains "no option '--jsno'; did you mean '--json'"
	run_sekisho 2 ban --fro 1h 192.0.2.1
	complains "no option '--fro'; did you mean '--for'"
	run_sekisho 2 import --focre=1h
	complains "no option '--focre=1h'; did you mean '--force'"
	run_sekisho 2 account --t --xyzzy somebody
	complains "no option '--xyzzy'$"
	run_sekisho 2 import --d drop /dev/null
	complains "no option '--d'; --deny or another. Write more of it"
	run_sekisho 2 bans --json=x
	complains '^sekisho bans: --json takes no value'
	run_sekisho 2 bans --since
	complains '^sekisho bans: --since needs a value'
	run_sekisho 2 bans --config
	complains 'it stands before the command'
	run_sekisho 2 status -xj
	complains "no option '-x'"
	run_sekisho 2 status $'--\e[31m'
	complains "no option '--\\\\x1b\[31m'"
	run -2 "$SEKISHO" --cofnig=/dev/null status
	[[ $output == *"no option '--cofnig=/dev/null'; did you mean '--config'"* ]]
	# Every command has its options from the same place.
	for name in $(commands); do
		for option in $(options_of "$name"); do
			[[ $option == --help ]] && continue
			run_sekisho 2 "$name" "${option}q"
			complains "no option '${option}q'; did you mean '--"
		done
	done
}

@test "options that exclude each other, or are of another word, are refused together" {
	while read -r words; do
		# shellcheck disable=SC2086 # words
		run_sekisho 2 $words
		complains '^usage: '
		[[ -z $output ]]
	done <<-'END'
		parse --json --missed x
		alert --test --hand-over
		alert --hand-over --test
		stats --json --prometheus
		doctor --nagios --json
		account --held --trust x
		setup --print --yes
		report --day --html --json
		fleet run --json
		fleet acl --output x
		fleet status --secret
		fleet key --json
	END
}

@test "every command and every option of it is in the manual page" {
	for name in $(commands); do
		grep -Eq "^\.(It|Ic|Ss) .*(Cm|Ic) $name( |$)|^\.It Cm $name( |$)" "$REPO/docs/man/sekisho.8" ||
			fail "sekisho.8 does not have $name"
		for option in $(options_of "$name"); do
			case $option in --help) continue ;; esac
			grep -q -- "Fl -*-${option#--}" "$REPO/docs/man/sekisho.8" ||
				fail "sekisho.8 does not have $option of $name"
		done
	done
}

@test "every short option of a command is in the manual page, by its long one" {
	local count=0 name short long
	for name in $(commands); do
		while read -r short long; do
			awk -v "it=.It Cm $name" -v "line=.Fl $short , $long" '
				$0 == ".Ss Short options" { there = 1 }
				there && /^\.(It|Ss|Sh) / { inside = $0 == it }
				inside && ($0 == line || $0 == line " ;") { found = 1 }
				END { exit !found }' "$REPO/docs/man/sekisho.8" || fail "sekisho.8 does not have -$short of $name"
			count=$((count + 1))
		done < <("$SEKISHO" "$name" --help | sed -nE 's/^ +-([a-zA-Z]), -(-[a-z-]+).*/\1 \2/p')
	done
	((count >= 20))
}

@test "the manual pages have no fault" {
	requires man
	for page in "$REPO"/docs/man/*.[578]; do
		run man --warnings=all -E UTF-8 -l -Tutf8 -Z "$page"
		said=$(man --warnings=all -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
		[[ $status == 0 && -z $said ]] || fail "$page: $said"
		# A quotation that begins within another was meant to have ended.
		# shellcheck disable=SC1112 # the page has these quotes
		run ! grep -n '‘[^’]*‘' <(man -E UTF-8 -l -Tutf8 "$page" 2>/dev/null)
	done
}

@test "the manual page of doctor has every finding that there is, in the program's own words" {
	cd "$REPO"
	diff <(SEKISHO=$SEKISHO scripts/tools/man-doctor) docs/man/sekisho-doctor.8
	run_sekisho doctor --list
	awk 'length > 80' <<<"$output" | grep . && fail "wider than 80 columns"
	run_sekisho doctor --list --json
	json '.[0].kinds | length > 40 and all(.id and .means and .remedy and .severity)'
}

@test "every key of the configuration is in its manual page" {
	grep -ohE '\{ "[a-z0-9-]+", *(conf_|CONNECTIONS|RATE|BURST)' "$REPO"/user/conf/keys.c |
		grep -oE '"[a-z0-9-]+"' | tr -d '"' | sort -u >"$BATS_TEST_TMPDIR/keys"
	(($(wc -l <"$BATS_TEST_TMPDIR/keys") > 20))
	while read -r key; do
		grep -Eq "(Cm|It) .*$key" "$REPO/docs/man/sekisho.conf.5" || fail "sekisho.conf.5 does not have $key"
	done <"$BATS_TEST_TMPDIR/keys"
}

# ---- for scripts ----

@test "--json of every reading command parses, and every member is documented" {
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	: >"$LAB/log/mail.log"
	lab_run
	echo 198.51.100.9 | server "$SEKISHO" -c "$LAB_CONF" import drop -
	run_sekisho ban --reason test 198.51.100.66
	members() { jq -r 'paths | map(select(type == "string")) | last' | sort -u; }
	for ((i = 0; i < 5; i++)); do
		printf '%s mx postfix/smtpd[9]: warning: unknown[198.51.100.70]: SASL LOGIN authentication failed: x, sasl_username=bob\n' \
			"$(LC_ALL=C date '+%b %e %H:%M:%S')" >>"$LAB/log/mail.log"
	done
	retry 50 0.1 ban_exists 198.51.100.70/32
	# Somebody is known, so that `accounts` has what to say.
	printf '%s mx postfix/smtpd[9]: 4ABC: client=unknown[198.51.100.71], sasl_method=PLAIN, sasl_username=alice\n' \
		"$(LC_ALL=C date '+%b %e %H:%M:%S')" >>"$LAB/log/mail.log"
	alice_is_known() { run_sekisho accounts --all && says alice; }
	retry 50 0.1 alice_is_known
	with_json=0
	for name in $(commands); do
		options_of "$name" | grep -qx -- --json || continue
		with_json=$((with_json + 1))
		command="$name --json"
		case $name in
		why) command+=' 198.51.100.66' ;;
		account) command+=' bob' ;;
		accounts) command+=' --all' ;;
		watch) continue ;;  # goes on: watch.bats
		fleet) continue ;;  # needs a fleet: fleet.bats
		alerts) continue ;; # nothing where there was none: history.bats
		report) command+=' --day' ;;
		parse | replay) command+=" $LAB/log/mail.log" ;;
		esac
		# shellcheck disable=SC2086 # words
		run_sekisho any $command
		((status <= 1))
		json '. | length > 0' # it parses
		[[ $output != *$'\e'* ]]
		# Names that the configuration, the kernel or a country gives are not members.
		members <<<"$output" | grep -vxE '[A-Z]{2}|[0-9]+|smtp|submission|imap|pop3|sieve|[a-z]+-[a-z-]+' |
			while read -r member; do
				grep -Eq "[\"\`.]${member}[\"\`, ]" "$REPO/docs/json.md" ||
					fail "${command%% *}: \"$member\" is not documented"
			done
	done
	((with_json >= 10))
	lab_run_end
}

@test "text is in local time, in UTC with --utc, and JSON always in UTC" {
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	run_sekisho load
	TZ=JST-9 run_sekisho ban --for 1h 198.51.100.66
	says '^banned 198.51.100.66/32 until 2[0-9]{3}-[0-9]{2}-[0-9]{2} [0-9:]{8} \(1h\)'
	for command in bans 'why 198.51.100.66' 'status -v' 'bans --ended'; do
		# shellcheck disable=SC2086 # words
		TZ=JST-9 run_sekisho $command
		[[ ! $output =~ [0-9]T[0-9:]+Z ]] || fail "$command: UTC where local time was to be"
		# shellcheck disable=SC2086 # words
		TZ=JST-9 run_sekisho --utc $command
		[[ ! $output =~ [0-9]{4}-[0-9]{2}-[0-9]{2}\ [0-9]{2}: ]] || fail "$command: local time with --utc"
	done
	local_s=$(TZ=JST-9 server "$SEKISHO" -c "$LAB_CONF" bans |
		sed -n '/^198.51.100.66/{n;s/^  \([0-9: -]\{19\}\).*/\1/p}')
	TZ=JST-9 run_sekisho bans --json
	json ".[] | select(.prefix == \"198.51.100.66/32\") | .since[:19] == \"$(date -u -d "$local_s JST" +%FT%T)\""
	TZ=JST-9 run_sekisho bans --ended --since '2026-01-01 00:00:00'
	TZ=JST-9 run_sekisho bans --ended --since '2026-01-01 00:00'
	run_sekisho 2 bans --ended --since '2026-01-01 00:61'
	run_sekisho unban 198.51.100.66
}

@test "no command colours what is not a terminal" {
	[[ -n ${LAB_ID-} ]] || skip "needs root, bpffs and network namespaces"
	run_sekisho load
	for command in status stats outflow bans lists doctor 'why 198.51.100.66'; do
		# shellcheck disable=SC2086 # words
		TERM=xterm-256color run_sekisho any $command
		[[ $output != *$'\e'* ]]
	done
}

@test "doctor colours a terminal, but not with NO_COLOR and not a dumb one" {
	requires script
	colour() { # VARIABLE=VALUE...
		env "$@" script -qec "$SEKISHO -c /dev/null doctor" /dev/null </dev/null | grep -q $'\e\\['
	}
	colour TERM=xterm
	run ! colour TERM=xterm NO_COLOR=1
	run ! colour TERM=dumb
	colour TERM=xterm NO_COLOR=
}

# ---- completion ----

complete_bash() { # WORD...: what is offered for the last one
	bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sekisho; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$REPO/packaging/completion/sekisho.bash" "$@"
}

@test "bash completes every command, its options, files, and names" {
	[[ $(complete_bash "$SEKISHO" st | sort | xargs) == 'stand-in stats status' ]]
	[[ $(complete_bash "$SEKISHO" -c /x/y doc) == doctor ]]
	for name in $(commands); do
		complete_bash "$SEKISHO" "$name" - | grep -qx -- --help || fail "$name is not completed"
		complete_bash "$SEKISHO" '' | grep -qx -- "$name" || fail "$name is not offered"
		for option in $(options_of "$name"); do
			complete_bash "$SEKISHO" "$name" "${option%?}" | grep -qx -- "$option" || fail "$name: no $option"
		done
	done
	cd "$REPO"
	[[ $(complete_bash "$SEKISHO" parse READ | head -n 1) == README* ]]
	[[ $(complete_bash "$SEKISHO" ban --for 1) == $'10m\n1h\n1d' ]]
}

@test "zsh completes every command and its options" {
	requires zsh
	cat >"$BATS_TEST_TMPDIR/complete.zsh" <<-'END'
		zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "fpath=($1 \$fpath); PS1=; autoload -Uz compinit; compinit -u -D; stty -echo columns 200; LISTMAX=1000; zstyle ':completion:*' list-colors ''; unsetopt menu_complete auto_menu; bindkey '^I' list-choices; print READY"
		zpty -r z line '*READY*READY*'
		zpty -w -n z "$2"$'\t'
		sleep 1
		while zpty -rt z line; do print -rn -- "$line"; done | sed $'s/\e\\[[0-9;?]*[a-zA-Z]/ /g'
	END
	offered=$(zsh -f "$BATS_TEST_TMPDIR/complete.zsh" "$REPO/packaging/completion" 'sekisho ')
	for name in $(commands); do
		grep -Eq "(^|[^a-z])$name +--" <<<"$offered" || fail "$name is not offered: $offered"
	done
	offered=$(zsh -f "$BATS_TEST_TMPDIR/complete.zsh" "$REPO/packaging/completion" 'sekisho ban --')
	[[ $offered == *--for* && $offered == *--reason* ]] || fail "$offered"
	# The others by their lines: a completion that is asked for takes a second.
	for name in $(commands); do
		line=$(sed ':a; /\\$/ { N; s/\\\n//; ba }' "$REPO/packaging/completion/_sekisho" |
			grep -E "^	([a-z]+ \| )*$name( \| [a-z]+)*\) ") || line=--help
		for option in $(options_of "$name"); do
			[[ $line == *"$option"* ]] || fail "$name: no $option: $line"
		done
	done
}

@test "make install puts program, unit, manual, completion and packaging where they belong" {
	requires make
	# What is built elsewhere is not built again.
	root=$BATS_TEST_TMPDIR/root
	make -s -C "$REPO" O="$(dirname "$SEKISHO")" DESTDIR="$root" install >/dev/null
	for file in usr/sbin/sekisho usr/share/man/man8/sekisho-doctor.8 etc/sekisho/sekisho.conf usr/lib/systemd/system/sekisho.service \
		usr/share/man/man8/sekisho.8 usr/share/man/man5/sekisho.conf.5 \
		usr/share/bash-completion/completions/sekisho usr/share/zsh/vendor-completions/_sekisho \
		usr/share/sekisho/prometheus/sekisho.rules.yml usr/share/sekisho/grafana/sekisho.json \
		usr/lib/sekisho/textfile usr/lib/systemd/system/sekisho-textfile.timer usr/lib/systemd/system/sekisho-textfile.service; do
		[[ -s $root/$file ]] || fail "not installed: $file"
	done
	run ! grep -rl '@sbindir@' "$root/usr/lib"
}

@test "every page that a text of the installed program names is there, and its links lead somewhere" {
	requires make
	root=$BATS_TEST_TMPDIR/root
	make -s -C "$REPO" O="$(dirname "$SEKISHO")" DESTDIR="$root" install >/dev/null
	grep -rhoaE '(docs|/usr/share/doc/sekisho)/[a-z.-]+\.(md|html)' "$root/usr/sbin" "$root/usr/share/man" "$root/etc" \
		"$root/usr/share/sekisho" "$root/usr/lib" "$REPO/packaging/debian" | sort -u >"$BATS_TEST_TMPDIR/named"
	grep -x /usr/share/doc/sekisho/alerts.md "$BATS_TEST_TMPDIR/named"
	while read -r page; do
		[[ $page == /usr/* && -s $root$page ]] || fail "there is no $page"
	done <"$BATS_TEST_TMPDIR/named"
	cd "$root/usr/share/doc/sekisho"
	count=0
	for page in *.md; do
		while read -r link; do
			[[ -s $link ]] || fail "$page has a link to $link"
			((++count))
		done < <(grep -oE '\]\([^)#: ]+' "$page" | cut -c 3-)
	done
	((count > 100))
}

@test "every program of the tests that a page names is there, or is what the build makes of a source" {
	local count=0 program
	# shellcheck disable=SC2016 # backquotes of Markdown
	while read -r program; do
		[[ -e $REPO/$program || ($program == build/* && -e $REPO/${program#build/}.c) ]] ||
			fail "there is no $program; what is made of a source is below build/"
		count=$((count + 1))
	done < <(grep -ohE '`(build/)?tests/[a-z]+/[a-z_-]+[` ]' "$REPO"/README*.md "$REPO"/docs/*.md | tr -d '` ' | sort -u)
	((count > 15))
}

@test "the Japanese README has every heading, command and table row of the English one" {
	for file in README.md README.ja.md; do
		grep -c '^#' "$REPO/$file"
		grep -c '^|' "$REPO/$file"
		# shellcheck disable=SC2016 # backquotes of Markdown
		grep -o '`[^`]*`' "$REPO/$file" | grep -E '^`(sekisho [a-z]+|scripts/[a-z]+|user/[a-z]+/|[a-z-]+ = )' |
			sed -E 's/^(`sekisho [a-z]+).*/\1/; s/^(`scripts\/[a-z]+).*/\1/; s/`$//' | sort -u
	done >"$BATS_TEST_TMPDIR/all"
	half=$(($(wc -l <"$BATS_TEST_TMPDIR/all") / 2))
	diff <(head -n "$half" "$BATS_TEST_TMPDIR/all") <(tail -n +"$((half + 1))" "$BATS_TEST_TMPDIR/all")
}

# What of a page is the same in every language: its headings' levels in order, its code without comments, and the
# rules and programs that it names.
page_bones() { # FILE
	grep -oE '^#+ ' "$1"
	awk '/^ *```/ { inside = !inside; next } inside { sub(/ *#.*/, ""); if (/[^ \t]/) print }' "$1"
	grep -oE '^\*\*[a-z-]+\*\*' "$1" || :
}

@test "each Japanese page has the sections, the code and the rules of its English one, and links to it" {
	count=0
	for page in "$REPO"/docs/*.ja.md; do
		english=${page%.ja.md}.md
		diff <(page_bones "$english") <(page_bones "$page") || fail "$page is not as $english"
		grep -qF "](${english##*/})" "$page" || fail "$page does not link to $english"
		grep -qF "(docs/${page##*/})" "$REPO/README.ja.md" || fail "README.ja.md does not link to $page"
		count=$((count + 1))
	done
	((count >= 4))
}

@test "every file that the documents link to is there" {
	for file in "$REPO"/README*.md "$REPO"/docs/*.md; do
		grep -oE '\]\([^)#]+\)' "$file" | tr -d '()]' | grep -v '^http' | while read -r link; do
			[[ -e ${file%/*}/$link ]] || fail "$file: $link"
		done
	done
}
