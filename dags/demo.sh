#!/usr/bin/env bash
# The main job with the server: a week of flights, asked for over the REST API. dags/demo.sh PATH/TO/baton
# On a terminal the server goes on serving until Ctrl-C; without one everything ends.
set -euo pipefail
baton=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly state=${BATON_STATE:-$PWD/.baton}
readonly first=2001-02-12 days=${BATON_DEMO_DAYS:-7}

said=$(mktemp)  # by the server: its one-time link is in it
readonly said
"$baton" server --state "$state" --dags dags --listen 127.0.0.1:0 >"$said" 2> >(sed 's/^/  server: /' >&2) &
readonly server=$!
end_server() {
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -f "$said"
}
trap end_server EXIT
trap 'exit 130' INT TERM

# The address stands in server.json once the server answers.
until [ "$(grep -o '"pid":[0-9]*' "$state/server.json" 2>/dev/null)" = "\"pid\":$server" ] &&
      grep -q '"url"' "$state/server.json"; do
  kill -0 "$server" 2>/dev/null || { trap - EXIT; wait "$server"; }
  sleep 0.05
done
url=$(sed 's/.*"url":"\([^"]*\)".*/\1/' "$state/server.json")

printf '\nbaton server answers at %s. A week of US flights, one run a day:\n' "$url"
printf 'ingest, validate, clean, features from past days, train, evaluate, publish if better.\n\n'
python3 dags/demo_week.py "$url" "$state/admin.token" "$first" "$days"

printf '\n'
cat "dags/.baton-demo/lake/reports/dt=$(date -d "$first +$((days - 1)) days" +%F)/report.md"
shown=${state#"$PWD"/}
cat <<TEXT

The results lie in dags/.baton-demo/lake, the history in $shown. The same over HTTP, where your uid needs no token:

  curl -s --unix-socket $shown/control.sock http://localhost/api/v2/dags/flights
  curl -s --unix-socket $shown/control.sock 'http://localhost/api/v2/dags/flights/dagRuns?order_by=-start_date&limit=3'
  curl -s -H "Authorization: Bearer \$(cat $shown/admin.token)" -H 'Content-Type: application/json' \\
    -d '{"logical_date": null}' $url/api/v2/dags/hello/dagRuns

and on the command line:

  build/release/baton trigger hello --wait                            another run, asked for here
  build/release/baton explain @latest                                 where the time went
  build/release/baton logs flights@latest validate                    what one task wrote
  build/release/baton graph dags/flights.dag.yaml --ascii             the pipeline as a picture
  build/release/baton help                                            everything else

TEXT
run=$("$baton" show flights@latest -o json --state "$state" | python3 -c '
import json, sys, urllib.parse
print(urllib.parse.quote(json.load(sys.stdin)["dag_run_id"], safe=""))')
readonly page=dags/flights/runs/$run
if [ -t 1 ]; then
  link=$(sed -n 's/^login *\([^ ]*\).*/\1/p' "$said")
  printf 'The server goes on until Ctrl-C. The run of the last day, once, within ten minutes:\n\n  %s\n' "$link&next=$page"
  wait "$server" || true
fi
