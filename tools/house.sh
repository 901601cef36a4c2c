# What ./run and ./test share: find what is missing, install exactly that, build. Sourced by both
# from the root of the repository, with `log` naming a file under build/.

say() {
    echo "heft: $*" >&2
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Run a step. What it says goes to the log; if it fails, the end of that also goes to stderr.
logged() {
    echo "\$ $*" >>"$log"
    if ! "$@" >>"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        say "this failed: $* (all it said is in $log)"
        exit 1
    fi
}

# links <header> <library>: does a program that needs both compile here?
links() {
    "$compiler" -x c - -o /dev/null "-l$2" >/dev/null 2>&1 <<END
#define PCRE2_CODE_UNIT_WIDTH 8
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <$1>
int main(void) { return 0; }
END
}

# need <package> <program>...: the package is missing unless one of the programs is here.
need() {
    package=$1
    shift
    for program; do
        if have "$program"; then return; fi
    done
    missing="$missing $package"
}

# Set `missing` to the Debian packages that this machine lacks. $1 is "tests" or "program". The
# libraries are those that cmake/libraries.cmake asks for.
find_missing() {
    missing=
    compiler=cc
    have cc || compiler=gcc
    have "$compiler" || compiler=clang
    need gcc "$compiler"
    need cmake cmake
    need ninja-build ninja make gmake
    libraries=$(sed -n -e 's/^heft_library(\(.*\))$/\1/p' \
        -e 's/^heft_program_library(\(.*\))$/\1/p' cmake/libraries.cmake)
    if [ "$1" = tests ]; then
        need pkg-config pkg-config
        libraries="$libraries
$(sed -n 's/^heft_test_library(\(.*\))$/\1/p' cmake/libraries.cmake)"
    fi
    while read -r _ header library package; do
        links "$header" "$library" || missing="$missing $package"
    done <<END
libc stdio.h m libc6-dev
$libraries
END
}

install_missing() {
    if [ -z "$missing" ]; then return; fi
    if ! have apt-get; then
        say "missing here, by their Debian names:$missing"
        say "install them with this system's package manager and run $0 again"
        exit 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! have sudo; then
            say "missing here; as root, run: apt-get install$missing"
            exit 1
        fi
        as_root=sudo
    fi
    say "installing$missing"
    logged $as_root apt-get update -q
    logged $as_root sh -c "DEBIAN_FRONTEND=noninteractive exec \
        apt-get install -q -y --no-install-recommends$missing"
}

# build <target> [cmake option...]
build() {
    target=$1
    shift
    jobs=$(nproc 2>/dev/null || echo 2)
    if [ ! -f build/CMakeCache.txt ]; then
        say "building; the log is $log"
        if have ninja; then set -- -G Ninja "$@"; fi
    fi
    logged cmake -S . -B build "$@"
    logged cmake --build build --parallel "$jobs" --target "$target"
}
