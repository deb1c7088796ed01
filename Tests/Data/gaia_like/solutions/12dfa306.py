# A shop's opening hours on a sign: hours in one month, with its two exceptions.
import re
from calendar import day_name, monthcalendar
from datetime import datetime

text = read_image_text(path)
spans = r"(\d{1,2}:\d{2})\s*[-–—]\s*(\d{1,2}:\d{2})"


def hours(start, end):
    return (datetime.strptime(end, "%H:%M") - datetime.strptime(start, "%H:%M")).seconds / 3600


week = {}
for line in text.splitlines():
    name = line.split(" ")[0]
    if name in day_name:
        week[name] = re.findall(spans, line)
total = 0.0
for number, name in enumerate(day_name):
    days = [days[number] for days in monthcalendar(2024, 6) if days[number]]
    total += len(days) * sum(hours(*span) for span in week[name])
until = re.search(r"First Saturday of the month: open until (\d{1,2}:\d{2})", text)[1]
(saturday,) = week["Saturday"]
total += hours(saturday[0], until) - hours(*saturday)
assert "Last Thursday of the month: afternoon closed" in text
total -= hours(*week["Thursday"][1])
submit_final_answer(f"{total:g}")
