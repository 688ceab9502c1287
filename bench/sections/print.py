"""From fork to the first byte, and to the exit, of printVersion in a Pharo image."""
from common import Figures, MEASURED, copy_for, kernel_image, measure, say

SLOW_RUNS = 5  # of an emulated machine


def run(options, scratch, results):
    image = kernel_image(options, scratch)
    if image is None:
        return say("print: SKIP, no pharo8-kernel.image")
    vms = [*options.doors, *options.peers, *options.cogs]
    groups = [(vms, options.runs), (options.emulated, SLOW_RUNS)]
    rows, samples = [], {}
    for group, runs in groups:
        commands = [[*vm.command, copy_for(image, scratch, f"print{runs}-{i}"), "printVersion"]
                    for i, vm in enumerate(group)]
        if commands:
            for vm, figures in zip(group, measure(options, runs, commands, scratch)):
                samples[vm] = figures
                rows += [(vm.name, r.run, *r.fields) for r in figures]
    results.write("print", ["vm", "run", *MEASURED], rows)
    floor = Figures(samples[options.peers[0]]) if options.peers else None
    say(f"print: printVersion, from fork to first byte, {options.runs} runs each, in turn"
        + (f" (x: times {options.peers[0].label})" if floor else ""))
    for vm, figures in samples.items():
        first, wall = Figures(figures), Figures(figures, "wall")
        to_exit = "" if not wall.good else (
            f"   to exit {wall.median:8.2f}, least {wall.least:8.2f}"
            f"   peak {max(r.peak for r in figures) / 1024:5.1f} MB")
        say(f"  {vm.label:24} {first.text()}{to_exit}   "
            + (first.ratio(floor) if floor and vm not in options.peers else ""))
    return None
