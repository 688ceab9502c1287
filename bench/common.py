"""What the sections share: virtual machines, where figures go, how they are compared."""
import datetime
import os
import platform
import shutil
import statistics
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIME_LIMIT = 600  # seconds for one run of an image


class VM:
    """A virtual machine: a column of the results, a command before IMAGE ARGS."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.label = name.split(" (")[0]  # what is printed

    def run(self, image, *args):
        """Standard output, or None when the command failed or took too long."""
        try:
            done = subprocess.run([*self.command, image, *args], cwd=os.path.dirname(image),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.decode(errors="replace") if done.returncode == 0 else None


# ---- Where the figures go -----------------------------------------------------------

def say(*fields):
    print(*fields, flush=True)


def output(*command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def commit():
    name = output("git", "rev-parse", "--short", "HEAD") or "unknown"
    changed = output("git", "status", "--porcelain", "-uno", "--", "vm", "kernel", "apps", "host",
                     "include")
    return name + ("+changes" if changed else "")


def processor():
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


class Results:
    """Tab-separated files DATE-SECTION.tsv; the head of each says what ran where."""

    def __init__(self, directory, vms):
        self.directory = directory
        self.date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        self.head = [f"# {self.date}, commit {commit()}, {processor()}, "
                     f"{os.cpu_count()} processors, Linux {platform.release()}"]
        self.head += [f"# {vm.name}" for vm in vms]
        os.makedirs(directory, exist_ok=True)

    def write(self, section, columns, rows):
        load = "# load average of the last minute at the end: %.2f" % os.getloadavg()[0]
        path = os.path.join(self.directory, f"{self.date}-{section}.tsv")
        with open(path, "w") as f:
            for line in [*self.head, load, "\t".join(columns)]:
                f.write(line + "\n")
            for row in rows:
                f.write("\t".join(str(field) for field in row) + "\n")


# ---- Measuring ------------------------------------------------------------------------

MEASURED = ["wall_us", "cpu_us", "peak_kb", "minor_faults", "status", "first_us"]


class Run:
    """One line of bench/measure."""

    def __init__(self, line):
        number, self.run, *self.fields = line.split("\t")
        self.number = int(number)
        wall, cpu, peak, _, status, *first = self.fields
        self.wall, self.cpu = float(wall) / 1e3, float(cpu) / 1e3  # ms
        self.peak, self.failed = int(peak), status != "0"
        self.first = float(first[0]) / 1e3 if first else None  # ms; negative: no output


def measure(options, runs, commands, cwd, first=True):
    """Run the commands in turn; a list of Run for each."""
    words = [options.measure] + (["--first"] if first else []) + [str(runs)]
    for command in commands:
        words += ["--", *command]
    done = subprocess.run(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True)
    runs = [Run(line) for line in done.stdout.decode().splitlines()]
    return [[run for run in runs if run.number == i] for i in range(len(commands))]


class Figures:
    """Median and minimum of the good ones among some runs."""

    def __init__(self, runs, field="first"):
        self.good = [getattr(run, field) for run in runs
                     if not run.failed and (getattr(run, field) or 0) >= 0]
        self.failed = len(runs) - len(self.good)
        self.median = statistics.median(self.good) if self.good else None
        self.least = min(self.good) if self.good else None

    def text(self, unit="ms"):
        if not self.good:
            return "FAILED"
        line = f"median {self.median:8.2f} {unit}   least {self.least:8.2f} {unit}"
        return line + (f"   {self.failed} FAILED" if self.failed else "")

    def ratio(self, floor):
        """"x 1.50 1.45": how many times the floor's median, and its minimum."""
        if not self.good or not floor.good:
            return ""
        return f"x {self.median / floor.median:.2f} {self.least / floor.least:.2f}"


def in_turn(vms, rounds, run):
    """run(vm) rounds times for every VM in turn; (vm, round, figures) of each."""
    return [(vm, i, run(vm)) for i in range(rounds) for vm in vms]


# ---- Images -----------------------------------------------------------------------------

def kernel_image(options, scratch):
    """An initialised copy of the Pharo kernel image, canonical; or None."""
    source = os.path.join(options.images, "pharo8-kernel.image")
    image = os.path.join(scratch, "kernel.image")
    if os.path.exists(image):
        return image
    if not os.path.exists(source):
        return None
    shutil.copyfile(source, image)  # its first start initialises and saves it
    if options.hosted.run(image) is None:
        os.unlink(image)
        return None
    return image


def copy_for(image, scratch, name):
    """A copy of its own for a VM."""
    path = os.path.join(scratch, f"{name}.image")
    shutil.copyfile(image, path)
    return path


def bench_images(options, scratch):
    """Copies of the benchmark images, as (name, path)."""
    for source in options.image:
        name = os.path.basename(source)
        path = os.path.join(scratch, name)
        shutil.copyfile(source, path)
        changes = source[:-len(".image")] + ".changes"
        if os.path.exists(changes):
            shutil.copyfile(changes, path[:-len(".image")] + ".changes")
        open(os.path.join(scratch, "PharoV60.sources"), "w").close()
        yield name[:-len(".image")], path


# ---- Processes --------------------------------------------------------------------------

def family(pid):
    """A process and its descendants that live."""
    pids = [pid]
    for parent in pids:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as f:
                    pids += [int(child) for child in f.read().split()]
        except OSError:
            pass
    return pids


def processor_ticks(pid):
    """User and system time of a process in clock ticks; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    except OSError:
        return 0
