"""What the daemon is killed in the middle of: twenty reports, then mail is pulled and some of it put back.

Three abuse mailboxes, one a post-process action, share the reports of the demo organisation. When all is
worked through, four campaigns are quarantined and two of them restored. The driver can be run again after
a crash at any instant: everything it asks for has an idempotency key.

The model is what must be true at the end, whatever happened on the way; compare() says what is not.
"""
import hashlib
import http.client
import os
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system")]
import harness
from harness import demo

NOW = 1_790_000_000
ACTIONS = ("none", "delete", "move")
N_REPORTS = 20
# The reports of the demo organisation that take part: every kind, and few recipients, so that a point is quick.
KINDS = ("payroll", "parcel", "password", "banco", "chief", "voucher", "voucher-twin", "kasse", "faktura", "mailbox", "forged")
QUARANTINED = ("payroll", "voucher", "banco", "kasse-none")
PULLED = ("banco", "voucher", "parcel", "chief")
RESTORED = ("voucher", "parcel")


def mailbox_of(action):
    return f"abuse-{action}@{demo.DOMAIN}"


class World:
    """The organisation as the scenario uses it."""

    def __init__(self, seed=5):
        # Large ones lie in files of the store, the others in its database.
        self.organisation = demo.Organisation(seed=seed, now=NOW, people=6, ordinary=8, large=("voucher", "banco"))
        order = sorted(self.organisation.reports, key=lambda r: (r.kind == "inline" and r.about == ("payroll",), r.number))
        self.reports = order[:N_REPORTS]
        self.mailboxes = self.organisation.mailboxes + [mailbox_of(a) for a in ACTIONS]

    def delivery(self, index):
        """Report @index, to the abuse mailbox whose turn it is."""
        report = self.reports[index]
        return demo.Delivery(mailbox_of(ACTIONS[index % 3]), "INBOX", "", report.received, report.raw)

    def deliveries(self):
        return self.organisation.mails + [self.delivery(i) for i in range(len(self.reports))]

    # -- the model --

    def expected(self):
        """{mailbox: sorted [(folder, flags, date, SHA-256)]} at the end."""
        boxes = {mailbox: [] for mailbox in self.mailboxes}
        gone = {id(copy) for key in PULLED if key not in RESTORED for copy in self.organisation.campaigns[key].copies.values()}
        for mail in self.organisation.mails:
            if id(mail) in gone:
                boxes[demo.QUARANTINE].append(("Quarantine", mail.flags, mail.received, digest(mail.raw)))
            else:
                boxes[mail.mailbox].append((mail.folder, mail.flags, mail.received, digest(mail.raw)))
        for index in range(len(self.reports)):
            mail, action = self.delivery(index), ACTIONS[index % 3]
            if action != "delete":
                boxes[mail.mailbox].append(("Processed" if action == "move" else "INBOX", "", mail.received, digest(mail.raw)))
        return {mailbox: sorted(mails) for mailbox, mails in boxes.items()}

    def compare(self, *views):
        """What in the mailboxes is not as the model says: sentences. A view gives the messages of a mailbox; a later one
        is asked where an earlier one finds something wrong."""
        wrong = []
        for mailbox, expected in self.expected().items():
            for view in views:
                problems = self._compare(mailbox, expected, view(mailbox))
                if not problems:
                    break
            wrong += problems
        return wrong

    def _compare(self, mailbox, expected, messages):
        found, wrong = sorted((m[0], m[1], m[2], digest(m[3])) for m in messages), []
        for mail in expected:
            if mail in found:
                found.remove(mail)
            else:
                wrong.append(f"{mailbox}: {self.name(mail)} is not there")
        return wrong + [f"{mailbox}: {self.name(mail)} should not be there" for mail in found]

    def name(self, mail):
        subjects = {digest(m.raw): m for m in self.deliveries()}
        known = subjects.get(mail[3])
        first = (line for line in (known.raw if known else b"").decode(errors="replace").split("\n") if line.startswith("Subject:"))
        return f"{mail[0]} [{mail[1]}] of {mail[2]} {next(first, 'a message with bytes of its own')}"


def digest(raw):
    return hashlib.sha256(harness.normal(raw)).hexdigest()


# ---- the driver -----------------------------------------------------------------------------------

class Died(Exception):
    """The daemon is gone."""


class Driver:
    """Takes the daemon through the scenario, from wherever it stands."""

    def __init__(self, world, trawl, pause, seconds=60):
        self.world, self.trawl, self.pause = world, trawl, pause
        self.until = time.monotonic() + seconds

    def run(self):
        try:
            for source in self.trawl.api.get("/sources")["items"]:
                self.trawl.poll_now(source)
            self.wait("reports", self.reports_settled)
            asked = {key: self.ask(key, "quarantine", f"pull-{key}") for key in PULLED}
            self.wait("quarantine", lambda: self.done(asked))
            asked = {key: self.ask(key, "restore", f"back-{key}") for key in RESTORED}
            self.wait("restore", lambda: self.done(asked))
            self.wait("an empty queue", self.idle)
        except (ConnectionError, http.client.HTTPException, TimeoutError) as error:
            raise Died(str(error)) from error

    def wait(self, what, condition):
        while not condition():
            if self.trawl.process.poll() is not None:
                raise Died("the supervisor ended")
            if time.monotonic() > self.until:
                raise AssertionError(f"waited too long for {what}")
            self.pause()

    def reports_settled(self):
        reports = self.trawl.api.get("/reports", limit=500)["items"]
        return len(reports) >= len(self.world.reports) and not any(
            r["state"] == "new" or r["post_process"] == "pending" for r in reports)

    def incident(self, key):
        campaign = self.world.organisation.campaigns[key]
        for incident in self.trawl.api.get("/incidents", message_id=campaign.message_id)["items"]:
            if incident["title"].endswith(campaign.subject):
                return incident
        raise AssertionError(f"there is no incident for {key}")

    def ask(self, key, kind, idempotency_key):
        return self.trawl.api.post(f"/incidents/{self.incident(key)['id']}/responses", {"kind": kind}, key=idempotency_key)

    def done(self, asked):
        return all(self.trawl.api.get(f"/responses/{r['id']}")["state"] == "done" for r in asked.values())

    def idle(self):
        live = self.trawl.api.get("/jobs", state="running")["items"] + self.trawl.api.get("/jobs", state="ready")["items"]
        return not [job for job in live if job["kind"] != "source.poll" or job["state"] == "running"]


# ---- what the store says --------------------------------------------------------------------------

def summary(world, trawl):
    """What the store should say the same at the end of any run: reports, incidents with their alerts, ledgers."""
    sources = {s["id"]: s["name"] for s in trawl.api.get("/sources")["items"]}
    reports = trawl.api.all("/reports")
    incidents = {i["id"]: i for i in trawl.api.all("/incidents")}
    lines = [f"report {sources[r['source_id']]} {r['sha256']} {r['state']} {r['form']} {r['reporter']} trusted={r['trusted']} "
             f"{r['located']} {r['post_process']}" for r in reports]
    lines += [f"incident {i['kind']} {i['state']} {i['link_key']} {i['title']} reports={i['report_count']} "
              f"alerts={i['alert_count']} open={i['open_alert_count']}" for i in incidents.values()]
    lines += [f"alert {sources[a['source_id']]} {a['recipient']} {a['role']} {a['state']} {a['message_id']}"
              for a in trawl.api.all("/alerts")]
    for response in trawl.api.all("/responses"):
        incident = incidents[response["incident_id"]]
        lines.append(f"response {response['kind']} {response['state']} {incident['title']}")
        if response["kind"] == "quarantine":
            lines += [f"copy {incident['title']} {r['mailbox']} {r['status']} {r['step']} {r['restore_status']}"
                      for r in trawl.api.all(f"/responses/{response['id']}/results")]
    parked = [f"job {j['kind']} parked: {j['last_error']}" for j in trawl.api.get("/jobs", state="parked")["items"]]
    return sorted(lines) + parked
