"""The 14 are-we-fast-yet benchmarks."""
import math
import re
import statistics

from common import bench_images, in_turn, say

# Inner iterations so that one iteration takes half a second or more on a fast
# interpreter.
INNER = {
    "DeltaBlue": 40000, "Richards": 100, "Json": 100, "CD": 200, "Havlak": 150,
    "Bounce": 2500, "List": 2500, "Mandelbrot": 750, "NBody": 250000, "Permute": 2000,
    "Queens": 2000, "Sieve": 4000, "Storage": 2000, "Towers": 900,
}


def columns(vms):
    names = ", ".join(vm.label for vm in vms)
    return names + (" (how many times as fast the first is)" if len(vms) > 1 else "")


def compare(label, samples, vms, unit, faster, best=statistics.median):
    """One line of medians; answers each other VM's ratio (more than 1: the first is faster)."""
    medians = {}
    for vm in vms:
        figures = [x for v, _, xs in samples if v is vm for x in xs]
        medians[vm.name] = best(figures) if figures else None
    ours, line, ratios = medians[vms[0].name], [], {}
    for vm in vms:
        value = medians[vm.name]
        text = "failed" if value is None else f"{value:.0f} {unit}"
        if vm is not vms[0] and value and ours:
            ratios[vm.label] = value / ours if faster == "less" else ours / value
            text += f" ({ratios[vm.label]:.3f})" if best is min else f" ({ratios[vm.label]:.2f})"
        line.append(f"{text:>28}")
    say(f"  {label:12}", *line)
    return ratios


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def side_by_side(options, vms, image, best=statistics.median):
    """The chosen benchmarks of one image on some VMs; rows for the results, printed ratios."""
    rows, ratios = [], {}
    for benchmark, inner in INNER.items():
        if options.benchmarks and benchmark not in options.benchmarks:
            continue

        def once(vm):
            out = vm.run(image, "bench", benchmark, str(options.iterations), str(inner)) or ""
            return [int(us) for us in re.findall(r"runtime: (\d+)us", out)]
        samples = in_turn(vms, options.rounds, once)
        rows += [(benchmark, inner, vm.name, i, us) for vm, i, figures in samples for us in figures]
        for other, ratio in compare(benchmark, samples, vms, "us", "less", best).items():
            ratios.setdefault(other, []).append(ratio)
    for other, all_of_it in ratios.items():
        say(f"  geometric mean of {len(all_of_it)} ratios of {other} to {vms[0].label}: "
            f"{mean(all_of_it):.3f}")
    return rows


def run(options, scratch, results):
    vms, rows = [options.hosted, *options.peers], []
    for name, image in bench_images(options, scratch):
        say(f"are-we-fast-yet, {name}: {columns(vms)}")
        rows += [(name, *row) for row in side_by_side(options, vms, image)]
    if not options.image:
        return say("are-we-fast-yet: SKIP, no benchmark image (--image)")
    results.write("awfy", ["image", "benchmark", "inner", "vm", "round", "us"], rows)
    return None
