# The Pharo 8 kernel image: first start initialises and saves, then commands.
. "$(dirname "$0")/lib.sh"
on_doors hosted process kvm
need_image pharo8-kernel.image
version="[version] 'Pharo8.0.0' 'Pharo-8.0.0+build.1080.sha.9f5ce2e933bc762841674ca3cf8476248a10247d (64 Bit)'"

cp pharo8-kernel.image pharo.image
chmod 640 pharo.image
status timeout 60 "$MOTE" run pharo.image
equal 'first start exits 0' 0 "$status"
check 'first start prints nothing' sh -c 'test ! -s out && test ! -s err'
check 'first start saves the image' sh -c '! cmp -s pharo.image pharo8-kernel.image'
equal 'saved image keeps its mode' 640 "$(stat -c %a pharo.image)"
check 'no other file stays behind' test "$(ls -A | grep -cvE '^(out|err|cache|pharo.image|pharo8-kernel.image)$')" = 0

status "$MOTE" image check pharo.image
equal 'saved image is in order' 0 "$status"
status timeout 60 "$MOTE" run -v pharo.image printVersion
equal 'printVersion exits 0' 0 "$status"
equal 'printVersion prints the version' "$version" "$(cat out)"
check 'saved image is canonical and mapped as it is' grep -q 'the file itself' err

status timeout 60 "$MOTE" run pharo.image --list
check 'arguments reach the image' grep -q 'printVersion    Print image version' out
status timeout 60 "$MOTE" run pharo.image nonsense
equal 'exit status is the one of the image' 1 "$status"

mkdir other
ln -s ../pharo.image other/link.image
status timeout 60 "$MOTE" run other/link.image printVersion
equal 'image runs through a symbolic link' "$version" "$(cat out)"

cp pharo8-kernel.image linked.image
ln -s linked.image link.image
status timeout 60 "$MOTE" run link.image
check 'image saved through a link replaces the target' sh -c \
    'test -L link.image && ! cmp -s linked.image pharo8-kernel.image'

status sh -c 'timeout 60 "$MOTE" run pharo.image printVersion >/dev/full'
check 'a full device does not hang or kill the VM' test "$status" -lt 124
sh -c 'timeout 60 "$MOTE" run pharo.image --help 2>/dev/null; echo $? >piped' | head -c 1 >/dev/null
check 'a closed pipe does not kill the VM' test "$(cat piped)" -lt 124

status timeout 60 "$MOTE" run -m 200M pharo.image printVersion
equal 'runs with a memory limit' "$version" "$(cat out)"
status timeout 60 "$MOTE" run -m 64K pharo.image printVersion
equal 'a memory limit that is too small exits 71' 71 "$status"
check 'and says so in one line' test "$(wc -l <err)" = 1

[ -n "$QUICK" ] && exit
status env MOTE_GC_STRESS=1000 timeout 300 "$MOTE" run pharo.image printVersion
equal 'runs while collecting and verifying at every 1000th allocation' "$version" "$(cat out)"
