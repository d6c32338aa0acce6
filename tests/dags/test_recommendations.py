"""Better than popularity on looks that were held out; a list for who came today; a variant that stays."""
from pipeline import PipelineTest

WORK = ("ingest", "train", "evaluate", "publish")


class Recommendations(PipelineTest):
    name = "recommendations"

    def call(self, *calls, experiment="embeddings-1"):
        return self.steps("recommendations.steps", [("2026-01-05", *call) for call in calls], EXPERIMENT=experiment)

    def test_it_beats_popularity_on_looks_that_were_held_out(self):
        *_, measured, _ = self.call(*((step,) for step in WORK))
        self.assertGreater(measured["recall"], measured["popularity"] + 0.1)

    def test_what_was_held_out_is_not_learned_from(self):
        self.call(("ingest",), ("train",))
        embeddings = (self.home / "embeddings.json").read_bytes()
        self.plant("recommendations/steps.py", '"held_out": [seen[-HELD_OUT:] for seen in looks]',
                   '"held_out": [[1, 2, 3] for seen in looks]')
        self.call(("ingest",), ("train",))
        self.assertEqual((self.home / "embeddings.json").read_bytes(), embeddings)

    def test_what_is_not_better_is_not_published(self):
        self.run_dag()
        published = (self.home / "serving.json").read_bytes()
        self.plant("recommendations/als.py", "right[i] += (1 + WEIGHT) * vector[i]", "right[i] -= vector[i]")
        states = self.run_dag()
        self.assertEqual((states["evaluate"], states["publish"]), ("success", "skipped"))
        self.assertEqual((self.home / "serving.json").read_bytes(), published)

    def test_who_came_today_is_shown_what_is_popular_and_variants_stay(self):
        *_, new, similar = self.call(*((step,) for step in WORK), ("recommend", "9999"), ("similar", "12"))
        self.assertEqual((new["source"], len(new["items"])), ("popularity", 8))
        people = [("recommend", str(person)) for person in range(60)]
        first, again = self.call(*people), self.call(*people)
        self.assertEqual(first, again)
        variants = [shown["variant"] for shown in first]
        self.assertTrue(20 < variants.count("B") < 40)
        other = [shown["variant"] for shown in self.call(*people, experiment="another")]
        self.assertNotEqual(variants, other)
        self.assertGreaterEqual(sum(item % 3 == 0 for item in similar["similar"]), 3)  # item 12 is of taste 0
