# A voice message with a shopping list: pieces of hardware, with the correction at its end.
import re

text = transcribe_audio(path).lower().replace("-", " ")
words = "zero one two three four five six seven eight nine ten eleven twelve".split()
number = rf"(\d+|{'|'.join(words)}|a)"


def value(word):
    return int(word) if word.isdigit() else words.index(word) if word in words else 1


total, boxes = 0, {}
for thing in ("nails", "screws", "hooks"):
    found = re.search(rf"{number} (packs?|boxes|box|bags?) of {thing}\D*?(\d+)", text)
    boxes[thing] = [value(found[1]), int(found[3])]
for thing in boxes:
    less = re.search(rf"(?:only|just|make that) {number} (?:packs?|boxes|box|bags?) of {thing}", text)
    if less:
        boxes[thing][0] = value(less[1])
    total += boxes[thing][0] * boxes[thing][1]
submit_final_answer(total)
