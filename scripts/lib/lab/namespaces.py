"""Client, link and server, each in a network namespace of its own, with the addresses of the interop runner."""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading

from . import link

CLIENT = ("193.167.0.100", "fd00:cafe:cafe:0::100")
CLIENT_ROUTER = ("193.167.0.2", "fd00:cafe:cafe:0::2")
SERVER = ("193.167.100.100", "fd00:cafe:cafe:100::100")
SERVER_ROUTER = ("193.167.100.2", "fd00:cafe:cafe:100::2")
HOSTS = f"""127.0.0.1 localhost
::1 localhost
{SERVER[0]} server server4 server46
{SERVER[1]} server6 server46
"""
CLONE_NEWNET = 0x40000000
RUNTIME = pathlib.Path(__file__).parent.parent


class Unavailable(Exception):
    """This machine can't have a laboratory. The text says why and what to do."""


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def with_colons(address):
    return ":".join(f"{byte:02x}" for byte in address)


def require():
    """Says why there can be no laboratory here."""
    if os.geteuid() != 0:
        raise Unavailable("network namespaces need root. Run it as root.")
    if not shutil.which("ip"):
        raise Unavailable("there is no program ip. Install iproute2.")
    name = f"tern-lab-{os.getpid()}-try"
    if ip("netns", "add", name, check=False).returncode:
        raise Unavailable("this host forbids network namespaces: the container needs CAP_SYS_ADMIN and CAP_NET_ADMIN.")
    try:
        if ip("-n", name, "link", "add", "name", "try0", "type", "veth", check=False).returncode:
            raise Unavailable("this kernel has no pairs of virtual interfaces (veth).")
    finally:
        ip("netns", "delete", name, check=False)


def socket_in(namespace, *arguments):
    """A socket keeps the namespace of the thread that made it."""
    result = []

    def make():
        with open(f"/run/netns/{namespace}") as handle:
            if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET) == 0:
                result.append(socket.socket(*arguments))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if not result:
        raise OSError(f"no socket in the namespace {namespace}")
    return result[0]


class Network:
    """A context: inside, `client` and `server` name the two namespaces; outside, nothing of it is left."""

    def __init__(self, number=0):
        prefix = f"tern-lab-{os.getpid()}-{number}"
        self.client, self.middle, self.server = (f"{prefix}-{part}" for part in ("client", "link", "server"))
        self.link = None
        self.children = []

    def __enter__(self):
        try:
            self._build()
        except subprocess.CalledProcessError as problem:
            self.__exit__()
            raise Unavailable(f"{' '.join(problem.cmd)}: {problem.stderr.strip()}") from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self):
        for namespace in (self.client, self.middle, self.server):
            ip("netns", "add", namespace)
            # Without addresses that come late, and without questions to a router that is none.
            for name in ("accept_dad", "accept_ra", "router_solicitations"):
                self._set(namespace, f"net/ipv6/conf/all/{name}", 0)
                self._set(namespace, f"net/ipv6/conf/default/{name}", 0)
            ip("-n", namespace, "link", "set", "lo", "up")
        self._set(self.middle, "net/ipv6/conf/default/disable_ipv6", 1)
        self._side(self.client, "client", CLIENT, CLIENT_ROUTER, link.CLIENT_MAC, link.CLIENT_ROUTER_MAC)
        self._side(self.server, "server", SERVER, SERVER_ROUTER, link.SERVER_MAC, link.SERVER_ROUTER_MAC)

    def _side(self, namespace, far, addresses, routers, mac, router_mac):
        ip("-n", self.middle, "link", "add", "name", far, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        ip("-n", self.middle, "link", "set", far, "address", with_colons(router_mac), "up")
        ip("-n", namespace, "link", "set", "eth0", "address", with_colons(mac), "up")
        # Without it a capture holds what the sender gave the kernel, not what travels.
        self.run(namespace, "ethtool", "-K", "eth0", "tx", "off")
        for address, router, bits in zip(addresses, routers, ("24", "64")):
            nodad = ["nodad"] if ":" in address else []
            ip("-n", namespace, "address", "add", f"{address}/{bits}", "dev", "eth0", *nodad)
            ip("-n", namespace, "neighbour", "add", router, "lladdr", with_colons(router_mac), "dev", "eth0")
            ip("-n", namespace, "route", "add", "default", "via", router, "dev", "eth0")
        hosts = pathlib.Path("/etc/netns") / namespace
        hosts.mkdir(parents=True, exist_ok=True)
        (hosts / "hosts").write_text(HOSTS)

    def _set(self, namespace, name, value):
        # `sysctl` may be missing, the file never is where there is IPv6.
        self.run(namespace, "sh", "-c", f"echo {value} >/proc/sys/{name}", check=False)

    def run(self, namespace, *command, check=True):
        return subprocess.run(["ip", "netns", "exec", namespace, *command], check=check, capture_output=True, text=True)

    def start(self, namespace, command, **options):
        """`ip netns exec` becomes the program, so the process is the program's own, and heads a group of its own."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *map(str, command)],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            **options,
        )
        self.children.append(process)
        return process

    def start_link(self, scenario, statistics):
        environment = os.environ | {"PYTHONPATH": str(RUNTIME), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "lab.link", "client", "server", scenario.to_json(), statistics]
        self.link = self.start(self.middle, command, stdout=subprocess.PIPE, text=True, env=environment)
        if self.link.stdout.readline().strip() != "ready":
            raise Unavailable("the emulated link did not start: the lines above say why.")

    def stop_link(self, statistics):
        end(self.link)
        if self.link.returncode:
            raise RuntimeError(f"the emulated link failed with status {self.link.returncode}")
        return json.loads(pathlib.Path(statistics).read_text())

    def __exit__(self, *_):
        for child in self.children:
            end(child, patience=0)
        for namespace in (self.client, self.middle, self.server):
            for process in ip("netns", "pids", namespace, check=False).stdout.split():
                # Whatever runs in our own namespaces, we have started.
                try:
                    os.kill(int(process), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            ip("netns", "delete", namespace, check=False)
            shutil.rmtree(f"/etc/netns/{namespace}", ignore_errors=True)


def end(process, patience=5.0, number=signal.SIGTERM):
    """Asks a process and its group to end, and makes it end where it does not."""
    for attempt, seconds in ((number, patience), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            break
        if attempt != signal.SIGKILL and not patience:
            continue
        try:
            os.killpg(process.pid, attempt)
        except ProcessLookupError:
            pass
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if process.stdout:
        process.stdout.close()
