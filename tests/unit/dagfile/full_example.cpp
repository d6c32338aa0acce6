#include "tests/unit/dagfile/load.h"

namespace baton::test {

const char* const kFullExample = R"(dag: churn_training
description: Daily churn features, training, evaluation and promotion
owner: ml-platform
tags: [ml, churn]
schedule: {cron: "30 2 * * *", timezone: Europe/Berlin, start: 2026-01-01, catchup: latest}
max_active_runs: 2
timeout: 6h
sla: 5h
params:
  model:   {type: string, enum: [xgb, lgbm], default: xgb}
  regions: {type: array, items: {type: string}, maxItems: 50, default: [eu, us, apac]}
  promote: {type: boolean, default: true}
env:
  DAY: ${{ interval.start.format("%Y-%m-%d") }}
defaults:
  timeout: 30m
  retries: {max: 3, delay: 30s, backoff: exponential, max_delay: 10m, jitter: full}
pools:
  warehouse: {slots: 8}
breakers:
  warehouse: {failures: 5, window: 10m, cooldown: 5m}
assets:
  features: {uri: "file:///lake/churn/features/dt=${{ env.DAY }}/"}
  model:    {uri: "models:/churn"}
tasks:
  wait_events:
    sensor: {file: "/lake/events/dt=${{ env.DAY }}/_SUCCESS", every: 60s}   # holds no slot between looks
    timeout: 2h
  extract:
    needs: wait_events
    for_each: {items: "${{ params.regions }}", as: region, max_parallel: 8}
    run: python -m churn.extract --region ${{ region }} --day "$DAY"
    pool: {name: warehouse, slots: 2}
    breaker: warehouse
    outputs: {rows: int, path: string}
  features:
    needs: extract
    exec: [spark-submit, jobs/features.py, "${{ tasks.extract.map(t, t.outputs.path).join(',') }}"]
    executor: slurm
    resources: {cpus: 8, memory: 32Gi}
    produces: [features]
  quality:
    needs: features
    checks:
      - {name: enough_rows, expect: "${{ tasks.extract.map(t, t.outputs.rows).sum() >= 100000 }}"}
      - {name: null_rate, run: python -m churn.checks nulls, on_fail: quarantine}
  train:
    needs: quality
    matrix: {fold: [0, 1, 2, 3, 4]}
    run: python train.py --model ${{ params.model }} --fold ${{ matrix.fold }}
    worker: {gpu: "true"}
    timeout: 2h
    outputs: {auc: number}
  evaluate:
    needs: train
    run: python eval.py
    outputs: {auc: number, better: boolean}
  approve:
    needs: evaluate
    if: ${{ params.promote && tasks.evaluate.outputs.better }}
    approval: {prompt: "Promote AUC ${{ tasks.evaluate.outputs.auc }}?", timeout: 24h}
  promote:
    needs: approve
    run: python promote.py
    produces: [model]
  cleanup:
    needs: promote
    trigger_rule: all_done
    run: rm -rf "$BATON_WORK_DIR"
alerts:
  - {events: [run_failed, sla_missed, breaker_opened], to: "slack:ml-oncall"}
)";

}  // namespace baton::test
