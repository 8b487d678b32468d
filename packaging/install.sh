#!/bin/sh
# Builds and installs what every distribution's package has in it.
#
#   packaging/install.sh DESTDIR LIBDIR
#
# LIBDIR is the distribution's folder for libraries (/usr/lib/x86_64-linux-gnu, /usr/lib64). Below it
# `zcompat` is a prefix of its own: lib, include, share. So nothing of the system's is touched, and
# `zcompat enable` is what puts the libraries before the system's.
#
# Needs cargo (the version in Cargo.toml's rust-version), cargo-c 0.10.18 or newer, and a C compiler.
# CFLAGS, LDFLAGS, RUSTFLAGS and cargo's settings are those of whoever calls. HWCAPS=no leaves out
# the libraries for x86-64-v2, -v3 and -v4.
set -eu

[ $# -eq 2 ] || { echo "usage: $0 DESTDIR LIBDIR" >&2; exit 2; }
destdir=$(mkdir -p "$1" && cd "$1" && pwd)
prefix=$2/zcompat
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}/package-build
if [ -d vendor ]; then offline=--offline; else offline=; fi

# cinstall DESTDIR TARGET ARGUMENTS...
cinstall() {
  to=$1 in=$2
  shift 2
  # Where the paths differ, cargo-c builds again: each build has its own folder.
  cargo cinstall --release --locked $offline --target-dir "$in" --destdir "$to" \
    --prefix "$prefix" --libdir "$prefix/lib" "$@"
}

# tuned LEVEL: both shared libraries for CPUs of a level of the x86-64 psABI.
tuned() {
  flag=-Ctarget-cpu=$1
  # A variable, where it is set, replaces what configuration files have; --config adds to those.
  if [ -n "${CARGO_ENCODED_RUSTFLAGS-}" ]; then
    CARGO_ENCODED_RUSTFLAGS=$CARGO_ENCODED_RUSTFLAGS$(printf '\037')$flag
    export CARGO_ENCODED_RUSTFLAGS
    set -- "$1"
  elif [ -n "${RUSTFLAGS-}" ]; then
    export RUSTFLAGS="$RUSTFLAGS $flag"
    set -- "$1"
  else
    set -- "$1" --config "build.rustflags=[\"$flag\"]"
  fi
  level=$1
  shift
  export CFLAGS="${CFLAGS-} -march=$level"
  cinstall "$target/tuned/$level" "$target/$level" --library-type=cdylib "$@"
  to=$destdir$prefix/lib/glibc-hwcaps/$level
  mkdir -p "$to"
  cp -P "$target/tuned/$level$prefix"/lib/lib*.so.* "$to/"
}

cinstall "$destdir" "$target/plain"
case $(rustc -vV | sed -n 's/^host: //p') in
  x86_64-*)
    if [ "${HWCAPS-yes}" != no ]; then
      for level in x86-64-v2 x86-64-v3 x86-64-v4; do
        # In a shell of its own: the flags are for this build.
        (tuned "$level")
      done
    fi ;;
esac

# The program knows where its package has put the libraries.
ZCOMPAT_LIBDIR=$prefix/lib cargo build --release --locked $offline --target-dir "$target/switch" \
  --package switch
install -D -m 755 "$target/switch/release/zcompat" "$destdir/usr/bin/zcompat"
install -D -m 644 switch/zcompat.1 "$destdir/usr/share/man/man1/zcompat.1"
