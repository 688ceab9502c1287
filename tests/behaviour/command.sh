# The command line of mote: help, version, usage errors and their exit statuses.
. "$(dirname "$0")/lib.sh"

status "$MOTE" --help
equal 'help exits 0' 0 "$status"
check 'help names the verbs' grep -q 'run IMAGE' out
check 'help goes to standard output' test ! -s err

status "$MOTE" run --help
check 'help of run lists the exit statuses' grep -q '^  66 ' out

status "$MOTE" --version
check 'version is printed' grep -Eq '^mote [0-9]+\.[0-9]+' out

for arguments in '' 'nonsense' 'run' 'run -m' 'run -m x image' 'run -m 0 image' 'run --bad image' \
    'run --on' 'run --on pvh image' 'image' 'image nonsense'; do
    # shellcheck disable=SC2086
    status "$MOTE" $arguments
    equal "usage error exits 64: mote $arguments" 64 "$status"
done
check 'a usage error explains itself' test -s err

status env MOTE_GC_STRESS=often "$MOTE" run image
equal 'MOTE_GC_STRESS that is no number exits 64' 64 "$status"
