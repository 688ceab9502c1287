# mote image: info, check, canonical.
. "$(dirname "$0")/lib.sh"
need_image candle.image

status "$MOTE" image info candle.image
equal 'info of an image exits 0' 0 "$status"
check 'info names format, segments and bytecode sets' sh -c \
    'grep -q "format *68021" out && grep -q "segments *1" out && grep -q "895 V3PlusClosures, 0 Sista" out'
check 'info counts by class' grep -Eq '895 +[0-9]+  PCCompiledMethod' out
status "$MOTE" image info --json candle.image
equal 'info --json exits 0' 0 "$status"
if command -v python3 >/dev/null; then
    check 'info --json is JSON with the header' python3 -c '
import json
info = json.load(open("out"))
assert info["header"]["format"] == 68021 and info["segmentCount"] == 1
assert not info["canonical"] and info["objects"] == sum(c["instances"] for c in info["counts"])'
else
    skip 'info --json is JSON with the header' 'no python3'
fi

status "$MOTE" image check candle.image
equal 'check of a sound image exits 0' 0 "$status"
check 'check says that it is sound' grep -q 'no problems' out

status "$MOTE" image canonical candle.image -o canonical.image
equal 'canonical exits 0' 0 "$status"
check 'canonical says nothing' test ! -s out -a ! -s err
status "$MOTE" image check canonical.image
equal 'check of the canonical form exits 0' 0 "$status"
status "$MOTE" image info canonical.image
check 'info recognises the canonical form' grep -q 'canonical' out
status "$MOTE" image canonical canonical.image -o again.image
check 'the canonical form of a canonical image is the same' cmp canonical.image again.image
status "$MOTE" image canonical candle.image -o candle.image
equal 'an image can be replaced by its canonical form' 0 "$status"
check 'and is then the same' cmp candle.image canonical.image
check 'no temporary file stays behind' test -z "$(ls | grep 'image\.......$')"

# A broken first object.
cp canonical.image damaged.image
printf '\376' | dd of=damaged.image bs=1 seek=4096 conv=notrunc 2>/dev/null
status "$MOTE" image check damaged.image
equal 'check of an image without nil exits 65' 65 "$status"
check 'check lists file, place and cause' grep -q '^damaged.image: [^:]*: ' out
status "$MOTE" image check --json damaged.image
equal 'check --json exits 65 too' 65 "$status"
if command -v python3 >/dev/null; then
    check 'check --json is JSON' python3 -c '
import json
found = json.load(open("out"))
assert found["problems"] >= 1 and len(found["listed"]) >= 1 and found["listed"][0]["text"]'
else
    skip 'check --json is JSON' 'no python3'
fi
status "$MOTE" image canonical damaged.image -o never.image
equal 'canonical of a damaged image exits 65' 65 "$status"
check 'canonical says why in one line' sh -c 'test "$(wc -l <err)" = 1 && grep -q "^mote: damaged.image: " err'
check 'and leaves no file' test ! -e never.image -a -z "$(ls | grep 'image\.......$')"

status "$MOTE" image info missing.image
equal 'info of a missing file exits 66' 66 "$status"
check 'and says so in one line' sh -c 'test "$(wc -l <err)" = 1 && grep -q "^mote: missing.image: open: " err'
status "$MOTE" image canonical canonical.image -o /nowhere/at/all
equal 'canonical to a place that cannot be written exits 73' 73 "$status"
status "$MOTE" image canonical canonical.image
equal 'canonical without -o exits 64' 64 "$status"
status "$MOTE" image check --limit many canonical.image
equal 'a limit that is no number exits 64' 64 "$status"
