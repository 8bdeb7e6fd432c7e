#!/usr/bin/env python3
"""The demo organisation is what the other tests take it for."""
import email
import email.policy
import unittest

import harness
import tap
from harness import demo


class TheOrganisation(unittest.TestCase):
    def setUp(self):
        self.made = demo.Organisation(seed=7, now=1_790_000_000)

    def test_the_same_seed_makes_the_same_bytes(self):
        again, other = demo.Organisation(seed=7, now=1_790_000_000), demo.Organisation(seed=8, now=1_790_000_000)
        self.assertEqual([m.raw for m in self.made.mails], [m.raw for m in again.mails])
        self.assertEqual([r.raw for r in self.made.reports], [r.raw for r in again.reports])
        self.assertNotEqual([m.raw for m in self.made.mails], [m.raw for m in other.mails])

    def test_it_has_the_size_that_is_promised(self):
        self.assertEqual((len(self.made.people), len(self.made.reports)), (40, 30))
        self.assertGreater(len(self.made.mails), 300)
        self.assertGreater(len({p.language for p in self.made.people}), 8)
        self.assertLess(self.made.reports[0].at, 2)

    def test_every_mail_is_readable_and_every_name_is_reserved(self):
        for delivery in self.made.mails + [r.delivery for r in self.made.reports]:
            mail = email.message_from_bytes(delivery.raw, policy=email.policy.default)
            self.assertTrue(mail["From"] and mail["Subject"], delivery.raw[:300])
            for address in mail["From"].addresses:
                self.assertRegex(address.domain, r"\.example(\.net)?$")

    def test_an_attached_report_carries_the_bytes_of_the_reporters_copy(self):
        campaign, report = self.made.campaigns["payroll"], self.made.reports[0]
        self.assertEqual(report.about, ("payroll",))
        self.assertIn(campaign.copies[report.reporter].raw, report.raw)

    def test_no_person_has_two_copies_of_one_campaign(self):
        for people in (6, 12, 40):
            made = demo.Organisation(seed=7, now=1_790_000_000, people=people, ordinary=0)
            campaigns = [c for c in made.campaigns.values() if c.copies]
            self.assertEqual(sum(len(c.copies) for c in campaigns), len(made.mails))


if __name__ == "__main__":
    tap.main()
