"""Computing at each door beside the hosted build: the same within three per cent is wanted."""
import os
import subprocess

from common import Figures, MEASURED, bench_images, measure, say
from sections.awfy import columns, mean, side_by_side


def own_images(options, scratch):
    """Paths of the images of bench/images.c; empty when it is missing."""
    tool, directory = os.path.join(options.build, "bench/images"), os.path.join(scratch, "compute")
    if not os.path.exists(tool):
        return []
    os.makedirs(directory, exist_ok=True)
    subprocess.run([tool, directory], check=True)
    for name in os.listdir(directory):  # mapped as they are, at every door
        path = os.path.join(directory, name)
        subprocess.run([options.mote, "image", "canonical", path, "-o", path + ".new"], check=True,
                       stdout=subprocess.DEVNULL)
        os.rename(path + ".new", path)
    return sorted(os.path.join(directory, name) for name in os.listdir(directory))


def own(options, scratch, results, vms):
    """Images that only compute, about a second each. Their processor time is compared, which
    says the same on a busy machine."""
    images = own_images(options, scratch)
    if not images:
        return say("compute, own images: SKIP, no build/bench/images")
    runs, rows = max(1, options.runs // 10), []
    ratios = {vm: ([], []) for vm in vms[1:]}
    say(f"compute, own images: processor time from fork to exit, {runs} runs each, in turn (x: "
        f"times {vms[0].label}, median and least; wanted: at most x 1.03)")
    for image in images:
        name = os.path.basename(image)[:-len(".image")]
        samples = measure(options, runs, [[*vm.command, image] for vm in vms], scratch, first=False)
        hosted = Figures(samples[0], "cpu")
        for vm, figures in zip(vms, samples):
            ours = Figures(figures, "cpu")
            rows += [(name, vm.name, r.run, *r.fields) for r in figures]
            ratio = ours.ratio(hosted) if vm is not vms[0] else ""
            say(f"  {name:8} {vm.label:8} {ours.text()}   {ratio}")
            if vm is not vms[0] and ours.good and hosted.good:
                ratios[vm][0].append(ours.median / hosted.median)
                ratios[vm][1].append(ours.least / hosted.least)
    for vm, (medians, leasts) in ratios.items():
        if medians:
            say(f"  geometric mean: {vm.label} takes {mean(medians):.3f} (least {mean(leasts):.3f}) "
                f"times as long as {vms[0].label}")
    results.write("compute", ["image", "vm", "run", *MEASURED[:-1]], rows)
    return None


def run(options, scratch, results):
    vms = [options.hosted, *[vm for vm in options.doors if vm is not options.hosted]]
    if len(vms) == 1:
        return say("compute: SKIP, neither kvm nor process")
    own(options, scratch, results, vms)
    if not options.image:
        return say("compute, are-we-fast-yet: SKIP, no benchmark image (--image)")
    rows = []
    for name, image in bench_images(options, scratch):
        say(f"compute, {name}: least of {options.rounds * options.iterations}: {columns(vms)}")
        rows += [(name, *row) for row in side_by_side(options, vms, image, min)]
    results.write("compute-awfy", ["image", "benchmark", "inner", "vm", "round", "us"], rows)
    return None
