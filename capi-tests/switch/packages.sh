# The round of the Debian packages in a root of its own: install, enable, use, disable, purge.
# Prints "as before" last if the system then is.
fail() { echo "$*" >&2; exit 1; }
here=$PWD
export DEBIAN_FRONTEND=noninteractive
libdir=/usr/lib/$(dpkg --print-architecture | sed 's/amd64/x86_64/; s/arm64/aarch64/')-linux-gnu/zcompat/lib

# All files with their contents, but for what only says when something was done.
snapshot() {
  ldconfig
  # git and python3 leave files where they run; they have run before the first one.
  find / -xdev \( -path /proc -o -path /debs -o -path /tmp -o -path /var/log -o -path /var/cache \
    -o -path '/var/lib/dpkg/*-old' -o -path /var/lib/apt -o -path /var/lib/dpkg/lock \
    -o -name '__pycache__' \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
  find / -xdev \( -path /proc -o -path /debs -o -path /tmp -o -path /var/log -o -path /var/cache \
    -o -path /var/lib/apt \) -prune -o \( -type l -o -type d \) -printf '%p %l %m\n' | sort
}

sh -eu programs.sh > stock.txt
snapshot > before.txt

apt-get install -y -qq --no-install-recommends ./*.deb > install.txt 2>&1 || fail "$(cat install.txt)"
snapshot > installed.txt
version=$(zcompat --version | cut -d ' ' -f 2)
if zcompat status | grep "$libdir"; then fail "the libraries are in use before they are enabled"; fi

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

zcompat enable
zcompat status > status.txt
for library in libz.so.1 libzstd.so.1; do
  grep -q "^  $library  *$libdir/.*zcompat" status.txt || fail "$(cat status.txt)"
done
python3 -c 'import zlib; print(open("/proc/self/maps").read())' | grep -q "$libdir/" || fail "python3"
sh -eu programs.sh > ours.txt
cmp stock.txt ours.txt || fail "$(diff stock.txt ours.txt)"
[ "$(./both)" = "$version 1.3.2 1.5.7" ] || fail "a program built on the libraries, enabled"

# The switch holds while its own package is replaced.
dpkg -i ./libzcompat_*.deb > /dev/null
zcompat status | grep -q "^enabled" || fail "not enabled after an upgrade"
zcompat disable
if zcompat status | grep "$libdir"; then fail "still in use after disable"; fi
snapshot | cmp - installed.txt || fail "disable leaves something"

# Removal returns to stock by itself.
zcompat enable
dpkg --purge zcompat libzcompat-dev libzcompat > purge.txt 2>&1 || fail "$(cat purge.txt)"
snapshot > after.txt
cmp before.txt after.txt || fail "$(diff before.txt after.txt | head -n 20)"
sh -eu programs.sh | cmp - stock.txt
echo "as before"
