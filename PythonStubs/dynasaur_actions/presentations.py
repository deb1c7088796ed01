"""PowerPoint presentations."""

from collections.abc import Iterator
from typing import Any

from dynasaur_actions.files import check_file
from dynasaur_actions.office import opened
from dynasaur_actions.packages import require


_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


def read_slides(path: str) -> list[dict[str, Any]]:
    """Read the slides of a PowerPoint file: title, text, tables, speaker notes, whether hidden."""
    pptx, picture = require("pptx"), require("pptx.shapes.picture").Picture
    slides = []
    with opened(check_file(path), "a PowerPoint presentation (.pptx)") as file:
        for number, slide in enumerate(pptx.Presentation(file).slides, 1):
            title = slide.shapes.title
            shapes = list(_flat(slide.shapes))
            texts = [
                shape.text_frame.text
                for shape in shapes
                if shape.has_text_frame and (title is None or shape.shape_id != title.shape_id)
            ]
            tables = [
                [[cell.text for cell in row.cells] for row in shape.table.rows]
                for shape in shapes
                if getattr(shape, "has_table", False)
            ]
            texts += _diagrams(slide)
            charts = [shape for shape in shapes if getattr(shape, "has_chart", False)]
            notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
            slides.append(
                {
                    "number": number,
                    "title": title.text_frame.text if title is not None else "",
                    "text": [text for text in texts if text.strip()],
                    "tables": tables + [_chart_table(shape.chart) for shape in charts],
                    "notes": notes.text if notes is not None else "",
                    "hidden": slide.element.get("show") in ("0", "false"),
                    "pictures": [_alternative(s) for s in shapes if isinstance(s, picture)],
                    "comments": list(_comments(slide)),
                }
            )
    return slides


def presentation_text(path: str) -> str:
    """The presentation as text, slide by slide."""
    parts = []
    for slide in read_slides(path):
        hidden = " (hidden)" if slide["hidden"] else ""
        lines = [f"## Slide {slide['number']}{hidden}: {slide['title']}", *slide["text"]]
        for table in slide["tables"]:
            lines += ["Table:", *(" | ".join(map(str, row)) for row in table)]
        lines += [f"Picture: {text}" for text in slide["pictures"]]
        lines += [f"Comment: {text}" for text in slide["comments"]]
        if slide["notes"]:
            lines.append(f"Speaker notes: {slide['notes']}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _flat(shapes: Any) -> Iterator[Any]:
    """The shapes, those in groups among them."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _flat(shape.shapes)
        else:
            yield shape


def _diagrams(slide: Any) -> list[str]:
    """The texts of diagrams (SmartArt), which are parts of their own: one text for each diagram."""
    found = []
    for data in _related(slide, "/diagramData"):
        points = [
            "".join(piece.text or "" for piece in point.iter(f"{_A}t"))
            for point in require("defusedxml.ElementTree").fromstring(data).iter()
            if point.tag.endswith("}pt")
        ]
        found.append("\n".join(text for text in points if text))
    return found


def _comments(slide: Any) -> Iterator[str]:
    """What readers wrote on the slide; in the old form, and in the one with answers."""
    for data in _related(slide, "/comments"):
        for comment in require("defusedxml.ElementTree").fromstring(data).iter():
            name = comment.tag.rpartition("}")[2]
            if name in ("cm", "reply"):
                old = [piece.text or "" for piece in comment if piece.tag.endswith("}text")]
                own = [piece for piece in comment if piece.tag.endswith("}txBody")]
                new = [piece.text or "" for body in own for piece in body.iter(f"{_A}t")]
                yield "".join(old + new)


def _related(slide: Any, kind: str) -> list[bytes]:
    return [
        relation.target_part.blob
        for relation in slide.part.rels.values()
        if not relation.is_external and relation.reltype.endswith(kind)
    ]


def _chart_table(chart: Any) -> list[list[Any]]:
    """A chart's data: a row of categories, then a row for each series."""
    rows: list[list[Any]] = []
    for plot in chart.plots:
        rows.append(["", *map(str, plot.categories)])
        rows += [[series.name, *series.values] for series in plot.series]
    return rows


def _alternative(picture: Any) -> str:
    """What is said of a picture in the file itself."""
    for element in picture._element.iter():
        if element.tag.endswith("}cNvPr"):
            return str(element.get("descr") or picture.name)
    return str(picture.name)
