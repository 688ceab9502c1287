"""Many motes at once: start them, wait until they are quiet, look at what they cost, end them."""
import os
import signal
import time

from common import processor_ticks

QUIET_TICKS = 3  # of the processor's, all together, in a second
QUIET_LIMIT = 120  # seconds to wait for that
SETTLED_KB, SETTLED_LIMIT = 2048, 30


def available_kb():
    with open("/proc/meminfo") as f:
        for line in f:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1])
    return 0


def drop_caches():
    """Pages of files and kernel objects that nobody needs; False when not allowed."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as f:
            f.write("3")
        return True
    except OSError:
        return False


def families(pids):
    """All living descendants of these processes and they themselves."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(entry))
    found = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    for pid in found:
        found += children.get(pid, [])
    return found


def own_kb(pid):
    """Memory of a tender and its mote that no other has: private and memfd pages, page
    tables. Neither pages of files nor what the host keeps for a virtual machine."""
    total = 0
    for member in families([pid]):
        try:
            for path in (f"/proc/{member}/smaps_rollup", f"/proc/{member}/status"):
                with open(path) as f:
                    total += sum(int(line.split()[1]) for line in f
                                 if line.startswith(("Pss_Anon:", "Pss_Shmem:", "VmPTE:")))
        except OSError:
            pass
    return total


class Crowd:
    """`count` processes of one command. Their standard input is a pipe to which nobody
    writes; their standard output another one that collects what they say."""

    def __init__(self, command, count, cwd):
        self.input, self.keep_input = os.pipe()
        self.output, output = os.pipe()
        null = os.open("/dev/null", os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, self.input, 0), (os.POSIX_SPAWN_DUP2, output, 1),
                   (os.POSIX_SPAWN_DUP2, null, 2)]
        os.set_blocking(self.output, False)
        here = os.getcwd()
        os.chdir(cwd)
        began = time.monotonic()
        self.pids = [os.posix_spawn(command[0], command, os.environ, file_actions=actions)
                     for _ in range(count)]
        self.seconds = time.monotonic() - began
        os.chdir(here)
        os.close(output)
        os.close(null)

    def settle(self):
        """Wait until hardly any of them runs. False: they never come to rest."""
        end = time.monotonic() + QUIET_LIMIT
        members = families(self.pids)
        before = sum(processor_ticks(pid) for pid in members)
        while time.monotonic() < end:
            time.sleep(1)
            members = families(self.pids)
            now = sum(processor_ticks(pid) for pid in members)
            if now - before <= QUIET_TICKS:
                return True
            before = now
        return False

    def said(self):
        """What they have said so far."""
        text = b""
        try:
            while True:
                part = os.read(self.output, 65536)
                if not part:
                    break
                text += part
        except BlockingIOError:
            pass
        return text

    def dead(self):
        """How many have ended by themselves."""
        return sum(os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
                   for pid in self.pids)

    def end(self):
        """Kill them all; how many processes outlived their tender."""
        members = families(self.pids)
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            os.waitpid(pid, 0)
        for fd in (self.input, self.keep_input, self.output):
            os.close(fd)
        time.sleep(0.5)
        left = [pid for pid in members if pid not in self.pids and os.path.exists(f"/proc/{pid}")
                and processor_state(pid) != "Z"]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return len(left)


def processor_state(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def settled_available_kb():
    """MemAvailable without caches, once it stands still: the kernel frees what a
    process left, above all a virtual machine, by and by."""
    drop_caches()
    readings = [available_kb()]
    end = time.monotonic() + SETTLED_LIMIT
    while time.monotonic() < end:
        time.sleep(1)
        drop_caches()
        readings.append(available_kb())
        if len(readings) > 3 and max(readings[-3:]) - min(readings[-3:]) < SETTLED_KB:
            break
    return readings[-1]


def memory_each(command, count, cwd):
    """Start a crowd; (crowd, KiB of host memory each). The caller ends it."""
    before = settled_available_kb()
    crowd = Crowd(command, count, cwd)
    crowd.quiet = crowd.settle()
    return crowd, (before - settled_available_kb()) / count
