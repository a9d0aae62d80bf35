#!/bin/sh
# What the compiler and linker made of it, read back from the program; and that
# an installation leaves nothing behind.
. tests/lib.sh

machine=$BUILD/machine
has() { readelf -W "$1" "$2" | grep -Eq -- "$3"; }
not() { ! "$@"; }
is() { [ "$1" = "$2" ] || { echo "got:    $1"; echo "wanted: $2"; return 1; }; }
needed() { readelf -Wd "$1" | sed -n 's/.*(NEEDED).*\[\(lib[a-z0-9+]*\).*/\1/p' | sort | tr '\n' ' '; }

if has --dyn-syms "$machine" '__asan_init|__ubsan_handle'; then
	ok 'built with the address sanitizer' has --dyn-syms "$machine" __asan_init
	ok 'and with that of undefined behaviour' has --dyn-syms "$machine" __ubsan_handle
	ok 'which end the program' sh -c '! readelf -W --dyn-syms "$1" | grep "__ubsan_handle" | grep -v _abort' sh "$machine"
	ok 'no library but ours and theirs' is "$(needed "$machine" | sed 's/lib\(asan\|ubsan\|m\|gcc_s\|pthread\|dl\|rt\|resolv\|stdc++\) //g')" \
	    'libc libjansson libmd libxxhash libyaml '
else
	hardened() { # PROGRAM: every property, or say which are missing
		missing=
		has -h "$1" 'Type: +DYN' || missing="$missing PIE"
		has -d "$1" 'BIND_NOW|FLAGS_1.* NOW' || missing="$missing now"
		has -d "$1" 'FLAGS_1.*PIE' || missing="$missing pie-flag"
		has -l "$1" GNU_RELRO || missing="$missing relro"
		has -l "$1" 'GNU_STACK.* RW +0x' || missing="$missing noexecstack"
		has --dyn-syms "$1" __stack_chk_fail || missing="$missing stack-protector"
		has --dyn-syms "$1" '__(vsnprintf|snprintf|memcpy|read|fprintf|printf)_chk' || missing="$missing fortify"
		not has -l "$1" 'LOAD.* RWE ' || missing="$missing w^x"
		not has -d "$1" 'RPATH|RUNPATH|TEXTREL' || missing="$missing paths"
		case $(uname -m) in
		x86_64)
			objdump -d --disassemble=main "$1" | grep -q endbr64 ||
			    missing="$missing cf-protection"
			;;
		esac
		[ -z "$missing" ] || { echo "missing:$missing" && return 1; }
	}
	ok 'the hardening is in the program' hardened "$machine"
	# The test of the test: a program without any of it.
	printf 'int main(void) { char b[8]; return b[0]; }' >"$tmp/soft.c"
	"${CC:-cc}" -no-pie -fno-stack-protector -fcf-protection=none -z norelro -z lazy \
	    -z execstack -o "$tmp/soft" "$tmp/soft.c" 2>/dev/null ||
	    "${CC:-cc}" -no-pie -fno-stack-protector -z norelro -z lazy -z execstack \
	        -o "$tmp/soft" "$tmp/soft.c"
	hardened "$tmp/soft" >"$tmp/missing"
	ok '(a soft program is found out)' grep -q 'missing: PIE now pie-flag relro noexecstack stack-protector fortify' "$tmp/missing"
	ok 'the libraries are those of the design' is "$(needed "$machine")" \
	    'libc libjansson libmd libxxhash libyaml '
fi

# Nothing is built for this: it is built already.
install() {
	make -s "$@" DESTDIR="$tmp/dest" PREFIX=/opt/x BUILD="$BUILD" -o all -o "$machine"
}
ok 'make install' install install
ok 'the program is there' cmp "$machine" "$tmp/dest/opt/x/bin/machine"
ok 'and runs' sh -c '"$1" version | grep -q ^machine' sh "$tmp/dest/opt/x/bin/machine"
ok 'nothing others can write' is "$(find "$tmp/dest" -perm /022 ! -type l)" ''
ok 'nothing outside the prefix' is "$(ls "$tmp/dest" "$tmp/dest/opt" | tr '\n' ' ')" "$tmp/dest: opt  $tmp/dest/opt: x "
ok 'make uninstall' install uninstall
ok 'leaves no file' is "$(find "$tmp/dest" ! -type d)" ''
plan
