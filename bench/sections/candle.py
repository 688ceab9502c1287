"""The Candle image from exec to exit; other VMs do not get to its end."""
import os
import shutil

from common import Figures, MEASURED, measure, say


def run(options, scratch, results):
    source = os.path.join(options.images, "candle.image")
    if not os.path.exists(source):
        return say("candle: SKIP, no candle.image")
    image = os.path.join(scratch, "candle.image")
    shutil.copyfile(source, image)
    runs, = measure(options, 10, [[*options.hosted.command, image]], scratch, first=False)
    results.write("candle", ["vm", "run", *MEASURED[:-1]],
                  [(options.hosted.name, r.run, *r.fields) for r in runs])
    say(f"candle: {Figures(runs, 'wall').text()}   peak {max(r.peak for r in runs) / 1024:.1f} MB")
    return None
