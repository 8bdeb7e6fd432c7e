#!/usr/bin/env python3
"""Scores `trawl breakdown` against what other parsers found in mails that others wrote.

`score.py [--show N] [SUITE…]` unpacks the corpus into a temporary directory, reads every file that
has a line of ground truth, and prints one score a suite. The corpus is not part of the project;
where it is missing, this says so and succeeds. Nothing of a mail is printed but its path and the
field that differs, unless --show asks for the values."""
import argparse, base64, collections, gzip, hashlib, html, json, os, pathlib, subprocess, sys, tempfile, unicodedata, urllib.parse
from datetime import datetime

ROOT = pathlib.Path(os.environ.get("TRAWL_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
TRAWL = os.environ.get("TRAWL_BINARY", str(ROOT / "build" / "src" / "trawl"))  # or --trawl


FOLDERS = ("mail", "mime", "auth", "outlook", "reports", "forwards")  # what holds mail, and what lies beside it


def find_corpus():
    for place in (os.environ.get("TRAWL_CORPUS"), ROOT / ".." / "shared" / "corpus",
                  ROOT / ".." / ".." / "shared" / "corpus"):
        if place and (pathlib.Path(place) / "truth").is_dir():
            return pathlib.Path(place).resolve()
    return None


def unpack(corpus, into):
    for archive in corpus.glob("**/*.tar.zst"):
        subprocess.run(["tar", "--zstd", "-xf", str(archive), "-C", into], check=True)


def lines(path):
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
    with opened as file:
        return [json.loads(line) for line in file if line.strip()]


class Corpus:
    """Where a file named by the truth lies: beside the truth, or in what was unpacked."""

    def __init__(self, root, unpacked):
        self.root, self.unpacked = root, pathlib.Path(unpacked)

    def path(self, name):
        for base in (self.root, self.unpacked, self.unpacked / "reports" / "derived"):
            if (base / name).is_file():
                return str(base / name)
        return None


def read_all(paths):
    """path -> breakdown, or None for one that could not be read."""
    found = {}
    for start in range(0, len(paths), 200):
        some = paths[start:start + 200]
        run = subprocess.run([TRAWL, "breakdown", *some], capture_output=True)
        if b"runtime error" in run.stderr or b"Sanitizer" in run.stderr:
            sys.stderr.buffer.write(run.stderr)
        for line in run.stdout.splitlines():
            try:
                document = json.loads(line)
            except ValueError:
                sys.exit(f"not JSON: {line[:300]!r}")
            found[document["file"]] = document
    return found


def squeeze(text):
    return " ".join((text or "").split())


def seconds(text):
    return int(datetime.fromisoformat(text).timestamp()) if text else None


def compare_form(address):
    """Theirs as written in our form: lower case, the domain as IDNA maps it (\U0001d41a is an a)."""
    address = address.lower()
    local, at, domain = address.rpartition("@")
    if not at or domain.isascii():
        return address
    folded = unicodedata.normalize("NFKC", domain).lower().replace("\u200b", "")
    try:
        return local + at + folded.encode("idna").decode()
    except UnicodeError:
        return address


def addresses(people):
    return [who["address"] for who in people if who["address"]]


class Score:
    def __init__(self, name):
        self.name, self.right, self.all, self.wrong = name, 0, 0, []

    def add(self, file, field, ours, theirs):
        self.all += 1
        if ours == theirs:
            self.right += 1
            return True
        self.wrong.append((file, field, ours, theirs))
        return False


def same_attachments(ours, theirs):
    """Types, names and hashes, sorted; a message has no hash that parsers agree on."""
    def key(one):
        message = one["type"].startswith("message/")
        return (one["type"], squeeze(one.get("name")) or None, None if message else one.get("sha256"))
    return sorted(map(key, ours), key=str), sorted(map(key, theirs), key=str)


def score_mail(documents, truth, corpus, partial=False):
    fields, exact, suites = Score("fields"), Score("records"), collections.defaultdict(list)
    urls = collections.Counter()
    for line in truth:
        document = documents.get(corpus.path(line["file"]))
        skip = set(line.get("not_agreed", []))
        here = Score(line["file"])
        if document is None:
            exact.add(line["file"], "unreadable", None, True)
            continue
        message = document["message"]
        ours = {
            "message_id": message["message_id"], "subject": squeeze(message["subject"]),
            "date": seconds(message["date"]),
            **{key: addresses(message[key]) for key in ("from", "to", "cc")},
        }
        for field, value in ours.items():
            if field in line and field not in skip:
                theirs = line[field]
                if field == "subject":
                    theirs = squeeze(theirs)
                if field in ("from", "to", "cc"):
                    theirs = [compare_form(a) for a in theirs]
                if field == "message_id" and value and value.startswith("sha256:"):
                    continue
                here.add(line["file"], field, value, theirs)
        if "attachments" in line and "attachments" not in skip:
            mine, theirs = same_attachments(message["attachments"], line["attachments"])
            here.add(line["file"], "attachments", mine, theirs)
        for field, wheres in (("urls_html", "html"), ("urls_text", "text")):
            if field not in line or field in skip:
                continue
            mine = {link["written"] for link in message["links"] if link["where"].startswith(wheres)
                    and link["written"].lower().startswith(("http:", "https:"))}
            theirs = set(line[field])
            urls["expected"] += len(theirs)
            urls["missed"] += len(theirs - mine)
            urls["spurious"] += len(mine - theirs)
            if theirs - mine or mine - theirs:
                here.wrong.append((line["file"], field, sorted(mine - theirs), sorted(theirs - mine)))
        exact.all += 1
        exact.right += here.right == here.all
        exact.wrong += here.wrong
        suites["/".join(line["file"].split("/")[:2])].append(here.right == here.all)
    return exact, suites, urls


def every_message(document):
    """The reported message and all messages inside, at any depth."""
    def below(message):
        for attachment in message.get("attachments") or []:
            yield from inside(attachment)
    def inside(attachment):
        if attachment.get("message"):
            yield attachment["message"]
            yield from below(attachment["message"])
        for part in attachment.get("parts") or []:
            yield from inside(part)
    yield from below(document["message"])
    for original in document["originals"]:
        yield original["message"]
        yield from below(original["message"])


def score_nested(documents, truth, corpus):
    score = Score("nested")
    for line in truth:
        document = documents.get(corpus.path(line["file"]))
        if document is None:
            score.add(line["file"], "unreadable", None, True)
            continue
        ours = {message["message_id"] for message in every_message(document)}
        theirs = {nested["message_id"] for nested in line["nested"]}
        score.add(line["file"], "message ids", sorted(filter(None, theirs - ours)), [])
    return score


def files_inside(message):
    """SHA-256 of every file that hangs on attached messages."""
    found = []
    for attachment in message.get("attachments") or []:
        found.append(attachment.get("sha256"))
        if attachment.get("message"):
            found += files_inside(attachment["message"])
        for part in attachment.get("parts") or []:
            found.append(part.get("sha256"))
            if part.get("message"):
                found += files_inside(part["message"])
    return found


def wrapped(path, type_):
    """A mail with that file attached."""
    data = base64.encodebytes(pathlib.Path(path).read_bytes()).decode()
    return (f"From: a@corp.example\nSubject: Fwd: x\nContent-Type: {type_}\n"
            f"Content-Disposition: attachment; filename=f\nContent-Transfer-Encoding: base64\n\n{data}").encode()


def read_one(mail):
    run = subprocess.run([TRAWL, "breakdown", "-"], input=mail, capture_output=True)
    return json.loads(run.stdout) if run.stdout.strip() else None


def score_outlook(corpus):
    msg, fields = Score("msg"), collections.Counter()
    for line in lines(corpus.root / "truth" / "msg.jsonl"):
        document = read_one(wrapped(corpus.path(line["file"]), "application/vnd.ms-outlook"))
        ours = next((m for m in every_message(document)), None) if document else None
        here = Score("")
        if line.get("message_class") is not None and ours is None:
            msg.add(line["file"], "not read", None, True)
            continue
        not_agreed = line.get("not_agreed") or []
        for field in ("message_id", "subject", "attachments"):
            if field not in line or ours is None or (not_agreed is True or field in not_agreed):
                continue
            if field == "attachments":
                theirs = sorted(a["sha256"] for a in line[field] if a.get("sha256"))
                mine = sorted(a["sha256"] for a in ours["attachments"] if not a.get("message") or a["sha256"] in theirs)
                here.add(line["file"], field, [x for x in theirs if x not in mine], [])
            else:
                here.add(line["file"], field, squeeze(ours[field]), squeeze(line[field]))
        msg.all += 1
        msg.right += here.right == here.all
        msg.wrong += here.wrong
    tnef = Score("tnef")
    for line in lines(corpus.root / "truth" / "tnef.jsonl"):
        document = read_one(wrapped(corpus.path(line["file"]), "application/ms-tnef"))
        if not line.get("files"):
            tnef.add(line["file"], "no answer", document is not None, True)
            continue
        ours = files_inside(document["message"]) if document else []
        tnef.add(line["file"], "files", [f["name"] for f in line["files"] if f["sha256"] not in ours], [])
    return msg, tnef


def score_derived(documents, truth, corpus):
    scores = collections.defaultdict(lambda: Score(""))
    for line in truth:
        score = scores[line["wrapper"]]
        document = documents.get(corpus.path(line["file"]))
        if document is None or not document["report"]:
            score.add(line["file"], "not a report", None, True)
            continue
        if "tnef_files" in line:
            ours = files_inside(document["message"])
            theirs = sorted(file["sha256"] for file in line["tnef_files"])
            score.add(line["file"], "files in winmail.dat", [x for x in theirs if x not in ours], [])
            continue
        ours = [original["message"] for original in document["originals"]]
        ids = [message["message_id"] for message in ours]
        wanted = [original["message_id"] for original in line["originals"]]
        right = ids == wanted if any(wanted) else len(ids) == len(wanted)
        for message, original in zip(ours, line["originals"]):
            if original.get("from_addr") and not any(wanted):
                right = right and addresses(message["from"]) == [compare_form(a) for a in original["from_addr"]]
            if not any(wanted):
                right = right and squeeze(message["subject"]) == squeeze(original["subject"])
                right = right and bool(message["date"])
        reporter = (document["report"]["reporter"] or {}).get("address")
        if line.get("reporter"):
            right = right and reporter == line["reporter"]
        score.add(line["file"], "originals", right and "right" or [ids, reporter], "right")
    return scores


def score_bounces(corpus):
    score = Score("no report")
    base = corpus.root / "reports"
    files = sorted(str(path) for folder in ("sisimai-bounces", "parsedmarc")
                   for path in (base / folder).rglob("*") if path.is_file())
    documents = read_all(files)
    for file in files:
        if file not in documents:
            continue
        form = (documents[file]["report"] or {}).get("form")
        score.add(file, "form", form in (None, "bounce", "auto_reply", "dmarc"), True)
        score.wrong = [(f, k, form if f == file else o, t) for f, k, o, t in score.wrong]
    return score


def xarf_samples(corpus):
    """Every XARF document of the suites, and whether it is meant to be valid."""
    base = corpus.root / "reports"
    for suite, wrong in (("xarf-spec-v4", None), ("xarf-python-shared", "invalid"), ("xarf-abusix-v3", "negative")):
        for path in sorted((base / suite).rglob("*.json")):
            yield path, not wrong or wrong not in path.relative_to(base).parts
    for path in sorted((base / "xarf-mails").rglob("*")):
        if path.is_file():
            yield path, True


def score_xarf(corpus):
    """A valid document is read whole, alone and as a part; an invalid one is refused with a reason."""
    valid, invalid = Score("valid"), Score("invalid")
    for path, right in xarf_samples(corpus):
        octets = path.read_bytes()
        as_part = octets if path.suffix != ".json" else (
            b"From: a@corp.example\nSubject: abuse\nContent-Type: multipart/report; report-type=xarf; boundary=b\n\n"
            b"--b\n\nhello\n--b\nContent-Type: application/json\nContent-Transfer-Encoding: base64\n\n"
            + base64.encodebytes(octets) + b"\n--b--\n")
        for mail in {octets, as_part}:
            document = read_one(mail)
            report, found = document["report"] or {}, [f for f in document["message"]["findings"]
                                                       if f["id"] == "xarf_invalid"]
            name = str(path.relative_to(corpus.root))
            if right and path.suffix == ".json":
                valid.add(name, "document", report.get("xarf") or found, json.loads(octets))
            elif right:
                valid.add(name, "form", report.get("form"), "xarf")
            else:
                refused = report.get("form") != "xarf" and len(found) == 1 and found[0]["detail"]
                invalid.add(name, "refused", bool(refused), True)
    return valid, invalid


def inline_value(message, path):
    """email.from.address, email.to.0.name, email.subject, … of a claimed message."""
    at = message
    for step in path.split(".")[1:]:
        if step == "length":
            return len(at)
        if step == "body":
            return squeeze(at.get("text"))
        if isinstance(at, list):
            index = int(step) if step.isdigit() else 0
            at = at[index] if index < len(at) else {}
            if not step.isdigit():
                at = at.get(step)
        else:
            at = at.get(step)
        if at is None:
            return None
    return squeeze(at) if isinstance(at, str) else at


def score_inline(corpus):
    """The parser fixtures: each a forwarded text, with or without the subject."""
    score, fields = Score("texts"), collections.Counter()
    base = corpus.root / "forwards" / "forward-parser-crisp"
    for case in lines(base / "expected.jsonl"):
        body = (base / case["body"]).read_text(encoding="utf-8")
        subject = (base / case["subject"]).read_text(encoding="utf-8").strip() if case["subject"] else "Fwd: x"
        mail = f"From: a@corp.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{body}"
        run = subprocess.run([TRAWL, "breakdown", "-"], input=mail.encode(), capture_output=True)
        document = json.loads(run.stdout)
        original = (document["originals"] or [{"message": {}}])[0]["message"]
        for path, expected in case["expect"].items():
            if path in ("forwarded", "message") or (path == "email.subject" and not case["subject"] and
                                                    not original.get("date_text")):
                continue
            expected = squeeze(expected) if isinstance(expected, str) else expected
            ours = inline_value(original, path)
            fields[path, ours == expected] += 1
            score.add(case["body"], path, ours, expected)
    return score, fields


def links_of(mail):
    run = subprocess.run([TRAWL, "breakdown", "-"], input=mail.encode(), capture_output=True)
    return json.loads(run.stdout)["message"]["links"]


def layers_of(link):
    return [link["written"], link["url"], link["url"].rstrip("/"), *link.get("via", []), link["target"]]


def in_text(url):
    """A link that only people make: in a line of text."""
    return [layer for link in links_of(f"Subject: x\n\nsee {url} now\n") for layer in layers_of(link)]


def score_rewriters(corpus):
    """Each vector as a link of a little HTML page; those that are no link there (defanged, without a scheme) in a line of
    text. Where a vector's note says that its answer was unquoted once more, ours is too: other vectors want it quoted."""
    scores = collections.defaultdict(lambda: Score(""))
    vectors = lines(corpus.root / "urlrewrite" / "vectors.jsonl")
    for start in range(0, len(vectors), 500):
        some = vectors[start:start + 500]
        page = "".join(f'<a href="{html.escape(v["url"], quote=True)}">{start + i}</a>'
                       for i, v in enumerate(some))
        layers = {link["text"]: layers_of(link)
                  for link in links_of("Content-Type: text/html; charset=utf-8\n\n" + page)}
        for i, vector in enumerate(some):
            ours = layers.get(str(start + i), [])
            if vector["vendor"] == "refang/cleanup" or "://" not in vector["url"].split("__")[0]:
                ours = ours + in_text(vector["url"])
            if "unquoted form" in (vector.get("note") or ""):
                ours = ours + [urllib.parse.unquote(layer) for layer in ours if layer]
            scores[vector["vendor"]].add(vector["url"], vector.get("note", ""),
                                         vector["expected"] if vector["expected"] in ours else ours[-1:],
                                         vector["expected"])
    return scores


def signed(text, form):
    """The mail with a DKIM-Signature that covers all its fields, and the digests that must come of the expected
    canonical form: (mail, the digest of the header block)."""
    expected = text[form]
    head, _, body = expected.partition(b"\r\n\r\n")
    fields = head.split(b"\r\n") if head else []
    names = [line.split(b":")[0].strip().decode() for line in fields if line[:1] not in (b" ", b"\t")]
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    # a name that stands there twice is taken from the bottom up
    order, places = [], collections.defaultdict(list)
    blocks, current = [], b""
    for line in fields:
        if line[:1] in (b" ", b"\t"):
            blocks[-1] += line + b"\r\n"
        else:
            blocks.append(line + b"\r\n")
    for index, name in enumerate(names):
        places[name.lower()].append(index)
    for name in names:
        order.append(places[name.lower()].pop())
    tags = (f"v=1; a=rsa-sha256; c={form}/{form}; d=x.example; s=s; h={':'.join(names)}; bh={digest}; b=")
    own = f"dkim-signature:{tags}" if form == "relaxed" else f"DKIM-Signature: {tags}"
    covered = b"".join(blocks[i] for i in order) + own.encode()
    mail = f"DKIM-Signature: {tags}AAAA\n".encode() + text["mail"]
    return mail, hashlib.sha256(covered).hexdigest()


def score_authentication(corpus):
    """Canonical forms that another implementation expects; the bodies of mails that others signed."""
    forms, bodies = Score("canonical forms"), Score("body hashes")
    for path in sorted((corpus.root / "auth" / "flanker-dkim").glob("email.*")):
        for form in ("relaxed", "simple"):
            expected = path.with_name(f"{form}.expected{path.suffix}")
            mail, digest = signed({"mail": path.read_bytes(), form: expected.read_bytes()}, form)
            document = read_one(mail)
            found = (document["message"]["authentication"]["dkim"] or [{"digest": None, "body": None}])[0]
            forms.add(path.name, f"{form} header", found["digest"], digest)
            forms.add(path.name, f"{form} body", found["body"], "intact")
    for path in sorted((corpus.root / "auth" / "spamassassin-dkim").rglob("*")):
        document = read_one(path.read_bytes()) if path.is_file() else None
        authentication = document["message"]["authentication"] if document else {"dkim": [], "arc": None}
        newest = (authentication["arc"] or {}).get("signature")
        for signature in authentication["dkim"] + ([newest] if newest else []):
            bodies.add(path.name, "body", signature["body"], "intact")
    return forms, bodies


def score_schema(corpus):
    """Every file of the corpus, whatever it is, has a breakdown, and that is what docs/breakdown.schema.json says."""
    try:
        import jsonschema
    except ImportError:
        print("skipped: python3-jsonschema is not here")
        return None
    score = Score("schema")
    schema = json.loads((ROOT / "docs" / "breakdown.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    files = sorted({str(path) for base in (corpus.root, corpus.unpacked) for folder in FOLDERS
                    for path in (base / folder).rglob("*") if path.is_file() and not path.name.endswith(".tar.zst")})
    documents = read_all(files)
    for file in files:
        error = next(validator.iter_errors(documents[file]), None) if file in documents else "no breakdown"
        place = error if isinstance(error, str) else error and f"{error.json_path}: {error.message[:200]}"
        score.add(file, "schema", place, None)
    return score


def print_score(label, score, show):
    part = 100 * score.right / score.all if score.all else 100
    print(f"{label:44} {score.right:5} of {score.all:5}  {part:6.2f} %")
    for wrong in score.wrong[:show]:
        print("    ", wrong[0], wrong[1], "\n         ours  ", str(wrong[2])[:300],
              "\n         theirs", str(wrong[3])[:300])


def main():
    global TRAWL
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--show", type=int, default=0)
    options.add_argument("--trawl", default=TRAWL, help="the binary to score")
    options.add_argument("suite", nargs="*")
    chosen = options.parse_args()
    TRAWL = str(pathlib.Path(chosen.trawl).resolve())
    root = find_corpus()
    if not root:
        print("skipped: corpus not here")
        return 0
    def wanted(suite):
        return not chosen.suite or suite in chosen.suite
    with tempfile.TemporaryDirectory(prefix="trawl-corpus-") as scratch:
        unpacked = os.environ.get("TRAWL_CORPUS_UNPACKED", scratch)
        if unpacked == scratch:
            unpack(root, unpacked)
        corpus = Corpus(root, unpacked)
        for name in ("mail", "mail-partial"):
            if not wanted(name):
                continue
            truth = lines(root / "truth" / f"{name}.jsonl.gz")
            documents = read_all([p for p in (corpus.path(l["file"]) for l in truth) if p])
            exact, suites, urls = score_mail(documents, truth, corpus)
            print_score(f"{name}: records exact", exact, chosen.show)
            for suite, results in sorted(suites.items()):
                if sum(results) < len(results):
                    print(f"    {suite:40} {sum(results):5} of {len(results):5}")
            expected = urls["expected"] or 1
            print(f"    links: recall {100 - 100 * urls['missed'] / expected:.2f} %, "
                  f"spurious {100 * urls['spurious'] / expected:.2f} % of {expected}")
        if wanted("nested"):
            truth = lines(root / "truth" / "nested.jsonl.gz")
            documents = read_all([p for p in (corpus.path(l["file"]) for l in truth) if p])
            print_score("nested: all message ids", score_nested(documents, truth, corpus), chosen.show)
        if wanted("derived"):
            truth = lines(root / "truth" / "reports-derived.jsonl.gz")
            documents = read_all([p for p in (corpus.path(l["file"]) for l in truth) if p])
            for wrapper, score in score_derived(documents, truth, corpus).items():
                print_score(f"derived: {wrapper}", score, chosen.show)
        if wanted("bounces"):
            print_score("bounces and DMARC: not taken for reports", score_bounces(corpus), chosen.show)
        if wanted("outlook"):
            msg, tnef = score_outlook(corpus)
            print_score(".msg: records exact", msg, chosen.show)
            print_score("TNEF: all files", tnef, chosen.show)
        if wanted("xarf"):
            valid, invalid = score_xarf(corpus)
            print_score("XARF: valid documents read whole", valid, chosen.show)
            print_score("XARF: invalid documents refused", invalid, chosen.show)
        if wanted("authentication"):
            for label, score in zip(("canonical forms", "signed bodies"), score_authentication(corpus)):
                print_score(f"DKIM: {label}", score, chosen.show)
        if wanted("inline"):
            score, fields = score_inline(corpus)
            print_score("inline forwards: fields", score, chosen.show)
            for path in sorted({path for path, _ in fields}):
                print(f"    {path:40} {fields[path, True]:5} of {fields[path, True] + fields[path, False]:5}")
        if wanted("schema"):
            score = score_schema(corpus)
            if score:
                print_score("breakdowns valid by the schema", score, chosen.show)
        if wanted("rewriters"):
            for vendor, score in sorted(score_rewriters(corpus).items()):
                print_score(f"rewriters: {vendor}", score, chosen.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
