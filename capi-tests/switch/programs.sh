# Everyday programs at work; what they print must not depend on the libraries.
dir=$(mktemp -d)
cd "$dir"
seq 1 50000 > f
git init -q .
git add f
git -c user.name=n -c user.email=e -c commit.gpgsign=false commit -q -m m --date=2026-01-01T00:00:00Z
git gc -q
git fsck --full 2>&1
git show HEAD:f | cmp - f
python3 -c '
import gzip, hashlib, zlib
data = open("f", "rb").read()
packed = zlib.compress(data, 6)
assert zlib.decompress(packed) == gzip.decompress(gzip.compress(data)) == data
print(len(data), hex(zlib.crc32(data)))
'
curl -s --compressed "file://$dir/f" | sha256sum
mkdir -p p/DEBIAN
printf 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m <m@m.m>\nDescription: d\n' > p/DEBIAN/control
cp f p/f
kinds="gzip xz"
# Debian 11's does not know it.
if dpkg --compare-versions "$(dpkg-query -W -f '${Version}' dpkg)" ge 1.21.18; then kinds="$kinds zstd"; fi
for kind in $kinds; do
  dpkg-deb -Z$kind --root-owner-group -b p $kind.deb > /dev/null
  dpkg-deb -I $kind.deb | tail -n 1
  dpkg -c $kind.deb | tail -n 1 | cut -c 1-20
  rm -rf out
  dpkg -x $kind.deb out
  cmp f out/f
done
apt-cache policy dpkg | head -n 2
apt-get check -qq
dpkg --audit
cd /
rm -rf "$dir"
