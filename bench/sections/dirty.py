"""How much of the mapped image is private after full collections (hosted)."""
import os
import re
import subprocess
import threading
import time

from common import TIME_LIMIT, bench_images, say

COLLECT = ("{0} timesRepeat: [Smalltalk garbageCollect]. "
           "Stdio stdout nextPutAll: 'collected'; lf; flush. "
           "(Delay forSeconds: 60) wait")


def mapped_image(pid):
    """(resident, private dirty) KiB of the mapped image of a process."""
    resident = dirty = 0
    inside = False
    with open(f"/proc/{pid}/smaps") as f:
        for line in f:
            fields = line.split()
            if re.match(r"[0-9a-f]+-[0-9a-f]+$", fields[0]):
                inside = fields[1] == "rw-p" and len(fields) > 5 and fields[5].endswith(".image")
            elif inside and fields[0] == "Rss:":
                resident += int(fields[1])
            elif inside and fields[0] == "Private_Dirty:":
                dirty += int(fields[1])
    return resident, dirty


def after_collections(options, scratch, canonical, n):
    """(resident, private) KiB, or None."""
    process = subprocess.Popen([*options.hosted.command, canonical, "eval", COLLECT.format(n)],
                               cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL)
    timer = threading.Timer(TIME_LIMIT, process.kill)
    timer.start()
    found = None
    if any(line.startswith(b"collected") for line in process.stdout):
        time.sleep(0.2)
        found = mapped_image(process.pid)
    timer.cancel()
    process.kill()
    process.wait()
    return found


def run(options, scratch, results):
    rows = []
    for name, image in bench_images(options, scratch):
        canonical = os.path.join(scratch, "canonical.image")
        subprocess.run([options.mote, "image", "canonical", image, "-o", canonical], check=True,
                       stdout=subprocess.DEVNULL)
        size = os.path.getsize(canonical) // 1024
        say(f"private pages of the mapped image, {name}")
        for n in [0, 1, 3]:
            found = after_collections(options, scratch, canonical, n)
            if found is None:
                say(f"  after {n} collections: FAILED")
                continue
            rows.append((name, n, size, *found))
            say(f"  after {n} collections: {found[1]} of {size} KB")
    if not options.image:
        return say("private pages: SKIP, no benchmark image (--image)")
    results.write("dirty", ["image", "collections", "image_kb", "resident_kb", "private_kb"], rows)
    return None
