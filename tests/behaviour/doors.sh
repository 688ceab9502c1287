# What differs between the places where a mote runs: C programs, streams, files,
# memory, statuses. (pharo.sh, interrupt.sh and save_kill.sh run on each of them.)
. "$(dirname "$0")/lib.sh"
on_doors process kvm
hello=$(dirname "$MOTE")/hello.elf

status timeout 20 "$MOTE" run "$hello" there
equal 'a C program ends with its status' 0 "$status"
check 'its output arrives' grep -q there out
check 'and nothing else' test "$(wc -l <out)" = 1
check 'nor anything on standard error' test ! -s err
status timeout 20 "$MOTE" run -v "$hello"
check '-v says where it runs in one line' grep -qx "mote: on $DOOR: $hello" err

status sh -c 'timeout 20 "$MOTE" run "$1" >&-' sh "$hello"
check 'closed standard output does not hang or kill the tender' test "$status" -lt 124
status sh -c 'timeout 20 "$MOTE" run "$1" >/dev/full' sh "$hello"
check 'nor does a full device' test "$status" -lt 124

printf 'x' >not-elf
status timeout 20 "$MOTE" run not-elf
equal 'a file that is neither image nor ELF exits 65' 65 "$status"
check 'with one line' test "$(wc -l <err)" = 1
status timeout 20 "$MOTE" run /bin/true
equal "somebody else's ELF file exits 65" 65 "$status"
check 'with one line that names it' grep -q '^mote: .*true: ' err

need_image pharo8-kernel.image
cp pharo8-kernel.image foreign.image
MOTE_ON=hosted timeout 60 "$MOTE" run pharo8-kernel.image || exit 1
MOTE_ON=hosted timeout 60 "$MOTE" run pharo8-kernel.image printVersion >expected
status timeout 60 "$MOTE" run pharo8-kernel.image printVersion
equal 'an image prints what it prints hosted' "$(cat expected)" "$(cat out)"
status timeout 60 "$MOTE" run --no-cache foreign.image --help
equal 'an image that is not canonical runs without the cache' 0 "$status"

mkdir locked
cp foreign.image locked/a.image
chmod 555 locked
if [ "$(id -u)" != 0 ]; then
    status timeout 60 "$MOTE" run locked/a.image
    check 'an image that cannot be saved says so' test "$status" != 0
fi
chmod 755 locked

# Candle writes its result into a file, which no mote may.
need_image candle.image
status timeout 60 "$MOTE" run candle.image
check 'an image that wants files ends or fails' test "$status" -lt 124
check "without a crash" sh -c '! grep -q "crash:" err'
check 'and writes none' test ! -e log1.txt
