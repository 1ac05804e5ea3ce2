#!/bin/sh
# Tells Tidewaiter which containers and images this node has.
set -eu

url="${TIDEWAITER_URL:-https://tidewaiter.example.com/hooks/runtime/runtimes}"
header="${TIDEWAITER_HEADER:-/etc/tidewaiter/header}"
node="${NODE_NAME:-$(hostname)}"

post() {
  # The first brace is the whole's: there the node is named.
  sed "1s/{/{\"node\":\"$node\",/" | curl --silent --show-error --fail --retry 3 --max-time 60 --output /dev/null \
    --header "@$header" --header 'Content-Type: application/json' --data-binary @- "$url"
}

crictl ps --all --output json | post
crictl images --output json | post
