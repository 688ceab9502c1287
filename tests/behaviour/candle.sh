# The Candle image runs its benchmark, writes a line and quits.
. "$(dirname "$0")/lib.sh"
need_image candle.image

rm -f log1.txt
status timeout 120 "$MOTE" run candle.image
equal 'candle runs to its end' 0 "$status"
check 'candle writes its result' grep -q 'bytecodes/sec' log1.txt
check 'candle says nothing on standard error' test ! -s err

status timeout 120 "$MOTE" run -v candle.image
check 'a second run takes the image from the cache' grep -q 'cache' err
status timeout 120 "$MOTE" run --no-cache candle.image
equal 'candle runs without a cache' 0 "$status"

"$MOTE" image canonical candle.image -o canonical.image
status timeout 120 "$MOTE" run -v canonical.image
equal 'the canonical form runs' 0 "$status"
check 'the canonical form is mapped as it is' grep -q 'the file itself' err

status timeout 120 "$MOTE" run --count-primitives candle.image
check 'primitives are counted' test "$(wc -l <err)" -gt 5
