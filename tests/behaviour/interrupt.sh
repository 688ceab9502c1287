# Ctrl-C, SIGTERM and SIGUSR1, while an image is busy and while it sleeps.
. "$(dirname "$0")/lib.sh"
on_doors hosted process kvm
need_image pharo8-kernel.image
timeout 120 "$MOTE" run pharo8-kernel.image || exit 1

# run_and_signal SIGNAL IMAGE ARGS... - the status in $status
run_and_signal() {
    signal=$1
    shift
    # A background command of a shell ignores SIGINT: let env put it right.
    env --default-signal=INT "$MOTE" run "$@" >out 2>err </dev/null &
    pid=$!
    sleep 0.5
    kill "-$signal" $pid
    wait $pid
    status=$?
}

run_and_signal INT pharo8-kernel.image --no-quit
equal 'Ctrl-C ends a sleeping image' 130 "$status"
check 'and prints its stack' test "$(wc -l <err)" -ge 2
run_and_signal TERM pharo8-kernel.image --no-quit
equal 'SIGTERM ends a sleeping image' 130 "$status"

env --default-signal=INT "$MOTE" run pharo8-kernel.image --no-quit >out 2>err </dev/null &
pid=$!
sleep 0.5
kill -USR1 $pid
sleep 0.5
check 'SIGUSR1 prints the stacks of all processes' test "$(wc -l <err)" -ge 4
check 'and the image goes on' kill -0 $pid
before=$(awk '/ctxt_switches/ { n += $2 } END { print n }' /proc/$pid/status)
sleep 1.5
after=$(awk '/ctxt_switches/ { n += $2 } END { print n }' /proc/$pid/status)
check "a sleeping image is left alone ($((after - before)) wakeups)" test $((after - before)) -le 40
kill -INT $pid
wait $pid
equal 'Ctrl-C still ends it' 130 $?

# Verifying the object memory at every allocation keeps an image busy for long.
MOTE_GC_STRESS=1
export MOTE_GC_STRESS
run_and_signal INT pharo8-kernel.image printVersion
if [ "$status" = 0 ]; then
    skip 'Ctrl-C ends a busy image' 'it was done already'
else
    equal 'Ctrl-C ends a busy image' 130 "$status"
    check 'and prints what it was doing' test "$(wc -l <err)" -ge 3
fi
