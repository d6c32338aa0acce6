"""Right to the cent or no report; two signatures; books that show every change; backups that were restored."""
import sqlite3

from pipeline import PipelineTest

DAY = "2026-01-05"


class Bank(PipelineTest):
    name = "bank"

    def test_one_cent_and_there_is_no_report(self):
        self.plant("bank/report.py", "[(day, *posting) for posting in ledger.postings(day)])",
                   "[(day, *p[:3], p[3] + (p[0] == 17)) for p in ledger.postings(day)])")
        states = self.run_dag("--interval", DAY, code=1)
        self.assertEqual((states["reconcile"], states["publish"]), ("failed", "upstream_failed"))
        self.assertIn("the ledger says", self.logs("reconcile"))
        self.assertFalse((self.home / "reports").exists())

    def test_cents_are_never_rounded(self):
        self.plant("bank/report.py", "cents INTEGER,\n                                  PRIMARY", "cents INTEGER CHECK "
                   "(typeof(cents) = 'integer'),\n                                  PRIMARY")
        self.plant("bank/report.py", "[(day, *posting) for posting in ledger.postings(day)])",
                   "[(day, *p[:3], int(p[3] * 0.01 * 100)) for p in ledger.postings(day)])")
        self.run_dag("--interval", "2026-01-01/2026-01-11", code=1)

    def draft(self):
        *_, drafted = self.steps("bank.report", [(DAY, "enter"), (DAY, "reconcile")])
        return drafted["sha"]

    def by_hand(self, *words, code=0):
        return self.python("bank.report", *words, code=code, PREPARED_BY="clerk", BATON_INTERVAL_START=DAY,
                           BATON_INTERVAL_END="2026-01-06")

    def test_two_people_sign_who_did_not_prepare_it(self):
        sha = self.draft()
        for person in ("clerk", "ada", "ada"):
            self.by_hand("sign", sha, person)
            self.by_hand("signed", sha, code=1)
            self.by_hand("publish", sha, code=1)
        self.by_hand("sign", sha, "ben")
        self.by_hand("signed", sha)
        self.by_hand("publish", sha)
        self.assertEqual(self.rows("SELECT what, who FROM audit ORDER BY step")[:3],
                         [("prepared", "clerk"), ("approved", "ada"), ("approved", "ben")])

    def test_a_signature_is_for_one_report_and_for_no_other(self):
        sha = self.draft()
        for person in ("ada", "ben"):
            self.by_hand("sign", sha, person)
        self.plant("bank/ledger.py", "10 ** 9", "10 ** 8")
        other = self.draft()
        self.assertNotEqual(other, sha)
        self.by_hand("publish", other, code=1)

    def test_the_books_refuse_a_change_and_show_one_that_was_made_past_them(self):
        self.run_dag("--interval", DAY)
        db = sqlite3.connect(self.home / "store.sqlite")
        for change in ("UPDATE audit SET who = 'eve' WHERE step = 2", "DELETE FROM audit WHERE step = 2"):
            with self.assertRaises(sqlite3.IntegrityError):
                db.execute(change)
        db.executescript("DROP TRIGGER audit_is_not_changed; UPDATE audit SET who = 'eve' WHERE step = 2;")
        db.close()
        self.assertIn("audit row 2", self.by_hand("audit", code=1))

    def test_a_report_that_was_changed_after_the_signatures_is_seen(self):
        self.run_dag("--interval", DAY)
        self.by_hand("audit")
        report = next((self.home / "reports").glob("*.json"))
        report.write_text(report.read_text().replace("1", "2", 1))
        self.assertIn("is not what was approved", self.by_hand("audit", code=1))

    def test_years_in_one_run_are_the_same_entries_and_both_backups_restore(self):
        states = self.run_dag("--interval", "2024-01-01/2026-01-01")
        self.assertEqual((states["back_up"], states["drill"]), (["success", "success"], "success"))
        self.assertEqual(self.one("SELECT count(DISTINCT day) FROM entry"), 731)
        copy = sqlite3.connect(self.home / "backups" / "elsewhere" / "store.sqlite")
        copy.execute("UPDATE entry SET cents = cents + 1 WHERE day = '2025-02-28' AND number = 3")
        copy.commit()
        copy.close()
        self.assertIn("elsewhere", self.by_hand("drill", code=1))
