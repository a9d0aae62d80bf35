# machine - one project, one virtual machine
#
# make                build/machine
# make demo           installs what is missing, builds, and shows it in a real VM
# make check          installs what is missing, runs every test (a real VM too)
# make check-quick    the tests that need no VM, in under a minute
# make lima           build/lima: limactl and its guest agent (needs Go)
# make image          build/image: a Debian 13 base image
# make fuzz TIME=60   every fuzz target for TIME seconds (needs clang)
# make bench          what the budgets are measured by
# make bench-boot     the same for starts and memory, beside stock Lima
# make bench-run      the same for commands in a VM, beside ssh and limactl
# make bench-hook     the shell hooks only, beside direnv
# make format         clang-format over the C files
# make install        honours DESTDIR and PREFIX; so does uninstall
#
# make SANITIZE=address,undefined check-quick
# make WERROR=1 CC=clang check-quick

PREFIX	?= /usr/local
BUILD	?= build
CC	?= cc
CFLAGS	?= -O2 -g
TIME	?= 60
VERSION	:= 0.1.0

PKGS	:= yaml-0.1 jansson libxxhash libmd
WARN	:= -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	   -Wformat=2 -Wundef -Wcast-qual -Wconversion

# `make V=1` shows the whole commands.
ifeq ($(V),1)
say	 =
else
say	 = @printf '  %-4s %s\n' '$(1)' '$@'
Q	:= @
endif

comma	:= ,

# A flag, if this compiler and linker both take it.
flag	 = $(shell printf '\043include <string.h>\nint main(void){return 0;}' | \
	   $(CC) -Werror -O2 -x c $(1) - -o /dev/null 2>/dev/null && echo '$(1)')

ifdef SANITIZE
BUILD	:= $(BUILD)/sanitize
HARDEN	:= -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	   -fno-omit-frame-pointer
LINK	:= $(HARDEN)
else
HARDEN	:= -fPIE \
	   $(or $(call flag,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3), \
	        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) \
	   $(call flag,-fstack-protector-strong) \
	   $(call flag,-fstack-clash-protection) \
	   $(call flag,-fcf-protection=full) \
	   $(call flag,-mbranch-protection=standard) \
	   $(call flag,-ftrivial-auto-var-init=zero)
LINK	:= $(call flag,-pie) $(call flag,-Wl$(comma)-z$(comma)relro) \
	   $(call flag,-Wl$(comma)-z$(comma)now) \
	   $(call flag,-Wl$(comma)-z$(comma)noexecstack)
endif

ALL_CPPFLAGS := -Isrc -I. -I$(BUILD)/gen -D_GNU_SOURCE -D_DARWIN_C_SOURCE \
	   -DMACHINE_VERSION='"$(VERSION)"' \
	   $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(CPPFLAGS)
ALL_CFLAGS := -std=c11 $(WARN) $(if $(WERROR),-Werror) $(HARDEN) $(CFLAGS)
LIBS	:= $(shell pkg-config --libs $(PKGS) 2>/dev/null)

# One archive per layer, linked in this order: a call upwards does not link.
LAYERS	:= cmd host core wire base
OS	:= $(shell uname -s | tr '[:upper:]' '[:lower:]')
SRC	 = $(filter-out src/base/os_%.c,$(wildcard src/$(1)/*.c)) \
	   $(filter src/$(1)/os_$(OS).c,$(wildcard src/$(1)/os_*.c))
OBJ	 = $(patsubst src/%.c,$(BUILD)/%.o,$(strip $(call SRC,$(1))))
AR_FILES := $(LAYERS:%=$(BUILD)/lib%.a)
HOOKS	:= bash fish zsh
UNIT	:= $(patsubst tests/unit/%.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
FUZZ	:= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

PROGRAMS := machine machine-git machine-guest machine-qemu
all: $(PROGRAMS:%=$(BUILD)/%)

$(BUILD)/machine: $(BUILD)/main.o $(AR_FILES)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

# The same program by another name: what Lima starts for QEMU (host/qemu.h).
$(BUILD)/machine-qemu: $(BUILD)/machine
	$(Q)ln -sf machine $@

# The only program with libgit2, which costs more to start than machine does.
GIT_OBJ	:= $(patsubst src/%.c,$(BUILD)/%.o,$(wildcard src/git/*.c))
$(GIT_OBJ): ALL_CPPFLAGS += $(shell pkg-config --cflags libgit2 2>/dev/null)
$(BUILD)/machine-git: $(GIT_OBJ) $(BUILD)/libbase.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ \
	    $(shell pkg-config --libs libgit2 jansson 2>/dev/null)

# The program that runs in the VM: static, with musl, and no more of base than
# needs nothing but libc. With SANITIZE it is for tests on the host.
GUEST_CC ?= musl-gcc
GUEST_SRC := $(wildcard src/guest/*.c) $(wildcard src/wire/*.c) \
	   src/base/base.c src/base/buf.c src/base/err.c
GUEST_OBJ := $(patsubst src/%.c,$(BUILD)/in-guest/%.o,$(GUEST_SRC))
ifdef SANITIZE
GUEST	 = $(CC) $(HARDEN)
GUEST_LINK :=
else
GUEST	 = $(GUEST_CC) -Os -fstack-protector-strong
GUEST_LINK := -static -s
endif
SESSION_INC := $(patsubst src/%,$(BUILD)/gen/%.inc,$(wildcard src/guest/session/*))
$(BUILD)/in-guest/guest/session_shell.o: $(SESSION_INC)
$(BUILD)/in-guest/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(GUEST) -Isrc -I$(BUILD)/gen -D_GNU_SOURCE \
	    -DMACHINE_VERSION='"$(VERSION)"' -std=c11 $(WARN) \
	    $(if $(WERROR),-Werror) -g -MMD -MP -c -o $@ $<
$(BUILD)/machine-guest: $(GUEST_OBJ)
	$(call say,LD)
	$(Q)$(GUEST) $(GUEST_LINK) -o $@ $^

# Of the guest's code what decides from bytes, and what can be tried without
# being root; tested on the host.
GUEST_PURE := $(patsubst %,$(BUILD)/guest/%.o,cidata cidata_words ext4 place)
$(BUILD)/libguest.a: $(GUEST_PURE)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) -rcs $@ $^

define archive
$(BUILD)/lib$(1).a: $(call OBJ,$(1))
	$$(call say,AR)
	$(Q)rm -f $$@ && $(AR) -rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive,$(l))))

$(BUILD)/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Texts become char arrays; od and sed because every POSIX system has them.
define embed
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q){ od -An -v -tx1 $< | sed 's/[0-9a-f][0-9a-f]/0x&,/g'; echo 0; } >$@
endef
GEN	:= $(BUILD)/gen
$(GEN)/hooks/complete_%.inc: hooks/complete.%
	$(embed)
$(GEN)/hooks/%.inc: hooks/machine.%
	$(embed)
$(GEN)/guest/session/%.inc: src/guest/session/%
	$(embed)
$(GEN)/guest/%.inc: src/guest/%.sh
	$(embed)
HOOK_TEXTS := $(HOOKS:%=$(GEN)/hooks/%.inc) \
	   $(GEN)/hooks/complete_bash.inc $(GEN)/hooks/complete_zsh.inc
GUEST_TEXTS := $(patsubst src/guest/%.sh,$(GEN)/guest/%.inc, \
	   $(wildcard src/guest/*.sh src/guest/*/*.sh))
EMBEDDED := $(HOOK_TEXTS) $(GUEST_TEXTS)
$(BUILD)/host/hook.o: $(HOOK_TEXTS)
$(BUILD)/host/guest_lima.o $(BUILD)/host/vm_agent.o: \
    $(GEN)/guest/run.inc $(GEN)/guest/step.inc
$(BUILD)/host/boot_files.o: $(GEN)/guest/image/boot-files.inc
$(BUILD)/host/recipe.o: $(GEN)/guest/packages.inc $(GEN)/guest/clean.inc
$(BUILD)/host/ca.o: $(GEN)/guest/ca.inc
$(BUILD)/core/tools.o: $(filter $(GEN)/guest/tools/%,$(GUEST_TEXTS))

# A unit test is linked with every layer below cmd; what a layer may call is
# checked by tests/layers.sh.
TEST_LIBS := $(BUILD)/libguest.a $(filter-out $(BUILD)/libcmd.a,$(AR_FILES))
$(BUILD)/test_%: tests/unit/test_%.c tests/tap.h $(TEST_LIBS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $(filter-out %.h,$^) $(LIBS)

$(BUILD)/agent_%: tests/agent/%.c $(TEST_LIBS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bench_%: tests/bench/%.c $(TEST_LIBS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(TEST_LIBS)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(LIBS)

# Every target for TIME seconds; a finding stops the run and leaves its input.
fuzz: $(FUZZ:%=$(BUILD)/fuzz_%)
	for t in $(FUZZ); do \
	    mkdir -p $(BUILD)/corpus/$$t && \
	    $(BUILD)/fuzz_$$t -max_total_time=$(TIME) -timeout=2 \
	        $$(test -f tests/fuzz/$$t.dict && echo -dict=tests/fuzz/$$t.dict) \
	        $(BUILD)/corpus/$$t tests/fuzz/corpus/$$t || exit 1; done
$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(call SRC,host) $(call SRC,core) \
    $(call SRC,wire) $(call SRC,base) $(GUEST_PURE:$(BUILD)/%.o=src/%.c) | $(EMBEDDED)
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)clang $(ALL_CPPFLAGS) -std=c11 -O1 -g \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    -o $@ $^ $(LIBS)

# --- tests -------------------------------------------------------------------

AGENT	:= $(patsubst tests/agent/%.c,$(BUILD)/agent_%,$(wildcard tests/agent/*.c))
TESTED	:= all $(UNIT) $(AGENT) $(FUZZ:%=$(BUILD)/replay_%)
PROVE	:= prove $(PROVEFLAGS) -e ''

check:
	tools/setup.sh build engine test
	$(MAKE) $(TESTED) lima image
	$(MAKE) SANITIZE=address,undefined tested
	tests/run.sh all

tested: $(TESTED)

check-quick: $(TESTED)
	BUILD=$(abspath $(BUILD)) tests/run.sh quick

# --- engine and demo ---------------------------------------------------------

lima:
	tools/lima/build.sh $(BUILD)/lima

image:
	src/guest/image/build-base.sh $(BUILD)/image

demo:
	tools/setup.sh build engine demo
	$(MAKE) all lima image
	tools/demo.sh

bench-boot: all lima image
	tests/bench/as-user.sh boot.py

bench-run: all lima image
	tests/bench/as-user.sh run.py

bench: all $(BUILD)/bench_parse
	tests/bench/run.sh
bench-hook: all
	tests/bench/run.sh hook

# --- installation ------------------------------------------------------------

MAN1	:= $(wildcard man/*.1)
MAN5	:= $(wildcard man/*.5)

SHARE	 = $(DESTDIR)$(PREFIX)/share
LIBEXEC	 = $(DESTDIR)$(PREFIX)/libexec/machine
COMPLETE = $(SHARE)/zsh/site-functions/_machine \
	   $(SHARE)/bash-completion/completions/machine \
	   $(SHARE)/fish/vendor_completions.d/machine.fish

# The Lima of `make lima` comes along if it has been built.
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/man/man5 \
	    $(dir $(COMPLETE))
	install -m 755 $(BUILD)/machine $(DESTDIR)$(PREFIX)/bin/
	install -d $(LIBEXEC)
	install -m 755 $(BUILD)/machine-git $(LIBEXEC)/
	ln -sf ../../bin/machine $(LIBEXEC)/machine-qemu
	install -m 644 $(MAN1) $(SHARE)/man/man1/
	install -m 644 $(MAN5) $(SHARE)/man/man5/
	install -m 644 completions/_machine $(SHARE)/zsh/site-functions/
	install -m 644 completions/machine.bash \
	    $(SHARE)/bash-completion/completions/machine
	install -m 644 completions/machine.fish \
	    $(SHARE)/fish/vendor_completions.d/
	if [ -x $(BUILD)/lima/bin/limactl ]; then \
	    rm -rf $(LIBEXEC)/lima && \
	    cp -R $(BUILD)/lima $(LIBEXEC)/lima; fi

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/machine $(COMPLETE) \
	    $(MAN1:man/%=$(SHARE)/man/man1/%) $(MAN5:man/%=$(SHARE)/man/man5/%)
	rm -rf $(LIBEXEC)

format:
	clang-format -i $(wildcard src/*.c src/*/*.[ch] tests/*.h tests/*/*.c)

clean:
	rm -rf $(BUILD)

-include $(BUILD)/main.d $(GIT_OBJ:.o=.d) $(GUEST_OBJ:.o=.d) $(GUEST_PURE:.o=.d) $(foreach l,$(LAYERS),$(patsubst %.o,%.d,$(call OBJ,$(l))))
.PHONY: all bench bench-boot bench-hook bench-run check check-quick clean demo format fuzz image install lima \
    tested uninstall
.SECONDARY:
.DELETE_ON_ERROR:
