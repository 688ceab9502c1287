# The example that embeds the VM runs an image like the command does.
. "$(dirname "$0")/lib.sh"
embed=$(dirname "$MOTE")/examples/embed
if ! [ -x "$embed" ]; then
    skip 'embedding' 'the example is not built'
    exit 0
fi
status "$embed"
equal 'without an image it exits 64' 64 "$status"
status "$embed" missing.image
equal 'with an image that is missing it exits 66' 66 "$status"
need_image pharo8-kernel.image
status timeout 60 "$embed" pharo8-kernel.image
equal 'the first start exits 0' 0 "$status"
status timeout 60 "$embed" pharo8-kernel.image printVersion
check 'it prints the version' grep -q "'Pharo8.0.0'" out
