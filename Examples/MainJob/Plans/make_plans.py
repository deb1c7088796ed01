"""Draws the greenhouse plans of the main example, and the true answers to its questions.

    .venv/bin/python Examples/MainJob/Plans/make_plans.py [FOLDER]

A plan says by fill colours what grows where, and by merged cells what one bed is. Text alone (the
cells' values) tells neither. What makes reading one harder than it looks:

- The fill of a merged bed is set in its first cell only.
- Some colours are RGB, some are the theme's; two differ by their tint alone.
- The size of a grid square is written as text, once in centimetres and once in metres.
- The legend repeats last season's areas, which are not this season's.
- Paths and tanks are coloured too, but are no crops.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.colors import Color
from openpyxl.utils import get_column_letter

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
FIRST_ROW, FIRST_COLUMN = 3, 2  # Of the grid; above is the title, at the left are row numbers.


@dataclass(frozen=True)
class Entry:
    """One line of the legend."""

    name: str
    color: Color
    is_crop: bool
    last_season: float | None = None


@dataclass(frozen=True)
class Season:
    name: str
    width: str  # Of one grid square, as the legend writes it.
    depth: str
    square: float  # m², written down by hand.
    legend: dict[str, Entry]
    grid: list[str]  # A letter a square; '.' is bare ground.
    merged: list[str]  # Beds of more than one square, as ranges of the grid.


def rgb(code: str) -> Color:
    return Color(rgb="FF" + code)


def theme(index: int, tint: float = 0.0) -> Color:
    return Color(theme=index, tint=tint)


SPRING = Season(
    name="spring",
    width="60 cm",
    depth="0.5 m",
    square=0.30,
    legend={
        "T": Entry("tomato", rgb("E06666"), True, 9.0),
        "C": Entry("cucumber", theme(9), True, 10.8),
        "L": Entry("lettuce", theme(9, 0.5999), True, 14.1),
        "B": Entry("basil", rgb("8E7CC3"), True, 3.6),
        "S": Entry("seedlings", theme(7, 0.3999), True, 0.9),
        "p": Entry("path", rgb("D9D9D9"), False),
        "w": Entry("water tank", theme(4), False),
    },
    grid=[
        "TTTTpLLLLpCC.BB",
        "TTTTpLLLLpCC.BB",
        "TTTTpLLLLpCC.SS",
        "ppppppppppppppp",
        "CCCCpBBwwpTT.LL",
        "CCCCpBBwwpTT.LL",
        "ppppppppppppppp",
        "LLLLLpSSSpCCC.T",
        "LLLLLpSSSpCCC.T",
    ],
    merged=[
        "A1:D2", "A3:D3", "F1:I1", "F2:I3", "K1:L3", "N1:O2",
        "A4:O4", "A5:D6", "F5:G6", "H5:I6", "K5:L6", "N5:O5",
        "A7:O7", "A8:E9", "G8:I8", "K8:M9", "O8:O9",
    ],
)

AUTUMN = Season(
    name="autumn",
    width="0.4 m",
    depth="80 cm",
    square=0.32,
    legend={
        "L": Entry("lettuce", rgb("93C47D"), True, 12.0),
        "S": Entry("spinach", theme(9), True),
        "T": Entry("tomato", theme(5), True, 10.8),
        "K": Entry("kale", theme(9, -0.2499), True),
        "B": Entry("basil", rgb("8E7CC3"), True, 3.0),
        "p": Entry("path", theme(0, -0.1499), False),
        "h": Entry("heating", rgb("CC0000"), False),
    },
    grid=[
        "SSSSSSpKKKKK",
        "SSSSSSpKKKKK",
        "SSSSSSpKKKKK",
        "pppppppppppp",
        "LLL.LLpTT.BB",
        "LLL.LLpTT.BB",
        "pppppppppppp",
        "KKKKhhpSSSSS",
        "KKKKhhpSSSSS",
        "TTTThhpLLLLL",
    ],
    merged=[
        "A1:F2", "A3:C3", "H1:L3", "A4:L4", "A5:C6", "E5:F6", "H5:I6", "K5:L5",
        "A7:L7", "A8:D9", "E8:F10", "H8:L8", "H9:L9", "A10:D10",
    ],
)


def shifted(area: str) -> str:
    """A range of the grid as a range of the sheet."""
    def cell(text: str) -> str:
        column, row = ord(text[0]) - ord("A"), int(text[1:]) - 1
        return f"{get_column_letter(FIRST_COLUMN + column)}{FIRST_ROW + row}"

    first, last = area.split(":")
    return f"{cell(first)}:{cell(last)}"


def draw(season: Season) -> None:
    book = Workbook()
    plan = book.active
    plan.title = "Plan"
    columns = len(season.grid[0])
    plan["A1"] = f"Greenhouse, {season.name} plan. North is up."
    plan["A1"].font = Font(bold=True)
    plan.merge_cells(start_row=1, end_row=1, start_column=1, end_column=columns + 1)
    plan.column_dimensions["A"].width = 4
    line = Side(style="thin", color="FF999999")

    inside = set()  # Squares of merged beds other than their first.
    for area in season.merged:
        first, last = area.split(":")
        squares = [
            (row, column)
            for row in range(int(first[1:]) - 1, int(last[1:]))
            for column in range(ord(first[0]) - 65, ord(last[0]) - 64)
        ]
        kinds = {season.grid[row][column] for row, column in squares}
        assert len(kinds) == 1, (season.name, area, kinds)
        assert not inside & set(squares), (season.name, area)
        inside |= set(squares[1:])

    bed = 0
    for y, row in enumerate(season.grid):
        assert len(row) == columns, (season.name, y)
        plan.cell(FIRST_ROW + y, 1, y + 1)
        for x, letter in enumerate(row):
            plan.column_dimensions[get_column_letter(FIRST_COLUMN + x)].width = 5
            if letter == "." or (y, x) in inside:
                continue
            entry = season.legend[letter]
            cell = plan.cell(FIRST_ROW + y, FIRST_COLUMN + x)
            cell.fill = PatternFill("solid", fgColor=entry.color)
            cell.border = Border(left=line, right=line, top=line, bottom=line)
            cell.alignment = Alignment(horizontal="center", vertical="center")
            if entry.is_crop:
                bed += 1
                cell.value = bed
    for area in season.merged:
        plan.merge_cells(shifted(area))

    legend = book.create_sheet("Legend")
    for column, title in enumerate(["colour", "what", "kind", "last season (m²)"], start=1):
        legend.cell(1, column, title).font = Font(bold=True)
    for row, entry in enumerate(season.legend.values(), start=2):
        legend.cell(row, 1).fill = PatternFill("solid", fgColor=entry.color)
        legend.cell(row, 2, entry.name)
        legend.cell(row, 3, "crop" if entry.is_crop else "other")
        legend.cell(row, 4, entry.last_season)
    row = len(season.legend) + 3
    legend.cell(row, 1, "one grid square")
    legend.cell(row + 1, 1, "width")
    legend.cell(row + 1, 2, season.width)
    legend.cell(row + 2, 1, "depth")
    legend.cell(row + 2, 2, season.depth)
    book.properties.creator = "DynaSaur for Swift"
    book.save(FOLDER / f"greenhouse-{season.name}.xlsx")


def areas(season: Season) -> dict[str, float]:
    """m² of each crop, counted in the drawing rather than read back from the sheet."""
    text = "".join(season.grid)
    return {
        entry.name: round(text.count(letter) * season.square, 2)
        for letter, entry in season.legend.items()
        if entry.is_crop
    }


def answers() -> dict:
    spring, autumn = areas(SPRING), areas(AUTUMN)
    change = {
        name: round(autumn.get(name, 0) - spring.get(name, 0), 2) for name in spring | autumn
    }
    largest = max(spring, key=spring.get)
    gained, lost = max(change, key=change.get), min(change, key=change.get)
    return {
        "spring": spring,
        "autumn": autumn,
        "largestInSpring": {"crop": largest, "area": spring[largest]},
        "gainedMost": {"crop": gained, "area": change[gained]},
        "lostMost": {"crop": lost, "area": -change[lost]},
    }


if __name__ == "__main__":
    draw(SPRING)
    draw(AUTUMN)
    text = json.dumps(answers(), indent=2)
    (FOLDER / "answers.json").write_text(text + "\n")
    print(text)
