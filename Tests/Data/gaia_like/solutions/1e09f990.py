# A timetable: change at Central Square on a Saturday, with notes that cancel trips.
from datetime import date, datetime, timedelta

day = date(2024, 6, 8)
text = "\n".join(read_pdf_pages(path))
assert "b – does not run on the second Saturday" in text and "c – does not run from 1 June to 31" in text
tables = [t for t in read_pdf_tables(path) if "Saturday" in t["title"]]


def trips(line):
    (table,) = [t["rows"] for t in tables if t["title"].startswith(line)]
    notes, times = table[0][1:], table[1:]
    second_saturday = 8 <= day.day <= 14
    summer = date(day.year, 6, 1) <= day <= date(day.year, 8, 31)
    for column, note in enumerate(notes, 1):
        if not (("b" in note and second_saturday) or ("c" in note and summer)):
            yield {row[0]: datetime.strptime(row[column], "%H:%M") for row in times}


first = min((t for t in trips("Line 7") if t["Mill Lane"] >= datetime(1900, 1, 1, 13, 5)), key=lambda t: t["Mill Lane"])
ready = first["Central Square"] + timedelta(minutes=6)
second = min((t for t in trips("Line 12") if t["Central Square"] >= ready), key=lambda t: t["Harbour"])
submit_final_answer(second["Harbour"].strftime("%H:%M"))
