"""Start time and memory as a canonical image grows: they should not."""
import os
import subprocess
import sys

from common import Figures, MEASURED, ROOT, kernel_image, measure, say
from crowd import memory_each, own_kb

SIZES = [2.5, 25, 250, 1000]  # millions of bytes
CROWD = 20


def run(options, scratch, results):
    image = kernel_image(options, scratch)
    if image is None:
        return say("growth: SKIP, no pharo8-kernel.image")
    images = []
    for size in SIZES:
        images.append(os.path.join(scratch, f"growth{size}.image"))
        subprocess.run([sys.executable, os.path.join(ROOT, "bench/grow_image"), image, str(size),
                        images[-1]], check=True)
    runs, rows = max(1, options.runs // 5), []
    say(f"growth: printVersion, from fork to first byte, {runs} runs each, in turn; an idle mote's own "
        f"pages and page tables, and what {CROWD} of them take from the host, each")
    for vm in options.doors:
        samples = measure(options, runs, [[*vm.command, i, "printVersion"] for i in images], scratch)
        smallest = Figures(samples[0])
        for size, path, figures in zip(SIZES, images, samples):
            crowd, each = memory_each([*vm.command, path, "--no-quit"], CROWD, scratch)
            own, dead = own_kb(crowd.pids[0]), crowd.dead()
            crowd.end()
            rows += [(vm.name, size, r.run, *r.fields, own, round(each)) for r in figures]
            first = Figures(figures)
            say(f"  {vm.label:8} {size:7} MB   {first.text()}   {first.ratio(smallest):14}"
                f"   own {own / 1024:6.2f} MB   host {each / 1024:6.2f} MB"
                + (f"   {dead} DIED" if dead else ""))
    results.write("growth", ["vm", "image_mb", "run", *MEASURED, "own_kb", "host_kb"], rows)
    for path in images:
        os.unlink(path)
    return None
