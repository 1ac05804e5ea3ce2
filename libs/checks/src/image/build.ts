import { shown } from '../check.js';
import { isLatest, parseImageName } from '../image-name.js';
import { stepsExample, type ImageCheck, type ConfigFacts } from './image-facts.js';

export const noHealthcheck: ImageCheck = {
  id: 'image-no-healthcheck',
  title: 'Image without health check',
  severity: 'negligible',
  reason: 'A runtime without its own probes does not detect that the program hangs.',
  fix: 'Add HEALTHCHECK; in Kubernetes, which ignores it, use probes.',
  reference: 'CIS Docker Benchmark 1.6, 4.6',
  *find({ config: { healthcheck } }) {
    if (healthcheck === undefined || healthcheck[0] === 'NONE') {
      yield { title: 'Image without health check', place: 'healthcheck', field: 'config.Healthcheck' };
    }
  },
  passes: [{ config: { healthcheck: ['CMD-SHELL', 'curl -f http://localhost/'] } }],
  fails: [{ config: { healthcheck: ['NONE'] } }, {}],
};

export const latestBase: ImageCheck = {
  id: 'image-latest-base',
  title: 'Base image without fixed version (latest)',
  severity: 'low',
  reason: 'The build is not reproducible, and a vulnerability cannot be traced to a version of the base.',
  fix: 'Pin the base by version and digest: FROM debian:12.8-slim@sha256:…',
  reference: 'https://docs.docker.com/build/building/best-practices/#pin-base-image-versions',
  *find(image) {
    for (const { name, field } of baseNames(image)) {
      const base = parseImageName(name);
      if (base.repository !== 'scratch' && isLatest(base))
        yield { title: `The base of the image is ${shown(name)}`, place: shown(base.repository), field };
    }
  },
  passes: [
    { config: { labels: { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' } } },
    {
      config: {
        labels: { 'org.opencontainers.image.base.name': 'debian', 'org.opencontainers.image.base.digest': 'sha256:aa' },
      },
    },
    stepsExample('FROM registry.example.com:5000/base:1.2'),
    stepsExample('FROM scratch'),
  ],
  fails: [
    { config: { labels: { 'org.opencontainers.image.base.name': 'docker.io/library/debian:latest' } } },
    { config: { history: [{ comment: 'FROM docker.io/library/alpine:latest', emptyLayer: false }] } },
    stepsExample('FROM registry.example.com:5000/base'),
  ],
};

function* baseNames({ config: { labels, history }, steps }: ConfigFacts): Generator<{ name: string; field: string }> {
  const label = labels['org.opencontainers.image.base.name'];
  const isPinned = labels['org.opencontainers.image.base.digest'] !== undefined;
  if (label !== undefined && label !== '' && !isPinned) yield { name: label, field: 'config.Labels' };
  for (const { comment = '' } of history) {
    // Podman and Buildah record the base here.
    const [, name] = /^FROM (\S{1,300})$/.exec(comment) ?? [];
    if (name !== undefined) yield { name, field: 'history' };
  }
  for (const { instruction, text } of steps) {
    const [name = ''] = text.split(' ', 1);
    if (instruction === 'FROM' && name !== '') yield { name, field: 'history' };
  }
}

const dayMs = 24 * 60 * 60 * 1000;
const maxBaseAgeDays = 180;
/** Reproducible builders write the start of an epoch instead of the time. */
const firstContainers = Date.UTC(2013, 0, 1);

export const oldBase: ImageCheck = {
  id: 'image-old-base',
  title: 'Outdated base image at build time',
  severity: 'low',
  reason: 'Security fixes that the distribution released meanwhile are missing.',
  fix: 'Build with --pull on a current base, and rebuild when the base changes.',
  reference: 'https://docs.docker.com/build/building/best-practices/#rebuild-your-images-often',
  *find({ config }) {
    const built = timeOf(config.created);
    const base = config.history.map(({ created }) => timeOf(created)).find((time) => time !== undefined);
    if (built === undefined || base === undefined) return;
    const days = Math.floor((built - base) / dayMs);
    if (days > maxBaseAgeDays)
      yield {
        title: `The base was ${days} days old when the image was built`,
        place: 'base',
        field: 'history',
        details: { days },
      };
  },
  passes: [
    { config: { created: '2026-03-01T00:00:00Z', history: [{ created: '2026-01-01T00:00:00Z', emptyLayer: false }] } },
    { config: { created: '2026-03-01T00:00:00Z', history: [{ created: '1970-01-01T00:00:00Z', emptyLayer: false }] } },
    { config: { created: '2026-03-01T00:00:00Z', history: [{ created: 'yesterday', emptyLayer: false }] } },
    { config: { created: '2026-03-01T00:00:00Z' } },
  ],
  fails: [
    { config: { created: '2026-03-01T00:00:00Z', history: [{ created: '2024-01-01T00:00:00Z', emptyLayer: false }] } },
    {
      config: {
        created: '2026-03-01T00:00:00Z',
        history: [{ created: '2025-01-01T00:00:00.123456789Z', emptyLayer: false }],
      },
    },
  ],
};

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT/.test(text)) return undefined;
  const time = Date.parse(text.slice(0, 40));
  return time >= firstContainers ? time : undefined;
}

export const relativeWorkdir: ImageCheck = {
  id: 'image-relative-workdir',
  title: 'Relative working directory (WORKDIR)',
  severity: 'low',
  reason: 'The result depends on the base image, so a change of the base moves files and scripts.',
  fix: 'Use an absolute path.',
  reference: 'https://docs.docker.com/build/building/best-practices/#workdir',
  *find({ steps }) {
    for (const { instruction, text } of steps) {
      if (instruction === 'WORKDIR' && !isAbsolute(text))
        yield {
          title: `A build step sets the working directory ${shown(text, 100)}`,
          place: shown(text, 100),
          instruction,
          field: 'history',
        };
    }
  },
  passes: [
    stepsExample('WORKDIR /app'),
    stepsExample('/bin/sh -c #(nop) WORKDIR /app'),
    stepsExample('WORKDIR C:\\app'),
    stepsExample('WORKDIR "/app"'),
  ],
  fails: [stepsExample('WORKDIR app'), stepsExample('/bin/sh -c #(nop) WORKDIR ./src')],
};

/** Whether a path is absolute, also on Windows, or starts with a variable that may be. */
export function isAbsolute(path: string): boolean {
  return /^["']?(?:\/|\\|[A-Za-z]:|\$)/.test(path);
}

export const shellStart: ImageCheck = {
  id: 'image-shell-start',
  title: 'Entrypoint in shell form',
  severity: 'negligible',
  reason: 'The shell is process 1 and does not forward signals: stopping takes ten seconds and ends in a kill.',
  fix: 'Use the exec form: ENTRYPOINT ["/app"].',
  reference: 'https://docs.docker.com/reference/build-checks/json-args-recommended/',
  *find({ config: { entrypoint, cmd } }) {
    const [shell = '', option = '', script = ''] = entrypoint.length > 0 ? entrypoint : cmd;
    if (/^(?:\/usr)?\/bin\/(?:ba|da)?sh$/.test(shell) && option === '-c' && !/^\s{0,8}exec\s/.test(script)) {
      yield {
        title: `The program is started through ${shell} -c`,
        place: 'shell',
        field: entrypoint.length > 0 ? 'config.Entrypoint' : 'config.Cmd',
      };
    }
  },
  passes: [
    { config: { entrypoint: ['/app'] } },
    { config: { cmd: ['bash'] } },
    { config: { cmd: ['/bin/sh', '-c', 'exec /app'] } },
  ],
  fails: [
    { config: { cmd: ['/bin/sh', '-c', '/app --listen'] } },
    { config: { entrypoint: ['/bin/bash', '-c', '/app'], cmd: ['x'] } },
  ],
};
