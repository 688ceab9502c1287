"""A thousand idle motes at once: memory of each, and what one more start costs."""
import os

from common import Figures, copy_for, kernel_image, measure, say
from crowd import memory_each, own_kb

SAMPLE = 20  # of the motes, whose own pages are counted
STARTS = 20  # of hello or printVersion, before and beside the swarm


def swarm(options, scratch, vm, what, idle, probe, word=b""):
    """One row of the results. `word` is what each of them says when it is there."""
    before = Figures(measure(options, STARTS, [probe], scratch)[0])
    crowd, each = memory_each(idle, options.motes, scratch)
    beside = Figures(measure(options, STARTS, [probe], scratch)[0])
    count, there = options.motes, crowd.said().count(word) if word else options.motes
    own = sum(own_kb(pid) for pid in crowd.pids[:SAMPLE]) / min(SAMPLE, count)
    dead, left = crowd.dead(), crowd.end()
    notes = "".join([f"   {dead} DIED" if dead else "",
                     f"   {count - there} NEVER STARTED" if there != count else "",
                     "" if crowd.quiet else "   NEVER QUIET",
                     f"   {left} PROCESSES LEFT BEHIND" if left else ""])
    say(f"  {vm.label:8} {what:13} {each:6.0f} KB each (own {own:5.0f})   all started in "
        f"{crowd.seconds:5.1f} s   alone {before.text()}   beside {count} {beside.text()}   "
        f"{beside.ratio(before)}{notes}")
    return (vm.name, what, count, round(each), round(own), f"{crowd.seconds:.3f}", before.median,
            before.least, beside.median, beside.least, dead + count - there, int(crowd.quiet))


def run(options, scratch, results):
    idle, hello = (os.path.join(options.build, name) for name in ("bench/idle.elf", "hello.elf"))
    image, rows = kernel_image(options, scratch), []
    vms = [vm for vm in options.doors if vm is not options.hosted]
    say(f"swarm: {options.motes} idle motes at once: host memory each (own: their pages and page "
        "tables alone); starts from fork to first byte")
    for vm in vms:
        if os.path.exists(idle) and os.path.exists(hello):
            rows.append(swarm(options, scratch, vm, "C program", [*vm.command, idle],
                              [*vm.command, hello], b"ready\n"))
        if image is not None:
            copy = copy_for(image, scratch, "swarm")
            rows.append(swarm(options, scratch, vm, "Pharo image",
                              [*vm.command, copy, "--no-quit"], [*vm.command, copy, "printVersion"]))
    if not rows:
        return say("swarm: SKIP, neither kvm nor process, or nothing to start there")
    results.write("swarm", ["vm", "what", "motes", "kb_each", "own_kb", "all_started_s",
                            "alone_median_ms", "alone_least_ms", "beside_median_ms",
                            "beside_least_ms", "died", "quiet"], rows)
    return None
