# Crashes on a PC of QEMU's: the same report as under a tender, names included,
# because the machine sends what the host needs for it.
. "$(dirname "$0")/lib.sh"
if ! command -v qemu-system-x86_64 >/dev/null; then
    skip 'QEMU' 'qemu-system-x86_64 is not installed (package qemu-system-x86)'
    exit 0
fi
crash=$(dirname "$MOTE")/crash.elf

# expect KIND FIRST-LINE FUNCTION
expect() {
    status timeout 60 "$MOTE" run --on qemu --machine $machine "$crash" "$1"
    equal "$machine: $1: status" 70 "$status"
    check "$machine: $1: says what happened" grep -q "^mote: .*crash.elf: crash: $2" err
    check "$machine: $1: the function with file and line" \
        grep -Eq "^    #[0-9]+ +0x[0-9a-f]+ $3\+0x[0-9a-f]+  (near )?(apps/crash/main|kernel/libc/[a-z]+)\.c:[0-9]+" err
    check "$machine: $1: the program's own part follows" \
        test "$(tail -n 1 err)" = "crash: it was $1"
}

for machine in microvm q35; do
    expect null 'write to 0x10, which is not mapped (page zero' write_to_null
    check "$machine: all frames down to the start" grep -q ' pc_go_on+' err
    expect text "write to 0x[0-9a-f]*, in the program's text, which is read-only" write_to_text
    expect data "jump to 0x[0-9a-f]*, in the program's data (data): nothing may be executed" mote_main
    expect overflow '.*stack overflow' recurse
    expect trap 'instruction ud2' trap
    expect wild 'access to 0xdeadbeef00000000, an address that no memory can have' read_wild
done
status timeout 60 "$MOTE" run --on qemu "$crash" null again
equal 'a crash in the report ends with the same status' 70 "$status"
equal 'both are reported' 2 "$(grep -c 'crash: write to 0x10' err)"

# QEMU is killed; there is none.
timeout 60 "$MOTE" run --on qemu "$crash" halt >out 2>err </dev/null &
command=$!
sleep 2
kill -9 "$(pgrep -P "$(pgrep -P $command)")"
wait $command
equal 'QEMU is killed: status' 71 $?
check 'and it is said' grep -q 'QEMU was killed by signal 9' err
mkdir empty
status env PATH="$WORK/empty" "$MOTE" run --on qemu "$crash" null
equal 'no QEMU: status' 71 "$status"
check 'and the package is named' grep -q 'install the package qemu-system-x86' err
