#!/bin/sh
# Scans an image by the inputs of action.yml and gitlab.yml, which come as INPUT_* variables; empty ones are not given.
# Nothing of them is ever evaluated: a reference, a severity or a file name is an argument, whatever it holds.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)

# A container image of Tidewaiter is built already and has no sources.
tidewaiter() {
  if [ -f "$root/tsconfig.json" ]; then "$root/tidewaiter" "$@"; else node "$root/cli/dist/bundle/main.js" "$@"; fi
}

input() { eval "printf '%s' \"\${INPUT_$1:-}\""; }
first() { for name; do value=$(input "$name"); [ -z "$value" ] || { printf '%s' "$value"; return; }; done; }
is_true() { [ "$1" = true ] || [ "$1" = 1 ]; }
fail() { echo "tidewaiter: $1" >&2; exit 64; }
# GitHub's outputs are lines; nothing of a stranger goes there.
output() { [ -z "${GITHUB_OUTPUT:-}" ] || printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }

# CRITICAL,HIGH of a list means HIGH or worse.
lowest_of() {
  lowest=
  for severity in critical high medium low negligible unknown; do
    case ",$1," in *",$severity,"*) lowest=$severity ;; esac
  done
  [ -n "$lowest" ] || fail "no severity in '$1'"
  printf '%s' "$lowest"
}

# Lists are written with commas or in lines.
list() { first "$@" | tr '\n' ',' | sed 's/[[:space:]]*,[[:space:]]*/,/g; s/^[[:space:]]*//; s/[[:space:]]*$//'; }

image=$(first IMAGE_REF IMAGE)
archive=$(input INPUT)
[ -z "$archive" ] || image="docker-archive:$archive"
[ -n "$image" ] || fail 'give image-ref: the image to scan'

severity=$(first SEVERITY SEVERITY_CUTOFF | tr '[:upper:]' '[:lower:]' | tr -d ' ')
fail_on=$(input FAIL_ON)
[ -n "$fail_on" ] || fail_on=$(lowest_of "${severity:-high}")
exit_code=$(input EXIT_CODE)
! is_true "$(input FAIL_BUILD)" || exit_code=${exit_code:-1}
exit_code=${exit_code:-0}
case $exit_code in *[!0-9]*) fail 'exit-code is no number' ;; esac
format=$(first FORMAT OUTPUT_FORMAT)
format=${format:-table}
file=$(first OUTPUT OUTPUT_FILE | tr -d "\n")
against=$(input AGAINST)
server=$(input SERVER)
report=$(mktemp)
token=$(mktemp)
trap 'rm -f "$report" "$token"' EXIT

# Value of a member of a JSON object: tokens hold no quotes and no escapes.
member() { sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'; }

# Exchanges the runner's OIDC token for a short one of the platform. Secrets go through files, as
# every process of the machine can read the arguments of another one.
exchange() {
  [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || return 1
  audience=$(first AUDIENCE SERVER | sed 's/%/%25/g; s/&/%26/g; s/#/%23/g; s/+/%2B/g; s/ /%20/g')
  printf 'header = "Authorization: Bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
    curl -fsS -K - "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$audience" | member value >"$token" || return 1
  [ -s "$token" ] || return 1
  printf '{"token":"%s"}' "$(cat "$token")" |
    curl -fsS -H 'Content-Type: application/json' --data-binary @- "${server%/}/api/v1/ci-token" |
    member token >"$token.short" || return 1
  mv "$token.short" "$token"
  [ -s "$token" ]
}

set -f
set -- --quiet --fail-on "$fail_on"
for pair in ADVISORIES:--advisories TIMEOUT:--timeout PLATFORM:--platform KINDS:--kinds ON_INCOMPLETE:--on-incomplete CACHE_DIR:--cache-dir; do
  value=$(input "${pair%%:*}")
  [ -z "$value" ] || set -- "$@" "${pair#*:}=$value"
done
! is_true "$(first IGNORE_UNFIXED ONLY_FIXED)" || set -- "$@" --only-fixed
IFS=,
for each in $(list VEX); do [ -z "$each" ] || set -- "$@" "--vex=$each"; done
for each in $(list TRIVYIGNORES IGNORE_FILES); do [ -z "$each" ] || set -- "$@" "--ignore-file=$each"; done
for each in $(list POLICY); do [ -z "$each" ] || set -- "$@" "--policy=$each"; done
unset IFS

code=0
if [ -n "$server" ]; then
  if ! exchange; then
    [ -n "$(input TOKEN)" ] || fail 'the server gave no token: give token, or permissions of the job: id-token: write'
    input TOKEN >"$token"
  fi
  [ "$format" = json ] || format=text
  [ -z "$against" ] || set -- "$@" "--against=$against"
  tidewaiter gate "$@" "--server=$server" "--token-file=$token" --wait=10m "--output=$format" -- "$image" >"$report" || code=$?
elif [ -n "$against" ]; then
  [ "$format" = json ] || format=text
  tidewaiter gate "$@" "--against=$against" "--output=$format" -- "$image" >"$report" || code=$?
else
  tidewaiter scan "$@" "--output=$format=$report" -- "$image" || code=$?
fi

case $code in
  0) verdict=pass ;;
  1) verdict=fail ;;
  2) [ -s "$report" ] || exit 2
     verdict=unknown ;;
  *) exit "$code" ;;
esac
output verdict "$verdict"
if [ -n "$file" ]; then
  cp "$report" "$file"
  output report "$file"
else
  cat "$report"
fi

echo "tidewaiter: $verdict" >&2
[ "$verdict" != pass ] || exit 0
# A gate that cannot tell does not open, where it is one.
[ "$exit_code" != 0 ] || exit 0
[ "$verdict" = fail ] || exit 2
exit "$exit_code"
