import type { Severity } from '@tidewaiter/domain';

import { shown } from '../check.js';
import type { Lifecycles, Product, ProductLifecycle } from '../end-of-life/lifecycles.js';
import { endOfRelease, releaseOfTag } from '../end-of-life/releases.js';
import { isLatest, parseImageName, shortRepository, type BaseImageName } from '../image-name.js';
import { allSteps, stageLabel, type DockerfileCheck } from './dockerfile-check.js';
import type { DockerfileFacts, Stage } from './stages.js';

interface NamedBase {
  stage: Stage;
  image: BaseImageName;
}

/** Images that the stages are built on, if the file names them. */
function* basesOf({ stages }: DockerfileFacts): Generator<NamedBase> {
  for (const stage of stages) {
    const { image, base } = stage;
    if (image && base.isKnown && image.repository !== '' && image.repository !== 'scratch') yield { stage, image };
  }
}

function seenIn({ stage }: NamedBase, title: string) {
  return { title, place: `${stageLabel(stage)} FROM`, line: stage.line, instruction: 'FROM' };
}

const pinReference = 'https://docs.docker.com/build/building/best-practices/#pin-base-image-versions';

export const latestBase: DockerfileCheck = {
  id: 'dockerfile-latest-base',
  title: 'Base image without fixed version (latest)',
  severity: 'medium',
  reason: 'The build is not reproducible: the tag may move to the next major version or to a hijacked image.',
  fix: 'Pin the version, preferably with its digest: FROM debian:12.8-slim@sha256:…',
  reference: pinReference,
  *find(file) {
    for (const base of basesOf(file)) {
      if (isLatest(base.image))
        yield seenIn(
          base,
          `${stageLabel(base.stage)} is built on ${shown(base.stage.base.text)} without a fixed version`,
        );
    }
  },
  passes: [
    'FROM debian:12',
    'FROM scratch',
    'FROM registry.example.com:5000/base:1',
    'FROM debian@sha256:aa',
    'FROM debian:12 AS base\nFROM base',
    'ARG VERSION\nFROM debian:${VERSION}',
    'ARG VERSION=12\nFROM debian:${VERSION}',
    'FROM debian:${VERSION:-12}',
    'ARG BASE\nFROM $BASE',
  ],
  fails: [
    'FROM debian',
    'FROM debian:latest',
    'FROM registry.example.com:5000/base',
    'ARG VERSION=latest\nFROM debian:$VERSION',
    'FROM --platform=$BUILDPLATFORM node AS build',
    'FROM debian:${VERSION:-latest}',
    'ARG V=1\nFROM debian:${V:+latest}',
    'FROM node AS build\nFROM debian:12',
  ],
};

export const baseWithoutDigest: DockerfileCheck = {
  id: 'dockerfile-base-without-digest',
  title: 'Base image without digest',
  severity: 'negligible',
  reason: 'Everyone who can push to the repository of the base controls the next build.',
  fix: 'Add the digest and update it with a bot such as Renovate: FROM debian:12.8-slim@sha256:…',
  reference: 'https://slsa.dev/spec/v1.0/threats#e-build-process',
  *find(file) {
    for (const base of basesOf(file)) {
      if (base.image.digest === undefined)
        yield seenIn(base, `${stageLabel(base.stage)} is built on ${shown(base.stage.base.text)} without a digest`);
    }
  },
  passes: [`FROM debian:12@sha256:${'a'.repeat(64)}`, 'FROM scratch', 'ARG BASE\nFROM $BASE'],
  fails: ['FROM debian:12', 'FROM debian:12 AS a\nFROM a\nFROM debian'],
};

/** Short names of repositories whose tags name releases. */
const repositories: ReadonlyMap<string, Product> = new Map<string, Product>([
  ['almalinux', 'almalinux'],
  ['alpine', 'alpine'],
  ['amazonlinux', 'amazon'],
  ['centos', 'centos'],
  ['debian', 'debian'],
  ['eclipse-temurin', 'java'],
  ['elasticsearch', 'elasticsearch'],
  ['elixir', 'elixir'],
  ['envoyproxy/envoy', 'envoy'],
  ['erlang', 'erlang'],
  ['fedora', 'fedora'],
  ['golang', 'go'],
  ['haproxy', 'haproxy'],
  ['hashicorp/consul', 'consul'],
  ['hashicorp/vault', 'vault'],
  ['httpd', 'httpd'],
  ['mariadb', 'mariadb'],
  ['mongo', 'mongodb'],
  ['mysql', 'mysql'],
  ['nginx', 'nginx'],
  ['node', 'node'],
  ['opensuse/leap', 'opensuse-leap'],
  ['oraclelinux', 'oracle'],
  ['perl', 'perl'],
  ['photon', 'photon'],
  ['php', 'php'],
  ['postgres', 'postgresql'],
  ['python', 'python'],
  ['rabbitmq', 'rabbitmq'],
  ['redis', 'redis'],
  ['rockylinux', 'rocky'],
  ['ruby', 'ruby'],
  ['traefik', 'traefik'],
  ['ubuntu', 'ubuntu'],
  ['valkey/valkey', 'valkey'],
]);

/** Products whose releases bases are evaluated by. */
export const baseProducts: readonly Product[] = [...new Set(repositories.values())];

/** Repositories without new images, with the date of their last one. */
const retired: ReadonlyMap<string, string> = new Map([
  ['centos', '2024-06-30'],
  ['openjdk', '2022-07-31'],
]);

/**
 * End of support of a base by its tag; a tag such as `3.12-alpine3.18` also names the distribution
 * beneath.
 */
function endOf(
  image: BaseImageName,
  now: Date,
  lifecycles: Lifecycles,
): { text: string; severity: Severity } | undefined {
  const repository = shortRepository(image);
  const tag = image.tag ?? 'latest';
  const product = repositories.get(repository);
  const named: TaggedProduct[] = product === undefined ? [] : [[product, tag], ...distributionsIn(tag)];
  const ends = named.flatMap(([of, word]) => {
    const lifecycle: ProductLifecycle | undefined = lifecycles.of(of);
    const release = lifecycle && releaseOfTag(lifecycle, word);
    return release ? [endOfRelease(lifecycle, release, now)] : [];
  });
  const end =
    ends.find(({ lifecycle }) => lifecycle === 'ended') ?? ends.find(({ lifecycle }) => lifecycle === 'extended');
  if (end) return { text: end.text, severity: end.lifecycle === 'ended' ? 'high' : 'medium' };
  const since = retired.get(repository);
  return since === undefined
    ? undefined
    : { text: `its repository has had no new images since ${since}`, severity: 'high' };
}

/** Product with the words of a tag that name its release. */
type TaggedProduct = [product: Product, tag: string];

function distributionsIn(tag: string): TaggedProduct[] {
  const words = tag.split('-').slice(1);
  return words.flatMap((word): TaggedProduct[] => {
    const [, alpine] = /^alpine(\d+\.\d+)$/.exec(word) ?? [];
    if (alpine !== undefined) return [['alpine', alpine]];
    if (!/^[a-z]+$/.test(word)) return [];
    return [
      ['debian', word],
      ['ubuntu', word],
    ];
  });
}

export const endOfLifeBase: DockerfileCheck = {
  id: 'dockerfile-end-of-life-base',
  title: 'Base image past end of life',
  severity: 'high',
  reason: 'New vulnerabilities are not fixed in the image.',
  fix: 'Upgrade to a supported release. Medium during extended support: check that you have a subscription.',
  reference: 'https://endoflife.date/',
  *find(file) {
    for (const base of basesOf(file)) {
      const end = endOf(base.image, file.now, file.lifecycles);
      if (!end) continue;
      const title = `${stageLabel(base.stage)} is built on ${shown(base.stage.base.text)}: ${end.text}`;
      yield { ...seenIn(base, title), severity: end.severity };
    }
  },
  passes: [
    'FROM debian:13',
    'FROM ubuntu:24.04',
    'FROM node:22-alpine',
    'FROM example/centos:7',
    'FROM alpine:3.22',
    'FROM python:3.12-slim',
    'FROM python:3',
    'FROM python:3.12-slim-trixie',
    'FROM alpine',
    'FROM alpine:edge',
    'FROM golang:1.27',
    'FROM php:8.3',
    'FROM debian:trixie',
    'FROM fedora:43',
    'FROM fedora:99',
    'FROM node:24',
    'FROM ubuntu:22.04',
  ],
  fails: [
    'FROM debian:9',
    'FROM debian:buster-slim',
    'FROM ubuntu:14.04',
    'FROM docker.io/library/centos:7',
    'FROM node:12-alpine',
    'FROM python:2.7',
    'ARG V=3.8\nFROM alpine:$V',
    'FROM openjdk:8',
    'FROM ubuntu:bionic',
    'FROM golang:1.9',
    'FROM debian:12',
    'FROM ubuntu:20.04',
    'FROM alpine:3.20',
    'FROM postgres:9',
    'FROM python:3.12-alpine3.18',
    'FROM python:3.12-slim-buster',
    'FROM node:20',
    'FROM redis:6.0-alpine',
  ],
};

export const copyFromUnpinned: DockerfileCheck = {
  id: 'dockerfile-copy-from-latest',
  title: 'COPY from image without fixed version',
  severity: 'low',
  reason: 'The copied files change without a change of this file.',
  fix: 'Pin the version of the image, preferably with its digest.',
  reference: pinReference,
  *find(file) {
    for (const step of allSteps(file, 'COPY', 'RUN')) {
      for (const name of foreignSources(step.flags)) {
        if (file.stageNames.has(name.toLowerCase()) || /[$]/.test(name) || !isLatest(parseImageName(name))) continue;
        // A word without tag and path can also name a build context of the command line.
        if (!/[:/.]/.test(name)) continue;
        yield {
          title: `Files are copied from ${shown(name)} without a fixed version`,
          place: `${stageLabel(step.stage)} ${step.keyword} ${shown(name)}`,
          line: step.line,
          instruction: step.keyword,
        };
      }
    }
  },
  passes: [
    'FROM a:1 AS build\nFROM b:1\nCOPY --from=build /a /a',
    'FROM a:1\nFROM b:1\nCOPY --from=0 /a /a',
    'FROM a:1\nCOPY --from=ghcr.io/astral-sh/uv:0.5 /uv /',
    'FROM a:1\nARG I\nCOPY --from=$I /uv /',
    'FROM a:1\nCOPY --from=context /a /a',
  ],
  fails: [
    'FROM a:1\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /',
    'FROM a:1\nCOPY --from=ghcr.io/astral-sh/uv /uv /',
    'FROM a:1\nRUN --mount=type=bind,from=docker.io/library/golang,target=/go go build',
  ],
};

function foreignSources(flags: ReadonlyMap<string, readonly string[]>): string[] {
  const mounts = (flags.get('mount') ?? []).flatMap((mount) =>
    mount.split(',').filter((part) => part.startsWith('from=')),
  );
  return [...(flags.get('from') ?? []), ...mounts.map((part) => part.slice('from='.length))].filter(
    (name) => name !== '',
  );
}

export const foreignSyntax: DockerfileCheck = {
  id: 'dockerfile-foreign-syntax',
  title: 'Third-party BuildKit frontend (syntax directive)',
  severity: 'medium',
  reason: 'The frontend reads the whole build context and decides the content of the image, whatever this file says.',
  fix: 'Use # syntax=docker/dockerfile:1, or pin your frontend by its digest.',
  reference: 'https://docs.docker.com/build/buildkit/frontend/',
  *find({ directives }) {
    const syntax = directives.get('syntax');
    if (syntax === undefined) return;
    const name = parseImageName(syntax);
    if (name.digest !== undefined || /^docker\/dockerfile(?:-upstream)?$/.test(shortRepository(name))) return;
    yield {
      title: `The syntax directive selects the third-party frontend ${shown(syntax)}`,
      place: 'syntax',
      line: 1,
      instruction: '# syntax',
    };
  },
  passes: [
    '# syntax=docker/dockerfile:1\nFROM a:1',
    '# syntax=docker.io/docker/dockerfile:1.7-labs\nFROM a:1',
    'FROM a:1\n# syntax=evil/frontend',
  ],
  fails: ['# syntax=evil/frontend:1\nFROM a:1', '# escape=`\n#syntax = ghcr.io/evil/frontend\nFROM a:1'],
};
