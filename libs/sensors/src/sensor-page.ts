import { genericFields } from './generic/fields.js';
import { neutralFieldNames } from './neutral-fields.js';
import type { Sensor } from './sensor.js';

/** `docs/sensors.md`. */
export function sensorsMarkdown(sensors: readonly Sensor[]): string {
  return `<!-- Made by \`npm run docs\` from libs/sensors. -->

# Sensors: how runtime events arrive

A sensor posts its events to \`POST /hooks/runtime/{name}\` of ingest. Name it in \`tidewaiter.yaml\`, and
configure it by the recipe of its kind.

\`\`\`yaml
sensors:
  - name: nodes                        # in the URL
    kind: tetragon
    cluster: eu1                       # replaces the cluster in the bodies
    tokenFile: /run/secrets/nodes
    silentAfter: 10m                   # time without events after which it is stale; or never
\`\`\`

\`\`\`sh
curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:7070/hooks/runtime/nodes --data-binary @events.jsonl
\`\`\`

- **Token**: \`Authorization: Bearer …\`, the password of \`Basic\`, \`X-Api-Key\`, or \`?token=\` in the URL of a
  sender without headers. Signed messages of Amazon SNS need none when \`topicArn\` is configured.
- **Bodies**: JSON, at most 8 MiB as sent and 64 MiB decompressed (gzip, deflate, zstd; with or without
  \`Content-Encoding\`). Events that a shipper has wrapped in \`log\` or \`message\` are unwrapped.
- **Cluster**: \`cluster\` bounds what a sensor says. A container belongs to the cluster that names it first,
  until that one reports nothing of it for a day: events of another cluster about it count as those of an
  unknown container. All sensors and the agent of a cluster have the same name. One without \`cluster\` may
  name any container.
- **Bad events**: one bad event of a batch counts as \`malformed\` and stops none of its neighbors. One above
  192 KiB loses its longest texts and lists, and has \`Event.Cut\` for rules.
- **Losses**: events that a sensor reports as lost are in \`tidewaiter_sensor_dropped_total\`. Results of
  received events are in \`tidewaiter_sensor_events_total\`.

| answer | when |
| --- | --- |
| 202 \`{ "accepted": n, "duplicates": n, "ignored": n }\` | everything is on disk: in the [spool](running.md#the-spool-of-ingest), or without one in JetStream |
| 429 with \`Retry-After\` | too much is in flight, or the detector is too far behind |
| 503 | the spool is full; without a spool, NATS is down |

Everything without a 202 must be sent again; repetitions are recognized.

An event with a 202 is evaluated, also when NATS loses its disk: ingest keeps it in the spool until a
snapshot of the detector covers it, and publishes it again. It is lost when both the disk of ingest and
the stream of NATS are lost before that, within half a minute. Without a spool the loss of the stream
alone is enough.

## Stale sensors

A sensor that sent events and then sends none for \`silentAfter\` is stale. The default is 10 minutes; for
\`cloudtrail\`, \`guardduty\` and \`generic\` it is never. The events are \`sensor.silenced\` and \`sensor.recovered\`,
and the alerts have \`kind="sensor"\` in [routing](routing.md#labels).

## Kinds

| kind | sensor | reports | a repeated event is recognized by |
| --- | --- | --- | --- |
${sensors.map(row).join('\n')}

${sensors.map(section).join('\n')}
## Fields for rules

Rules may use Sigma's own names (\`Image\`, \`CommandLine\`, \`DestinationIp\` …) and the sensor's own fields (a
literal key or a dotted path). Every event also has these, with the log source \`product: tidewaiter\`,
\`category: <one of the above>\`:

${byPart(neutralFieldNames)}

## Fields of \`generic\`

${byPart(genericFields)}
`;
}

function row({ source, title, about }: Sensor): string {
  return `| [\`${source}\`](../deploy/sensors/${source}/README.md) | ${title} | ${about.reports.join(', ')} | ${about.repetition} |`;
}

function section({ source, aliases, title, about }: Sensor): string {
  const others = aliases.length === 0 ? '' : ` Also called ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`;
  const reasons = Object.entries(about.ignores).map(([reason, meaning]) => `\`${reason}\` (${meaning})`);
  const ignored = reasons.length === 0 ? '' : `Ignored are ${reasons.join(', ')}.\n\n`;
  return `## ${title}: \`${source}\`

${about.reads}${others} Setup: [deploy/sensors/${source}](../deploy/sensors/${source}/README.md).

${ignored}${about.note}
`;
}

/** A line for each part: what is asked of a process, of a pod … */
function byPart(names: readonly string[]): string {
  const parts = Map.groupBy(names, (name) => (name.includes('.') ? name.slice(0, name.indexOf('.')) : ''));
  return [...parts.values()].map((some) => `- ${some.map((name) => `\`${name}\``).join(', ')}`).join('\n');
}
