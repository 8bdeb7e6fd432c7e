#!/usr/bin/env python3
"""Two rates of the fingerprint (docs/decisions/fingerprint.md) on mails that others wrote.

How many pairs of different mails of one campaign are taken for the same message (none should be), and
how many copies that gateways changed are still the same (all should be). The changes are made here:
banners, footers, marks, rewritten links, other encodings, tidied HTML, added fields. Where the corpus
is missing, this says so and succeeds. `fingerprints.py [--mails N]`"""
import argparse, base64, collections, email, email.policy, html, pathlib, re, sys, tempfile, urllib.parse

import score

EXTERNAL = ("CAUTION: This email originated from outside of the organization. Do not click links or open attachments "
            "unless you recognize the sender and know the content is safe.")
BANNERS = {
    "Exchange rule": f"<table border=0><tr><td style='background:#fc0'></td><td>{EXTERNAL}</td></tr></table><br>",
    "Proofpoint": "<div style='display:none!important;font-size:1px'>ZjQcmQRYFpfptBannerStart</div><!--[if ((ie)|(mso))]><table>"
                  "<tr><td>This Message Is From an External Sender</td></tr></table><![endif]--><div><div>This Message Is From an "
                  "External Sender</div><div>This message came from outside your organization.</div></div>"
                  "<div style='display:none!important'>ZjQcmQRYFpfptBannerEnd</div>",
    "Mimecast": "<div><b>External email:</b> This message is from outside your organization. Think before you click.</div>",
    "Google": "<div>This email is from an external sender. Do not click links or reply unless you trust the sender.</div>",
    "German": "<p>ACHTUNG: Diese E-Mail stammt von einem externen Absender. Klicken Sie nicht auf Links.</p>",
    "French": "<p>ATTENTION : ce courriel provient de l'extérieur de l'organisation. Ne cliquez pas sur les liens.</p>",
}
FOOTER = "This email has been scanned for viruses by Symantec."


class Unusable(Exception):
    """This mail cannot be changed so: it has no such part, or Python cannot write it."""


def text_parts(message):
    for part in message.walk():
        if part.get_content_type() in ("text/plain", "text/html") and part.get_content_disposition() != "attachment" \
                and not part.is_multipart():
            yield part


def change_texts(message, of_text, of_html, encoding="base64", charset="utf-8"):
    """Applies a function to each shown part and writes it in another encoding."""
    found = False
    for part in text_parts(message):
        raw = part.get_payload(decode=True)
        if raw is None:
            raise Unusable
        try:
            text = raw.decode(part.get_content_charset() or "ascii")
            new = (of_html if part.get_content_type() == "text/html" else of_text)(text)
            octets = new.encode(charset)
        except (LookupError, UnicodeError):
            raise Unusable
        part.set_param("charset", charset)
        if encoding == "base64":
            body = base64.encodebytes(octets).decode()
        else:
            import quopri
            body = quopri.encodestring(octets).decode()
        del part["Content-Transfer-Encoding"]
        part["Content-Transfer-Encoding"] = encoding
        part.set_payload(body)
        found = True
    if not found:
        raise Unusable


def same(text):
    return text


def into_body(banner, page):
    found = re.search(r"<body[^>]*>", page, re.I)
    at = found.end() if found else 0
    return page[:at] + banner + page[at:]


def before_end(footer, page):
    at = page.lower().rfind("</body")
    if at < 0 or re.sub(r"</?(body|html)\s*>|\s", "", page[at:], flags=re.I):
        return page + footer  # something follows the body already
    return page[:at] + footer + page[at:]


def safe_link(url):
    return "https://eur01.safelinks.protection.outlook.com/?url=" + urllib.parse.quote(url, safe="") + \
        "&data=05%7C01%7Cx&sdata=y&reserved=0"


def defense(url):
    quoted = urllib.parse.quote(url, safe="").replace("_", "-5F").replace("-5F", "%5F").replace("-", "%2D")
    return "https://urldefense.proofpoint.com/v2/url?u=" + quoted.replace("%2F", "_").replace("%", "-") + "&d=DwMF&c=x"


def rewrite_page(rewriter):
    def links(page):
        def one(found):
            url = html.unescape(found.group(3))
            if not re.match(r"https?://[^\s]+$", url) or not url.isascii():
                return found.group(0)
            return found.group(1) + found.group(2) + html.escape(rewriter(url)) + found.group(2)
        return re.sub(r"""(<a\s[^>]*?\bhref=)(["'])(.*?)\2""", one, page, flags=re.I | re.S)
    return links


def rewrite_text(rewriter):
    return lambda text: re.sub(r"https?://[A-Za-z0-9./?=&%_#~+-]*[A-Za-z0-9/=]", lambda found: rewriter(found.group(0)), text)


def tidy(page):
    found = re.search(r"<head[^>]*>", page, re.I)
    added = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style>P {margin-top:0;margin-bottom:0}</style>'
    return page[:found.end()] + added + page[found.end():] if found else page


def mark_subject(message):
    subject = message["Subject"]
    if subject is None or not str(subject).isascii():
        raise Unusable
    message.replace_header("Subject", "[EXTERNAL] " + str(subject))


def add_fields(message):
    message["X-MS-Exchange-Organization-SCL"] = "1"
    message["X-Gateway-Verdict"] = "clean"


def banner(kind):
    return lambda message: change_texts(message, lambda text: EXTERNAL + "\n\n" + text, lambda page: into_body(BANNERS[kind], page))


def all_at_once(message):
    mark_subject(message)
    add_fields(message)
    change_texts(message, lambda text: EXTERNAL + "\n\n" + rewrite_text(safe_link)(text),
                 lambda page: into_body(BANNERS["Proofpoint"], rewrite_page(safe_link)(page)))


CHANGES = {
    "fields added": add_fields,
    "mark before the subject": mark_subject,
    "UTF-8, base64": lambda message: change_texts(message, same, same),
    "UTF-8, quoted-printable": lambda message: change_texts(message, same, same, "quoted-printable"),
    **{f"banner: {kind}": banner(kind) for kind in BANNERS},
    "footer": lambda message: change_texts(message, lambda text: text + "\n\n" + FOOTER + "\n",
                                           lambda page: before_end(f"<hr><p>{FOOTER}</p>", page)),
    "Safe Links": lambda message: change_texts(message, rewrite_text(safe_link), rewrite_page(safe_link)),
    "URL Defense": lambda message: change_texts(message, rewrite_text(defense), rewrite_page(defense)),
    "head, meta, style": lambda message: change_texts(message, same, tidy),
    "mark, banner and rewritten links": all_at_once,
}


def key(document):
    fingerprint = document and document["message"]["fingerprint"]
    return fingerprint and ":".join(fingerprint.split(":")[:2])


def written(path, change):
    message = email.message_from_bytes(pathlib.Path(path).read_bytes())
    try:
        change(message)
        return message.as_bytes()
    except Unusable:
        return None
    except Exception:  # what Python's email cannot write again is no case
        return None


def rate_of_changes(paths, into, show, only):
    print(f"\n{'a gateway adds or changes':36} {'same':>6} {'of':>6}")
    all_same = all_tried = 0
    for name, change in CHANGES.items():
        if only and name not in only:
            continue
        made = {}
        for number, path in enumerate(paths):
            # Python writes it anew even unchanged: the copy without a change is the one compared with
            octets, plain = written(path, change), written(path, lambda message: None)
            if octets is None or plain is None:
                continue
            files = [pathlib.Path(into) / f"{number}.{part}.eml" for part in ("changed", "plain")]
            for file, content in zip(files, (octets, plain)):
                file.write_bytes(content)
            made[path] = [str(file) for file in files]
        read = score.read_all([file for files in made.values() for file in files])
        lost = [path for path, files in made.items() if not all(read.get(file) for file in files)]
        made = {path: files for path, files in made.items() if path not in lost}
        equal = [path for path, (changed, plain) in made.items()
                 if key(read.get(changed)) and key(read.get(changed)) == key(read.get(plain))]
        all_same, all_tried = all_same + len(equal), all_tried + len(made)
        print(f"{name:36} {len(equal):6} {len(made):6}" + (f"  ({len(lost)} not read)" if lost else ""))
        for path in [path for path in made if path not in equal][:show]:
            print(f"    {path}")
    print(f"{'all':36} {all_same:6} {all_tried:6}  {100 * all_same / max(all_tried, 1):.2f} %")


def content(document):
    """An identity of our own making: the id and all that is shown or attached, without blanks."""
    message = document["message"]
    return (message["message_id"], "".join((message["text"] or "").split()), "".join((message["html"] or "").split()),
            tuple((file.get("name"), file.get("sha256")) for file in message["attachments"]))


def rate_of_pairs(corpus, read):
    campaigns = collections.defaultdict(list)
    for line in score.lines(corpus.root / "truth" / "phishing-campaigns.jsonl.gz"):
        path = corpus.path("mail/phishing_pot/" + line["file"])
        if read.get(path):
            campaigns[line["campaign"]].append(path)
    pairs = same_pairs = wrong = 0
    for paths in campaigns.values():
        for i, one in enumerate(paths):
            for other in paths[i + 1:]:
                pairs += 1
                if key(read[one]) == key(read[other]):
                    same_pairs += 1
                    wrong += content(read[one]) != content(read[other])
    by_key = collections.Counter(key(document) for document in read.values() if key(document))
    everywhere = sum(count * (count - 1) // 2 for count in by_key.values())
    print(f"pairs of one campaign: {pairs}; taken for the same: {same_pairs}, of which {wrong} are not")
    print(f"pairs of any two mails: {len(read) * (len(read) - 1) // 2}; taken for the same: {everywhere}")
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--mails", type=int, default=500)
    arguments.add_argument("--only", choices=CHANGES, action="append")
    arguments.add_argument("--show", type=int, default=0)
    options = arguments.parse_args()
    root = score.find_corpus()
    if not root:
        print("skipped: corpus not here")
        return 0
    with tempfile.TemporaryDirectory() as unpacked, tempfile.TemporaryDirectory() as into:
        score.unpack(root, unpacked)
        corpus = score.Corpus(root, unpacked)
        paths = sorted(str(path) for path in pathlib.Path(unpacked).glob("mail/phishing_pot/**/*.eml"))
        wrong = rate_of_pairs(corpus, score.read_all(paths))
        rate_of_changes(paths[::max(len(paths) // options.mails, 1)][:options.mails], into, options.show, options.only)
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
