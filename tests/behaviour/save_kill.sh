# kill -9 at any moment of a save leaves the old image or the new one, whole.
. "$(dirname "$0")/lib.sh"
on_doors hosted process kvm
need_image pharo8-kernel.image
version="[version] 'Pharo8.0.0' 'Pharo-8.0.0+build.1080.sha.9f5ce2e933bc762841674ca3cf8476248a10247d (64 Bit)'"
rounds=${QUICK:+10}
rounds=${rounds:-40}

# How long a first start takes, in milliseconds.
cp pharo8-kernel.image timed.image
start=$(date +%s%N)
timeout 120 "$MOTE" run timed.image
took=$((($(date +%s%N) - start) / 1000000 + 1))

i=0 old=0 new=0 broken=0
while [ $i -lt "$rounds" ]; do
    i=$((i + 1))
    cp pharo8-kernel.image kill.image
    "$MOTE" run kill.image >/dev/null 2>&1 &
    pid=$!
    # From half of the time to a little more than all of it: the save is at the end.
    sleep "$(awk "BEGIN { print $took * (0.5 + 0.7 * $i / $rounds) / 1000 }")"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    if cmp -s kill.image pharo8-kernel.image; then
        old=$((old + 1))
    elif "$MOTE" image check kill.image >check 2>&1; then
        new=$((new + 1))
        cp kill.image survivor.image
    else
        broken=$((broken + 1))
        cat check
    fi
done
equal "killed saves leave a whole image ($old old, $new new)" 0 "$broken"
check 'and few temporary files' test "$(ls -A | grep -c '^\.kill')" -le 2
if [ $new -gt 0 ]; then
    status timeout 120 "$MOTE" run survivor.image printVersion
    equal 'an image whose save was just done runs' "$version" "$(cat out)"
fi
