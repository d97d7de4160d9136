"""From inside a sandbox: what must not be read, reached, changed or exhausted. Run as root and as an ordinary user."""

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
from pathlib import Path

import pytest

from firefly.errors import Unavailable
from firefly.sandbox import seccomp
from firefly.sandbox.backend import Limits
from firefly.sandbox.netlink import own_addresses
from firefly.settings import Settings
from tests.sandbox.conftest import Start
from tests.support.waiting import eventually

NAMESPACES = {
    "mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000,
    "net": 0x40000000, "time": 0x80,
}  # fmt: skip
REFUSED = [errno.EHOSTUNREACH, errno.ENETUNREACH]
DIAL = """
import socket, sys
for address in {addresses!r}:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.settimeout(5)
            try:
                print(address, probe.connect_ex((address, {port})))
            except TimeoutError:
                print(address, 'timeout')
"""


async def test_other_workspaces_and_fireflys_data_are_not_there(start: Start, settings: Settings) -> None:
    other, sandbox = await start(), await start()
    await other.run("echo treasure > /workspace/treasure.txt; echo treasure > /home/firefly/treasure.txt")
    (settings.data_dir / "treasure.txt").write_text("treasure")
    found = await sandbox.run(
        f"ls -a /workspace /home/firefly; cat {settings.data_dir}/treasure.txt;"
        f"cat {settings.data_dir}/workspaces/{other.spec.workspace_id}/tree/treasure.txt;"
        "find / -xdev -name 'treasure*' 2>/dev/null; find /proc -maxdepth 3 -name 'treasure*' 2>/dev/null"
    )
    assert "treasure" not in found.stdout
    assert found.stderr.count("No such file") == 2
    assert (await other.run("cat /workspace/treasure.txt")).stdout == "treasure\n"


async def test_sockets_of_the_server_cannot_be_reached(start: Start, settings: Settings) -> None:
    """The database's and the application's sockets, by path and in the abstract space, and this sandbox's own."""
    sandbox = await start()
    path, abstract = settings.run_dir / "app.sock", f"\0firefly-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as by_name:
        by_path.bind(str(path))
        by_path.listen()
        path.chmod(0o666)
        by_name.bind(abstract)
        by_name.listen()
        own = [str(sandbox.backend.bridge_path(sandbox.instance.id).parent / name) for name in ("control.sock",)]
        addresses = [str(path), abstract, *own]
        found = await sandbox.python(
            "import socket\n"
            f"for address in {addresses!r}:\n"
            "    with socket.socket(socket.AF_UNIX) as probe: print(probe.connect_ex(address))\n"
        )
    assert found.stdout.split() == [str(errno.ENOENT), str(errno.ECONNREFUSED), str(errno.ENOENT)]


async def test_the_hosts_loopback_is_not_the_sandboxes(start: Start) -> None:
    sandbox = await start()
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


async def test_the_hosts_own_addresses_and_private_ranges_cannot_be_reached(start: Start) -> None:
    """No packet leaves: the answer is "no route to host" at once, also for the addresses of cloud metadata."""
    sandbox = await start()
    addresses = ["169.254.169.254", "10.0.0.1", "10.0.2.2", "10.255.255.53", "172.16.0.1", "192.168.1.1"]
    addresses += ["100.64.0.1", "198.18.0.1", "224.0.0.1", *map(str, own_addresses())]
    found = await sandbox.python(DIAL.format(addresses=addresses, port=80))
    results = [line.split() for line in found.stdout.splitlines()]
    assert len(results) == 2 * len(addresses)
    reached = [line for line in results if int(line[1]) not in REFUSED]
    assert reached == []


async def test_routes_cannot_be_changed_from_inside(start: Start) -> None:
    sandbox = await start()
    found = await sandbox.python(
        "import socket, struct\n"
        "with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:\n"
        "    body = struct.pack('BBBBBBBBI', 2, 16, 0, 0, 254, 4, 0, 7, 0)\n"
        "    body += struct.pack('HH4B', 8, 1, 169, 254, 0, 0)\n"
        "    kernel.send(struct.pack('IHHII', 16 + len(body), 25, 5, 1, 0) + body)\n"
        "    print(struct.unpack_from('i', kernel.recv(4096), 16)[0])\n"
    )
    assert found.stdout.strip() == str(-errno.EPERM)


async def test_only_own_processes_are_seen(start: Start) -> None:
    sandbox, _ = await start(), await start()
    found = await sandbox.python(
        "import os\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    print(pid, open(f'/proc/{pid}/cmdline').read().split(chr(0))[0])\n"
    )
    processes = dict(line.split(" ", 1) for line in found.stdout.splitlines())
    assert processes["1"] == "bwrap" or processes["1"].endswith("/bwrap")
    assert len(processes) <= 5
    assert not any("pytest" in name or "slirp" in name for name in processes.values())


async def test_no_privilege_is_there_or_can_be_gained(start: Start) -> None:
    sandbox = await start()
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
    assert tried.stdout.split() == ["1000"]
    for complaint in ("unshare failed", "mknod", "chroot"):
        assert complaint in tried.stderr


async def test_system_calls_that_programs_do_not_need_are_refused(start: Start) -> None:
    """By their numbers, with arguments for which each of them would fail otherwise, or worse, not fail."""
    sandbox = await start()
    calls = {name: numbers[0 if platform.machine() == "x86_64" else 1] for name, numbers in seccomp.REFUSED.items()}
    found = await sandbox.python(f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    return "made" if libc.syscall(number, *arguments) != -1 else errno.errorcode[ctypes.get_errno()]
print({{name: call(number, -1, -1, -1, -1, -1) for name, number in {calls!r}.items() if number is not None}})
""")
    assert set(literal(found.stdout).values()) == {"EPERM"}, found


async def test_what_is_refused_by_its_arguments_alone_works_otherwise(start: Start) -> None:
    sandbox = await start()
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
async def test_other_tables_of_system_calls_are_no_way_round(start: Start) -> None:
    """x32's numbers, and those of 32-bit programs by `int 0x80`, where getpid is 20 and mount is 21."""
    sandbox = await start()
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


async def test_debuggers_threads_and_children_work_all_the_same(start: Start) -> None:
    sandbox = await start()
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


async def test_only_the_workspace_the_home_and_temporary_folders_can_be_written(start: Start) -> None:
    sandbox = await start()
    found = await sandbox.run(
        "for folder in / /usr /usr/bin /etc /opt /opt/firefly /opt/firefly/package/firefly /opt/firefly/libraries /run"
        ' /run/firefly /run/firefly/gateway /var /dev /proc /home "$(dirname "$(readlink -f "$(which python3)")")"; do'
        ' touch "$folder/x" 2>/dev/null && echo "wrote $folder"; done;'
        "for folder in /workspace /home/firefly /tmp /dev/shm /var/tmp; do touch $folder/x && echo $folder; done"
    )
    assert found.stdout.split() == ["/workspace", "/home/firefly", "/tmp", "/dev/shm", "/var/tmp"]


async def test_files_of_the_machine_beyond_the_list_are_not_there(start: Start) -> None:
    sandbox = await start()
    found = await sandbox.run("ls -d /etc/shadow /etc/ssh /boot /sys /mnt /srv /var/lib /var/log /home/* 2>/dev/null")
    assert found.stdout.split() == ["/home/firefly"]
    users = await sandbox.run("cut -d: -f1 /etc/passwd")
    assert users.stdout.split() == ["root", "firefly"]


async def test_links_in_the_workspace_lead_nowhere(start: Start, settings: Settings) -> None:
    sandbox = await start()
    (settings.data_dir / "secret").write_text("treasure")
    found = await sandbox.run(
        f"ln -s {settings.data_dir}/secret link; ln -s /proc/1/root/etc/shadow other; cat link other"
    )
    assert found.code != 0
    assert "treasure" not in found.stdout


async def test_the_servers_environment_is_not_handed_on(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIREFLY_SECRET_KEY", "treasure")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "treasure")
    sandbox = await start(environment={"GREETING": "hello"})
    found = await sandbox.run("cat /proc/*/environ | tr '\\0' '\\n'")
    assert "treasure" not in found.stdout
    assert "GREETING=hello" in found.stdout


async def test_a_fork_bomb_hurts_only_itself(start: Start) -> None:
    sandbox, other = await start(limits=Limits(memory=256 << 20, pids=64)), await start()
    bomb = (
        "import os, time\n"
        "made = 0\n"
        "try:\n"
        "    while made < 500:\n"
        "        if os.fork() == 0: time.sleep(5); os._exit(0)\n"
        "        made += 1\n"
        "except OSError: pass\n"
        "print(made)\n"
    )
    made = int((await sandbox.python(bomb)).stdout)
    assert 10 < made < 64
    assert (await other.run("echo fine")).stdout == "fine\n"
    assert (await sandbox.backend.stats(other.instance.id)).pids < 10


async def test_a_memory_hog_hurts_only_itself(start: Start) -> None:
    sandbox, other = await start(limits=Limits(memory=128 << 20)), await start()
    hog = await sandbox.python("x = [bytearray(16 << 20) for _ in range(64)]\nprint('had it all')")
    assert hog.code != 0
    assert "had it all" not in hog.stdout
    assert (await other.run("echo fine")).stdout == "fine\n"
    assert (await sandbox.run("echo fine")).stdout == "fine\n"


async def test_what_runs_out_of_memory_is_told_by_name_with_what_to_do(start: Start) -> None:
    sandbox = await start(limits=Limits(memory=128 << 20))
    assert (await sandbox.backend.stats(sandbox.instance.id)).oom_kills == 0
    await sandbox.python("x = [bytearray(16 << 20) for _ in range(64)]")
    assert (await sandbox.backend.stats(sandbox.instance.id)).oom_kills >= 1
    with contextlib.suppress(Unavailable):
        await sandbox.run("kill -9 $PPID")
    async with asyncio.timeout(20):
        status = await sandbox.backend.wait(sandbox.instance.id)
    assert status.reason.startswith("It ran out of memory: 128 MiB is all that it may use. Ask for more in firefly.yml")


async def test_memory_is_not_to_be_had_through_temporary_files(start: Start) -> None:
    sandbox = await start(limits=Limits(memory=128 << 20))
    filled = await sandbox.run("head -c 300M /dev/zero > /tmp/big")
    assert filled.code != 0
    assert (await sandbox.run("rm /tmp/big; echo fine")).stdout == "fine\n"


async def test_a_stopped_sandbox_leaves_no_process(start: Start) -> None:
    sandbox = await start()
    marker = f"86{os.getpid()}"
    await sandbox.run(f"(setsid nohup sleep {marker} >/dev/null 2>&1 &) ; true")
    await eventually(lambda: _runs(marker))
    await sandbox.backend.stop(sandbox.instance.id, reason="enough")
    assert not _runs(marker)


def _runs(marker: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{marker}\0".encode():
                return True
        except OSError:
            continue
    return False


@pytest.mark.skipif(os.getuid() != 0, reason="this is the run as an ordinary user")
@pytest.mark.timeout(180)
async def test_the_same_as_an_ordinary_user(tmp_path: Path) -> None:
    """Every test of this folder that makes sandboxes once more, by a server that is not root."""
    command = [sys.executable, "-m", "tests.sandbox.ordinary_user", str(tmp_path)]
    files = [f"tests/sandbox/test_{name}.py" for name in ("conformance", "escape", "process", "zygote")]
    process = await asyncio.create_subprocess_exec(
        *command, *files, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=Path(__file__).parents[2]
    )
    output, _ = await process.communicate()
    await asyncio.to_thread(shutil.rmtree, (tmp_path / "base").resolve(), ignore_errors=True)
    assert process.returncode == 0, output.decode()
    assert b" passed" in output
