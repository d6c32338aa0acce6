"""A check that cannot fail is worse than none: plants a fault in a copy of each pipeline and sees its test fail.

    python3 tests/dags/planted.py            # all of them, some minutes
    python3 tests/dags/planted.py bank       # those of one pipeline

Faults that a pipeline is to catch by itself are planted in the tests; these here are for the tests.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DAGS = HERE.parents[1] / "dags"

# file, text that stands there once, what it becomes, the test that must fail
FAULTS = [
    ("bank/report.py", 'return sorted(found - {os.environ["PREPARED_BY"]})', "return sorted(found)",
     "test_bank.Bank.test_two_people_sign_who_did_not_prepare_it"),
    ("bank/report.py", 'row["hash"] != task.sha256(row["what"], row["who"], row["sha"], before)', "False",
     "test_bank.Bank.test_the_books_refuse_a_change_and_show_one_that_was_made_past_them"),
    ("bank/report.py", 'for place in ("here", "elsewhere"):', 'for place in ("here",):',
     "test_bank.Bank.test_years_in_one_run_are_the_same_entries_and_both_backups_restore"),
    ("billion/steps.py", "min(BATCH_BYTES, end - start)", "BATCH_BYTES",
     "test_billion.Billion.test_a_rebalance_in_the_middle_neither_loses_nor_doubles"),
    ("billion/topic.py", "if salted and key == HOT:", "if salted and key == 0:",
     "test_billion.Billion.test_salt_evens_out_a_hot_key_and_its_reader_takes_it_off"),
    ("cost/steps.py", "left = job[\"units\"] - done", "left = job[\"units\"]",
     "test_cost.Cost.test_a_checkpoint_is_paid_for_once_and_the_bill_adds_up"),
    ("cost.dag.yaml", "    priority: 10           # before all that is routine\n", "    priority: -5\n",
     "test_cost.Cost.test_the_same_answers_at_less_than_half_the_price_with_the_deadline_kept"),
    ("ecommerce/stream.py", "            for line in batch:\n                if line == END:",
     '            db.execute("INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?)", (os.environ["DAY"],\n'
     '                now["bytes"] + sum(map(len, batch)), now["lines"] + len(batch), now["newest"], 0))\n'
     '            db.execute("COMMIT"), time.sleep(0.02), db.execute("BEGIN")\n'
     "            for line in batch:\n                if line == END:",
     "test_ecommerce.Ecommerce.test_counts_are_exact_though_baton_is_killed_again_and_again"),
    ("feature_store/store.py", "if row and (only_new or row[0] == version):", "if row and row[0] == version:",
     "test_feature_store.FeatureStore.test_an_alias_that_moves_is_audited_once_and_stays_moved"),
    ("fraud/steps.py", 'yield id_, [min(burst, 3), amount - 8,', 'yield id_, [len(payments), amount - 8,',
     "test_fraud.Fraud.test_what_comes_later_changes_no_feature"),
    ("fraud/steps.py", 'service.ask(theirs, row["id"],', 'service.ask(theirs, row["id"] + os.environ["BATON_RUN_ID"],',
     "test_fraud.Fraud.test_an_answer_that_was_lost_on_the_way_is_no_second_score"),
    ("iot/steps.py", "since = ?3, detail = ?4 WHERE ?3 < since", "since = ?3, detail = ?4",
     "test_iot.Iot.test_late_minutes_in_any_order_give_the_same_alert"),
    ("iot/steps.py", "if line not in before:", "if line:",
     "test_iot.Iot.test_who_lies_is_found_within_a_minute_and_told_of_once"),
    ("lake/steps.py", 'if tags[name] in ("", *ROLES[role])', "if name",
     "test_lake.Lake.test_a_role_sees_no_column_whose_tag_it_has_not"),
    ("lake/steps.py", "if name not in columns and readers:", "if name not in columns:",
     "test_lake.Lake.test_a_column_that_is_added_breaks_nobody_and_stands_in_the_catalog"),
    ("lineage_audit/steps.py", 'row["hash"] != task.sha256(*[', 'row["hash"] == "" != task.sha256(*[',
     "test_lineage_audit.LineageAudit.test_a_row_of_the_audit_that_was_changed_or_taken_away_shows"),
    ("lineage_audit/steps.py", "        if known:\n", "        if False:\n",
     "test_lineage_audit.LineageAudit.test_the_answers_change_with_the_facts"),
    ("medallion/layers.py",
     '        for day in days:\n            derive(db, day)\n    return {"days": sorted(days)}\n',
     '        for day in task.interval_days():\n            derive(db, day)\n    return {"days": sorted(days)}\n',
     "test_medallion.Medallion.test_a_backfill_of_thirty_days_in_any_order_equals_a_full_load"),
    ("medallion/layers.py", 'pseudonym(event.pop("email"))', 'pseudonym(event["email"])',
     "test_medallion.Medallion.test_no_file_holds_what_points_to_a_person"),
    ("mlops/steps.py", 'if approval.exists() else {}', 'if approval.exists() else {"model_id": model_id, "by": "?"}',
     "test_mlops.Mlops.test_nothing_is_promoted_before_somebody_has_signed"),
    ("mlops/steps.py", "WHERE promotion.month < ? ", "WHERE promotion.month <> ? ",
     "test_mlops.Mlops.test_a_shifted_month_trains_and_one_like_before_does_not"),
    ("recommendations/steps.py", 'task.unit(os.environ["EXPERIMENT"], person)', 'task.unit("", person)',
     "test_recommendations.Recommendations.test_who_came_today_is_shown_what_is_popular_and_variants_stay"),
    ("schemas/registry.py", "in known.items():\n        against", "in list(known.items())[-1:]:\n        against",
     "test_schemas.Schemas.test_a_change_must_suit_the_oldest_reader_and_not_only_the_last"),
    ("training_data/sets.py", "key=lambda name: SPLITS[name] * total - got[name])", "key=lambda name: SPLITS[name])",
     "test_training_data.TrainingData.test_no_customer_is_in_two_splits_and_ratios_are_within_one_percent"),
    ("training_data/sets.py", "            table.pop(customer, None)\n", "            pass\n",
     "test_training_data.TrainingData.test_the_change_log_counts_each_change_once_and_forgets_what_was_deleted"),
]


def fails(file, old, new, test):
    """Whether the test fails over a copy of the pipelines with the fault in it."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        copy = pathlib.Path(folder) / "dags"
        shutil.copytree(DAGS, copy, ignore=shutil.ignore_patterns(".baton*", "__pycache__"))
        text = (copy / file).read_text()
        if text.count(old) != 1:
            sys.exit(f"{old!r} stands {text.count(old)} times in {file}")
        (copy / file).write_text(text.replace(old, new))
        done = subprocess.run([sys.executable, "-m", "unittest", test], cwd=HERE, text=True, capture_output=True,
                              env={**os.environ, "BATON_TEST_DAGS": str(copy)})
        return done.returncode != 0 and ("FAIL:" in done.stderr or "ERROR:" in done.stderr)


def main(names):
    missed = 0
    for fault in FAULTS:
        if not names or any(fault[0].startswith(name) for name in names):
            seen = fails(*fault)
            missed += not seen
            print(f"{'caught' if seen else 'MISSED'}  {fault[0]}  {fault[3].rpartition('.')[2]}", flush=True)
    sys.exit(missed > 0)


if __name__ == "__main__":
    main(sys.argv[1:])
