# A museum's catalogue: whose works in one wing stack up highest.
from collections import Counter

museum = read_xml(path)
west = {r["attributes"]["id"] for r in find_xml_elements(museum, "room") if r["attributes"]["wing"] == "West"}
names = {
    artist["attributes"]["id"]: " ".join(part["text"] for part in artist["children"])
    for artist in find_xml_elements(museum, "artist")
}
unit = {"mm": 0.1, "cm": 1.0, "in": 2.54}
stacks = Counter()
for work in find_xml_elements(museum, "work"):
    if work["attributes"]["room"] in west and work["attributes"]["status"] == "on display":
        (height,) = find_xml_elements(work, "height")
        size = float(height["text"]) * unit[height["attributes"]["unit"]]
        for by in find_xml_elements(work, "by"):
            for reference in by["attributes"]["ref"].split():
                stacks[names[reference.lstrip("#")]] += size
submit_final_answer(stacks.most_common(1)[0][0])
