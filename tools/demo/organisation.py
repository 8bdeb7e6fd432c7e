"""The demo organisation: Lanternfish Instruments, whose people report what they find suspicious.

It makes people, lists, a few hundred ordinary mails, phishing campaigns and the reports about them,
the same ones for the same seed, and puts them into Maildirs or into IMAP mailboxes. The demo, the
system tests, the crash rig and the benches all use it, so every campaign and report also knows what
Trawl should make of it (Campaign.copies, Report.about …).

Message bytes are built by hand here and not with email.message, because real mail programs differ in
exactly the places that library would make alike.
"""
import base64
import imaplib
import os
import quopri
import random
import shutil
import ssl
import textwrap
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.header import Header
from email.utils import format_datetime

import texts

DOMAIN = "corp.example"
MX = "mx.corp.example"
QUARANTINE = "quarantine@" + DOMAIN
ABUSE = "abuse@" + DOMAIN


# ---- people ---------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Person:
    name: str
    local: str
    language: str
    department: str
    client: str  # how this person's mail program forwards: thunderbird outlook apple gmail

    @property
    def address(self):
        return f"{self.local}@{DOMAIN}"

    @property
    def first(self):
        return self.name.split()[0]


def _people():
    rows = """
    Ingrid Halvorsen   nb management  outlook
    Anselm Vogt        de finance     outlook
    Maya Whitcombe     en finance     outlook
    Tobias Renner      de engineering thunderbird
    Chloé Marchetti    fr sales       apple
    Rafael Ibarra      es service     gmail
    Oluwaseun Adeyemi  en engineering thunderbird
    Sunniva Lie        nb engineering thunderbird
    Gwen Prothero      en people      outlook
    Lukas Brandner     de production  outlook
    Zofia Wilk         pl engineering thunderbird
    Haruka Tanabe      ja sales       apple
    Marco Ferrante     it service     gmail
    Beatriz Moura      pt sales       gmail
    Joost Verhagen     nl logistics   outlook
    Priscilla Okafor   en sales       gmail
    Dermot Quigley     en production  apple
    Annika Steen       nb people      outlook
    Friederike Ahlers  de sales       apple
    Étienne Garnier    fr engineering thunderbird
    Noelia Castaño     es finance     outlook
    Callum Breckin     en it          thunderbird
    Yusuf Demirel      de it          thunderbird
    Hannah Lockyer     en it          gmail
    Piotr Zając        pl production  outlook
    Mireille Dufour    fr service     outlook
    Sven Tangen        nb logistics   outlook
    Aoife Brannigan    en marketing   apple
    Theo Kastner       de marketing   gmail
    Lucía Peralta      es marketing   gmail
    Ravi Menon         en engineering thunderbird
    Inês Carvalho      pt service     apple
    Giulia Sartori     it sales       apple
    Kenji Morioka      ja engineering thunderbird
    Edith Farrow       en management  outlook
    Wim de Ruyter      nl production  outlook
    Tamsin Hale        en service     gmail
    Jonas Eide         nb sales       gmail
    Katrin Sommer      de people      outlook
    Desmond Akers      en logistics   outlook
    """
    people = []
    for row in rows.split("\n"):
        words = row.split()
        if words:
            name, (language, department, client) = " ".join(words[:-3]), words[-3:]
            people.append(Person(name, _plain(name), language, department, client))
    return people


def _plain(name):
    table = str.maketrans({"é": "e", "É": "E", "ñ": "n", "í": "i", "ê": "e", "ą": "a", " ": "."})
    return name.translate(table).lower()


# ---- pieces of a message --------------------------------------------------------------------------

def word(text):
    """A header text as RFC 2047 wants it."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=60).encode(linesep="\n")


def person(name, address):
    if not name:
        return address
    return f'"{name}" <{address}>' if name.isascii() else f"{word(name)} <{address}>"


def leaf(text, subtype="plain", charset="utf-8", encoding="quoted-printable"):
    """A text part: header lines and body. An encoding or charset that cannot hold the text is made one that can."""
    try:
        data = text.encode(charset)
    except UnicodeEncodeError:
        charset, data = "utf-8", text.encode()
    if encoding == "7bit" and not data.isascii():
        encoding = "quoted-printable"
    if encoding == "quoted-printable":
        data = quopri.encodestring(data)
    elif encoding == "base64":
        data = base64.encodebytes(data)
    return (f"Content-Type: text/{subtype}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n".encode(),
            data if data.endswith(b"\n") else data + b"\n")


def attachment(name, kind, data, headers=""):
    shown = name if name.isascii() else word(name)
    return (f'Content-Type: {kind}; name="{shown}"\nContent-Disposition: attachment; filename="{shown}"\n{headers}'
            "Content-Transfer-Encoding: base64\n".encode(), base64.encodebytes(data))


def multipart(subtype, boundary, *parts, preamble=b""):
    body = preamble
    for head, data in parts:
        body += b"--" + boundary.encode() + b"\n" + head + b"\n" + data
        if not data.endswith(b"\n"):
            body += b"\n"
    return (f'Content-Type: multipart/{subtype}; boundary="{boundary}"\n'.encode(), body + b"--" + boundary.encode() + b"--\n")


def message(headers, part):
    """headers: list of (name, value); MIME-Version and the part's own headers come after them."""
    head = b"".join(f"{name}: {value}\n".encode() for name, value in headers)
    return head + b"MIME-Version: 1.0\n" + part[0] + b"\n" + part[1]


def html(text, link="", shown=""):
    """The HTML face of a text: paragraphs, and the link behind what is shown of it."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        line = paragraph.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>\n")
        if link:
            line = line.replace("{link}", f'<a href="{link.replace("&", "&amp;")}">{shown}</a>')
        paragraphs.append(f"<p>{line}</p>")
    return "<html><body style=\"font-family:sans-serif\">\n" + "\n".join(paragraphs) + "\n</body></html>\n"


# ---- what the organisation holds ------------------------------------------------------------------

@dataclass
class Delivery:
    """One message in one mailbox."""
    mailbox: str
    folder: str      # "INBOX", "Archive", …
    flags: str       # Maildir letters, sorted: F flagged, R replied, S seen
    received: int    # seconds since 1970
    raw: bytes       # lines end with LF, as Maildirs keep them


@dataclass
class Campaign:
    """A mail that was sent to several people; `copies` is where it really is, one Delivery a mailbox."""
    key: str
    message_id: str            # without brackets; "" when it has none
    subject: str
    sender: str
    sender_name: str
    to: list
    cc: list
    bcc: list
    sent: int
    raw: bytes                 # as sent: without what receiving servers add
    text: str                  # what the inline forwards quote
    language: str
    copies: dict = field(default_factory=dict)

    @property
    def recipients(self):
        """In To and Cc."""
        return self.to + self.cc

    @property
    def link_key(self):
        """The Message-ID as Trawl compares it: without white space."""
        return "".join(self.message_id.split())


@dataclass
class Report:
    """A mail to the abuse mailbox. `at` is seconds after the start of the show."""
    number: int
    at: float
    kind: str                  # attached inline bounce auto_reply notice question hostile list …
    title: str                 # what it is, for people
    reporter: str
    about: tuple               # keys of campaigns; () when it is no report
    raw: bytes
    trusted: bool = True
    received: int = 0

    @property
    def delivery(self):
        return Delivery(ABUSE, "INBOX", "", self.received, self.raw)


class Organisation:
    """All of it, made at once. The same arguments make the same bytes."""

    def __init__(self, seed=1, now=None, people=40, ordinary=150, large=()):
        """@large: keys of campaigns whose messages have more than 64 KiB."""
        self.rng = random.Random(seed)
        self.large = large
        self.now = int(now if now is not None else time.time())
        self.people = _people()[:people]
        self.lists = {f"all-staff@{DOMAIN}": [p.address for p in self.people],
                      f"finance@{DOMAIN}": [p.address for p in self.people if p.department == "finance"],
                      f"service@{DOMAIN}": [p.address for p in self.people if p.department == "service"]}
        self.mails = []
        self.campaigns = {}
        self.reports = []
        self._ordinary(ordinary)
        self._campaigns()
        self._reports()

    # -- small help --

    @property
    def mailboxes(self):
        return [p.address for p in self.people] + [QUARANTINE, ABUSE]

    def person(self, index):
        return self.people[index % len(self.people)]

    def _token(self, length=12):
        return "".join(self.rng.choice("0123456789abcdef") for _ in range(length))

    def _message_id(self, host, client=""):
        if client == "outlook":
            return f"{self._token(12).upper()}.{self._token(8).upper()}@{host}"
        if client == "apple":
            return f"{self._token(8)}-{self._token(4)}-4{self._token(3)}-{self._token(12)}@{host}".upper().replace(
                host.upper(), host)
        if client == "gmail":
            return f"CA{self._token(20)}+{self._token(10)}@mail.{host}"
        return f"{self._token(8)}-{self._token(4)}-{self._token(12)}@{host}"

    def _date(self, seconds):
        return format_datetime(datetime.fromtimestamp(seconds, timezone(timedelta(hours=1))))

    def _fill(self, text, language, a, b):
        things, days, places, _ = texts.WORDS[language]
        values = {"a": a, "b": b, "thing": self.rng.choice(things), "day": self.rng.choice(days),
                  "place": self.rng.choice(places), "n": self.rng.randrange(1000, 9999), "m": self.rng.randrange(10, 59),
                  "hour": self.rng.choice(["8:30", "9:15", "11:00", "14:30", "16:00"])}
        return lambda t: t.format(**values)

    def _trace(self, recipient, sender, seconds, host, inside=False):
        """What the receiving server writes above a message."""
        if inside:
            received = (f"Received: from [10.20.{self.rng.randrange(4)}.{self.rng.randrange(2, 250)}] (helo=client.corp.example)\n"
                        f"\tby {MX} with ESMTPSA id {self._token(10).upper()}\n\tfor <{recipient}>; {self._date(seconds)}\n")
            results = (f"Authentication-Results: {MX};\n\tauth=pass smtp.auth={sender} smtp.mailfrom={sender};\n"
                       f"\tspf=pass smtp.mailfrom={sender};\n\tdkim=pass header.d={DOMAIN};\n"
                       f"\tdmarc=pass header.from={DOMAIN}\n")
        else:
            domain = sender.split("@")[1]
            received = (f"Received: from out1.{host} (out1.{host} [198.51.100.{self.rng.randrange(2, 250)}])\n\tby {MX} with "
                        f"ESMTPS id {self._token(10).upper()}\n\tfor <{recipient}>; {self._date(seconds)}\n")
            results = (f"Authentication-Results: {MX};\n\tspf=pass smtp.mailfrom=bounce@{host};\n"
                       f"\tdkim=pass header.d={host};\n\tdmarc={'pass' if domain == host else 'fail'} header.from={domain}\n")
        return (f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n" + received + results).encode()

    def _deliver(self, recipient, folder, flags, seconds, raw):
        delivery = Delivery(recipient, folder, "".join(sorted(flags)), int(seconds), raw)
        self.mails.append(delivery)
        return delivery

    # -- ordinary mail --

    def _ordinary(self, count):
        day = 86400
        for number in range(count):
            when = self.now - self.rng.randrange(2 * 3600, 40 * day)
            if number % 4 == 3:
                self._from_outside(when)
            else:
                self._conversation(when)

    def _conversation(self, when):
        a, b = self.rng.sample(self.people, 2)
        language = a.language if a.language == b.language or self.rng.random() < 0.3 else "en"
        subject, bodies = self.rng.choice(texts.THREADS[language])
        fill = self._fill(subject, language, a.first, b.first)
        subject, references, quoted = fill(subject), [], ""
        for turn, body in enumerate(bodies):
            sender, receiver = (a, b) if turn % 2 == 0 else (b, a)
            text = fill(body)
            identity = self._message_id(DOMAIN, sender.client)
            title = subject if turn == 0 else texts.WORDS[language][3] + subject
            headers = [("From", person(sender.name, sender.address)), ("To", person(receiver.name, receiver.address)),
                       ("Subject", word(title)), ("Date", self._date(when)), ("Message-ID", f"<{identity}>")]
            if references:
                headers += [("In-Reply-To", f"<{references[-1]}>"),
                            ("References", " ".join(f"<{r}>" for r in references[-8:]))]
            charset = {"de": "iso-8859-1", "fr": "windows-1252", "ja": "iso-2022-jp", "pl": "iso-8859-2"}.get(language, "utf-8")
            charset = charset if self.rng.random() < 0.4 else "utf-8"
            full = text + "\n" + (f"\n> {quoted}" if quoted else "")
            part = leaf(full, charset=charset, encoding="7bit" if charset == "iso-2022-jp" else "quoted-printable")
            if sender.client in ("outlook", "apple", "gmail"):
                part = multipart("alternative", "=_alt_" + self._token(), part, leaf(html(text), "html"))
            if turn == 0 and self.rng.random() < 0.12:
                table = "part;pieces;date\n" + "".join(f"NBR-{self._token(4)};{self.rng.randrange(400)};2026-0{m}-11\n" for m in range(1, 8))
                part = multipart("mixed", "=_mix_" + self._token(), part,
                                 attachment("Stückliste.csv" if language == "de" else "parts.csv", "text/csv", table.encode()))
            raw = message(headers, part)
            old = when < self.now - 86400
            self._deliver(receiver.address, self.rng.choice(["INBOX", "INBOX", "INBOX", "Archive"]) if old else "INBOX",
                          ("S" if old or self.rng.random() < 0.6 else "") + ("R" if turn + 1 < len(bodies) else "")
                          + ("F" if self.rng.random() < 0.06 else ""), when,
                          self._trace(receiver.address, sender.address, when, DOMAIN, inside=True) + raw)
            self._deliver(sender.address, "Sent", "S", when, raw)
            references.append(identity)
            quoted = text.replace("\n", "\n> ")
            when += self.rng.randrange(600, 20000)
            if when > self.now - 600:
                break

    def _from_outside(self, when):
        name, address, subject, body, bulk = self.rng.choice(texts.OUTSIDE)
        host = address.split("@")[1]
        receivers = self.rng.sample(self.people, min(len(self.people), self.rng.randrange(2, 6) if bulk else 1))
        for receiver in receivers:
            fill = self._fill(subject, receiver.language, name, receiver.first)
            text = fill(body)
            headers = [("From", person(name, address)), ("To", receiver.address), ("Subject", word(fill(subject))),
                       ("Date", self._date(when)), ("Message-ID", f"<{self._message_id(host)}>")]
            if bulk:
                headers += [("List-Unsubscribe", f"<https://{host}/unsubscribe/{self._token(8)}>"), ("Precedence", "bulk")]
            part = multipart("alternative", "b1_" + self._token(20), leaf(text + "\n"), leaf(html(text), "html", encoding="base64"))
            self._deliver(receiver.address, "INBOX", self.rng.choice(["S", "S", ""]), when,
                          self._trace(receiver.address, address, when, host) + message(headers, part))

    # -- campaigns --

    def _campaign(self, key, text_key, to, cc=(), bcc=(), message_id=None, minutes=90, change="", missing=(), where=()):
        """@where: (folder, flags) of the n-th recipient's copy; @missing: recipients who have deleted theirs."""
        language, name, sender, subject, body, link, shown = texts.PHISH[text_key]
        host = sender.split("@")[1]
        sent = self.now - minutes * 60
        fill = self._fill(subject, language, name, "")
        subject, link = fill(subject), fill(link)
        body = fill(body.replace("{link}", "\0")).replace("\0", "{link}") + change
        if key in self.large:
            body += "".join(f"\n\n{line}. {body[:200]}" for line in range(500))
        text = body.replace("{link}", link)
        to = list(dict.fromkeys(to))
        cc = [a for a in dict.fromkeys(cc) if a not in to]
        bcc = [a for a in dict.fromkeys(bcc) if a not in to + cc]
        names = {p.address: p.name for p in self.people}
        if message_id is None:
            message_id = self._message_id(host)
        headers = [("From", person(name, sender)), ("To", ",\n\t".join(person(names.get(a, ""), a) for a in to))]
        if cc:
            headers.append(("Cc", ",\n\t".join(person(names.get(a, ""), a) for a in cc)))
        headers += [("Subject", word(subject)), ("Date", self._date(sent))]
        if message_id:
            headers.append(("Message-ID", f"<{message_id}>"))
        headers.append(("X-Mailer", "BulkPost 3." + str(self.rng.randrange(9))))
        part = multipart("alternative", "----=_Part_" + self._token(10), leaf(text + "\n"),
                         leaf(html(body, link, shown or link), "html")) if link else leaf(text + "\n")
        campaign = Campaign(key, message_id, subject, sender, name, to, cc, bcc, sent, message(headers, part), text, language)
        at_home = [a for a in to + cc + bcc if a in names]
        for entry in to + cc:
            at_home += [a for a in self.lists.get(entry, []) if a not in at_home]
        for index, address in enumerate(at_home):
            if address in missing:
                continue
            folder, flags = where[index % len(where)] if where else ("INBOX", self.rng.choice(["", "S", "S"]))
            seconds = sent + self.rng.randrange(2, 40)
            raw = self._trace(address, sender, seconds, host) + campaign.raw
            campaign.copies[address] = self._deliver(address, folder, flags, seconds, raw)
        self.campaigns[key] = campaign
        return campaign

    def _campaigns(self):
        a = [p.address for p in self.people]

        def some(start, count):
            return [a[(start + i) % len(a)] for i in range(min(count, len(a)))]

        places = [("INBOX", ""), ("INBOX", "S"), ("INBOX", "FS"), ("Archive", "S"), ("INBOX", ""), ("Trash", "S"), ("INBOX", "RS")]
        self._campaign("payroll", "payroll", some(1, 9), cc=some(10, 3), where=places, minutes=52)
        self._campaign("parcel", "parcel", some(4, 5), bcc=some(15, 3), minutes=140)
        self._campaign("password", "password", some(3, 6) + [f"finance@{DOMAIN}"], minutes=75)
        self._campaign("banco", "banco", [a[5 % len(a)]], minutes=33)
        self._campaign("sign", "sign", some(7, 4) + ["k.aldous@riverlabs.example"], minutes=210)
        self._campaign("chief", "chief", [a[2 % len(a)]], minutes=18)
        self._campaign("impots", "impots", some(4, 2) + some(19, 1), minutes=400)
        self._campaign("kasse", "kasse", some(7, 1) + some(17, 2), minutes=66, message_id="")
        self._campaign("mailbox", "mailbox", some(11, 3), minutes=95, missing=some(11, 1))
        self._campaign("faktura", "faktura", some(10, 1) + some(24, 1), minutes=48,
                       message_id='faktura "2026" (kopia)@faktury-online.example')
        self._campaign("point", "point", some(11, 1) + some(33, 1), minutes=59)
        self._campaign("everyone", "everyone", [f"all-staff@{DOMAIN}"], minutes=30)
        self._campaign("voicemail", "voicemail", some(16, 2), minutes=27)
        # One Message-ID, two different mails: the second must never be pulled for the first.
        twin = self._campaign("voucher", "voucher", some(15, 2), minutes=120)
        self._campaign("voucher-twin", "parcel", some(20, 2), minutes=115, message_id=twin.message_id)

    # -- reports --

    def _wrap(self, who, subject, part, extra=(), at=0.0, message_id=None, sender=None, trace=None):
        when = self.now + at
        sender = sender or who.address
        headers = [("From", person(who.name, sender)), ("To", f"Report suspicious mail <{ABUSE}>"), ("Subject", word(subject)),
                   ("Date", self._date(when))]
        if message_id != "":
            headers.append(("Message-ID", f"<{message_id or self._message_id(DOMAIN, who.client)}>"))
        headers += list(extra)
        if trace is None:
            trace = self._trace(ABUSE, sender, when, DOMAIN, inside=True)
        return trace + message(headers, part)

    def _attach(self, who, originals, form=""):
        """A forward as attachment, the way this person's program makes it. @originals: bytes."""
        comment = self.rng.choice(texts.COMMENTS.get(who.language, texts.COMMENTS["en"]))
        parts = [leaf(comment + "\n")]
        for index, raw in enumerate(originals):
            if form == "eml":
                parts.append(attachment(f"suspicious{index or ''}.eml", "application/octet-stream", raw))
            elif who.client == "gmail":
                parts.append((b'Content-Type: message/rfc822; name="noname.eml"\nContent-Disposition: attachment; '
                              b'filename="noname.eml"\nContent-Transfer-Encoding: base64\nX-Attachment-Id: f_'
                              + self._token(8).encode() + b"\n", base64.encodebytes(raw)))
            elif who.client == "outlook":
                parts.append((b"Content-Type: message/rfc822\nContent-Disposition: attachment\n", raw))
            else:
                parts.append((b"Content-Type: message/rfc822\nContent-Disposition: attachment;\n filename=\"original.eml\"\n", raw))
        return multipart("mixed", "_000_" + self._token(24), *parts)

    def _inline(self, who, campaign):
        """An inline forward: (headers that say of what, part)."""
        comment = self.rng.choice(texts.COMMENTS.get(who.language, texts.COMMENTS["en"]))
        sent, sender = self._date(campaign.sent), f"{campaign.sender_name} <{campaign.sender}>"
        to = ", ".join(campaign.to[:4])
        identity = f"<{campaign.message_id}>"
        if who.client == "thunderbird":
            head = (f"-------- Forwarded Message --------\nSubject: {campaign.subject}\nDate: {sent}\nFrom: {sender}\nTo: {to}\n")
            extra = [("X-Forwarded-Message-Id", identity), ("User-Agent", "Mozilla Thunderbird")]
        elif who.client == "gmail":
            head = (f"---------- Forwarded message ---------\nFrom: {sender}\nDate: {sent}\nSubject: {campaign.subject}\nTo: {to}\n")
            extra = [("References", identity), ("In-Reply-To", identity)]
        elif who.client == "apple":
            head = (f"> Begin forwarded message:\n> \n> From: {sender}\n> Subject: {campaign.subject}\n> Date: {sent}\n> To: {to}\n")
            extra = [("References", identity), ("X-Mailer", "Apple Mail (2.3774)")]
        else:
            head = (f"________________________________\nFrom: {sender}\nSent: {sent}\nTo: {to}\nSubject: {campaign.subject}\n")
            extra = [("In-Reply-To", identity), ("References", identity), ("Thread-Topic", word(campaign.subject))]
        text = f"{comment}\n\n{head}\n{campaign.text}\n"
        part = leaf(text) if who.client == "thunderbird" else multipart(
            "alternative", "=_fwd_" + self._token(), leaf(text), leaf(html(text), "html"))
        return extra, part

    def _report(self, kind, title, who, about, raw, at, trusted=True):
        report = Report(len(self.reports) + 1, at, kind, title, who.address, tuple(about), raw, trusted, int(self.now + at))
        self.reports.append(report)
        return report

    def _seen_by(self, campaign, who):
        """The bytes this reporter has of a campaign: the copy in the mailbox, or as it was before it was deleted."""
        copy = campaign.copies.get(who.address)
        return copy.raw if copy else self._trace(who.address, campaign.sender, campaign.sent, campaign.sender.split("@")[1]) + campaign.raw

    def _reports(self):
        forward = {"outlook": "FW: ", "thunderbird": "Fwd: ", "apple": "Fwd: ", "gmail": "Fwd: "}
        holders = {p.address: p for p in self.people}

        def recipient(key, index):
            campaign = self.campaigns[key]
            known = [x for x in campaign.to + campaign.cc + campaign.bcc if x in holders]
            return holders[known[index % len(known)]]

        def attached(at, key, index, title, form=""):
            who, campaign = recipient(key, index), self.campaigns[key]
            part = self._attach(who, [self._seen_by(campaign, who)], form)
            self._report("attached", title, who, [key], self._wrap(who, forward[who.client] + campaign.subject, part, at=at), at)

        def inline(at, key, index, title, **wrap):
            who, campaign = recipient(key, index), self.campaigns[key]
            extra, part = self._inline(who, campaign)
            self._report("inline", title, who, [key],
                         self._wrap(who, forward[who.client] + campaign.subject, part, extra, at=at, **wrap), at)

        attached(0.5, "payroll", 2, "forwarded as attachment")
        attached(4, "payroll", 0, "the same campaign, attached by Outlook")
        inline(7, "payroll", 3, "the same campaign, forwarded inline")
        attached(9, "parcel", 1, "forwarded as attachment")
        inline(12, "payroll", 6, "the same campaign, inline by Thunderbird")
        attached(15, "payroll", 2, "the first reporter reports it again", "eml")
        self._question(18)
        attached(21, "password", 0, "an .eml file dragged into a mail", "eml")
        attached(24, "parcel", 6, "a recipient who was in Bcc")
        self._newsletter(27)
        inline(30, "password", 2, "forwarded inline")
        inline(33, "banco", 0, "forwarded inline by Gmail")
        self._auto_reply(36)
        attached(39, "sign", 0, "one recipient is outside the organisation")
        self._bounce(42)
        attached(45, "chief", 0, "no link in it: a gift card story")
        inline(48, "impots", 0, "forwarded inline by Apple Mail")
        attached(52, "kasse", 0, "an original without Message-ID")
        attached(56, "voucher", 0, "first of two mails with one Message-ID")
        attached(60, "voucher-twin", 0, "second of two mails with one Message-ID")
        self._own_notice(64)
        inline(68, "mailbox", 0, "the reporter has deleted the mail already")
        attached(72, "faktura", 0, "a Message-ID with quotes, spaces and parentheses")
        attached(77, "point", 0, "a Japanese campaign")
        self._hostile(82)
        self._to_list(87)
        self._stranger(92)
        self._two_at_once(97)
        attached(102, "payroll", 9, "the first campaign again, minutes later")
        inline(108, "impots", 1, "a report that has no Message-ID itself", message_id="")

    def _to_list(self, at):
        who, campaign = self.person(15), self.campaigns["everyone"]
        part = self._attach(who, [self._seen_by(campaign, who)])
        self._report("attached", "a mail to the all-staff list", who, ["everyone"],
                     self._wrap(who, "Fwd: " + campaign.subject, part, at=at), at)

    def _two_at_once(self, at):
        who = self.person(16)
        keys = ["voicemail", "everyone"]
        part = self._attach(who, [self._seen_by(self.campaigns[k], who) for k in keys])
        self._report("attached", "two originals in one report", who, keys, self._wrap(who, "two strange mails", part, at=at), at)

    def _question(self, at):
        who = self.person(8)
        text = ("Hello,\n\na question: are we supposed to report newsletters too, or only what looks dangerous? My team asks, and I "
                f"did not find it in the handbook.\n\nThank you\n{who.first}\n")
        self._report("question", "a plain question to the mailbox", who, [], self._wrap(who, "What should we report?", leaf(text), at=at), at)

    def _newsletter(self, at):
        who = self.person(27)
        name, sender, subject, body, _ = texts.OUTSIDE[0]
        fill = self._fill(subject, "en", name, who.first)
        text, when = fill(body), self.now - 7200
        identity = self._message_id("tidewatch.example")
        headers = [("From", person(name, sender)), ("To", who.address), ("Subject", fill(subject)), ("Date", self._date(when)),
                   ("Message-ID", f"<{identity}>"), ("List-Id", "<weekly.tidewatch.example>"),
                   ("List-Unsubscribe", "<https://www.tidewatch.example/u/1>"), ("Precedence", "bulk")]
        raw = message(headers, multipart("alternative", "nl_" + self._token(), leaf(text + "\n"), leaf(html(text), "html")))
        campaign = Campaign("newsletter", identity, fill(subject), sender, name, [who.address], [], [], when, raw, text, "en")
        copy = self._trace(who.address, sender, when, "tidewatch.example") + raw
        campaign.copies[who.address] = self._deliver(who.address, "INBOX", "S", when, copy)
        self.campaigns["newsletter"] = campaign
        self._report("attached", "a newsletter, and a good one", who, ["newsletter"],
                     self._wrap(who, "Fwd: " + campaign.subject, self._attach(who, [copy]), at=at), at)

    def _auto_reply(self, at):
        who = self.person(9)
        text = f"Guten Tag,\n\nich bin bis Freitag nicht im Büro. Ihre Nachricht wird nicht weitergeleitet.\n\n{who.name}\n"
        extra = [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"), ("Precedence", "auto_reply")]
        self._report("auto_reply", "an out-of-office reply", who, [],
                     self._wrap(who, "Automatische Antwort: Ihre Meldung", leaf(text), extra, at=at), at)

    def _bounce(self, at):
        daemon = Person("Mail Delivery System", "mailer-daemon", "en", "", "outlook")
        status = (b"Content-Type: message/delivery-status\n", (
            f"Reporting-MTA: dns; {MX}\nArrival-Date: {self._date(self.now + at)}\n\n"
            "Final-Recipient: rfc822; someone.who.left@corp.example\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n").encode())
        returned = (b"Content-Type: text/rfc822-headers\n", (
            f"From: Report suspicious mail <{ABUSE}>\nTo: someone.who.left@corp.example\nSubject: Thank you for your report\n"
            f"Date: {self._date(self.now)}\nMessage-ID: <{self._message_id(DOMAIN)}>\n").encode())
        head, body = multipart("report", "=_dsn_" + self._token(),
                               leaf("This is the mail system. Your message could not be delivered.\n"), status, returned)
        head = head.replace(b"multipart/report;", b"multipart/report; report-type=delivery-status;")
        trace = (f"Return-Path: <>\nDelivered-To: {ABUSE}\nReceived: by {MX} (Postfix) id {self._token(10).upper()}; "
                 f"{self._date(self.now + at)}\n").encode()
        self._report("bounce", "a bounce", daemon, [], self._wrap(
            daemon, "Undelivered Mail Returned to Sender", (head, body), [("Auto-Submitted", "auto-replied")], at=at, trace=trace), at,
            trusted=False)

    def _own_notice(self, at):
        notices = Person("Trawl", "trawl", "en", "", "")
        extra = [("Auto-Submitted", "auto-generated"), ("X-Trawl-Notice", "report-received")]
        text = "Thank you for your report. It has been looked at and the mail was removed from all mailboxes.\n"
        self._report("notice", "one of our own notices, come back", notices, [],
                     self._wrap(notices, "Thank you for your report", leaf(text), extra, at=at), at)

    def _hostile(self, at):
        """A report whose MIME is meant to hurt: forty levels deep, a boundary that is a prefix of another, a NUL, a bare CR."""
        who = self.person(30)
        part = leaf("deep inside\n")
        for level in range(40):
            part = multipart("mixed", "b" * (level + 1), part)
        strange = (b"Content-Type: text/html; charset=\"x-no-such\"; charset=utf-16\nContent-Transfer-Encoding: x-odd\n",
                   b"<p>half a tag <a href='http://203.0.113.9/\x00\r?q=\xff\xfe'>here\n")
        unclosed = (b"Content-Type: multipart/alternative; boundary=never\nContent-Type: text/plain\n", b"--never\n\nno end in sight\n")
        whole = multipart("mixed", "outer", part, strange, unclosed, preamble=b"--oute\n\nnot a part\n")
        self._report("hostile", "hostile MIME", who, [], self._wrap(who, "see attached \N{RIGHT-TO-LEFT OVERRIDE}gpj.exe", whole, at=at), at)

    def _stranger(self, at):
        """From outside, with a name of ours in From: kept, but nothing automatic may follow from it."""
        who, campaign = self.person(34), self.campaigns["chief"]
        when = self.now + at
        trace = (f"Return-Path: <x{self._token(6)}@mailfarm.example>\nDelivered-To: {ABUSE}\n"
                 f"Received: from vps9.mailfarm.example (vps9.mailfarm.example [203.0.113.40])\n\tby {MX} with ESMTP id "
                 f"{self._token(10).upper()}\n\tfor <{ABUSE}>; {self._date(when)}\n"
                 f"Authentication-Results: {MX};\n\tspf=fail smtp.mailfrom=mailfarm.example;\n\tdkim=none;\n"
                 f"\tdmarc=fail header.from={DOMAIN}\n").encode()
        fake = self._conversation_copy(who)
        part = self._attach(who, [fake])
        self._report("attached", "pretends to come from our chief accountant", who, ["forged"],
                     self._wrap(who, "please remove this one", part, at=at, trace=trace), at, trusted=False)

    def _conversation_copy(self, who):
        """A good mail of this person's that a stranger wants pulled."""
        when = self.now - 5000
        boss, identity = self.person(0), self._message_id(DOMAIN, "outlook")
        text = "All,\n\nthe board meets on Thursday at 10:00, agenda as discussed. Please keep it to one hour.\n\nIngrid"
        headers = [("From", person(boss.name, boss.address)), ("To", person(who.name, who.address)),
                   ("Subject", "Board meeting on Thursday"), ("Date", self._date(when)), ("Message-ID", f"<{identity}>")]
        raw = message(headers, leaf(text + "\n"))
        campaign = Campaign("forged", identity, "Board meeting on Thursday", boss.address, boss.name, [who.address], [], [], when, raw,
                            text, "en")
        copy = self._trace(who.address, boss.address, when, DOMAIN, inside=True) + raw
        campaign.copies[who.address] = self._deliver(who.address, "INBOX", "S", when, copy)
        self.campaigns["forged"] = campaign
        return copy


# ---- into mailboxes -------------------------------------------------------------------------------

MAILDIR_PATTERN = "%d/%n/Maildir"  # below the root; as the maildir server's "path" wants it


def maildir_path(root, mailbox, folder="INBOX"):
    local, domain = mailbox.split("@")
    path = os.path.join(root, domain, local, "Maildir")
    return path if folder == "INBOX" else os.path.join(path, "." + folder)


def maildir_make(root, mailbox, folder="INBOX"):
    path = maildir_path(root, mailbox, folder)
    for sub in ("tmp", "new", "cur"):
        os.makedirs(os.path.join(path, sub), exist_ok=True)
    if folder != "INBOX":
        open(os.path.join(path, "maildirfolder"), "a").close()
    return path


_sequence = 0


def maildir_deliver(root, delivery):
    """Writes one message as a delivery agent does: tmp, then renamed. The path comes back."""
    global _sequence
    _sequence += 1
    path = maildir_make(root, delivery.mailbox, delivery.folder)
    name = f"{delivery.received}.M{_sequence:06d}P{os.getpid()}.mx"
    temporary = os.path.join(path, "tmp", name)
    with open(temporary, "wb") as file:
        file.write(delivery.raw)
    os.utime(temporary, (delivery.received, delivery.received))
    place = os.path.join(path, "cur", f"{name}:2,{delivery.flags}") if delivery.flags else os.path.join(path, "new", name)
    os.rename(temporary, place)
    return place


def write_maildirs(organisation, root):
    """Everything but the reports."""
    for mailbox in organisation.mailboxes:
        maildir_make(root, mailbox)
    for delivery in organisation.mails:
        maildir_deliver(root, delivery)
    with open(os.path.join(root, "lists.txt"), "w") as file:
        for name, members in organisation.lists.items():
            file.write(f"{name}: {', '.join(members)}\n")


def crlf(raw):
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class ImapDelivery:
    """Puts deliveries into IMAP mailboxes through a master user's login, one connection a mailbox."""

    def __init__(self, host, port, ca_file, master_user, password, separator="*"):
        context = ssl.create_default_context(cafile=ca_file)
        self.login = lambda mailbox: self._login(host, port, context, f"{mailbox}{separator}{master_user}", password)
        self.connections = {}

    @staticmethod
    def _login(host, port, context, user, password):
        connection = imaplib.IMAP4_SSL(host, port, ssl_context=context)
        connection.login(user, password)
        return connection

    def deliver(self, delivery):
        connection = self.connections.get(delivery.mailbox)
        if connection is None:
            connection = self.connections[delivery.mailbox] = self.login(delivery.mailbox)
        flags = {"F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "D": "\\Draft", "T": "\\Deleted"}
        names = " ".join(flags[letter] for letter in delivery.flags)
        when = imaplib.Time2Internaldate(delivery.received)
        for attempt in (1, 2):
            answer, detail = connection.append(delivery.folder, f"({names})", when, crlf(delivery.raw))
            if answer == "OK":
                return
            connection.create(delivery.folder)
        raise RuntimeError(f"APPEND to {delivery.mailbox} {delivery.folder}: {detail}")

    def close(self):
        for connection in self.connections.values():
            connection.logout()
        self.connections = {}


if __name__ == "__main__":
    import sys
    made = Organisation(now=1_790_000_000)
    print(f"{len(made.people)} people, {len(made.lists)} lists, {len(made.mails)} mails, {len(made.campaigns)} campaigns, "
          f"{len(made.reports)} reports")
    if len(sys.argv) > 1:
        shutil.rmtree(sys.argv[1], ignore_errors=True)
        write_maildirs(made, sys.argv[1])
        for each in made.reports:
            maildir_deliver(sys.argv[1], each.delivery)
