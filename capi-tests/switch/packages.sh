# The round of the Debian packages in a root of its own: install, enable, use, disable, purge.
# Prints "as before" last if the system then is.
fail() { echo "$*" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
libdir=/usr/lib/$(dpkg --print-architecture | sed 's/amd64/x86_64/; s/arm64/aarch64/')-linux-gnu/zcompat/lib
conf=/etc/ld.so.conf.d/00-zcompat.conf

# All files with their contents, the loader's cache among them, but for what only says when
# something was done.
snapshot() {
  # git and python3 leave files where they run; they have run before the first one.
  find / -xdev \( -path /proc -o -path /debs -o -path /tmp -o -path /var/log -o -path /var/cache \
    -o -path '/var/lib/dpkg/*-old' -o -path /var/lib/apt -o -path /var/lib/dpkg/lock \
    -o -name '__pycache__' \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
  find / -xdev \( -path /proc -o -path /debs -o -path /tmp -o -path /var/log -o -path /var/cache \
    -o -path /var/lib/apt \) -prune -o \( -type l -o -type d \) -printf '%p %l %m\n' | sort
}

# Which libz and libzstd a new process would get, as the loader's cache has them: the first of each.
first_in_cache() { ldconfig -p | awk '$1 ~ /^(libz|libzstd)\.so\.1$/ && !seen[$1]++ { print $1, $NF }'; }

sh -eu programs.sh > stock.txt
ldconfig
snapshot > before.txt
first_in_cache > cache.txt
[ "$(wc -l < cache.txt)" = 2 ] || fail "the loader's cache has: $(cat cache.txt)"
sh -eu mapped.sh > stock-maps.txt
if grep "$libdir" stock-maps.txt; then fail "the system has these libraries already"; fi

apt-get install -y -qq --no-install-recommends ./*.deb > install.txt 2>&1 || fail "$(cat install.txt)"
snapshot > installed.txt
version=$(zcompat --version | cut -d ' ' -f 2)
if zcompat status | grep "$libdir"; then fail "the libraries are in use before they are enabled"; fi
first_in_cache | cmp - cache.txt || fail "the loader's cache names others before they are enabled"

# Build on them, beside what the system has.
cat > both.c <<'C'
#include <stdio.h>
#include <zcompat.h>
#include <zlib.h>
#include <zstd.h>
int main(void) { printf("%s %s %s\n", zcompat_version(), zlibVersion(), ZSTD_versionString()); return 0; }
C
flags=$(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --cflags --libs zlib libzstd)
gcc both.c -o both $flags
[ "$(LD_LIBRARY_PATH=$libdir ./both)" = "$version 1.3.2 1.5.7" ] || fail "a program built on the libraries"

# Libraries that must not be enabled, each in a copy of the folder: what the loader would pick for
# this CPU, which may be below glibc-hwcaps, is replaced.
refused() {
  if zcompat enable --libdir /tmp/bad > said.txt 2>&1; then fail "$1 was enabled"; fi
  grep -q "^zcompat: not enabled: .*$2" said.txt || fail "$1: $(cat said.txt)"
  first_in_cache | cmp - cache.txt || fail "$1 has changed the loader's cache"
  rm -rf /tmp/bad
}
bad() {
  cp -a "$libdir" /tmp/bad
  find /tmp/bad -type f -name 'libz.so.1*'
}
for file in $(bad); do truncate -s 40000 "$file"; done
refused "a truncated library" "\(libz.so.1\|signal\)"
for file in $(bad); do : > "$file"; done
refused "an empty library" "libz.so.1"
for file in $(bad); do cp /lib/*/libm.so.6 "$file"; done
refused "a library without the functions" "crc32"
for file in $(bad); do cp "$(readlink -f "$libdir/libzstd.so.1")" "$file"; done
refused "another library of ours" "crc32"
echo 'unsigned long crc32(unsigned long c, const void *p, unsigned n) { return c ^ n ^ !p; }' > wrong.c
cat >> wrong.c <<'C'
unsigned long adler32(unsigned long c, const void *p, unsigned n) { return c + n + !p; }
int compress2(void) { return 0; }
int uncompress(void) { return 0; }
C
gcc -shared -fPIC -Wl,-soname,libz.so.1 wrong.c -o wrong.so
for file in $(bad); do cp wrong.so "$file"; done
refused "a library with wrong answers" "wrong checksums"
echo '__attribute__((constructor)) void die(void) { __builtin_trap(); }' >> wrong.c
gcc -shared -fPIC -Wl,-soname,libz.so.1 wrong.c -o wrong.so
for file in $(bad); do cp wrong.so "$file"; done
refused "a library that ends the process" "signal"
snapshot | cmp - installed.txt || fail "a refusal has changed something"

# On: what a new process maps, what each program maps while it runs, and what it then does.
all_are_ours() {
  zcompat status > status.txt
  grep -q "^enabled: $conf names $libdir$" status.txt || fail "$1: $(cat status.txt)"
  for library in libz.so.1 libzstd.so.1; do
    grep -q "^  $library  *$libdir/.*zcompat $version)" status.txt || fail "$1: $(cat status.txt)"
  done
  sh -eu mapped.sh > maps.txt
  # The same programs map the same libraries, and none of them the system's.
  cut -d ' ' -f 1,2 maps.txt | cmp - names.txt || fail "$1: $(cat maps.txt)"
  if grep -v " $libdir/" maps.txt; then fail "$1: $(cat maps.txt)"; fi
  sh -eu programs.sh > ours.txt
  cmp stock.txt ours.txt || fail "$1: $(diff stock.txt ours.txt)"
  [ "$(./both)" = "$version 1.3.2 1.5.7" ] || fail "$1: a program built on the libraries"
}
cut -d ' ' -f 1,2 stock-maps.txt > names.txt
zcompat enable
all_are_ours "enabled"
# The cache has each file of the folder before the system's, those for a level of the CPU as such.
# Loaders before glibc 2.33 know no levels.
first_in_cache | grep -vq "^[^ ]* $libdir/" && fail "the cache begins with $(first_in_cache)"
if ldd --version | head -n 1 | grep -qE ' 2\.(3[3-9]|[4-9][0-9])$'; then
  for level in "$libdir"/glibc-hwcaps/*; do
    [ -d "$level" ] || continue
    for library in libz.so.1 libzstd.so.1; do
      ldconfig -p | grep -q "^	$library (.*hwcap: \"${level##*/}\".*) => $level/$library[.0-9]*$" ||
        fail "the cache has no $level/$library: $(ldconfig -p | grep "$library")"
    done
  done
fi

# The switch holds while its own package and the libraries' are replaced.
dpkg -i ./zcompat_*.deb ./libzcompat_*.deb > /dev/null
all_are_ours "after an upgrade"
zcompat disable
sh -eu mapped.sh | cmp - stock-maps.txt || fail "still in use after disable"
first_in_cache | cmp - cache.txt || fail "disable leaves the cache"
snapshot | cmp - installed.txt || fail "disable leaves something"

# Removal returns to stock by itself, also where the libraries go without their switch.
zcompat enable
dpkg --remove --force-depends libzcompat-dev libzcompat > removed.txt 2>&1 || fail "$(cat removed.txt)"
sh -eu mapped.sh | cmp - stock-maps.txt || fail "in use without their package"
dpkg -i ./libzcompat_*.deb ./libzcompat-dev_*.deb > /dev/null
all_are_ours "with the package back"
dpkg --remove zcompat > removed.txt 2>&1 || fail "$(cat removed.txt)"
[ ! -e $conf ] || fail "removal leaves $conf"
sh -eu mapped.sh | cmp - stock-maps.txt || fail "still in use after removal"
dpkg -i ./zcompat_*.deb > /dev/null
zcompat enable
dpkg --purge zcompat libzcompat-dev libzcompat > purge.txt 2>&1 || fail "$(cat purge.txt)"
sh -eu mapped.sh | cmp - stock-maps.txt || fail "still in use after purge"
snapshot > after.txt
cmp before.txt after.txt || fail "$(diff before.txt after.txt | head -n 20)"
sh -eu programs.sh | cmp - stock.txt
echo "as before"
