#!/bin/sh
# Follows one resource of the Kubernetes API and hands on each change: feed.sh PATH, as /api/v1/pods.
set -eu

api="${KUBERNETES_API:-https://kubernetes.default.svc}"
account="${SERVICE_ACCOUNT:-/var/run/secrets/kubernetes.io/serviceaccount}"
header="${TIDEWAITER_HEADER:-/etc/tidewaiter/header}"
failed="$(mktemp)"
rm -f "$failed"

follow() {
  # The token of the account changes from time to time.
  printf 'Authorization: Bearer %s' "$(cat "$account/token")" |
    curl --silent --show-error --fail --no-buffer --cacert "$account/ca.crt" --header @- \
      "$api$1?watch=1&allowWatchBookmarks=true&timeoutSeconds=1800"
}

hand_on() {
  while IFS= read -r line; do
    printf '%s\n' "$line" |
      curl --silent --show-error --fail --retry 10 --retry-all-errors --retry-max-time 300 --max-time 60 --output /dev/null \
        --header "@$header" --header 'Content-Type: application/x-ndjson' --data-binary @- "$TIDEWAITER_URL" ||
      { touch "$failed"; return; }
  done
}

while true; do
  follow "$1" | hand_on
  # Begin anew, with everything that there is: nothing that was not taken may be passed over.
  if [ -e "$failed" ]; then exit 1; fi
  sleep 1
done
