#!/usr/bin/env python3
"""Writes tests/data/encoder_reference.zst: texts and the vectors that sentence-transformers gives them.

    python3 make_encoder_reference.py MODEL_FOLDER OUT

Needs sentence-transformers and the zstd program. The file is made once and committed, so that no test
needs either. The texts are ours: code in a dozen languages and prose in a dozen more, put together by a
seeded generator, 1 to 512 tokens long, and some longer that have to be cut at 512.

The file, under zstd, little-endian:
    "SONDEREF" | u32 version = 1 | u32 texts | u32 dimensions | u32 max_tokens
    texts times: u32 tokens (with [CLS] and [SEP], after the cut) | u32 bytes | UTF-8
    the vectors' low bytes, then their high bytes: texts * dimensions of f16 each, split because the high
    bytes compress and the low ones do not
"""
import random
import struct
import subprocess
import sys

SEED = 4
TEXTS = 1000
MAX_TOKENS = 512

VERBS = """read write parse open close merge split count find sort index embed rank fold chunk hash store
load commit lock resume cancel retry flush render encode decode verify repair watch walk match score
queue drain publish sample shuffle reduce filter group join select insert update delete rotate""".split()
NOUNS = """buffer segment posting query token vector folder cursor page block chunk worker thread signal
socket session account invoice order customer payment schedule calendar reminder kitchen recipe garden
river mountain weather telescope orbit satellite protein enzyme molecule violin melody rhythm painting
bridge harbour lantern library catalogue manuscript compiler grammar symbol register cache journal
snapshot checksum budget deadline backup password certificate header footer request response route""".split()
ADJECTIVES = """small large empty stale fresh broken sorted hidden atomic durable cheap costly shared local
remote quiet loud ancient modern green scarlet frozen warm sparse dense lazy eager partial stable""".split()
TYPES = ["int", "size_t", "std::string", "float", "bool", "uint32_t", "double"]

PROSE = {
    "en": ["The {a} {n} was left beside the {n2}, and nobody could say why.",
           "When we {v} the {n}, every {a} {n2} has to wait until the last one is done.",
           "How do I {v} a {n} without losing the {n2}?", "Nothing here is {a}; the {n} merely looks {a2}.",
           "In 1{d}, about {d} of them were found near the {n}, most of them {a}.",
           "It's the {n}'s fault, isn't it? \u2014 \u201cNo,\u201d she said, \u201cit never was.\u201d"],
    "de": ["Der {n} lag schon lange im Schrank, als die Gäste kamen, und keiner wusste warum.",
           "Größe und Maß der {d} Kästen müssen geprüft werden, bevor der Zug über die Brücke fährt.",
           "Wir möchten den Index nicht verlieren; daher schreiben wir ihn zuerst auf die Platte."],
    "fr": ["L'été dernier, nous avons traversé la forêt à pied jusqu'à la côte, où {d} bateaux attendaient.",
           "Le garçon n'a pas trouvé son œuvre préférée dans la bibliothèque du château.",
           "Comment peut-on {v} un fichier sans perdre les données déjà enregistrées ?"],
    "es": ["El año pasado compramos {d} manzanas en la pequeña tienda de la esquina.",
           "¿Dónde está la configuración del servidor? ¡No la encuentro en ningún sitio!",
           "La niña dibujó un pingüino y lo guardó debajo de la almohada."],
    "pl": ["Zażółć gęślą jaźń, a potem zapisz {d} plików na dysku i wróć do domu.",
           "Każdy wątek czeka, aż ostatnia strona książki zostanie zapisana."],
    "cs": ["Příliš žluťoučký kůň úpěl ďábelské ódy, zatímco {d} lidí čekalo u řeky."],
    "tr": ["İstanbul'da ışıklı bir gecede {d} gemi köprünün altından geçti, çocuklar güldü."],
    "vi": ["Hôm qua chúng tôi đã đọc {d} trang sách về lịch sử của thành phố cũ."],
    "ru": ["Вчера мы прочитали {d} страниц старой книги и нашли в ней ошибку.",
           "Сервер не отвечает, потому что кто-то удалил файл настроек; ёжик спит."],
    "el": ["Η βιβλιοθήκη είναι κλειστή σήμερα, αλλά {d} άνθρωποι περιμένουν έξω."],
    "ar": ["قرأت الكتاب القديم في المكتبة ووجدت فيه {d} صفحات ناقصة."],
    "he": ["הספרייה סגורה היום, אבל {d} אנשים מחכים בחוץ."],
    "hi": ["मैंने पुस्तकालय में पुरानी किताब पढ़ी और उसमें {d} पन्ने कम थे।"],
    "th": ["เมื่อวานฉันอ่านหนังสือเก่า {d} หน้าในห้องสมุด"],
    "zh": ["昨天我在图书馆读了{d}页旧书，发现里面有一个错误。", "请先保存文件，然后重新启动服务器。"],
    "ja": ["昨日、図書館で古い本を{d}ページ読みました。", "サーバーを再起動する前に、ファイルを保存してください。"],
    "ko": ["어제 도서관에서 오래된 책을 {d}쪽 읽었습니다. 서버를 다시 시작하세요."],
    "xx": ["\U0001f680 {v} \U0001f389\U0001f3fd {n} \u2192 {n2} \u2264 {d} \u00b5s \u00b1 3\u00a0%", "\u212b\ufb01\u2167 \u1e9e e\u0301 n\u0303 \u200b{n}\u00ad{n2}"],
}

CODE = {
    "python": ["def {v}_{n}({n2}, limit={d}):\n    \"\"\"{V}s the {n} of a {n2}.\"\"\"\n    for item in {n2}.items():\n        if item.{n} > limit:\n            raise ValueError(f\"{n} {item!r} is too {a}\")\n    return {{k: v for k, v in {n2}.{v2}()}}\n",
               "class {N}{N2}:\n    def __init__(self, {n}: list[str]) -> None:\n        self._{n} = {n}\n\n    async def {v}(self):\n        await self._{n}.{v2}()\n"],
    "cpp": ["Result<{N}> {N2}::{v}(std::span<const {t}> {n}s, std::size_t limit) const {\n  if ({n}s.size() > limit) {\n    return Error{Code::Limit, \"too many {n}s\"};\n  }\n  return {v2}_{n2}({n}s.data(), 0x{d}U);\n}\n",
            "template <typename {N}>\nstruct {N2}{A} final : {N} {\n  {t} {n} = {d};\n  [[nodiscard]] bool {v}() const noexcept { return {n} != 0; } // {a} {n2}\n};\n"],
    "rust": ["pub fn {v}_{n}<'a>({n2}: &'a [{N}]) -> Option<&'a {N}> {\n    {n2}.iter().filter(|x| x.{n} >= {d}).max_by_key(|x| x.{v2}())\n}\n"],
    "go": ["func (s *{N}) {V}{N2}(ctx context.Context, {n} string) error {\n\tif err := s.{v2}(ctx, {n}); err != nil {\n\t\treturn fmt.Errorf(\"{v} %q: %w\", {n}, err)\n\t}\n\treturn nil\n}\n"],
    "java": ["@Override\npublic List<{N}> {v}{N2}s(final Map<String, {N}> {n}s) {\n    return {n}s.values().stream().filter({N}::is{A}).collect(Collectors.toList());\n}\n"],
    "js": ["export const {v}{N} = async ({ {n}, {n2} = {d} }) => {\n  const res = await fetch(`/api/{n}s/${ {n2} }`);\n  return (await res.json()).{n2} ?? null;\n};\n"],
    "sql": ["SELECT {n}.id, COUNT(*) AS {n2}s FROM {n} LEFT JOIN {n2} ON {n2}.{n}_id = {n}.id WHERE {n}.{a} = 1 GROUP BY {n}.id HAVING COUNT(*) > {d};\n"],
    "sh": ["for {n} in \"${{N}_DIR:-/var/lib}\"/*.{n2}; do\n  [ -f \"${n}\" ] || continue\n  grep -qE '^{v}_[a-z]+=' \"${n}\" && echo \"${n}\" >> /tmp/{a}.log\ndone\n"],
    "yaml": ["{n}:\n  {n2}: {d}\n  {v}: [\"{a}\", \"{a2}\"]\n  enabled: true\n"],
    "json": ["{\"{n}\": {\"{n2}\": {d}, \"{a}\": [true, null, -1.5e-{d}], \"path\": \"C:\\\\{n}\\\\{v}.txt\"}}\n"],
    "html": ["<div class=\"{n} {n}--{a}\" data-{v}=\"{d}\"><a href=\"#{n2}\">{V} &amp; {v2}</a></div>\n"],
    "css": [".{n}-{a} > .{n2}:hover { margin: {d}px auto; color: #{d}f0; }\n"],
    "md": ["## {V} the {n}\n\n- {a} `{n2}`: **{d}**\n- see [{n}](docs/{n}.md#{v}-{n2})\n\n"],
    "haskell": ["{v}{N} :: Ord a => [a] -> Maybe a\n{v}{N} []     = Nothing\n{v}{N} (x:xs) = Just (foldr max x xs)  -- {a} {n2}\n"],
    "diff": ["@@ -{d},7 +{d},9 @@\n-    {v}_{n}({n2});\n+    {v2}_{n}({n2}, {d});\n"],
}


def fill(random_, form):
    verb, noun, adjective = random_.choice(VERBS), random_.choice(NOUNS), random_.choice(ADJECTIVES)
    noun2, verb2, adjective2 = random_.choice(NOUNS), random_.choice(VERBS), random_.choice(ADJECTIVES)
    for key, value in (("{n}", noun), ("{n2}", noun2), ("{v}", verb), ("{v2}", verb2), ("{a}", adjective),
                       ("{a2}", adjective2), ("{N}", noun.capitalize()), ("{N2}", noun2.capitalize()),
                       ("{V}", verb.capitalize()), ("{A}", adjective.capitalize()),
                       ("{t}", random_.choice(TYPES))):
        form = form.replace(key, value)
    while "{d}" in form:
        form = form.replace("{d}", str(random_.randint(2, 999)), 1)
    return form


def pieces(random_):
    """An endless run of pieces of one kind, now and then of two."""
    kinds = [list(PROSE.values()), list(CODE.values())]
    forms = random_.choice(kinds[random_.random() < 0.55])
    between = "" if forms in CODE.values() else " "
    while True:
        if random_.random() < 0.06:
            forms = random_.choice(kinds[random_.random() < 0.5])
        yield fill(random_, random_.choice(forms)) + between


def make_text(random_, tokenize, wanted):
    """Exactly `wanted` tokens between [CLS] and [SEP] where the words allow it, otherwise a few less."""
    text, source = "", pieces(random_)
    while tokenize(text) < wanted:
        text += next(source)
    low, high = 1, len(text)  # the longest beginning that does not have too many
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokenize(text[:middle]) <= wanted else (low, middle - 1)
    return text[:low]


def make_texts(tokenize):
    random_ = random.Random(SEED)
    texts = ["", " \t\n", "x", "a" * 150, "\u0130", "[SEP] [MASK] token"]
    seen = set(texts)
    for wanted in list(range(1, 33)) + [63, 64, 65, 127, 128, 254, 255, 256, 509, 510, 511, 600, 900, 2000]:
        texts.append(make_text(random_, tokenize, wanted))
    seen.update(texts)
    while len(texts) < TEXTS:
        # Many short, some long: evenly spread over the logarithm of the length.
        text = make_text(random_, tokenize, max(1, round(4 * (MAX_TOKENS / 4) ** random_.random()) - 2))
        if text not in seen:
            seen.add(text)
            texts.append(text)
    return texts


def main():
    from sentence_transformers import SentenceTransformer
    folder, out = sys.argv[1:]
    model = SentenceTransformer(folder, device="cpu")
    model.max_seq_length = MAX_TOKENS
    tokenizer = model.tokenizer
    texts = make_texts(lambda text: len(tokenizer.encode(text, add_special_tokens=False)))
    counts = [min(MAX_TOKENS, len(tokenizer.encode(text))) for text in texts]
    # One at a time: no padding, so nothing depends on the batch.
    vectors = model.encode(texts, batch_size=1, normalize_embeddings=True, convert_to_numpy=True)
    raw = struct.pack("<8s4I", b"SONDEREF", 1, len(texts), vectors.shape[1], MAX_TOKENS)
    for count, text in zip(counts, texts):
        encoded = text.encode()
        raw += struct.pack("<2I", count, len(encoded)) + encoded
    halves = vectors.astype("<f2").tobytes()
    raw += halves[0::2] + halves[1::2]
    subprocess.run(["zstd", "-q", "-19", "-f", "-o", out], input=raw, check=True)
    print(f"{len(texts)} texts, {sum(counts)} tokens, longest {max(counts)}, {len(raw)} bytes raw")


if __name__ == "__main__":
    main()
