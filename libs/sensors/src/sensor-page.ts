import { genericFields } from './generic/fields.js';
import { neutralFieldNames } from './neutral-fields.js';
import type { Sensor } from './sensor.js';

/** `docs/sensors.md`. */
export function sensorsMarkdown(sensors: readonly Sensor[]): string {
  return `<!-- Made by \`npm run docs\` from libs/sensors. -->

# Sensors

Every sensor sends to \`POST /hooks/runtime/{name}\` of ingest, as its connection in \`tidewaiter.yaml\` is called:

\`\`\`yaml
sensors:
  - name: nodes                        # in the URL
    kind: tetragon
    cluster: eu1                       # what the bodies say of it does not count then
    tokenFile: /run/secrets/nodes
    silentAfter: 10m                   # people are told when it says nothing for so long; or never
\`\`\`

- **Token**: \`Authorization: Bearer …\`, the password of \`Basic\`, \`X-Api-Key\`, or \`?token=\` in the URL where the sender can set no header. Signed messages of
  Amazon SNS need none when \`topicArn\` is configured.
- **Bodies**: JSON, at most 8 MiB as they come and 64 MiB unpacked (gzip, deflate, zstd; with or without \`Content-Encoding\`). What a shipper has wrapped in \`log\` or
  \`message\` is unwrapped. One bad event of a batch is counted as \`malformed\` and stops none of its neighbours; one above 192 KiB loses its longest texts and lists.
- **Answers**: 202 \`{ "accepted": n, "duplicates": n, "ignored": n }\` once everything is on disk in JetStream; 429 with \`Retry-After\` when too much is on its way
  or the detector is too far behind; 503 while NATS is away. Whatever is not answered with 202 must be sent again, and is not told twice.
- **Losses**: what a sensor says it lost is in \`tidewaiter_sensor_dropped_total\`, what became of what it sent in \`tidewaiter_sensor_events_total\`.
- **Silence**: a sensor that has been heard and then says nothing for \`silentAfter\` (10 minutes; for \`cloudtrail\`, \`guardduty\` and \`generic\` never, unless it is
  configured) is told of as \`sensor.silenced\`, its return as \`sensor.recovered\`: alerts of \`kind="sensor"\` in routing.yaml.

| kind | sensor | tells of | a repeated event is recognised by |
| --- | --- | --- | --- |
${sensors.map(row).join('\n')}

${sensors.map(section).join('\n')}
## What rules may ask

Beside Sigma's own names (\`Image\`, \`CommandLine\`, \`DestinationIp\` …) and the sensor's own words (a literal key or a dotted path), every event answers these, with the
log source \`product: tidewaiter\`, \`category: <what it tells of>\`:

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

${about.reads}${others} How it is set up: [deploy/sensors/${source}](../deploy/sensors/${source}/README.md).

${ignored}${about.note}
`;
}

/** A line for each part: what is asked of a process, of a pod … */
function byPart(names: readonly string[]): string {
  const parts = Map.groupBy(names, (name) => (name.includes('.') ? name.slice(0, name.indexOf('.')) : ''));
  return [...parts.values()].map((some) => `- ${some.map((name) => `\`${name}\``).join(', ')}`).join('\n');
}
