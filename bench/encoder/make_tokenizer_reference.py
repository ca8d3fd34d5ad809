#!/usr/bin/env python3
"""Writes what the reference tokenizer makes of many strings, for src/text/wordpiece_test.cpp.

    pip install tokenizers==0.23.3
    make_tokenizer_reference.py MODEL OUT [--count 12000] [--all]

MODEL is a folder with tokenizer.json. OUT is committed as tests/data/wordpiece_reference.bin.
--all writes every code point instead, alone and between two letters (for wordpiece_check).

Format, little-endian: "SONDEWP1", 32 bytes SHA-256 of tokenizer.json, u32 records; then for each
  varint limit (0: none), varint length, the text in UTF-8, u32 hash of its ids,
  varint n, and if n > 0 the n - 1 ids as varints.
The hash is the low half of FNV-1a (64 bits) over the ids as little-endian u32.
"""
import argparse
import hashlib
import os
import random
import struct
import unicodedata

from tokenizers import Tokenizer

SEED = 20240229
FULL_IDS_EVERY = 25

SPACES = "\t\n\r\x0b\x0c\x1c\x1f \x85\xa0\u1680\u180e\u2000\u2001\u2002\u2007\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
# Marks that stay in the word and are put in canonical order, beside some that are dropped.
MARKS = ("\u0301\u0327\u0323\u0345\u034f\u0591\u05b0\u064b\u0670\u093c\u094d\u0e38\u0f71\u0f74\u0f73\u0f81\u1b44\u1baa\u1bf2\u302a\u302e\u302f"
         "\u3099\ua953\ua9c0\ua9bd\u1734\u1885\u08d4\u08e1\u08d3\u1dfb\u1df6\U000111c0\U00011235\U0001134d\U000116b6\U0001d165\U0001d166\U0001d16d"
         "\U0001d16e\U0001e000\U0001e008\U0001e944\U0001e94a\U00011442\U00011446\U00010a0d")
WORDS = """the of return function static const void int string value index search file path error result request response handler
configuration getUserName HTTPServer2 __init__ XMLHttpRequest naïve café Zürich Łódź straße İstanbul ΑΘΗΝΑΣ Σίσυφος Москва
привет мир שלום עולם مرحبا العالم नमस्ते ไทย 日本語 東京 カタカナ ひらがな 한국어 안녕하세요 中文 漢字 tiếng Việt ᾅδης ﬁne Å Ω K ½ ²
𝔘𝔫𝔦𝔠𝔬𝔡𝔢 Ａｆｕｌｌ ǅ ŉ ß ẞ Ⅷ ﬀ ﷺ 𐐀𐐨 ꭰ ა Ა ᏸ ₿ € $ ^ ` ~ + < = > | 3.14159 0xDEADBEEF 1e-9 192.168.0.1""".split()
CODE = [
    "fn main() -> Result<(), Box<dyn Error>> { let v: Vec<u8> = vec![0; 16]; Ok(()) }",
    "def __init__(self, *args: int, **kwargs) -> None:\n    super().__init__(*args)\n    self._x = kwargs.get('x', 0)",
    "template <typename T> constexpr auto size(const T& t) noexcept -> decltype(t.size()) { return t.size(); }",
    "const x = async ({a, b = 1, ...rest}) => `${a}-${await f?.(b) ?? rest[0]}`; // TODO",
    "SELECT u.id, COUNT(*) FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE u.name LIKE '%x%' GROUP BY 1;",
    "#include <stdio.h>\nint main(void) {\n\tprintf(\"%d\\n\", 1 << 3);\n\treturn 0;\n}\n",
    "public static <K extends Comparable<K>> Map<K, List<String>> group(@NonNull final K... keys) { return null; }",
    "main :: IO ()\nmain = mapM_ (putStrLn . show) $ filter even [1..10] >>= \\x -> [x, x*2]",
    "func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { if err := s.h(r); err != nil { panic(err) } }",
    "for f in *.txt; do [[ -f \"$f\" ]] && sed -i 's/a\\(.*\\)b/\\1/g' \"${f%.txt}.md\" || echo >&2 fail; done",
    "<div class=\"a b\" data-x='{&quot;k&quot;:1}'><!-- c --><a href=\"/p?q=1&r=2#h\">t</a></div>",
    "@media (min-width: 40em) { .grid > li:nth-child(2n+1)::before { content: \"\\201C\"; color: #ff00AA80; } }",
    "{\"name\": \"x\", \"list\": [1, 2.5e10, null, true], \"nested\": {\"k\\u00e9y\": \"v\"}}",
    "defmodule A do\n  @spec f(integer) :: {:ok, any} | :error\n  def f(x) when x > 0, do: {:ok, x |> g() |> h(&(&1 + 1))}\nend",
    "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, body TEXT NOT NULL DEFAULT '') WITHOUT ROWID;",
]
EMOJI = ["👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "☺", "🏳️‍🌈", "1️⃣", "🫠", "🪿", "™️"]
SPECIAL = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[cls]", "[SEP", "SEP]", "[[SEP]]", "[ SEP ]", "[unused1]", "[MASK][MASK]", "##ing", "##"]


def assigned():
    """Code points of the interpreter's Unicode that are letters, marks, symbols ..., by plane."""
    planes = {}
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        if unicodedata.category(chr(code)) not in ("Cn", "Co"):
            planes.setdefault(code >> 16, []).append(chr(code))
    return [planes[plane] for plane in sorted(planes)]


class Strings:
    def __init__(self):
        self.random = random.Random(SEED)
        self.planes = assigned()
        self.marked = [c for c in self.planes[0] if unicodedata.decomposition(c) and not unicodedata.decomposition(c).startswith("<")]
        self.small = [c for c in self.planes[0] if c < "\u3100"]

    def any_code_point(self):
        code = self.random.randrange(0x110000 - 0x800)
        return chr(code if code < 0xD800 else code + 0x800)

    def pick(self, choices, low, high):
        return [self.random.choice(choices) for _ in range(self.random.randint(low, high))]

    def every_plane(self):
        if self.random.random() < 0.3:
            return "".join(self.any_code_point() for _ in range(self.random.randint(1, 5)))
        return "".join(self.random.choice(self.random.choice(self.planes)) for _ in range(self.random.randint(1, 6)))

    def letters(self):
        start = self.random.randrange(len(self.small) - 40)
        return "".join(self.pick(self.small[start:start + 40] + [" "], 1, 10))

    def between_letters(self):
        return "a" + self.random.choice(self.random.choice([self.small, self.planes[0], self.planes[1]])) + "b"

    def controls(self):
        return "".join(self.random.choice(["\x00", "\x01", "\x07", "\x1b", "\x7f", "\x80", "\x9f", "\xad", "\u200d", "\u202e", "\ufffd", "\ufff9",
                                           "\ue000", "\U000e0001", "\U0010ffff", "ab", "Ab", " ", "x"]) for _ in range(self.random.randint(1, 7)))

    def spaces(self):
        return "".join(self.random.choice(SPACES) if self.random.random() < 0.5 else self.random.choice("abcXYZ.") for _ in range(self.random.randint(1, 9)))

    def marks(self):
        base = self.random.choice(["a", "e", "q", "か", "क", "한", "\U0001d157", "\u1100", "9", "", "(", "中", "豈", self.random.choice(self.marked)])
        return base + "".join(self.pick(MARKS, 1, 5)) + self.random.choice(["", "b", " c"])

    def decomposed(self):
        return "".join(self.pick(self.marked, 1, 6))

    def ascii(self):
        return "".join(chr(self.random.randrange(128)) for _ in range(self.random.randint(1, 16)))

    def words(self):
        return self.random.choice([" ", " ", "", "_", "\n", "."]).join(self.pick(WORDS, 1, 4))

    def long_word(self):
        length = self.random.choice([98, 99, 99, 100, 100, 100, 101, 101, 102, 130])
        filler = self.random.choice(["a", "é", "я", "xy", "\U0001d400", "e\u0301", "\u302e"])
        word = (filler * length)[:length]
        return self.random.choice(["", "a ", "("]) + word + self.random.choice(["", " b", ".c", "\u0301", "\u200b", "z"])

    def code(self):
        text = self.random.choice(CODE)
        start = self.random.randrange(len(text) // 2)
        return text[start:start + self.random.randint(8, 40)]

    def emoji(self):
        return "".join(self.random.choice(EMOJI + ["a", " ", "Hi"]) for _ in range(self.random.randint(1, 4)))

    def special(self):
        return "".join(self.random.choice(SPECIAL + ["a", " ", "É", "\u0301", "-"]) for _ in range(self.random.randint(1, 4)))

    def garbage(self):
        data = self.random.randbytes(self.random.randint(1, 20))
        return data.decode("utf-8", "ignore") + data.decode("utf-16-le", "ignore")[:4].encode("utf-8", "ignore").decode()

    def record(self, number):
        """(limit, text)"""
        weighted = [(self.every_plane, 18), (self.letters, 14), (self.between_letters, 8), (self.controls, 5), (self.spaces, 6), (self.marks, 12),
                    (self.decomposed, 5), (self.ascii, 8), (self.words, 10), (self.long_word, 2), (self.code, 6), (self.emoji, 3), (self.special, 6),
                    (self.garbage, 4)]
        makers = [maker for maker, weight in weighted for _ in range(weight)]
        return (self.random.choice([2, 3, 5, 8]) if number % 9 == 0 else 0), self.random.choice(makers)()


# Where Unicode versions differ about marks, punctuation, controls, decompositions and case.
DISPUTED = [0x61D, 0x7FD, 0x8D3, 0x8D4, 0x8E2, 0x9FD, 0x1734, 0x166D, 0x1885, 0x1886, 0x1ABF, 0x1C89, 0x1C90, 0x2E43, 0x2E5D, 0xA7CB, 0xA7CC,
            0xA7DC, 0xA9BD, 0x111C9, 0x11660, 0x11938, 0x1193D, 0x10D50, 0x16EA0, 0x1E000, 0x1E95E, 0x378, 0x180E, 0x200B, 0x85, 0xE000, 0x130]


def fixed_records():
    for code in DISPUTED:
        yield 0, chr(code)
        yield 0, "a" + chr(code) + "b"
    for text in ["", " ", "a", *CODE, *WORDS, *EMOJI, *SPECIAL, *SPACES, *MARKS]:
        yield 0, text
    for text in CODE:
        for limit in (2, 3, 16):
            yield limit, text
    yield 0, "\n".join(CODE)


def all_code_points():
    for code in range(0x110000):
        if not 0xD800 <= code < 0xE000:
            yield 0, chr(code)
            yield 0, "a" + chr(code) + "b"


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def hash_of(ids):
    value = 0xCBF29CE484222325
    for byte in struct.pack("<%dI" % len(ids), *ids):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value & 0xFFFFFFFF


def encode_all(tokenizer, records, batch=20000):
    """The ids of every record, with the limit that it asks for."""
    by_limit = {}
    for index, (limit, _) in enumerate(records):
        by_limit.setdefault(limit, []).append(index)
    ids = [None] * len(records)
    for limit, indices in by_limit.items():
        tokenizer.no_padding()
        tokenizer.no_truncation()
        if limit:
            tokenizer.enable_truncation(max_length=limit)
        for start in range(0, len(indices), batch):
            part = indices[start:start + batch]
            for index, encoding in zip(part, tokenizer.encode_batch([records[i][1] for i in part])):
                ids[index] = encoding.ids
    return ids


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--count", type=int, default=12000)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    path = os.path.join(options.model, "tokenizer.json")
    tokenizer = Tokenizer.from_file(path)
    if options.all:
        records = list(all_code_points())
    else:
        strings = Strings()
        records = list(fixed_records())
        seen = set(records)
        while len(records) < options.count:
            record = strings.record(len(records))
            if record not in seen:
                seen.add(record)
                records.append(record)
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).digest()
    with open(options.out, "wb") as out:
        out.write(b"SONDEWP1" + digest + struct.pack("<I", len(records)))
        for number, ((limit, text), ids) in enumerate(zip(records, encode_all(tokenizer, records))):
            data = text.encode()
            out.write(varint(limit) + varint(len(data)) + data + struct.pack("<I", hash_of(ids)))
            full = number % FULL_IDS_EVERY == 0 and len(ids) < 64
            out.write(varint(len(ids) + 1) + b"".join(map(varint, ids)) if full else varint(0))


if __name__ == "__main__":
    main()
