#!/usr/bin/env python3
"""callbox beside Kamailio under the same SIPp load: CPU time a call, and memory of a call that is established.

    make compare            or   python3 benches/compare/compare.py --callbox target/release/callbox

Prints a Markdown page. Everything runs on loopback, is bounded in time, and is ended when this ends. The lab's lock
is held meanwhile, so that no test uses the same ports. README.md beside this file says what is measured and how.
"""
import argparse
import atexit
import fcntl
import glob
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PSAP_PORT, CALLER_PORT = 5070, 5999
SECONDS_A_RUN = 8
SETTLED_AFTER = 40
# A call is six datagrams in and seven out; a relayed datagram is one of each.
RELAYED_A_CALL = 6.5

children = []


def beside(name):
    return os.path.join(HERE, name)


def start(command, **kwargs):
    """Starts a program that is ended with us."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen(command, start_new_session=True, **{**quiet, **kwargs})
    children.append(child)
    return child


def end(child):
    """Ends a program and what it started: politely, then not."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, how)
            child.wait(3)
            return
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def end_all():
    for child in children:
        if child.poll() is None:
            end(child)


def family(pid):
    """A process and its descendants."""
    found = [pid]
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as file:
                text = file.read()
        except OSError:
            continue
        if int(text[text.rindex(")") + 2:].split()[1]) == pid:
            found += family(int(text.split()[0]))
    return found


def cpu_seconds(pid):
    ticks = 0
    for one in family(pid):
        with open(f"/proc/{one}/stat") as file:
            text = file.read()
        fields = text[text.rindex(")") + 2:].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_kib(pid):
    """Proportional set size: a page that several processes share is counted once."""
    total = 0
    for one in family(pid):
        with open(f"/proc/{one}/smaps_rollup") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total


def answers_options(port, seconds=10):
    """Waits until somebody answers OPTIONS on this port."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.bind(("127.0.0.1", 0))
    asking.settimeout(0.1)
    own = "%s:%d" % asking.getsockname()
    for number in range(seconds * 10):
        asking.sendto((f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-{number};rport\r\n"
                       f"Max-Forwards: 70\r\nFrom: <sip:a@{own}>;tag={number}\r\nTo: <sip:127.0.0.1:{port}>\r\n"
                       f"Call-ID: {number}-{own}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode(),
                      ("127.0.0.1", port))
        try:
            # Kamailio's script has no OPTIONS and says 404: it is there, and that is all we ask.
            return asking.recv(4096).startswith(b"SIP/2.0 ")
        except socket.timeout:
            continue
    return False


class Subject:
    """A server under load."""

    def __init__(self, name, port, command):
        self.name, self.port, self.command, self.child = name, port, command, None

    def up(self):
        with tempfile.TemporaryFile() as complaints:
            self.child = start(self.command, stderr=complaints)
            if not answers_options(self.port):
                complaints.seek(0)
                sys.exit(f"{self.name} does not answer on port {self.port}\n{complaints.read().decode()}")

    def down(self):
        end(self.child)

    @property
    def pid(self):
        return self.child.pid


psap = None


def fresh_psap():
    """The far end, without the calls of the run before."""
    global psap
    if psap is not None:
        end(psap)
    psap = start(["sipp", "-sf", beside("psap.xml"), "-aa", "-i", "127.0.0.1", "-p", str(PSAP_PORT), "-nostdin"])
    if not answers_options(PSAP_PORT):
        sys.exit(f"SIPp does not answer on port {PSAP_PORT}")


def load(subject, scenario, rate, calls, *more, **kwargs):
    return start(["sipp", "-sf", beside(scenario), f"127.0.0.1:{subject.port}", "-i", "127.0.0.1", "-p", str(CALLER_PORT),
                  "-r", str(rate), "-m", str(calls), "-l", "15000", "-nostdin", "-aa", *more], **kwargs)


def cpu_a_call(subject, rate, calls):
    """CPU microseconds a call, or nothing when a call failed."""
    fresh_psap()
    before, began = cpu_seconds(subject.pid), time.monotonic()
    caller = load(subject, "caller.xml", rate, calls, stdout=subprocess.PIPE)
    watchdog = threading.Timer(calls / rate + 60, end, [caller])
    watchdog.start()
    screen = caller.communicate()[0].decode(errors="replace")
    watchdog.cancel()
    spent, wall = cpu_seconds(subject.pid) - before, time.monotonic() - began
    done, failed = (int((re.findall(what + r"\s*\|\s*\d+\s*\|\s*(\d+)", screen) or ["0"])[-1])
                    for what in ("Successful call", "Failed call"))
    microseconds = spent * 1e6 / max(done, 1)
    counts = failed == 0 and done == calls
    print(f"  {rate}/s {subject.name}: {done} calls, {failed} failed, {wall:.1f} s, {microseconds:.0f} us a call"
          f"{'' if counts else ', not counted'}", file=sys.stderr, flush=True)
    return microseconds if counts else None


def memory_a_call(subject, calls):
    """KiB of each of so many calls that are open at the same time: just answered, and when nothing is left of their
    INVITE transactions (RFC 3261 section 17: 32 s)."""
    cpu_a_call(subject, 10, 20)  # what is allocated once, is now
    before = memory_kib(subject.pid)
    caller = load(subject, "held.xml", 300, calls, "-trace_logs", "-log_file", "/dev/stderr", stderr=subprocess.PIPE)
    watchdog = threading.Timer(calls / 300 + 30, end, [caller])
    watchdog.start()
    established = 0
    for line in caller.stderr:
        established += b"established" in line
        if established == calls:
            break
    watchdog.cancel()
    young = memory_kib(subject.pid) - before
    time.sleep(SETTLED_AFTER)
    old = memory_kib(subject.pid) - before
    end(caller)
    print(f"  {subject.name}: {established} calls held, {young} KiB, {old} KiB after {SETTLED_AFTER} s",
          file=sys.stderr, flush=True)
    return (young / established, old / established) if established == calls else (None, None)


def floor_a_call(rate):
    """What the kernel alone costs for the datagrams of a call, at so many calls a second: what a wake costs depends on
    how long the machine slept before it."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, True)
    program = os.path.join(folder, "floor")
    subprocess.run(["cc", "-O2", "-o", program, beside("floor.c")], check=True)
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for one in ends:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
    sender, receiver = ends
    in_port, count = free_port(), round(rate * RELAYED_A_CALL * SECONDS_A_RUN)
    relay = start([program, str(in_port), str(receiver.getsockname()[1]), str(count)], stdout=subprocess.PIPE)
    time.sleep(0.2)
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0, began + number / (rate * RELAYED_A_CALL) - time.monotonic()))
        sender.sendto(b"x" * 900, ("127.0.0.1", in_port))
        receiver.recv(2048)
    return float(relay.communicate(timeout=10)[0]) * RELAYED_A_CALL


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def kamailio():
    program = shutil.which("kamailio") or "/usr/sbin/kamailio"
    modules = glob.glob("/usr/lib/*/kamailio/modules") + glob.glob("/usr/lib/kamailio/modules")
    if not os.path.exists(program) or not modules:
        sys.exit("Kamailio is not installed: run `make deps-compare`")
    runtime = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, runtime, True)
    version = subprocess.run([program, "-v"], stdout=subprocess.PIPE, text=True).stdout
    name = "Kamailio " + re.search(r"kamailio (\d+\.\d+\.\d+)", version).group(1)
    return Subject(name, 5080, [program, "-f", beside("kamailio.cfg"), "-L", modules[0], "-Y", runtime, "-P",
                                os.path.join(runtime, "pid"), "-DD", "-E", "-m", "512", "-M", "32"])


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    git = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    commit = git.stdout.strip() or "unknown"
    dirty = subprocess.run(["git", "-C", HERE, "diff", "--quiet", "HEAD"], stderr=subprocess.DEVNULL).returncode
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}, commit {commit}{' with changes' if dirty else ''}"


def number(value, form):
    return "failed" if value is None else form.format(value)


def ratio(one, other):
    return None if one is None or other is None else one / other


def table(rates, names, cpu, memory, floor):
    legacy, i3, peer = names
    yield f"| | {legacy} | {i3} | {peer} | {legacy} : {peer} | {legacy} : floor |"
    yield "|---|---|---|---|---|---|"
    for rate in rates:
        one, two, three = (cpu[rate, name] for name in names)
        cells = [number(value, "{:.0f} µs") for value in (one, two, three)]
        cells += [number(ratio(one, three), "**{:.2f}**"), number(ratio(one, floor[rate]), "**{:.1f}**")]
        yield f"| CPU a call at {rate} calls a second | " + " | ".join(cells) + " |"
    for age, when in enumerate(("just answered", f"{SETTLED_AFTER} s later")):
        cells = [number(memory[name][age], "{:.1f} KiB") for name in names]
        cells += [number(ratio(memory[legacy][age], memory[peer][age]), "{:.2f}"), ""]
        yield f"| memory of an established call, {when} | " + " | ".join(cells) + " |"


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--callbox", required=True, help="the program, built with --release")
    args.add_argument("--rates", default="300,1000", help="calls a second")
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--held", type=int, default=2000, help="calls held open for the memory")
    args = args.parse_args()
    rates = [int(rate) for rate in args.rates.split(",")]
    if not shutil.which("sipp"):
        sys.exit("SIPp is not installed: run `make deps-compare`")
    atexit.register(end_all)
    for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(how, lambda *_: sys.exit(130))
    lock = open(os.path.join(tempfile.gettempdir(), "callbox-lab-ports.lock"), "a")
    fcntl.flock(lock, fcntl.LOCK_EX)

    run = lambda config: [args.callbox, "run", "--config", beside(config)]
    subjects = [Subject("callbox, legacy", 5060, run("legacy.toml")), Subject("callbox, i3", 5062, run("i3.toml")),
                kamailio()]
    names = [subject.name for subject in subjects]
    fresh_psap()

    floor = {rate: floor_a_call(rate) for rate in rates}
    memory = {}
    for subject in subjects:
        subject.up()
        memory[subject.name] = memory_a_call(subject, args.held)
        subject.down()
    for subject in subjects:
        subject.up()
    cpu = {}
    for rate in rates:
        results = {name: [] for name in names}
        for _ in range(args.rounds):
            for subject in subjects:
                results[subject.name].append(cpu_a_call(subject, rate, rate * SECONDS_A_RUN))
        for name in names:
            counted = [value for value in results[name] if value is not None]
            cpu[rate, name] = statistics.median(counted) if counted else None

    print(f"{machine()}\n")
    print("\n".join(table(rates, names, cpu, memory, floor)))
    floors = " and ".join(f"{floor[rate]:.0f} µs at {rate}" for rate in rates)
    print(f"\nThe floor is {floors} calls a second: what the kernel takes to receive and send a call's datagrams. "
          f"Medians of {args.rounds} runs of {SECONDS_A_RUN} s in turn; memory with {args.held} calls open.")
    if any(value is None for value in (*cpu.values(), *(kib for pair in memory.values() for kib in pair))):
        sys.exit("a run had failed calls")


if __name__ == "__main__":
    main()
