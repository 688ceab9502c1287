# Crashes of a mote: what the report says, and that it always ends.
. "$(dirname "$0")/lib.sh"
doors='process kvm qemu'
if [ -z "$DOOR" ] && ! command -v qemu-system-x86_64 >/dev/null; then
    skip qemu 'qemu-system-x86_64 is not installed'
    doors='process kvm'
fi
# shellcheck disable=SC2086
on_doors $doors
# By emulation, on a machine that is booted each time, all takes longer.
limit=20 seeds='1 2 3 4 5 6 7 8'
[ -z "$QUICK" ] || seeds='1 2 3'
[ "$DOOR" != qemu ] || limit=60 seeds='1 2 3'
crash=$(dirname "$MOTE")/crash.elf

# expect KIND FIRST-LINE FUNCTION - `crash.elf KIND` ends with 70 and a report whose
# first line matches, with FUNCTION among its frames, from main.c
expect() {
    status timeout $limit "$MOTE" run "$crash" "$1"
    equal "$1: status" 70 "$status"
    check "$1: says what happened" grep -q "^mote: .*crash.elf: crash: $2" err
    check "$1: registers" grep -q '^    rip [0-9a-f]\{16\}  flags [0-9a-f]\{8\}$' err
    check "$1: the function with file and line" \
        grep -Eq "^    #[0-9]+ +0x[0-9a-f]+ $3\+0x[0-9a-f]+  (near )?(apps/crash/main|kernel/libc/[a-z]+)\.c:[0-9]+" err
    check "$1: the program's own part follows" test "$(tail -n 1 err)" = "crash: it was $1"
}

# That stack is shown down to where the kernel started the program.
to_the_start() { # KIND
    check "$1: all frames down to the start" \
        sh -c 'grep -q " mote_main+" err && tail -n 2 err | grep -Eq "tender_start|pc_go_on"'
}

expect null 'write to 0x10, which is not mapped (page zero' write_to_null
to_the_start null
expect text "write to 0x[0-9a-f]*, in the program's text, which is read-only" write_to_text
expect copy 'write to 0x10, which is not mapped' 'mem(cpy|move)'
to_the_start copy
expect jump 'jump to 0x0, which is not mapped' mote_main
to_the_start jump
expect data "jump to 0x[0-9a-f]*, in the program's data (data): nothing may be executed" mote_main
expect overflow '.*stack overflow' recurse
check 'overflow: recursion is summed up' grep -q 'and [0-9]* more of this' err
expect divide 'an integer division by zero' divide
expect trap 'instruction ud2' trap
[ "$DOOR" = qemu ] || expect halt 'instruction hlt' halt # at ring 0 it may
expect wild 'access to 0xdeadbeef00000000, an address that no memory can have' read_wild

status timeout $limit "$MOTE" run "$crash" null again
equal 'a crash in the report ends with the same status' 70 "$status"
equal 'both are reported' 2 "$(grep -c 'crash: write to 0x10' err)"

strip=$(command -v llvm-strip-19 || command -v strip)
if [ -n "$strip" ]; then
    "$strip" -o stripped.elf "$crash"
    status timeout $limit "$MOTE" run stripped.elf null
    equal 'a stripped program: status' 70 "$status"
    check 'and addresses instead of names' grep -q '^    #0  0x[0-9a-f]*$' err
fi

# The report goes to where nobody takes it.
status sh -c 'timeout 60 "$MOTE" run "$1" null 2>&-' sh "$crash"
equal 'standard error is closed' 70 "$status"
status sh -c 'timeout 60 "$MOTE" run "$1" null 2>/dev/full' sh "$crash"
equal 'standard error is full' 70 "$status"
status sh -c '(timeout 60 "$MOTE" run "$1" null; echo $? >code) 2>&1 | true' sh "$crash"
equal 'the reader of standard error has left' 70 "$(cat code)"

# A crash of the VM: an image whose objects are damaged until it crashes.
need_image pharo8-kernel.image
MOTE_ON=hosted timeout 60 "$MOTE" run pharo8-kernel.image || exit 1
timeout 60 "$MOTE" image canonical pharo8-kernel.image -o whole.image || exit 1
cat >damage.py <<'END'
import random, sys
random.seed(int(sys.argv[1]))
data = bytearray(open('whole.image', 'rb').read())
for i in range(200):
    data[random.randrange(0x20000, len(data))] ^= 1 << random.randrange(8)
open('damaged.image', 'wb').write(data)
END
crashes=0 bad=
for seed in $seeds; do
    python3 damage.py $seed
    status timeout $((limit / 4)) "$MOTE" run damaged.image printVersion
    case $status in 0 | 1 | 65 | 70 | 124) ;; # or run on for ever
    *) bad="$bad $seed:$status" ;; esac
    if grep -q ': crash: ' err; then
        crashes=$((crashes + 1))
        cp err crash.txt
    fi
done
equal 'damaged images end in a known status' '' "$bad"
check 'and some of them in a crash' test $crashes -gt 0
check 'with the C functions of the VM' grep -q ' vm_run+0x.* vm/interp/run.c:' crash.txt
check 'down to the start' grep -Eq ' (tender_start|pc_go_on)\+' crash.txt
check 'with the Smalltalk stack' grep -Eq '^  .*>>.* pc [0-9]+' crash.txt
check 'with advice' grep -q 'mote image check .*damaged.image' crash.txt

# The mote's process is killed from outside.
if [ "$DOOR" = process ]; then
    "$MOTE" run pharo8-kernel.image --no-quit >out 2>err </dev/null &
    tender=$!
    sleep 1
    kill -9 "$(awk -v parent=$tender '$4 == parent { print $1 }' /proc/[0-9]*/stat 2>/dev/null)"
    wait $tender
    equal 'the mote is killed: status' 70 $?
    check 'and it is said' grep -q 'crash: .*ended from outside by signal 9' err
fi
