# Files that are no images, or damaged ones: one line that names file and place,
# exit status 65 or 66.
. "$(dirname "$0")/lib.sh"

# expect NAME STATUS FILE
expect() {
    status "$MOTE" run "$3"
    equal "$1 exits $2" "$2" "$status"
    check "$1 is told in one line with the file" sh -c 'test "$(wc -l <err)" = 1 && grep -q "$0" err' "$3"
}

expect 'missing file' 66 missing.image
mkdir directory.image
expect 'directory' 66 directory.image
: >empty.image
expect 'empty file' 65 empty.image
echo 'this is no image, but a line of text' >text.image
expect 'text file' 65 text.image
head -c 100000 /dev/zero >zero.image
expect 'file of zeros' 65 zero.image
head -c 100000 /dev/urandom >random.image
expect 'random file' 65 random.image
mkfifo pipe.image
status timeout 20 "$MOTE" run pipe.image
equal 'pipe exits 66' 66 "$status"
if [ "$(id -u)" != 0 ]; then
    : >secret.image
    chmod 000 secret.image
    expect 'unreadable file' 66 secret.image
else
    skip 'unreadable file exits 66' 'root can read everything'
fi

need_image candle.image
size=$(wc -c <candle.image)

for part in 1 64 127 128 1000 $((size / 2)) $((size - 1)); do
    head -c "$part" candle.image >cut.image
    expect "image cut to $part bytes" 65 cut.image
done

# patch FILE OFFSET HEX...
patch() {
    file=$1 offset=$2
    shift 2
    for byte; do printf '%b' "\\0$(printf %o "0x$byte")"; done |
        dd of="$file" bs=1 seek="$offset" conv=notrunc 2>/dev/null
}

damaged() { # NAME OFFSET HEX...
    cp candle.image damaged.image
    name=$1
    shift
    patch damaged.image "$@"
    expect "$name" 65 damaged.image
}
damaged 'byte-swapped image' 0 00 01 09 b5
damaged '32-bit Spur image' 0 79 19 00 00
damaged 'pre-Spur image' 0 66 19 00 00
damaged 'header size 0' 4 00 00 00 00
damaged 'huge header size' 4 f0 ff ff ff
damaged 'huge data size' 8 ff ff ff ff ff ff ff 7f
damaged 'special objects outside' 24 08 00 00 00 00 00 00 00
damaged 'misaligned special objects' 24 03
damaged 'first object overwritten' 128 ff ff ff ff ff ff ff ff

# Deep damage is found when a foreign image is verified for the cache.
i=0 found=0 died=0
while [ $i -lt 30 ]; do
    i=$((i + 1))
    cp candle.image damaged.image
    offset=$((128 + (i * 6661) % (size - 200) / 8 * 8))
    patch damaged.image $offset ff ff ff ff ff ff ff ff
    status timeout 60 "$MOTE" image check damaged.image
    [ "$status" = 65 ] && found=$((found + 1))
    [ "$status" -gt 127 ] && died=$((died + 1))
done
equal 'image check never dies of overwritten words' 0 "$died"
check "image check finds most overwritten words ($found of 30)" test "$found" -ge 20

name=$(printf 'two\nlines')
printf 'x' >"$name"
status "$MOTE" run "$name"
equal 'a file name with a line break in it still gives one line' 1 "$(wc -l <err)"
