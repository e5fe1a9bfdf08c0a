# Sallyport. One makefile: `make help` lists what it does.
#
#   MODE=release (default)   build/bin/{builder,pusher}
#   MODE=asan                build/asan/...   AddressSanitizer and UndefinedBehaviorSanitizer
#   MODE=fuzz                build/fuzz/...   libFuzzer targets, clang

MAKEFLAGS += -rR
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

MODE ?= release
VERSION := 0.1.0
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
PKG_CONFIG ?= pkg-config

ifeq ($(MODE),release)
B := build
else ifneq ($(filter $(MODE),asan fuzz),)
B := build/$(MODE)
else
$(error MODE is release, asan or fuzz, not '$(MODE)')
endif

ifeq ($(MODE),fuzz)
CC := clang-14
else ifeq ($(origin CC),default)
CC := gcc
endif
AR := ar

# One short line per step; V=1 shows the commands, -s nothing.
ifeq ($(V),)
Q := @
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@:,@echo '$(1)')
endif

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wformat=2 -Wcast-qual -Wundef -Wwrite-strings \
	-Wimplicit-fallthrough -Wnull-dereference
ifneq ($(findstring clang,$(CC)),)
WARNINGS += -Wno-gnu-zero-variadic-macro-arguments
endif
HARDENING := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
	-fno-strict-overflow -fno-delete-null-pointer-checks
ifeq ($(findstring clang,$(CC)),)
HARDENING += -ftrivial-auto-var-init=zero
endif
LINK_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code

CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -I. -fPIE -ffunction-sections -fdata-sections $(WARNINGS) \
	-DSALLYPORT_VERSION='"$(VERSION)"' $(CFLAGS)
ALL_LDFLAGS := $(LINK_HARDENING) -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS)
ifeq ($(MODE),release)
ALL_CFLAGS += $(HARDENING)
else
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_CFLAGS += -O1 $(SANITIZERS)
ALL_LDFLAGS += $(SANITIZERS)
endif
ifeq ($(MODE),fuzz)
ALL_CFLAGS += -fsanitize=fuzzer-no-link
endif
ifneq ($(WERROR),)
ALL_CFLAGS += -Werror
endif

# Each component compiles and links with its own libraries only.
PKGS_common := nettle jansson libsodium
PKGS_builder := libarchive libsodium jansson yaml-0.1 nettle libdeflate zlib
PKGS_pusher := libcurl libsodium jansson nettle
PKGS_tests := $(PKGS_builder) libcurl cmocka

# builder is carried into the enclave as one file: its libraries are static. pusher gets the
# distribution's, so that security updates reach it.
LIBS_builder = -Wl,-Bstatic $(shell $(PKG_CONFIG) --libs $(PKGS_builder)) -Wl,-Bdynamic
LIBS_pusher = $(shell $(PKG_CONFIG) --libs $(PKGS_pusher))

component = $(firstword $(subst /, ,$*))
objects = $(patsubst %.c,$(B)/obj/%.o,$(1))
SRC_common := $(sort $(wildcard common/*.c))
SRC_builder := $(sort $(wildcard builder/*.c))
SRC_pusher := $(sort $(wildcard pusher/*.c))
SRC_unit := $(sort $(wildcard tests/unit/*/test_*.c))
SRC_fuzz := $(sort $(wildcard tests/fuzz/*/fuzz_*.c))

PROGRAMS := $(B)/bin/builder $(B)/bin/pusher
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(SRC_unit))
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(SRC_fuzz))

.PHONY: all
all: $(PROGRAMS)

# Changed flags rebuild everything.
$(B)/.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' > $@
.PHONY: FORCE
FORCE:

$(B)/obj/%.o: %.c $(B)/.flags
	@mkdir -p $(@D)
	$(call say,cc $<)
	$(Q)$(CC) $(ALL_CFLAGS) -DIN_$(component) $(shell $(PKG_CONFIG) --cflags $(PKGS_$(component))) -MMD -MP -c -o $@ $<

$(B)/libcommon.a: $(call objects,$(SRC_common)) scripts/check-archive $(wildcard scripts/boundary/*)
	$(call say,ar $@)
	@rm -f $@.tmp
	$(Q)$(AR) rcsD $@.tmp $(filter %.o,$^)
	$(Q)scripts/check-archive $(MODE) $@.tmp
	@mv $@.tmp $@

# A program that breaks its fence never gets its name.
define program
$(B)/bin/$(1): $(call objects,$(SRC_$(1))) $(B)/libcommon.a scripts/check-imports $(wildcard scripts/boundary/*)
	@mkdir -p $$(@D)
	$$(call say,ld $$@)
	$$(Q)$$(CC) -o $$@.tmp $$(filter %.o %.a,$$^) $$(ALL_LDFLAGS) $$(LIBS_$(1))
	$$(Q)scripts/check-imports $(MODE) $(1) $$@.tmp $$(filter %.o,$$^)
	@mv $$@.tmp $$@

# All of a program but its main(), for unit tests and fuzzing.
$(B)/lib$(1)_test.a: $(call objects,$(filter-out $(1)/main.c,$(SRC_$(1))))
	@rm -f $$@
	$$(Q)$(AR) rcsD $$@ $$^
endef
$(eval $(call program,builder))
$(eval $(call program,pusher))

LIBS_unit_common = $(shell $(PKG_CONFIG) --libs $(PKGS_common) cmocka)
LIBS_unit_builder = $(shell $(PKG_CONFIG) --libs $(PKGS_builder) cmocka)
LIBS_unit_pusher = $(shell $(PKG_CONFIG) --libs $(PKGS_pusher) cmocka)
define test_component
$(B)/tests/unit/$(1)/test_%: $(B)/obj/tests/unit/$(1)/test_%.o $(filter-out %libcommon_test.a,$(B)/lib$(1)_test.a) $(B)/libcommon.a
	@mkdir -p $$(@D)
	$$(call say,ld $$@)
	$$(Q)$$(CC) -o $$@ $$^ $$(ALL_LDFLAGS) $$(LIBS_unit_$(1))

$(B)/tests/fuzz/$(1)/fuzz_%: $(B)/obj/tests/fuzz/$(1)/fuzz_%.o $(if $(filter fuzz,$(MODE)),,$(B)/obj/tests/fuzz/replay.o) \
		$(filter-out %libcommon_test.a,$(B)/lib$(1)_test.a) $(B)/libcommon.a
	@mkdir -p $$(@D)
	$$(call say,ld $$@)
	$$(Q)$$(CC) -o $$@ $$^ $$(ALL_LDFLAGS) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer) $$(LIBS_unit_$(1))
endef
$(foreach c,common builder pusher,$(eval $(call test_component,$(c))))
.SECONDARY:

# Tools of the end-to-end tests: without sanitizers in every mode, since they only exec.
$(B)/tests/e2e/no_network $(B)/tests/e2e/kill_at: $(B)/tests/e2e/%: tests/e2e/%.c
	@mkdir -p $(@D)
	$(call say,cc $<)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O2 $(WARNINGS) -o $@ $<

# What ssh-keygen loads in the place of a FIDO token.
$(B)/tests/e2e/authenticator.so: tests/e2e/authenticator.c
	@mkdir -p $(@D)
	$(call say,cc $<)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O2 $(WARNINGS) -shared -fPIC -o $@ $< $(shell $(PKG_CONFIG) --cflags --libs libsodium)

# The launcher of the benchmarks.
$(B)/tests/bench/launch: tests/bench/launch.c
	@mkdir -p $(@D)
	$(call say,cc $<)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O2 -static $(WARNINGS) -o $@ $<

# What the benchmarks push to where only the client is to count.
$(B)/tests/bench/null_registry: $(B)/obj/tests/bench/null_registry.o $(B)/libcommon.a
	@mkdir -p $(@D)
	$(call say,ld $@)
	$(Q)$(CC) -o $@ $^ $(ALL_LDFLAGS) $(LIBS_unit_common)

# Libraries of theirs that are loaded before all others; not into what has sanitizers.
$(B)/tests/e2e/%.so: tests/e2e/%.c
	@mkdir -p $(@D)
	$(call say,cc $<)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O2 -fPIC -shared $(WARNINGS) -o $@ $<

# What builder makes of charts, many of them per process, to be compared with Helm.
$(B)/tests/interop/ours: $(B)/obj/tests/interop/ours.o $(B)/libbuilder_test.a $(B)/libcommon.a
	@mkdir -p $(@D)
	$(call say,ld $@)
	$(Q)$(CC) -o $@ $^ $(ALL_LDFLAGS) $(LIBS_unit_builder)

.PHONY: unit fuzz-targets e2e-helpers interop-helpers bench-helpers check install uninstall clean help
unit: $(UNIT_TESTS)
fuzz-targets: $(FUZZ_TARGETS)
e2e-helpers: $(addprefix $(B)/tests/e2e/,no_network kill_at authenticator.so clock_jump.so failing_malloc.so)
interop-helpers: $(B)/tests/interop/ours
bench-helpers: $(addprefix $(B)/tests/bench/,launch null_registry)

check:
	scripts/test

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5
	install -m 0755 $(B)/bin/builder $(B)/bin/pusher $(DESTDIR)$(BINDIR)
	install -m 0644 builder/builder.1 pusher/pusher.1 $(DESTDIR)$(MANDIR)/man1
	install -m 0644 common/sallyport-layout.5 $(DESTDIR)$(MANDIR)/man5

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/builder $(DESTDIR)$(BINDIR)/pusher
	rm -f $(DESTDIR)$(MANDIR)/man1/builder.1 $(DESTDIR)$(MANDIR)/man1/pusher.1
	rm -f $(DESTDIR)$(MANDIR)/man5/sallyport-layout.5

clean:
	rm -rf build

help:
	@echo 'make                builder and pusher, in build/bin'
	@echo 'make check          every test: the same as scripts/test'
	@echo 'make install        with DESTDIR and PREFIX (default /usr/local); make uninstall undoes it'
	@echo 'make clean          removes build/'
	@echo 'make unit fuzz-targets e2e-helpers interop-helpers bench-helpers   the test programs only'
	@echo 'MODE=asan|fuzz      with sanitizers, in build/asan; with libFuzzer (clang), in build/fuzz'
	@echo 'WERROR=1            warnings are errors, as in scripts/test'
	@echo 'V=1                 shows the commands'

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
