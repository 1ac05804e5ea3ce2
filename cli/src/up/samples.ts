import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Folder of the files that entries of the API may name. */
const filesDir = 'entry-files';

/**
 * Writes commented samples of the two configuration files where there is none; each installation
 * gets secrets of its own.
 */
export async function writeSamples(folder: string): Promise<void> {
  await writeNew(join(folder, 'tidewaiter.yaml'), settingsSample());
  await writeNew(join(folder, 'routing.yaml'), routingSample);
  await mkdir(join(folder, filesDir), { recursive: true, mode: 0o700 });
}

async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Text of a first `tidewaiter.yaml`. */
export function settingsSample(): string {
  const secret = (): string => randomBytes(24).toString('base64url');
  return `# Registries, signers, sensors, pipelines and policies. A change takes effect within seconds.
# Every secret can also be read from a file: webhookSecretFile, tokenFile, passwordFile.

registries:
  # A plain "registry:3" or docker-registry. In its configuration:
  #   notifications:
  #     endpoints:
  #       - name: tidewaiter
  #         url: http://127.0.0.1:7070/hooks/registry/main
  #         headers: { Authorization: ["Bearer THE_WEBHOOK_SECRET_BELOW"] }
  #         timeout: 1s
  #         threshold: 3
  #         backoff: 1s
  - name: main
    kind: distribution            # or harbor, ghcr, github
    url: http://127.0.0.1:5000
    allowPrivate: true            # it lives on a loopback or private address
    webhookSecret: ${secret()}
    # credentials: { username: scanner, passwordFile: /run/secrets/registry }

# What the console and the API may configure: docs/management.md. Files that they name are in this folder.
management:
  filesDir: ${filesDir}
  # allowPrivate: true          # registries that are added there may be on private addresses

# Required signers of repositories: docs/provenance.md
# signers:
#   - { name: release, keyFile: release.pub, repositories: ["shop/*"] }

# Message templates: docs/templates.md
# templates: { dir: templates }

# Buttons below a bot's messages in Slack: docs/routing.md
# slack: { signingSecretFile: /run/secrets/slack-signing }

sensors:
  # Falco. In falco.yaml:
  #   json_output: true
  #   http_output:
  #     enabled: true
  #     url: http://127.0.0.1:7070/hooks/runtime/falco?token=THE_TOKEN_BELOW
  - name: falco
    kind: falco
    cluster: local
    token: ${secret()}
    silentAfter: never            # Falco is quiet unless it is fed: deploy/sensors/falco
  # Other kinds: tetragon, tracee, kubernetes-audit, kubernetes-watch, cloudtrail, guardduty, cri, generic; docs/sensors.md

# CI pipelines that send SBOMs and provenance: docs/pipelines.md
# pipelines:
#   - { name: ci, kind: token, token: THE_TOKEN }
#   - { name: github, kind: github, audience: "https://tidewaiter.example.com", claims: { repository: "acme/*", ref: refs/heads/main } }

# Owners of images and namespaces, for the owner label of alerts: docs/routing.md
# owners:
#   - { repository: "shop/*", owner: team-shop }
#   - { namespace: payments, owner: team-payments }

# Exceptions, policies and admission: docs/exceptions.md, docs/policies.md, docs/gates.md.
# policies:
#   - { name: no-secrets, mode: warn }
# exceptions:
#   - { repository: 'shop/*', finding: CVE-2024-0001, reason: not reachable, owner: team-shop, until: 2027-01-31 }
# admission: { mode: warn, unknown: deny }

# Expected behavior of workloads: docs/image-facts.md
# runtime:
#   builderNamespaces: [ci]
#   debugNamespaces: [debug]
#   internalRanges: [10.0.0.0/8]
#   allowedEgress: { shop/api: [payments.example.com, 192.0.2.0/28] }
`;
}

/** Text of a first `routing.yaml`, which sends nothing until a receiver is configured. */
export const routingSample = `# Notification routes, in the format of Alertmanager's configuration. A change takes effect within seconds.
# Try it: ./tidewaiter routes test --config routing.yaml severity=critical kind=incident

route:
  receiver: nobody
  group_by: [repository]
  # routes:
  #   - receiver: team
  #     matchers: ['severity=~"critical|high|unknown"']

receivers:
  - name: nobody                  # alerts stay in the console
  # - name: team
  #   slack_configs:
  #     - api_url_file: /run/secrets/slack-webhook
  #       channel: '#security'
  #   email_configs:
  #     - to: security@example.com
  #       from: tidewaiter@example.com
  #       smarthost: mail.example.com:587
  #       auth_username: tidewaiter
  #       auth_password_file: /run/secrets/mail
`;
