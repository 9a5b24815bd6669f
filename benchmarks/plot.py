"""Two kinds of plots as SVG, for GitHub's light and dark pages: bars beside bars, and lines over a logarithmic axis.

Written by hand: a page with four plots does not need a plotting library in everybody's environment, and the same
figures must give the same file on every machine.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import log10
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 760, 230, 70
ROW, GAP, TOP = 20, 14, 64
HEIGHT = 260
COLOURS = ("#4c78a8", "#e0813a", "#5a9a68", "#b05a7a", "#8a6fb0", "#8c8c46")
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:15px}"
    ".quiet{fill:#57606a}line{stroke:#d0d7de}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}line{stroke:#3d444d}}"
)
type Values = Mapping[str, Sequence[float]]


def bars(title: str, unit: str, labels: Sequence[str], series: Values) -> str:
    """Horizontal bars, those of one label together.

    Args:
        title: What is seen.
        unit: Of the values, such as "ms".
        labels: One for each group of bars.
        series: Values for each label, by the name of the series.
    """
    most = max(value for values in series.values() for value in values)
    scale = (WIDTH - LEFT - RIGHT) / (most or 1)
    group = ROW * len(series) + GAP
    parts = list(_head(title, unit, list(series)))
    for place, label in enumerate(labels):
        top = TOP + place * group
        parts.append(_text(LEFT - 10, top + ROW * len(series) / 2 + 4, label, anchor="end"))
        for number, (values, colour) in enumerate(zip(series.values(), COLOURS, strict=False)):
            y, long = top + number * ROW, max(values[place] * scale, 1)
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="{ROW - 4}" rx="2" fill="{colour}"/>')
            parts.append(_text(LEFT + long + 6, y + 12, _number(values[place]), style="quiet"))
    return _drawn(TOP + len(labels) * group, title, parts)


def lines(title: str, unit: str, at: Sequence[float], series: Values, below: str) -> str:
    """Lines over a logarithmic axis, each from zero of the same upright axis.

    Args:
        title: What is seen.
        unit: Of the values.
        at: Where the values are, above zero.
        series: A value for each place, by the name of the line.
        below: What the axis below counts.
    """
    most = _round_up(max(value for values in series.values() for value in values))
    left, bottom, high = 70, TOP + HEIGHT, HEIGHT - 10
    wide = WIDTH - left - RIGHT
    span = (log10(at[-1]) - log10(at[0])) or 1.0

    def x(value: float) -> float:
        return left + wide * (log10(value) - log10(at[0])) / span

    def y(value: float) -> float:
        return bottom - high * value / most

    parts = list(_head(title, unit, list(series)))
    for part in range(5):
        value = most * part / 4
        parts.append(f'<line x1="{left}" x2="{left + wide}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(_text(left - 8, y(value) + 4, _number(value), anchor="end", style="quiet"))
    parts += [_text(x(value), bottom + 18, f"{value:,.0f}", anchor="middle", style="quiet") for value in at]
    parts.append(_text(left + wide / 2, bottom + 38, below, anchor="middle", style="quiet"))
    for values, colour in zip(series.values(), COLOURS, strict=False):
        points = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in zip(at, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{x(place):.1f}" cy="{y(value):.1f}" r="3.5" fill="{colour}"/>'
            for place, value in zip(at, values, strict=True)
        ]
    return _drawn(bottom + 50, title, parts)


def _head(title: str, unit: str, names: Sequence[str]) -> Iterator[str]:
    yield _text(12, 24, f"{title} ({unit})", style="title")
    x = 12.0
    for name, colour in zip(names, COLOURS, strict=False):
        yield f'<rect x="{x:.0f}" y="36" width="12" height="12" rx="2" fill="{colour}"/>'
        yield _text(x + 18, 46, name)
        x += 34 + 7.2 * len(name)


def _drawn(height: float, title: str, parts: Sequence[str]) -> str:
    size = f'width="{WIDTH}" height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}"'
    named = f'role="img" aria-label="{escape(title)}"'
    content = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {named}>\n<style>{STYLE}</style>\n{content}\n</svg>\n'


def _text(x: float, y: float, text: str, anchor: str = "start", style: str = "") -> str:
    named = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(text)}</text>'


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _round_up(value: float) -> float:
    """The next number above that an axis can end with."""
    if value <= 0:
        return 1.0
    step: float = 10.0 ** int(log10(value) // 1)
    return next(part * step for part in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if part * step >= value)
