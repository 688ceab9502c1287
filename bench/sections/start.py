"""From fork to the first byte of a C program, beside the least that could take."""
import os

from common import Figures, MEASURED, measure, say

FLOORS = {"process": "floor_process", "kvm": "floor_kvm"}
GOAL = 2  # times the floor


def run(options, scratch, results):
    hello = os.path.join(options.build, "hello.elf")
    if not os.path.exists(hello):
        return say("start: SKIP, no hello.elf")
    doors = [vm for vm in options.doors if vm.label in FLOORS]
    if not doors:
        return say("start: SKIP, neither kvm nor process")
    names, commands = [], []
    for vm in doors:
        names += [f"floor of {vm.label}", vm.label]
        commands += [[os.path.join(options.build, "bench", FLOORS[vm.label])],
                     [*vm.command, hello]]
    samples = measure(options, options.runs, commands, scratch)
    results.write("start", ["what", "run", *MEASURED],
                  [(name, r.run, *r.fields) for name, runs in zip(names, samples) for r in runs])
    say(f"start: hello.elf, from fork to first byte, {options.runs} runs each, in turn "
        f"(wanted: at most x {GOAL})")
    for i in range(0, len(names), 2):
        floor, ours = Figures(samples[i]), Figures(samples[i + 1])
        say(f"  {names[i]:24} {floor.text()}")
        say(f"  {names[i + 1]:24} {ours.text()}   {ours.ratio(floor)}")
    return None
