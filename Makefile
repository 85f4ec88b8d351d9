# SPDX-License-Identifier: GPL-2.0-or-later
# Everything is built under $(O). `make help` lists the targets.
O       ?= build
VERSION := $(or $(shell scripts/version),$(error docs/NEWS.md does not say which version this is))
PREFIX  ?= /usr
DOCDIR  ?= $(PREFIX)/share/doc/sekisho
SYSCONF ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system

CC       ?= gcc
CLANG    ?= clang
# Ubuntu's /usr/sbin/bpftool runs only under the kernel that it came with.
BPFTOOL  ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool) bpftool)
# Cross-building: CC and PKG_CONFIG are the target's (aarch64-linux-gnu-gcc), as Debian's tools set them.
PKG_CONFIG ?= pkg-config
PKGS     := libbpf libelf zlib libnl-3.0 libnl-route-3.0 inih jansson libpcre2-8 sqlite3 \
            libmaxminddb libarchive libmicrohttpd nettle ncursesw libcap-ng \
            $(shell $(PKG_CONFIG) --exists libsystemd && echo libsystemd) \
            $(shell $(PKG_CONFIG) --exists libloc && echo libloc) \
            $(shell $(PKG_CONFIG) --exists libcurl && echo libcurl) \
            $(shell $(PKG_CONFIG) --exists libsodium && echo libsodium) \
            $(shell $(PKG_CONFIG) --exists hiredis && echo hiredis) \
            $(shell $(PKG_CONFIG) --exists hiredis_ssl openssl && echo hiredis_ssl openssl)

WARNINGS := -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wformat=2 -Wundef -Wvla -Wno-missing-field-initializers
CFLAGS   ?= -O2 -g
ifneq ($(SANITIZE),)
CFLAGS   += -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
override CFLAGS += -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -DSEKISHO_VERSION='"$(VERSION)"' \
            -fstack-protector-strong -Iuser -Iinclude -isystem $(O)/bpf $(subst -I,-isystem ,$(shell $(PKG_CONFIG) --cflags $(PKGS)))
LIBS     := $(shell $(PKG_CONFIG) --libs $(PKGS)) $(EXTRA_LIBS)
BPFFLAGS := -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-function -target bpf -mcpu=v3 \
            -ffile-prefix-map=$(CURDIR)=. \
            -D__TARGET_ARCH_$(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))))

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# The journal is read where libsystemd is there to be built with.
JOURNAL  := $(shell $(PKG_CONFIG) --exists libsystemd && echo sd || echo none)
# IPFire's location database likewise.
LOCDB    := $(shell $(PKG_CONFIG) --exists libloc && echo loc || echo none)
# Feeds are fetched where libcurl is there to be built with.
DOWNLOAD := $(shell $(PKG_CONFIG) --exists libcurl && echo curl || echo none)
# A fleet needs libsodium to trust anybody, and hiredis to reach them; TLS, where that has it (1.0, of Debian 13).
SODIUM   := $(shell $(PKG_CONFIG) --exists libsodium && echo sodium || echo none)
HIREDIS  := $(shell $(PKG_CONFIG) --exists hiredis && echo hiredis || echo none)
TLS      := $(shell $(PKG_CONFIG) --exists hiredis_ssl openssl && echo openssl || echo none)
SOURCES  := $(filter-out user/main.c user/log/journal_%.c user/lists/locdb_%.c user/feed/download_%.c \
              user/fleet/fleet_crypto_%.c user/fleet/engine_%.c user/fleet/wire_tls_%.c,$(wildcard user/*/*.c)) \
            user/fleet/fleet_crypto_$(SODIUM).c $(wildcard user/fleet/engine_*$(HIREDIS).c) \
            $(if $(filter hiredis,$(HIREDIS)),user/fleet/wire_tls_$(TLS).c) \
            user/log/journal_$(JOURNAL).c user/lists/locdb_$(LOCDB).c \
            user/feed/download_$(DOWNLOAD).c
OBJECTS  := $(SOURCES:%.c=$(O)/%.o)
BPF      := $(wildcard bpf/*.bpf.c)
BPFOBJS  := $(BPF:%.c=$(O)/%.o)
UNIT     := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help clean check fuzz unit test lint format install uninstall tests

all: $(O)/sekisho

help:
	@echo 'all (default), tests, check (everything; as root), unit, fuzz, lint, format, install, uninstall, clean'
	@echo 'test T=NAME runs one unit program (T=compile: tests/unit/test_compile.c) or one suite (T=gate: tests/gate.bats; as root)'
	@echo 'O=DIR builds elsewhere; V=1 shows commands; SANITIZE=1 builds with ASan and UBSan'

$(O)/sekisho: $(O)/user/main.o $(O)/libsekisho.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(O)/libsekisho.a: $(OBJECTS)
	$(say) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

# What changes every object: the flags themselves.
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(BPFFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(BPFFLAGS)' > $@
FORCE:

$(O)/user/%.o: user/%.c $(O)/flags Makefile
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(patsubst %.c,$(O)/%.o,$(wildcard user/kernel/*.c)): $(O)/bpf/gate.skel.h $(O)/bpf/gate.digest.h

$(O)/bpf/vmlinux.h: scripts/tools/vmlinux
	$(say) BTF $@
	@mkdir -p $(@D)
	$(Q)BPFTOOL='$(BPFTOOL)' scripts/tools/vmlinux > $@

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(O)/bpf/vmlinux.h $(O)/flags Makefile
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -Ibpf -Iinclude -I$(O)/bpf -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

# One object of all programs, one skeleton.
$(O)/bpf/sekisho.o: $(BPFOBJS)
	$(say) GENOBJ $@
	$(Q)$(BPFTOOL) gen object $@ $^

# Names the programs of this build, so that a start knows those that are in the kernel already.
$(O)/bpf/gate.digest.h: $(O)/bpf/sekisho.o
	$(say) DIGEST $@
	$(Q)sha256sum $< | sed -E 's/^(.{24}).*/#define GATE_DIGEST "\1"/' > $@

$(O)/bpf/gate.skel.h: $(O)/bpf/sekisho.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name gate_bpf > $@

tests: $(UNIT) $(O)/tests/packets/test_packets $(O)/tests/stories/asked $(O)/tests/fleet/simulate $(O)/tests/fleet/members/traitor $(O)/tests/fleet/members/crowd $(O)/tests/fleet/without $(O)/tests/mutate/mutate $(O)/tests/flood/flood \
       $(O)/tests/outflow/test_outflow $(O)/tests/vm/init $(O)/tests/vm/knock $(O)/tests/vm/complexity $(O)/tests/upgrade/kill_at \
       $(O)/sekisho \
       $(O)/tests/bench/cost $(O)/tests/bench/fill

$(O)/tests/flood/flood.bpf.o: tests/flood/flood.bpf.c $(O)/bpf/vmlinux.h
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -I$(O)/bpf -c -o $@ $<

$(O)/tests/flood/flood.skel.h: $(O)/tests/flood/flood.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name flood_bpf > $@

$(O)/tests/flood/flood: tests/flood/flood.c $(O)/tests/flood/flood.skel.h $(O)/flags
	$(say) TEST $@
	$(Q)$(CC) $(CFLAGS) -isystem $(O)/tests/flood $(LDFLAGS) -o $@ $< $(LIBS)

$(O)/tests/packets/test_packets: $(wildcard tests/packets/*.[ch]) $(O)/libsekisho.a
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(O)/libsekisho.a $(LIBS)

$(O)/tests/vm/complexity: tests/vm/complexity.c $(O)/libsekisho.a
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(O)/libsekisho.a $(LIBS)

# Starts where there is no library, so it is static, and without a sanitizer's.
$(O)/tests/vm/init $(O)/tests/vm/knock $(O)/tests/upgrade/kill_at: $(O)/tests/%: tests/%.c $(O)/flags
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -static -o $@ $<

$(O)/tests/mutate/mutate: $(wildcard tests/mutate/*.[ch]) $(O)/libsekisho.a
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(O)/libsekisho.a $(LIBS)

$(O)/tests/outflow/test_outflow: tests/outflow/test_outflow.c tests/packets/build.c \
		tests/packets/build.h $(O)/libsekisho.a
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(O)/libsekisho.a $(LIBS)

# A whole sekisho as it is where libsodium and hiredis are missing.
$(O)/tests/fleet/without: $(O)/user/main.o \
		$(filter-out $(O)/user/fleet/engine_%.o $(O)/user/fleet/wire_tls_%.o $(O)/user/fleet/fleet_crypto_%.o,$(OBJECTS)) \
		$(O)/user/fleet/engine_none.o $(O)/user/fleet/fleet_crypto_none.o
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(filter-out -lsodium -lhiredis -lhiredis_ssl -lssl -lcrypto,$(LIBS))

# A member in wrong hands, and a crowd of honest ones.
$(O)/tests/fleet/members/%: tests/fleet/members/%.c tests/fleet/members/member.c tests/fleet/members/member.h $(O)/libsekisho.a
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(O)/libsekisho.a $(LIBS)

# The simulation stands its own cheap primitives in for libsodium's; a thousand members of it remember fewer batches.
$(O)/tests/fleet/simulate: $(wildcard tests/fleet/*.[ch]) user/fleet/chain.c user/fleet/node.c user/fleet/node_hear.c $(O)/libsekisho.a
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -DCHAIN_REMEMBERED=64 $(LDFLAGS) -o $@ $(filter %.c,$^) $(O)/libsekisho.a $(LIBS)

$(O)/tests/stories/asked: tests/stories/asked.c $(O)/libsekisho.a
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(O)/libsekisho.a $(LIBS)

$(O)/tests/bench/table.bpf.o: tests/bench/table.bpf.c $(O)/bpf/vmlinux.h include/table.h include/table_find.h
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -Iinclude -I$(O)/bpf -c -o $@ $<

$(O)/tests/bench/table_bench.skel.h: $(O)/tests/bench/table.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name table_bench > $@

$(O)/tests/bench/events: tests/bench/events.c $(O)/libsekisho.a
	$(say) BENCH $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(O)/libsekisho.a $(LIBS)
$(O)/tests/bench/asks: tests/bench/asks.c
	$(say) BENCH $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(O)/tests/bench/latency: tests/bench/latency.c
	$(say) BENCH $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(O)/tests/bench/table: tests/bench/table.c $(O)/tests/bench/table_bench.skel.h $(O)/libsekisho.a
	$(say) BENCH $@
	$(Q)$(CC) $(CFLAGS) -Itests/unit -isystem $(O)/tests/bench $(LDFLAGS) -o $@ $< $(O)/libsekisho.a $(LIBS)

$(O)/tests/bench/cost.bpf.o: tests/bench/cost.bpf.c $(O)/bpf/vmlinux.h
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPFFLAGS) -I$(O)/bpf -c -o $@ $<

$(O)/tests/bench/cost.skel.h: $(O)/tests/bench/cost.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name cost_bpf > $@

$(O)/tests/bench/cost: tests/bench/cost.c tests/bench/cost_gate.c tests/bench/world.c \
		tests/packets/build.c tests/bench/cost.h tests/bench/world.h \
		$(O)/tests/bench/cost.skel.h $(O)/libsekisho.a
	$(say) BENCH $@
	$(Q)$(CC) $(CFLAGS) -isystem $(O)/tests/bench $(LDFLAGS) -o $@ $(filter %.c,$^) $(O)/libsekisho.a $(LIBS)

$(O)/tests/bench/fill: tests/bench/fill.c tests/bench/world.c tests/bench/world.h $(O)/libsekisho.a
	$(say) BENCH $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^) $(O)/libsekisho.a $(LIBS)

$(O)/tests/unit/%: tests/unit/%.c $(O)/libsekisho.a
	$(say) TEST $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Ibpf -Itests/unit -MMD -MP -o $@ $< $(O)/libsekisho.a $(LIBS) -lcmocka

# Fuzz targets: all that needs no kernel, by clang with its sanitizers.
FUZZFLAGS := -O1 -g -std=gnu11 -D_GNU_SOURCE -DSEKISHO_VERSION='"$(VERSION)"' -Iuser -Iinclude \
             -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
             -fno-omit-frame-pointer $(shell $(PKG_CONFIG) --cflags $(PKGS))
FUZZED    := $(filter-out user/kernel/% user/cmd/% user/daemon/% user/enforce/%,$(SOURCES))
FUZZOBJS  := $(FUZZED:%.c=$(O)/fuzz/%.o)
FUZZ      := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(O)/fuzz/user/%.o: user/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZFLAGS) -MMD -MP -c -o $@ $<

$(O)/fuzz/libsekisho.a: $(FUZZOBJS)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(O)/fuzz/libsekisho.a
	$(say) FUZZ $@
	$(Q)$(CLANG) $(FUZZFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(O)/fuzz/libsekisho.a $(LIBS)

fuzz: $(FUZZ)

unit: $(UNIT)
	@for t in $^; do echo "$$t"; $(UNITWRAP) $$t || exit 1; done

# One unit program, or one suite of scripts/check.
test:
	@if [ -z '$(T)' ]; then echo "make test: T=NAME names a unit program or a suite; see make help" >&2; exit 2; fi
	@name='$(T)'; name=$${name#test_}; if [ -e "tests/unit/test_$$name.c" ]; then \
		$(MAKE) -s $(O)/tests/unit/test_$$name && $(UNITWRAP) $(O)/tests/unit/test_$$name; \
	else scripts/check "$$name"; fi

check:
	scripts/check

lint: $(O)/bpf/gate.skel.h $(O)/bpf/gate.digest.h
	scripts/lint

format:
	clang-format -i $$(scripts/tools/files '*.c' '*.h')
	shfmt -w $$(scripts/tools/shell-files)

install: all
	install -D -m755 $(O)/sekisho $(DESTDIR)$(PREFIX)/sbin/sekisho
	@# The administrator's own configuration is never touched.
	[ -e $(DESTDIR)$(SYSCONF)/sekisho/sekisho.conf ] || \
		install -D -m644 packaging/sekisho.conf $(DESTDIR)$(SYSCONF)/sekisho/sekisho.conf
	install -D -m644 packaging/sekisho.conf $(DESTDIR)$(PREFIX)/share/sekisho/sekisho.conf
	install -d $(DESTDIR)$(SYSCONF)/sekisho/conf.d $(DESTDIR)$(SYSCONF)/sekisho/lists
	install -d -m700 $(DESTDIR)$(SYSCONF)/sekisho/keys
	for unit in sekisho.service sekisho-stand-in.service; do \
		sed 's,@sbindir@,$(PREFIX)/sbin,' packaging/$$unit | \
			install -D -m644 /dev/stdin $(DESTDIR)$(UNITDIR)/$$unit; done
	install -D -m755 -t $(DESTDIR)$(PREFIX)/lib/sekisho packaging/alert/deliver packaging/alert/lock \
		packaging/digest/digest packaging/textfile/textfile
	for unit in packaging/alert/sekisho-* packaging/fetch/sekisho-* packaging/fleet/sekisho-* packaging/digest/sekisho-* packaging/textfile/sekisho-*; do \
		sed 's,@libdir@,$(PREFIX)/lib,; s,@sysconf@,$(SYSCONF),; s,@sbindir@,$(PREFIX)/sbin,' $$unit | \
			install -D -m644 /dev/stdin $(DESTDIR)$(UNITDIR)/$${unit##*/}; done
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/sekisho/alert packaging/alert/alert.conf \
		packaging/alert/lock.conf packaging/digest/digest.conf
	install -D -m644 packaging/alert/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/sekisho.conf
	[ -n '$(DESTDIR)' ] || ! command -v systemd-sysusers >/dev/null || systemd-sysusers sekisho.conf
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/sekisho/fail2ban packaging/fail2ban/sekisho.conf
	install -D -m644 -t $(DESTDIR)$(UNITDIR) packaging/sekisho-*.socket packaging/sekisho-*.target
	install -D -m644 packaging/completion/sekisho.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sekisho
	install -D -m644 packaging/completion/_sekisho \
		$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_sekisho
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/sekisho/prometheus \
		packaging/prometheus/sekisho.rules.yml
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/sekisho/grafana packaging/grafana/sekisho.json
	for page in docs/man/*.[578]; do \
		install -D -m644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	@# Where help, configuration and doctor send their readers. The README lies beside them there.
	install -D -m644 -t $(DESTDIR)$(DOCDIR) docs/*.md docs/example-report.html docs/example-report.png
	for page in README.md README.ja.md docs/finding-your-way.md docs/platforms.md; do \
		sed 's,](docs/,](,g; s,](\.\./README,](README,g; s,\[\([^]]*\)\](\(LICENSE\|\.\./[^)]*\)),\1,g' $$page | \
			install -m644 /dev/stdin $(DESTDIR)$(DOCDIR)/$${page##*/}; done
	@# Country data that scripts/bootstrap unpacked: where the package tor-geoipdb is not installed.
	[ ! -e build/geoip/usr/share/tor/geoip ] || install -D -m644 -t $(DESTDIR)$(PREFIX)/share/sekisho/geoip \
		build/geoip/usr/share/tor/geoip build/geoip/usr/share/tor/geoip6

# A gate in the kernel outlives its program, which alone can take it away.
uninstall:
	@[ -n '$(DESTDIR)' ] || [ ! -e /sys/fs/bpf/sekisho ] || { \
		echo 'a gate is loaded; first: systemctl disable --now sekisho; sekisho unload' >&2; exit 1; }
	rm -f $(DESTDIR)$(PREFIX)/sbin/sekisho $(DESTDIR)$(UNITDIR)/sekisho.service \
		$(DESTDIR)$(UNITDIR)/sekisho-stand-in.service
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sekisho
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_sekisho $(DESTDIR)$(PREFIX)/lib/sysusers.d/sekisho.conf
	for page in docs/man/*.[578]; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	for unit in packaging/alert/sekisho-* packaging/fetch/sekisho-* packaging/fleet/sekisho-* packaging/digest/sekisho-* packaging/textfile/sekisho-* packaging/sekisho-*.socket packaging/sekisho-*.target; do rm -f $(DESTDIR)$(UNITDIR)/$${unit##*/}; done
	rm -rf $(DESTDIR)$(PREFIX)/share/sekisho $(DESTDIR)$(PREFIX)/lib/sekisho $(DESTDIR)$(DOCDIR)
	@echo 'kept: $(DESTDIR)$(SYSCONF)/sekisho, /var/lib/sekisho and /var/lib/sekisho-fetch (configuration, bans, lists)'

clean:
	rm -rf $(O)

# For tools that need a variable's value: make print-CFLAGS
print-%:
	$(info $($*))@:

-include $(OBJECTS:.o=.d) $(O)/user/main.d $(BPFOBJS:.o=.d) $(UNIT:=.d) $(FUZZOBJS:.o=.d) $(FUZZ:=.d)
