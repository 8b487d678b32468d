# The whole round of `zcompat` on this machine, in a mount namespace with a copy of /etc.
#
#   unshare --mount sh -eu round.sh PROGRAM LIBDIR SCRATCH
#
# SCRATCH/foreign has other libraries, SCRATCH/broken files that are none. Prints "as before" last.
zcompat=$1 libdir=$2 scratch=$3
cp -a /etc "$scratch/etc"
mkdir "$scratch/aux"
mount --bind "$scratch/etc" /etc
mount --bind "$scratch/aux" /var/cache/ldconfig
unset LD_LIBRARY_PATH
ldconfig
before=$(sha256sum < /etc/ld.so.cache)
conf=/etc/ld.so.conf.d/00-zcompat.conf
fail() { echo "$*" >&2; exit 1; }

"$zcompat" status | grep -q '^disabled' || fail "status before"
for bad in foreign broken missing; do
  if "$zcompat" enable --libdir "$scratch/$bad" 2> "$scratch/said"; then fail "$bad was enabled"; fi
  [ "$(wc -l < "$scratch/said")" = 1 ] || fail "$bad: $(cat "$scratch/said")"
  [ ! -e $conf ] || fail "$bad: $conf is there"
  [ "$(sha256sum < /etc/ld.so.cache)" = "$before" ] || fail "$bad: the cache has changed"
done

"$zcompat" enable --libdir "$libdir"
"$zcompat" enable --libdir "$libdir"
"$zcompat" status > "$scratch/status"
grep -q "^enabled: .*$libdir" "$scratch/status" || fail "status: $(cat "$scratch/status")"
for library in libz.so.1 libzstd.so.1; do
  grep -q "^  $library  *$libdir/$library.*zcompat" "$scratch/status" || fail "$(cat "$scratch/status")"
done
# A process that runs is listed with what it maps.
python3 -c 'import zlib, time; print("ready", flush=True); time.sleep(60)' > "$scratch/ready" &
pid=$!
n=0
until [ -s "$scratch/ready" ] || [ $n = 100 ]; do sleep 0.1; n=$((n + 1)); done
"$zcompat" status | grep "$libdir/libz.so" | grep -q "$pid" || fail "status does not list $pid"
kill $pid

"$zcompat" disable
"$zcompat" disable
"$zcompat" status | grep -q '^disabled' || fail "status after"
[ ! -e $conf ] || fail "$conf is still there"
[ "$(sha256sum < /etc/ld.so.cache)" = "$before" ] || fail "the cache is another"
echo "as before"
