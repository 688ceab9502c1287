"""Wake-ups a second of an idle mote: context switches of every thread of its tender and of the
mote's own process. Nought is wanted; an image's own delays are its own."""
import os
import time

from common import copy_for, kernel_image, say
from crowd import Crowd, families

SECONDS = 10


def switches(pids):
    """Voluntary and other context switches of all threads, and the threads."""
    total = threads = 0
    for pid in pids:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/status") as f:
                    total += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
                threads += 1
        except OSError:
            pass
    return total, threads


def run(options, scratch, results):
    idle = os.path.join(options.build, "bench/idle.elf")
    image, rows, cases = kernel_image(options, scratch), [], []
    for vm in options.doors:
        if os.path.exists(idle) and vm is not options.hosted:
            cases.append((vm, "C program", [*vm.command, idle]))
        if image is not None:
            cases.append((vm, "Pharo image",
                          [*vm.command, copy_for(image, scratch, "idle"), "--no-quit"]))
    if not cases:
        return say("idle: SKIP, no door with anything to run")
    say(f"idle: wake-ups in {SECONDS} seconds, of all threads")
    for vm, what, command in cases:
        crowd = Crowd(command, 1, scratch)
        quiet = crowd.settle()
        before, _ = switches(families(crowd.pids))
        time.sleep(SECONDS)
        after, threads = switches(families(crowd.pids))
        dead = crowd.dead()
        crowd.end()
        rows.append((vm.name, what, SECONDS, after - before, threads, dead, int(quiet)))
        say(f"  {vm.label:8} {what:13} {after - before:5}   ({(after - before) / SECONDS:.1f} a second,"
            f" {threads} threads)" + ("   DIED" if dead else ""))
    results.write("idle", ["vm", "what", "seconds", "switches", "threads", "died", "quiet"], rows)
    return None
