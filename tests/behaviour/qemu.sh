# A PC with no operating system: QEMU's microvm and q35, by emulation (TCG).
. "$(dirname "$0")/lib.sh"
if ! command -v qemu-system-x86_64 >/dev/null; then
    skip 'QEMU' 'qemu-system-x86_64 is not installed (package qemu-system-x86)'
    exit 0
fi
apps=$(dirname "$MOTE")
for machine in microvm q35; do
    status timeout 120 "$MOTE" run --on qemu --machine $machine "$apps/hello.elf" there
    equal "$machine: a C program runs" 0 "$status"
    check "$machine: and prints its greeting" grep -q there out
done

need_image pharo8-kernel.image
MOTE_ON=hosted timeout 60 "$MOTE" run pharo8-kernel.image || exit 1
MOTE_ON=hosted timeout 60 "$MOTE" run pharo8-kernel.image printVersion >expected
for machine in microvm q35; do
    status timeout 120 "$MOTE" run --on qemu --machine $machine pharo8-kernel.image printVersion
    equal "$machine: printVersion exits 0" 0 "$status"
    equal "$machine: printVersion prints what it prints hosted" "$(cat expected)" "$(cat out)"
    status timeout 120 "$MOTE" run --on qemu --machine $machine pharo8-kernel.image nonsense
    equal "$machine: the status of the image is the status of the command" 1 "$status"
done

env --default-signal=INT timeout 60 "$MOTE" run --on qemu pharo8-kernel.image --no-quit \
    >out 2>err </dev/null &
pid=$!
sleep 3
pkill -INT -P $pid
wait $pid
equal 'Ctrl-C ends the machine' 130 $?
check 'and leaves no QEMU behind' sh -c '! pgrep -f "[q]emu-system.*$1"' sh "$WORK"
