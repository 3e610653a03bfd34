"""What was measured: one observation per stack, case and round, kept in a file so that a long run can go on later."""

import json
import pathlib
import statistics
import time

# Tern and the C program are closer than what a machine does from minute to minute. Where they move bulk they take several turns
# in each round, one after the other, so that the medians are of so many more.
TURNS = 5
# The second turn of a round is numbered so much higher than the first, and so on.
LAP = 1_000


def title(number: int) -> str:
    turn, number = divmod(number, LAP)
    return f"round {number}, turn {turn + 1}" if turn else f"round {number}"


class Records:
    """Values by stack, case and figure. With a file, what is in it counts as done if it was measured the same way."""

    def __init__(
        self, path: pathlib.Path | None = None, circumstances: dict | None = None, machine: str = ""
    ) -> None:
        self.path, self.circumstances, self.machine = path, circumstances or {}, machine
        self.values: dict[str, dict[str, dict[str, list[float]]]] = {}
        self.failures: list[str] = []
        self.done: set[tuple[str, str, int]] = set()
        self.begun = time.time()
        self.sittings = 1
        if path and path.exists():
            self._load()

    def _load(self) -> None:
        text = self.path.read_text()
        lines = text.splitlines()
        head = json.loads(lines[0]) if lines else {}
        if head.get("circumstances") != self.circumstances:
            # Kept: nobody's hour of measuring is thrown away without a word.
            self.path.rename(self.path.with_suffix(".old"))
            return
        self.begun, self.machine = head["begun"], head["machine"]
        if not text.endswith("\n"):
            # The last line of a run that was killed must not swallow the next one.
            with open(self.path, "a") as file:
                file.write("\n")
        for line in lines[1:]:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if "sitting" in entry:
                self._sit_down()
            elif entry.get("failure"):
                self._fail(entry)
            else:
                self._add(entry)

    def begin(self) -> None:
        """Writes the head of a new file, or that another sitting begins."""
        if not self.path:
            return
        if self.path.exists():
            self._sit_down()
            self._write({"sitting": time.time()})
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._write({"circumstances": self.circumstances, "begun": self.begun, "machine": self.machine})

    def _sit_down(self) -> None:
        """What failed in the sitting before, for want of a program, say, gets another chance."""
        self.sittings += 1
        self.failures = []

    def _write(self, entry: dict) -> None:
        if self.path:
            with open(self.path, "a") as file:
                file.write(json.dumps(entry) + "\n")

    def add(self, stack: str, case: str, number: int, values: dict[str, float | list[float]]) -> None:
        entry = {"stack": stack, "case": case, "round": number, "values": values}
        self._add(entry)
        self._write(entry)

    def fail(self, stack: str, case: str, number: int, text: str) -> None:
        entry = {"stack": stack, "case": case, "round": number, "failure": text}
        self._fail(entry)
        self._write(entry)

    def _add(self, entry: dict) -> None:
        figures = self.values.setdefault(entry["stack"], {}).setdefault(entry["case"], {})
        for figure, value in entry["values"].items():
            if value is not None:
                figures.setdefault(figure, []).extend(value if isinstance(value, list) else [value])
        self.done.add((entry["stack"], entry["case"], entry["round"]))

    def _fail(self, entry: dict) -> None:
        self.failures.append(f"{entry['stack']}, {entry['case']}, {title(entry['round'])}: {entry['failure']}")

    def failed(self, stack: str, case: str) -> int:
        return sum(failure.startswith(f"{stack}, {case}, ") for failure in self.failures)

    def has(self, stack: str, case: str, number: int) -> bool:
        return (stack, case, number) in self.done

    # What the tables and the verdicts ask.

    def all(self, stack: str, case: str, figure: str) -> list[float]:
        return self.values.get(stack, {}).get(case, {}).get(figure, [])

    def median(self, stack: str, case: str, figure: str) -> float | None:
        values = self.all(stack, case, figure)
        return statistics.median(values) if values else None

    def stacks(self, case: str) -> list[str]:
        return [stack for stack, cases in self.values.items() if case in cases]

    def rounds(self) -> int:
        return max((number % LAP for _, _, number in self.done), default=0)

    def to_json(self) -> dict:
        return {
            "circumstances": self.circumstances, "machine": self.machine, "begun": self.begun,
            "sittings": self.sittings, "values": self.values, "failures": self.failures,
        }  # fmt: skip

    @staticmethod
    def from_json(content: dict) -> "Records":
        """For the report and the self-test: values without a machine."""
        result = Records()
        result.circumstances, result.values = content.get("circumstances", {}), content["values"]
        result.machine = content.get("machine", "")
        result.failures, result.sittings = content.get("failures", []), content.get("sittings", 1)
        return result
