"""A check that cannot fail is a defect, and so is a link that is not what it says: `scripts/lab selftest`."""

from . import selftest_captures, selftest_checks, selftest_link, selftest_measured


class Report:
    def __init__(self):
        self.count, self.problems = 0, []

    def __call__(self, holds, sentence):
        self.count += 1
        if not holds:
            self.problems.append(sentence)
            print(f"  FAIL  {sentence}")


def run():
    expect = Report()
    for title, part in (
        ("Pass criteria", selftest_checks),
        ("The link, on virtual time", selftest_link),
        ("The link, measured", selftest_measured),
        ("A capture of two peers", selftest_captures),
    ):
        before = expect.count, len(expect.problems)
        part.run(expect)
        count, failed = expect.count - before[0], len(expect.problems) - before[1]
        print(f"{title}: {count - failed} of {count} hold")
    return 1 if expect.problems else 0
