# Which files of libz and libzstd everyday programs map while they run: lines "PROGRAM SONAME FILE".
dir=$(mktemp -d)
cd "$dir"
seq 1 50000 > f
git init -q .
mkdir -p p/DEBIAN
printf 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m <m@m.m>\nDescription: d\n' > p/DEBIAN/control
cp f p/f
dpkg-deb -Zgzip --root-owner-group -b p p.deb > /dev/null
# Nothing is put into the one and taken from the other, so programs wait at one of them.
mkfifo in out
exec 3<> in 4<> out

files() {
  sed -n 's|^[^/]*\(/.*/\(libz\(std\)\{0,1\}\.so\)\.[^ /]*\)$|\2 \1|p' "/proc/$1/maps" | sort -u
}
# mapped PROGRAM COMMAND...: the maps of the process once it waits.
mapped() {
  name=$1
  shift
  "$@" <&3 >&4 &
  pid=$!
  n=0
  until [ -n "$(files $pid)" ]; do
    n=$((n + 1))
    kill -0 $pid && [ $n -lt 200 ] || { echo "$name maps neither library" >&2; exit 1; }
    sleep 0.05
  done
  # It may have been between the two.
  sleep 0.3
  files $pid | sed "s/^/$name /"
  kill $pid
  wait $pid 2> /dev/null || true
}
mapped git git cat-file --batch
mapped python3 python3 -c 'import zlib, sys; sys.stdin.read()'
mapped apt-cache apt-cache dumpavail
mapped dpkg-deb dpkg-deb --fsys-tarfile p.deb
mapped curl curl -s "file://$dir/f"
cd /
rm -rf "$dir"
