#!/usr/bin/env python3
"""A peer of bench_reading: Python's email. `peer_reading.py LIST` takes apart each file of LIST and prints
{"messages", "seconds"}: processor time, reading from disk aside."""
import email
import email.policy
import email.utils
import hashlib
import json
import sys
import time


def read(octets):
    message = email.message_from_bytes(octets, policy=email.policy.default)
    found = [str(message.get(name, "")) for name in ("Message-ID", "Subject", "Date")]
    for name in ("From", "To", "Cc"):
        found += email.utils.getaddresses([str(value) for value in message.get_all(name, [])])
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True) or b""
        if part.get_content_maintype() == "text":
            found.append(content.decode(part.get_content_charset("utf-8"), "replace"))
        else:
            found += [part.get_filename(), hashlib.sha256(content).hexdigest()]
    return found


def main():
    with open(sys.argv[1]) as file:
        messages = [open(path, "rb").read() for path in file.read().split("\n") if path]
    failed, begun = 0, time.process_time()
    for octets in messages:
        try:
            read(octets)
        except Exception:  # it gives up on some mails of the wild
            failed += 1
    print(json.dumps({"messages": len(messages), "failed": failed, "seconds": time.process_time() - begun}))


if __name__ == "__main__":
    main()
