"""From inside a sandbox: what must not be read, reached, changed or exhausted, on every backend that keeps code apart.

One sandbox and one neighbour are attacked again and again; what hurts its sandbox has one of its own.
"""

import asyncio
import contextlib
import errno
import os
import platform
import shutil
import socket
import subprocess
import sys
from ast import literal_eval as literal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from firefly.errors import Unavailable
from firefly.sandbox import seccomp
from firefly.sandbox.backend import Limits
from firefly.sandbox.netlink import own_addresses
from tests.sandbox import backends
from tests.sandbox.backends import Backend, Ground
from tests.sandbox.conftest import Inside, processes
from tests.support.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

# What the process backend does by its own means, and another backend by others.
process_alone = pytest.mark.parametrize("ground", backends.params("process"), indirect=True, scope="module")
# So much that the workspace is measured, also where others delete as much from the disk meanwhile.
BUSY = "import time\nwhile time.process_time() < 1.2: pass"
NAMESPACES = {
    "mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000,
    "net": 0x40000000, "time": 0x80,
}  # fmt: skip
# The last is what a filter in the sandbox's own network says to datagrams.
REFUSED = [str(errno.EHOSTUNREACH), str(errno.ENETUNREACH), str(errno.EPERM)]
PIDS = 96
MULTICAST = "224.0.0.1"
ENGINES = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock")
DIAL = """
import errno, socket
def dial(address, kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.settimeout(1)
        try:
            # A datagram's refusal may come back later (IP_RECVERR).
            probe.setsockopt(socket.SOL_IP, 11, 1)
            probe.connect((address, {port}))
            kind == socket.SOCK_STREAM or (probe.send(b"anybody?"), probe.recv(1))
        except TimeoutError:
            return errno.ETIMEDOUT
        except OSError as error:
            return error.errno
    return 0
for address in {addresses!r}:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        print(address, kind.name, dial(address, kind))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=backends.params(isolated=True))
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    backend: Backend = request.param
    async with backend.opening(request) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(ground: Ground) -> Inside:
    """Where the attacks come from; its environment has a greeting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIREFLY_SECRET_KEY", "treasure")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "treasure")
        return await ground.start(environment={"GREETING": "hello"}, limits=Limits(pids=PIDS))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbour(ground: Ground) -> Inside:
    return await ground.start()


async def test_other_workspaces_and_fireflys_data_are_not_there(
    ground: Ground, sandbox: Inside, neighbour: Inside
) -> None:
    await neighbour.run("echo treasure > /workspace/treasure.txt; echo treasure > /home/firefly/treasure.txt")
    (ground.data / "treasure.txt").write_text("treasure")
    found = await sandbox.run(
        f"ls -a /workspace /home/firefly; cat {ground.data}/treasure.txt;"
        f"cat {ground.data}/workspaces/{neighbour.spec.workspace_id}/tree/treasure.txt;"
        "find / -xdev -name 'treasure*' 2>/dev/null; find /proc -maxdepth 3 -name 'treasure*' 2>/dev/null"
    )
    assert "treasure" not in found.stdout
    assert found.stderr.count("No such file") == 2
    assert (await neighbour.run("cat /workspace/treasure.txt")).stdout == "treasure\n"


async def test_sockets_of_the_server_cannot_be_reached(ground: Ground, sandbox: Inside) -> None:
    """Its own, the database's, an engine's: by path and in the abstract space, and this sandbox's own from outside."""
    path, abstract = ground.sockets / "app.sock", f"\0firefly-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as by_name:
        by_path.bind(str(path))
        by_path.listen()
        path.chmod(0o666)
        by_name.bind(abstract)
        by_name.listen()
        own = sandbox.backend.bridge_path(sandbox.instance.id)
        addresses = [abstract, str(path), str(own), str(own.with_name("control.sock")), *ENGINES]
        found = await sandbox.python(
            "import socket\n"
            f"for address in {addresses!r}:\n"
            "    with socket.socket(socket.AF_UNIX) as probe: print(probe.connect_ex(address))\n"
        )
    assert found.stdout.split() == [str(errno.ECONNREFUSED), *[str(errno.ENOENT)] * (len(addresses) - 1)]


async def test_the_hosts_loopback_is_not_the_sandboxes(sandbox: Inside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        probe = f"""
import socket
for address in ("127.0.0.1", "10.0.2.2", "10.0.2.4"):
    try:
        socket.create_connection((address, {port}), timeout=3)
    except OSError as error:
        print(address, "refused")
    else:
        print(address, "CONNECTED")
"""
        found = await sandbox.python(probe)
    assert found.stdout.split() == ["127.0.0.1", "refused", "10.0.2.2", "refused", "10.0.2.4", "refused"]


async def test_the_hosts_own_addresses_and_private_ranges_cannot_be_reached(sandbox: Inside) -> None:
    """No packet leaves: the answer is "no route to host" at once, also for the addresses of cloud metadata."""
    addresses = ["169.254.169.254", "10.0.0.1", "10.0.2.2", "10.255.255.53", "172.16.0.1", "192.168.1.1"]
    addresses += ["100.64.0.1", "198.18.0.1", MULTICAST, *map(str, own_addresses())]
    found = await sandbox.python(DIAL.format(addresses=addresses, port=80))
    results = [line.split() for line in found.stdout.splitlines()]
    assert len(results) == 2 * len(addresses)
    # A filter's refusal is never sent back for what goes to a group.
    reached = [line for line in results if line[2] not in REFUSED and line[:2] != [MULTICAST, "SOCK_DGRAM"]]
    assert reached == []


async def test_routes_cannot_be_changed_from_inside(sandbox: Inside) -> None:
    found = await sandbox.python(
        "import socket, struct\n"
        "with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:\n"
        "    body = struct.pack('BBBBBBBBI', 2, 16, 0, 0, 254, 4, 0, 7, 0)\n"
        "    body += struct.pack('HH4B', 8, 1, 169, 254, 0, 0)\n"
        "    kernel.send(struct.pack('IHHII', 16 + len(body), 25, 5, 1, 0) + body)\n"
        "    print(struct.unpack_from('i', kernel.recv(4096), 16)[0])\n"
    )
    assert found.stdout.strip() == str(-errno.EPERM)


async def test_only_own_processes_are_seen(sandbox: Inside, neighbour: Inside) -> None:
    marker = f"85{os.getpid()}"
    busy = asyncio.create_task(neighbour.run(f"sleep {marker}"))
    await eventually(lambda: processes(marker))
    found = await sandbox.python(
        "import os\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    print(pid, open(f'/proc/{pid}/cmdline').read().replace(chr(0), ' '))\n"
    )
    busy.cancel()
    seen = dict(line.partition(" ")[::2] for line in found.stdout.splitlines())
    assert "1" in seen
    assert len(seen) <= 12
    assert not any(word in name for name in seen.values() for word in ("pytest", "slirp", "dockerd", marker))


async def test_signals_end_nothing_outside(ground: Ground, neighbour: Inside) -> None:
    """To everything there is, and to every number that a process outside may have."""
    sandbox = await ground.start()
    outside = await asyncio.create_subprocess_exec("sleep", "600")
    # Not 1, which each has one of for itself: that of a parent that has ended.
    numbers = [number for number in (os.getpid(), os.getppid(), outside.pid) if number != 1]
    found = await sandbox.python(
        "import ctypes, os\n"
        f"for number in {numbers}:\n"
        "    try: os.kill(number, 9)\n"
        "    except ProcessLookupError: print('nobody', ctypes.CDLL(None).ptrace(16, number, 0, 0))\n"
    )
    assert found.stdout.splitlines() == ["nobody -1"] * len(numbers)
    with contextlib.suppress(Unavailable):
        await sandbox.run("kill -9 -1")
    await ground.backend.stop(sandbox.instance.id, reason="enough")
    assert outside.returncode is None
    outside.kill()
    await outside.wait()
    assert (await neighbour.run("echo fine")).stdout == "fine\n"


async def test_no_namespace_or_root_of_another_can_be_entered(sandbox: Inside) -> None:
    found = await sandbox.python("""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def entered(name):
    try:
        return libc.setns(os.open(f"/proc/1/ns/{name}", os.O_RDONLY), 0) == 0
    except OSError:
        return False
def names(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []
def foreign(root):
    try:
        return not os.path.samefile(root, "/")
    except OSError:
        return False
print({
    "entered": [name for name in names("/proc/1/ns") if entered(name)],
    "by handle": libc.open_by_handle_at(-100, ctypes.create_string_buffer(b"\\x08" + bytes(31)), 0) >= 0,
    "root": foreign("/proc/1/root"),
})
""")
    assert not any(literal(found.stdout).values()), found


async def test_nothing_can_be_mounted_or_set_for_the_machine(sandbox: Inside) -> None:
    found = await sandbox.run(
        "mount -t proc none /tmp && echo made; mount --bind / /tmp && echo made; mount -o remount,rw / && echo made;"
        "umount /proc && echo made; mount -t cgroup none /tmp && echo made; mount -t overlay none /tmp && echo made;"
        "for file in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger"
        " /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory/memory.limit_in_bytes /proc/self/uid_map"
        " /dev/kmsg /dev/mem;"
        " do { echo 0 > $file; } 2>/dev/null && echo wrote $file; done;"
        "ls /dev/kvm /dev/fuse /dev/net/tun /dev/vda /dev/sda /dev/loop-control 2>/dev/null; true"
    )
    assert found.stdout == ""


async def test_no_privilege_is_there_or_can_be_gained(sandbox: Inside) -> None:
    status = (await sandbox.run("grep -E '^(Cap|NoNewPrivs|Uid)' /proc/self/status")).stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert {fields[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb", "CapInh")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1"
    assert "0" not in fields["Uid"].split()
    tried = await sandbox.run(
        "unshare --user true; unshare --mount true; unshare --net true; mount -t tmpfs none /workspace;"
        "cp /bin/sh /tmp/root-shell; chmod 4755 /tmp/root-shell; /tmp/root-shell -c 'id -u';"
        "mknod /tmp/disk b 254 0; chroot / true; su -c id root < /dev/null; sysctl -w kernel.hostname=x"
    )
    assert tried.stdout.split() == fields["Uid"].split()[:1]
    for complaint in ("unshare failed", "mknod", "chroot"):
        assert complaint in tried.stderr


@process_alone
async def test_system_calls_that_programs_do_not_need_are_refused(sandbox: Inside) -> None:
    """By their numbers, with arguments for which each of them would fail otherwise, or worse, not fail."""
    calls = {name: numbers[0 if platform.machine() == "x86_64" else 1] for name, numbers in seccomp.REFUSED.items()}
    found = await sandbox.python(f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    return "made" if libc.syscall(number, *arguments) != -1 else errno.errorcode[ctypes.get_errno()]
print({{name: call(number, -1, -1, -1, -1, -1) for name, number in {calls!r}.items() if number is not None}})
""")
    assert set(literal(found.stdout).values()) == {"EPERM"}, found


@process_alone
async def test_what_is_refused_by_its_arguments_alone_works_otherwise(sandbox: Inside) -> None:
    found = await sandbox.python(f"""
import ctypes, errno, fcntl, os, pty, socket
libc = ctypes.CDLL(None, use_errno=True)
def told(call):
    try:
        result = call()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "made" if result != -1 else errno.errorcode[ctypes.get_errno()]
def clone3():
    return libc.syscall(435, None, 0)
terminal, other = pty.openpty()
namespaces = {{name: told(lambda: libc.unshare(flag)) for name, flag in {NAMESPACES!r}.items()}}
print({{
    **namespaces,
    "files": told(lambda: libc.unshare(0x400)),
    "type ahead": told(lambda: fcntl.ioctl(other, 0x5412, b"x")),
    "window": told(lambda: len(fcntl.ioctl(other, 0x5413, bytes(8)))),
    "vsock": told(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close() or 0),
    "crypto": told(lambda: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close() or 0),
    "packet": told(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close() or 0),
    "unix": told(lambda: socket.socket(socket.AF_UNIX).close() or 0),
    "inet6": told(lambda: socket.socket(socket.AF_INET6).close() or 0),
    "clone3": told(clone3),
    "io_uring": told(lambda: libc.syscall(425, 8, None)),
}})
""")
    assert literal(found.stdout) == {
        **dict.fromkeys(NAMESPACES, "EPERM"),
        "files": "made", "type ahead": "EPERM", "window": "made",
        "vsock": "EAFNOSUPPORT", "crypto": "EAFNOSUPPORT", "packet": "EAFNOSUPPORT", "unix": "made", "inet6": "made",
        "clone3": "ENOSYS", "io_uring": "ENOSYS",
    }  # fmt: skip


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only this one has further tables of system calls")
@process_alone
async def test_other_tables_of_system_calls_are_no_way_round(sandbox: Inside) -> None:
    """x32's numbers, and those of 32-bit programs by `int 0x80`, where getpid is 20 and mount is 21."""
    found = await sandbox.python("""
import ctypes, errno, mmap
libc = ctypes.CDLL(None, use_errno=True)
x32 = libc.syscall(0x40000000 + 39)
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
# mov eax, 20; int 0x80; ret
page.write(bytes.fromhex("b814000000cd80c3"))
getpid = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
print({"x32": x32, "int 0x80": -getpid() == errno.ENOSYS})
""")
    assert literal(found.stdout) == {"x32": -1, "int 0x80": True}


async def test_debuggers_threads_and_children_work_all_the_same(sandbox: Inside) -> None:
    found = await sandbox.python("""
import ctypes, os, signal, subprocess, threading
libc = ctypes.CDLL(None, use_errno=True)
threads = [threading.Thread(target=lambda: None) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
child = os.fork()
if child == 0:
    libc.ptrace(0, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(3)
stopped = os.WIFSTOPPED(os.waitpid(child, 0)[1])
libc.ptrace(7, child, 0, 0)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print({"stopped": stopped, "code": code, "spawned": subprocess.run(["node", "-e", "process.exit(4)"]).returncode})
""")
    assert literal(found.stdout) == {"stopped": True, "code": 3, "spawned": 4}, found


@process_alone
async def test_only_the_workspace_the_home_and_temporary_folders_can_be_written(sandbox: Inside) -> None:
    found = await sandbox.run(
        "for folder in / /usr /usr/bin /etc /opt /opt/firefly /opt/firefly/package/firefly /opt/firefly/libraries /run"
        ' /run/firefly /run/firefly/gateway /var /dev /proc /home "$(dirname "$(readlink -f "$(which python3)")")"; do'
        ' touch "$folder/x" 2>/dev/null && echo "wrote $folder"; done;'
        "for folder in /workspace /home/firefly /tmp /dev/shm /var/tmp; do touch $folder/x && echo $folder; done"
    )
    assert found.stdout.split() == ["/workspace", "/home/firefly", "/tmp", "/dev/shm", "/var/tmp"]


@process_alone
async def test_files_of_the_machine_beyond_the_list_are_not_there(sandbox: Inside) -> None:
    found = await sandbox.run("ls -d /etc/shadow /etc/ssh /boot /sys /mnt /srv /var/lib /var/log /home/* 2>/dev/null")
    assert found.stdout.split() == ["/home/firefly"]
    users = await sandbox.run("cut -d: -f1 /etc/passwd")
    assert users.stdout.split() == ["root", "firefly"]


async def test_links_in_the_workspace_lead_nowhere(ground: Ground, sandbox: Inside) -> None:
    (ground.data / "secret").write_text("treasure")
    found = await sandbox.run(
        f"ln -sf {ground.data}/secret link; ln -sf /proc/1/root/etc/shadow other; cat link other; rm link other"
    )
    assert found.stderr.count("cat:") == 2
    assert "treasure" not in found.stdout


async def test_the_servers_environment_is_not_handed_on(sandbox: Inside) -> None:
    found = await sandbox.run("cat /proc/*/environ | tr '\\0' '\\n'")
    assert "treasure" not in found.stdout
    assert "GREETING=hello" in found.stdout


async def test_commands_get_no_descriptor_of_the_bridge(sandbox: Inside) -> None:
    found = await sandbox.python("import os\nprint(sorted(map(int, os.listdir('/proc/self/fd')))[:4])")
    assert literal(found.stdout)[:3] == [0, 1, 2]
    assert len(literal(found.stdout)) == 4, "the fourth is the folder that is being listed"


async def test_a_fork_bomb_hurts_only_itself(ground: Ground, sandbox: Inside, neighbour: Inside) -> None:
    bomb = (
        "import os, signal\n"
        "made = []\n"
        "try:\n"
        "    while len(made) < 500:\n"
        "        made.append(os.fork())\n"
        "        if made[-1] == 0: signal.pause()\n"
        "except OSError: pass\n"
        "for child in made: os.kill(child, 9)\n"
        "print(len(made))\n"
    )
    made = int((await sandbox.python(bomb)).stdout)
    assert 10 < made < PIDS
    assert (await neighbour.run("echo fine")).stdout == "fine\n"
    assert (await ground.backend.stats(neighbour.instance.id)).pids < 16


async def test_a_memory_hog_hurts_only_itself_and_is_told_by_name(ground: Ground, neighbour: Inside) -> None:
    """By itself, and by what lies in temporary folders, which are memory."""
    sandbox = await ground.start(limits=Limits(memory=128 << 20))
    assert (await ground.backend.stats(sandbox.instance.id)).oom_kills == 0
    # Where a limit of each process keeps it from having all, the watchdog needs to see it with what it has.
    hog = "import time\nx = []\ntry:\n    for _ in range(900): x.append(bytearray(1 << 20))\n"
    hog += "except MemoryError: time.sleep(30)\nelse: print('had it all')"
    assert "had it all" not in (await sandbox.python(hog)).stdout

    async def is_told() -> bool:
        return (await ground.backend.stats(sandbox.instance.id)).oom_kills >= 1

    await eventually(is_told)
    if ground.in_memory:
        assert (await sandbox.run("head -c 400M /dev/zero > /tmp/big")).code != 0
    assert (await neighbour.run("echo fine")).stdout == "fine\n"
    assert (await sandbox.run("rm -f /tmp/big; echo fine")).stdout == "fine\n"
    await ground.crash(sandbox)
    async with asyncio.timeout(30):
        status = await ground.backend.wait(sandbox.instance.id)
    assert status.reason.startswith("It ran out of memory: 128 MiB is all that it may use. Ask for more in firefly.yml")


@pytest.mark.once
async def test_who_fills_the_disk_is_stopped_and_may_go_in_to_delete(ground: Ground, neighbour: Inside) -> None:
    """With bytes, with one file that is too large, with files that are empty."""
    backend, wanted = ground.backend, ground.spec(limits=Limits(disk=32 << 20, files=4000))
    full = await ground.start(wanted)
    assert (await full.run("head -c 40M /dev/zero > big")).code != 0
    assert (await full.run("stat -c %s big; rm big")).stdout == f"{32 << 20}\n"
    with contextlib.suppress(Unavailable):
        await full.run(f"for n in 1 2 3 4; do head -c 20M /dev/zero > $n; done; python3 -c '{BUSY}'")
    status = await backend.wait(full.instance.id)
    assert not status.requested
    assert "takes up more than 0.0312 GiB" in status.reason
    again = await ground.start(wanted)
    assert (await again.run("rm 1 2 3 4; ls")).stdout == ""
    with contextlib.suppress(Unavailable):
        await again.python(f"import os\nfor n in range(5000): os.close(os.open(str(n), os.O_CREAT))\n{BUSY}")
    assert "more than 4000 files" in (await backend.wait(again.instance.id)).reason
    assert (await neighbour.run("echo fine")).stdout == "fine\n"


@pytest.mark.once
async def test_thousands_of_files_in_one_folder_stop_nobody(sandbox: Inside, neighbour: Inside) -> None:
    """The bridge still lists, reads and writes, and says where it has left something out."""
    made = await sandbox.python(
        "import os\nos.mkdir('many')\nfor n in range(3_000): os.close(os.open(f'many/{n:04}', os.O_CREAT))"
    )
    assert made.code == 0, made
    async with sandbox.bridge() as bridge:
        listed = await bridge.list_folder("many")
        assert 1000 <= len(listed.entries) <= 3_000
        await bridge.write_file("many/new", b"new")
        assert (await bridge.read_file("many/new")).data == b"new"
    assert (await neighbour.run("echo fine")).stdout == "fine\n"
    await sandbox.run("rm -r many")


async def test_a_stopped_sandbox_leaves_no_process(ground: Ground) -> None:
    sandbox, marker = await ground.start(), f"86{os.getpid()}.25"
    await ground.leave(sandbox, f"import time\ntime.sleep({marker})")
    busy = asyncio.create_task(sandbox.run(f"setsid nohup sleep {marker}"))
    await eventually(lambda: processes(marker))
    await ground.backend.stop(sandbox.instance.id, reason="enough")
    with pytest.raises(Unavailable):
        await busy
    await eventually(lambda: not processes(marker))


@pytest.mark.skipif(os.getuid() != 0, reason="this is the run as an ordinary user")
@pytest.mark.timeout(180)
async def test_the_same_as_an_ordinary_user(tmp_path: Path) -> None:
    """What may differ by the server's user, once more by one that is not root: nothing that is marked `once`."""
    command = [sys.executable, "-m", "tests.sandbox.ordinary_user", str(tmp_path)]
    files = [f"tests/sandbox/test_{name}.py" for name in ("conformance", "copied", "escape", "process", "zygote")]
    process = await asyncio.create_subprocess_exec(
        *command, *files, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=Path(__file__).parents[2]
    )
    output, _ = await process.communicate()
    await asyncio.to_thread(shutil.rmtree, (tmp_path / "base").resolve(), ignore_errors=True)
    assert process.returncode == 0, output.decode()
    assert b" passed" in output
