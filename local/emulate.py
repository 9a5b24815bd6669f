"""`make emulate`: every built function does with every sample event what is expected, on AWS's own runtime client."""

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from samtranslator.yaml_helper import yaml_parse

from local import checks
from local.artefacts import FUNCTION, Build, built, folder_of, logical_id, remove
from local.catalogue import upload_samples
from local.outcomes import EVENTS
from local.processes import Processes, StackError
from local.rie import Emulated
from local.running import running
from local.scene import Scene
from local.shopper import Shopper
from local.stack import Endpoints, LocalStack, Step, access_token

ROOT = Path(__file__).parent.parent
STORY_PRODUCT = "green-hoodie-a1a9e9ab"


@dataclass(frozen=True)
class Row:
    """One line of the report; times in milliseconds, sizes in MB, None where nothing was measured.

    `problem` is empty when all is as expected.
    """

    function: str
    event: str
    problem: str = ""
    cold: float | None = None
    warm: float | None = None
    memory: float | None = None
    size: float | None = None


def functions(template: Path = ROOT / "template.yaml") -> list[str]:
    """Return the logical ids of all functions of a template."""
    resources = yaml_parse(template.read_text())["Resources"]
    return [name for name, one in resources.items() if one["Type"] == FUNCTION]


def chosen(functions: list[str], function: str, event: str) -> dict[str, list[Path]]:
    """Return the sample events to run, by the logical id of their function.

    Args:
        functions: Logical ids of all functions.
        function: One of them, or its folder; empty for all.
        event: A case such as `accepted`, or the path of an event; empty for all.

    Raises:
        StackError: There is no such function or event; with those that there are.
    """
    path = Path(event)
    if not function and len(path.parts) > 1:
        function = path.parent.name
    names = [logical_id(function, functions)] if function else sorted(functions)
    found = {name: sorted((EVENTS / folder_of(name)).glob("*.json")) for name in names}
    if event:
        known = sorted({one.stem for events in found.values() for one in events})
        found = {name: [one for one in events if one.stem == path.stem] for name, events in found.items()}
        if not any(found.values()):
            of = f" of {folder_of(names[0])}" if function else ""
            raise StackError(f"there is no sample event {path.stem}{of}; it is one of {', '.join(known)}")
    return {name: events for name, events in found.items() if events}


class Emulation:
    """Runs built functions against one stack, one after the other: they all tell the same story.

    Args:
        endpoints: The stack.
        build: What `sam build` made.
        work: Folder for logs and for the copies that run; emptied.
        socket: A connection of the stack whose client is there.
    """

    def __init__(self, endpoints: Endpoints, build: Build, work: Path, socket: str) -> None:
        self._endpoints, self._build, self._socket = endpoints, build, socket
        self._work, self._processes = work / "run", Processes(work)
        self._lambda = endpoints.client("lambda")
        remove(self._work)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End what may still run, and remove the copies."""
        self._processes.stop()
        remove(self._work)

    def run(self, function: str, events: list[Path]) -> list[Row]:
        """Run one function with some events; the first of them once more, warm.

        Args:
            function: Its logical id.
            events: Files of `events/`.
        """
        name = self._endpoints.function_name(function)
        configuration = self._lambda.get_function_configuration(FunctionName=name)
        artefact = self._build.lay_out(function, self._work)
        names, digest, size = artefact.names(), artefact.digest(), artefact.megabytes
        with Emulated(ROOT, artefact, configuration, self._endpoints, self._processes) as emulated:
            first = self._measure(emulated, configuration["MemorySize"], events[0], again=True)
            rows = [replace(first, size=size)]
            rows += [self._measure(emulated, configuration["MemorySize"], one) for one in events[1:]]
        if artefact.digest() != digest:
            written = ", ".join(artefact.written_since(names)) or "files that were there"
            problem = f"it wrote into its artefact, which is read-only on Lambda: {written}"
            rows.append(Row(folder_of(function), "(its files)", problem))
            remove(artefact.opt)
        return rows

    def _measure(self, emulated: Emulated, allowed: int, event: Path, *, again: bool = False) -> Row:
        problem, took = self._once(emulated, event)
        second, warm = self._once(emulated, event) if again else ("", took)
        memory = emulated.peak_megabytes
        if not problem and second:
            problem = f"when called once more: {second}"
        if not problem and memory > allowed * 1.048576:
            problem = f"it took {memory:.0f} MB of memory and has {allowed} MiB"
        return Row(event.parent.name, event.stem, problem, took if again else None, warm, memory)

    def _once(self, emulated: Emulated, event: Path) -> tuple[str, float]:
        scene = Scene(self._endpoints, event, fresh=True, socket=self._socket)
        try:
            scene.set()
            answer = emulated.invoke(scene.payload)
        finally:
            scene.clear()
        problem = scene.outcome.problem(answer.value, answer.error)
        return (f"{problem}: {str(answer.value)[:300]}" if problem else ""), answer.milliseconds


def emulate(
    endpoints: Endpoints, token: str, *, work: Path, function: str = "", event: str = "", template: Path | None = None
) -> list[Row]:
    """Build, run what is chosen, and report.

    Args:
        endpoints: The stack that the functions find AWS in.
        token: Access token of a user, who is at the other end of the socket.
        work: Folder for logs and for the copies that run.
        function: See `chosen`.
        event: See `chosen`.
        template: What is built; the repository's when left out.

    Raises:
        StackError: The choice, the build or the emulator is at fault, not a function.
    """
    with built(ROOT, template or ROOT / "template.yaml", work) as build:
        choice = chosen(list(build.functions), function, event)
        if not function:  # some functions are there with some engines only
            deployed = checks.resources(endpoints.client, endpoints.name)
            choice = {name: events for name, events in choice.items() if name in deployed}
        with (
            _somebody_at_the_socket(endpoints, token) as socket,
            _nobody_else_sweeps(endpoints, choice),
            Emulation(endpoints, build, work, socket) as emulation,
        ):
            return [row for name, events in choice.items() for row in emulation.run(name, events)]


@contextmanager
def _somebody_at_the_socket(endpoints: Endpoints, token: str) -> Iterator[str]:
    """Lend the id of a connection whose client takes everything that it is sent: one that does not is given up."""
    done = threading.Event()

    def listen(shopper: Shopper) -> None:
        while not done.is_set():
            if shopper.receive(timeout=0.2) is None:
                done.wait(0.05)

    with Shopper(endpoints, token) as shopper:
        shopper.connect()
        rows = endpoints.client("dynamodb").scan(TableName=endpoints.tables["connections"])["Items"]
        newest = max(rows, key=lambda row: str(row["connected_at"]["S"]))
        listener = threading.Thread(target=listen, args=(shopper,), daemon=True)
        listener.start()
        try:
            yield str(newest["connection_id"]["S"])
        finally:
            done.set()
            listener.join()


@contextmanager
def _nobody_else_sweeps(endpoints: Endpoints, choice: dict[str, list[Path]]) -> Iterator[None]:
    """Keep the stack's own sweep, once a minute, from repairing what the emulated one is to find."""
    if "SweepJobsFunction" not in choice:
        yield
        return
    rules, name = endpoints.client("events"), checks.resources(endpoints.client, endpoints.name)["SweepRule"][1]
    name = re.split(r"[/|]", name)[-1]
    rules.disable_rule(Name=name)
    try:
        yield
    finally:
        rules.enable_rule(Name=name)


@contextmanager
def stack_for_it(on_step: Step) -> Iterator[tuple[Endpoints, str]]:
    """Lend the stack of `make up`, or one of its own, with a user's access token.

    Args:
        on_step: Called with a sentence whenever there is something to wait for.
    """
    if found := running():
        endpoints, login, _ = found
        yield endpoints, access_token(endpoints, login)
        return
    with LocalStack(ROOT, name="emulate", on_step=on_step) as stack:
        on_step("Uploading the sample catalogue")
        upload_samples(stack.endpoints, ROOT / "out" / "samples")
        login = stack.sign_in()
        with Shopper(stack.endpoints, login.access_token) as shopper:
            shopper.wait_for_import("/products", STORY_PRODUCT)
        yield stack.endpoints, login.access_token
    shutil.rmtree(stack.work, ignore_errors=True)


HEADINGS = ("function", "event", "cold ms", "warm ms", "max RSS MB", "artefact MB", "outcome")


def report(rows: list[Row]) -> str:
    """Return the rows as a table, as wide as they are: it is read in logs, too."""
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(map(_aligned, range(len(HEADINGS)), line, widths)).rstrip() for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    figures = (_figure(row.cold, 0), _figure(row.warm, 0), _figure(row.memory, 0), _figure(row.size, 1))
    return row.function, row.event, *figures, f"✗ {row.problem}" if row.problem else "as expected"


def _aligned(column: int, text: str, width: int) -> str:
    return text.rjust(width) if HEADINGS[column].split()[-1] in ("ms", "MB") else text.ljust(width)


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
