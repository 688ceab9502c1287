# lib.sh - what the behaviour tests share. A test is a shell script that sources
# this and prints one line for each thing it found out. From the runner:
#   MOTE         the command     MOTE_IMAGES  directory of the real images, or ''
#   WORK         empty directory QUICK        set: leave out what takes long
#   LABEL        goes before each name
test_file=$(readlink -f "$0")
cd "$WORK" || exit 1
export HOME="$WORK" XDG_CACHE_HOME="$WORK/cache"
# Where motes run unless a test says otherwise.
export MOTE_ON="${MOTE_ON:-hosted}"

ok() { echo "ok - $LABEL$1"; }
not_ok() { echo "not ok - $LABEL$1${2:+: $2}"; }
skip() { echo "skip - $LABEL$1: $2"; }

# check NAME COMMAND... - ok when the command succeeds
check() {
    name=$1
    shift
    if "$@"; then ok "$name"; else not_ok "$name" "$*"; fi
}

# equal NAME EXPECTED GOT
equal() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', got '$3'"; fi
}

# need_image FILE - a writable copy in $WORK, or skip the whole test
need_image() {
    if [ -z "$MOTE_IMAGES" ] || ! [ -e "$MOTE_IMAGES/$1" ]; then
        skip "$1" "the real images are not here"
        exit 0
    fi
    cp "$MOTE_IMAGES/$1" "$WORK/$1"
    chmod u+w "$WORK/$1"
}

# on_doors DOOR... - what follows in the test is run for each of these, in a
# directory of its own, with MOTE_ON set and the door's name before each line
on_doors() {
    [ -z "$DOOR" ] || return 0
    for DOOR; do
        if [ "$DOOR" = kvm ] && ! [ -w /dev/kvm ]; then
            skip kvm "/dev/kvm is not there or not for this user"
            continue
        fi
        mkdir "$WORK/$DOOR"
        DOOR=$DOOR MOTE_ON=$DOOR WORK=$WORK/$DOOR LABEL="$LABEL$DOOR: " sh "$test_file" || exit 1
    done
    exit 0
}

# status COMMAND... - run it, output to $WORK/out and $WORK/err; its status in
# $status
status() {
    "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    status=$?
}
