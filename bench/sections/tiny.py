"""0 tinyBenchmarks: bytecodes and sends in a second."""
import re

from common import bench_images, in_turn, say
from sections.awfy import columns, compare


def run(options, scratch, results):
    vms, rows = [options.hosted, *options.peers], []
    for name, image in bench_images(options, scratch):
        def once(vm):
            out = vm.run(image, "bench", "tiny", str(options.iterations)) or ""
            return re.findall(r"(\d+) bytecodes/sec; (\d+) sends/sec", out)
        samples = in_turn(vms, options.rounds, once)
        rows += [(name, vm.name, i, *pair) for vm, i, pairs in samples for pair in pairs]
        say(f"tiny, {name}: {columns(vms)}")
        for part, label in enumerate(["bytecodes", "sends"]):
            compare(label, [(vm, i, [int(p[part]) / 1e6 for p in pairs]) for vm, i, pairs in samples],
                    vms, "M/s", "more")
    if not options.image:
        return say("tiny: SKIP, no benchmark image (--image)")
    results.write("tiny", ["image", "vm", "round", "bytecodes_per_s", "sends_per_s"], rows)
    return None
