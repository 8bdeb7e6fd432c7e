#!/usr/bin/env python3
"""Signatures that another implementation makes are verified, and what it refuses is refused.

dkimpy signs generated mails in every pair of canonical forms, with odd blanks, folding, empty lines and 8-bit
octets; `trawl breakdown --key` gets the keys. Each is then changed in one place: both must see that."""
import base64
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian's own Python has it
try:
    import dkim
except ImportError:
    dkim = None

TRAWL = os.environ["TRAWL_BINARY"]
FORMS = (b"simple", b"relaxed")


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def message(dice):
    """Header fields and a body that canonical forms differ on."""
    blank = lambda: dice.choice((b" ", b"  ", b"\t", b" \t ", b"\r\n ", b"\r\n\t "))
    word = lambda: bytes(dice.choice((b"one", b"two;three", b"\xe4\xff", b"a=b", b"=?utf-8?q?=C3=BC?=")))
    fields = [b"From:" + blank() + b"a@bank.example", b"Subject:" + blank() + word() + blank() + word() + b" ",
              b"tO:" + blank() + b"b@corp.example", b"X-Odd: \t", b"X-Odd:" + blank() + word()]
    dice.shuffle(fields)
    ends = (b"\r\n", b" \r\n", b"\t \r\n")
    lines = [dice.choice((b"", b" ", b" " + word(), word() + blank().replace(b"\r\n", b"") + word())) + dice.choice(ends)
             for _ in range(dice.randrange(8))]
    return b"\r\n".join(fields) + b"\r\n\r\n" + b"".join(lines)


@unittest.skipUnless(dkim, "skipped: python3-dkim is not here")
class Dkim(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rsa = openssl("genrsa", "-traditional", "2048")
        public = base64.b64encode(openssl("rsa", "-pubout", "-outform", "DER", data=cls.rsa)).decode()
        cls.record = f"v=DKIM1; k=rsa; p={public}"
        cls.dns = staticmethod(lambda name, timeout=5: cls.record.encode())

    def read(self, mails):
        with tempfile.TemporaryDirectory() as directory:
            files = []
            for i, mail in enumerate(mails):
                files.append(os.path.join(directory, str(i)))
                pathlib.Path(files[-1]).write_bytes(mail)
            run = subprocess.run([TRAWL, "breakdown", "--key", f"s1._domainkey.bank.example={self.record}", *files],
                                 capture_output=True, check=True)
            return [json.loads(line)["message"]["authentication"] for line in run.stdout.splitlines()]

    def test_what_the_peer_signs_passes_and_what_it_refuses_does_not(self):
        dice, mails, agreed = random.Random(6376), [], []
        for _ in range(60):
            plain = message(dice)
            signature = dkim.sign(plain, b"s1", b"bank.example", self.rsa,
                                  canonicalize=(dice.choice(FORMS), dice.choice(FORMS)),
                                  include_headers=[b"from", b"subject", b"x-odd"], length=dice.random() < 0.3)
            signed = signature + plain
            changed = bytearray(signed)
            at = dice.choice([i for i in range(len(signature), len(signed)) if signed[i:i + 1].isalnum()])
            changed[at] ^= 1
            for mail in (signed, bytes(changed), signed.replace(b"\r\n", b"\n")):
                try:
                    agreed.append(dkim.verify(mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), dnsfunc=self.dns))
                    mails.append(mail)
                except dkim.DKIMException:
                    pass  # it is no message any more, and the peer does not guess
        verdicts = [found["dkim"][0]["verified"] == "pass" if found["dkim"] else False for found in self.read(mails)]
        self.assertEqual(len(verdicts), len(mails))
        differ = [(mail, ours) for mail, ours, theirs in zip(mails, verdicts, agreed) if ours != theirs]
        self.assertEqual(differ, [])
        self.assertTrue(any(agreed) and not all(agreed))

    def test_chains_that_the_peer_seals_pass(self):
        mails = []
        for hops in (1, 2, 3):
            mail = b"Authentication-Results: lists.example; spf=pass smtp.mailfrom=a@bank.example\r\n" \
                   b"From: a@bank.example\r\nTo: b@corp.example\r\nSubject: x  y\r\n\r\nHello  there \r\n\r\n"
            for hop in range(hops):
                if hop == 1:  # what later seals say of the chain is taken from here, too
                    mail = b"Authentication-Results: lists.example; arc=pass\r\n" + mail
                fields = dkim.arc_sign(mail, b"s1", b"bank.example", self.rsa, b"lists.example",
                                       include_headers=[b"from", b"to", b"subject"])
                mail = b"".join(fields) + mail
            self.assertEqual(dkim.arc_verify(mail, dnsfunc=self.dns)[0], b"pass")
            mails.append(mail)
        for hops, found in enumerate(self.read(mails), 1):
            self.assertEqual((found["arc"]["instances"], found["arc"]["verified"], found["arc"]["problem"]),
                             (hops, "pass", None))


if __name__ == "__main__":
    tap.main()
