#!/usr/bin/env bash
# The main pipeline on real input, then what it found: dags/demo.sh PATH/TO/baton
set -euo pipefail
baton=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly day=2001-02-15

printf '\nOne day of US flights: ingest, validate, clean, features from past days, train, evaluate, publish if better.\n\n'
"$baton" run dags/flights.dag.yaml --interval "$day"

printf '\n'
cat "dags/.baton-demo/lake/reports/dt=$day/report.md"
cat <<TEXT

The result lies in dags/.baton-demo/lake, the history in .baton. What to type next:

  build/release/baton explain @latest                                 where the time went
  build/release/baton logs @latest validate                           what one task wrote
  build/release/baton graph dags/flights.dag.yaml --ascii             the pipeline as a picture
  build/release/baton run dags/flights.dag.yaml --interval $day   the same day again: nothing changes
  build/release/baton help                                            everything else
TEXT
