"""What must be known of Docker: whether it runs, and how its containers reach this machine."""

import ipaddress
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.forwarder import forwarding
from local.processes import StackError

INSTEAD = "`make emulate` runs the same functions without Docker"
DESKTOP = "host.docker.internal"


def ask(*arguments: str, instead: str = INSTEAD) -> str:
    """Return what the docker client answers.

    Args:
        arguments: Of the client.
        instead: What one can do without Docker.

    Raises:
        StackError: There is no client, or the engine does not answer; with what to do.
    """
    client = shutil.which("docker")
    if client is None:
        raise StackError(f"there is no docker command on the PATH; install Docker, or: {instead}")
    answer = subprocess.run([client, *arguments], capture_output=True, text=True, check=False)
    if answer.returncode:
        lines = answer.stderr.strip().splitlines() or ["no reason given"]
        raise StackError(f"Docker's engine does not answer; start it, or: {instead}\n    {lines[-1]}")
    return answer.stdout.strip()


def address_for_containers(ask: Callable[..., str] = ask) -> str:
    """Return the address at which containers find this machine.

    Args:
        ask: Asks the docker client.

    Raises:
        StackError: Docker does not run, or its bridge has no address.
    """
    if ask("info", "--format", "{{.OperatingSystem}}") == "Docker Desktop":
        return DESKTOP
    for network in json.loads(ask("network", "inspect", "bridge")):
        for settings in network["IPAM"]["Config"] or []:
            # an engine that has just been started for the first time tells the subnet only
            if gateway := settings.get("Gateway"):
                return str(gateway)
            if subnet := settings.get("Subnet"):
                return str(next(ipaddress.ip_network(subnet).hosts()))
    raise StackError(f"Docker's network `bridge` has no address at which containers find this machine; {INSTEAD}")


@contextmanager
def reachable(address: str, port: int) -> Iterator[str]:
    """Make a port of this machine's loopback reachable from containers; lends its host and port there.

    Args:
        address: See `address_for_containers`.
        port: Of 127.0.0.1.
    """
    if address == DESKTOP:  # it passes connections on to loopback by itself
        yield f"{DESKTOP}:{port}"
        return
    with forwarding(address, port) as forwarded:
        yield f"{address}:{forwarded}"
