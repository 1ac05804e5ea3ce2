/** Configuration of the platform under faults, and the secrets in it. */
import { oddRepositories } from './odd-sources.ts';

export const secret = 'hook-secret-of-the-rig';
export const sensorToken = 'sensor-token-of-the-rig';
export const slackSecret = 'signing-secret-of-the-rig';

export const rules = `
title: Probe runs
id: 7d1c0c7e-0000-4000-8000-000000000001
level: high
logsource: { product: linux, category: process_creation }
detection: { selection: { Image: /usr/bin/probe }, condition: selection }
---
title: Probed secret read
id: 7d1c0c7e-0000-4000-8000-000000000002
level: high
logsource: { product: kubernetes, service: audit }
detection: { selection: { verb: get, objectRef.resource: secrets, objectRef.name: probed }, condition: selection }
`;

export function settings(registryUrl: string, liveUrl: string, oddUrl: string): string {
  const connection = (name: string, kind: string, url: string, more = '') =>
    `  - { name: ${name}, kind: ${kind}, url: "${url}", webhookSecret: ${secret}, allowPrivate: true${more} }\n`;
  const never = `, reconcile: { every: "0" }`;
  const kinds = ['distribution', 'harbor', 'quay', 'generic'];
  const hook = `hook: repos/shop/app/hooks/1, token: none, url: "${oddUrl}/github", allowPrivate: true, every: "0"`;
  return `registries:
${kinds.map((kind) => connection(kind, kind, registryUrl, never)).join('')}${connection('live', 'distribution', liveUrl, never)}
${connection('ghcr', 'ghcr', registryUrl, `${never}, redeliver: { ${hook} }`)}
${connection('odd', 'generic', oddUrl, `, reconcile: { every: "0", repositories: [${oddRepositories.silent}] }`)}
releases: [ { repository: "*/*", compareWith: none } ] # each tag is news
reports: [ { name: rig, schedule: monthly, receiver: all, by: repository } ]
slack: { signingSecret: ${slackSecret} }
pipelines: [ { name: ci, kind: token, token: ${secret} } ]
sensors:
${['falco', 'tetragon', 'kubernetes-audit'].map((kind) => `  - { name: ${kind}, kind: ${kind}, cluster: eu1, token: ${sensorToken} }\n`).join('')}`;
}

export function routing(sinkUrl: string, slackApi: string, mailPort: number): string {
  return `
route:
  receiver: all
  group_by: [tag, namespace]
  group_wait: 0s
  routes:
    - { receiver: chat, matchers: [ 'namespace=~"chat-.*"' ], continue: true }
    - { receiver: mail, matchers: [ 'namespace=~"mail-.*"' ], continue: true, group_wait: 1s }
    - { receiver: refusing, matchers: [ 'namespace=~"refusing-.*"' ], continue: true }
    - { receiver: reminded, matchers: [ 'namespace=~"reminded-.*"' ], continue: true, repeat_interval: 2s }
    - { receiver: all }
receivers:
  - name: all
    webhook_configs: [ { url: "${sinkUrl}", timeout: 5s } ]
  - name: chat
    slack_configs: [ { app_token: xoxb-rig, app_url: "${slackApi}/chat.postMessage", channel: CRIG } ]
  - name: mail
    email_configs:
      - to: one@example.org, two@example.org
        from: rig@example.org
        smarthost: 127.0.0.1:${mailPort}
        require_tls: false
  - name: refusing
    webhook_configs: [ { url: "${sinkUrl}/refusing", timeout: 5s } ]
  - name: reminded
    webhook_configs: [ { url: "${sinkUrl}/reminded", timeout: 5s } ]
`;
}
