"""Measurements: run by hand with ``make bench``, told in docs/performance.md, never a timed test.

A benchmark is a module of this package with two functions: ``measure()`` gives its figures, which JSON can hold, with
the units in the keys' names and ``"about"``, a sentence about what was measured and how; ``report(figures)`` makes
Markdown of them. One with ``plots(figures)`` draws, too: SVG by the name of its file. Import what weighs something
inside ``measure``: the documents import every benchmark for its report.
"""

BENCHMARKS: dict[str, str] = {
    "latency": "How long does a shopper wait besides the model?",
    "end_to_end": "Where does the time go on the local stack, with one client and with 50?",
    "pictures": "What does it cost to prepare a photo once, and what is left to do at the try-on?",
    "cold_start": "How long does a new container take to its first event?",
    "delivery": "What does a result weigh on its way to the shopper?",
    "growth": "Does a try-on cost the same among 10 and among 3,000, alone and among 50?",
    "reads": "Does a page of the catalogue or of a history cost more in larger tables?",
    "limits": "What breaks first at ten, a hundred, a thousand times the load?",
    "cost": "What do 1,000 try-ons cost, and what would the published design, or somebody else, charge for them?",
}
"""The modules that ``make bench`` runs, in the order of the page, and what each asks."""
