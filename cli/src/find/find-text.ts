import { printable } from '@tidewaiter/domain';
import { csvLine } from '@tidewaiter/reports';
import type { BlastContainer, BlastCounts, BlastImage, NotEvaluated } from '@tidewaiter/store';

import { count, counted, minuteOf } from '../terminal.js';

/** Times as JSON has them. */
type Json<Value> = Value extends Date
  ? string
  : Value extends object
    ? { [Key in keyof Value]: Json<Value[Key]> }
    : Value;

interface Found<Item> {
  counts: BlastCounts;
  notEvaluated: NotEvaluated[];
  items: Json<Item>[];
  next: string | null;
}

export type ImageHits = Found<BlastImage>;
export type ContainerHits = Found<BlastContainer>;

/** Answer that `find` prints; without `images` where only running containers were asked for. */
export interface FleetAnswer {
  counts: BlastCounts;
  notEvaluated: NotEvaluated[];
  images?: ImageHits['items'];
  containers: ContainerHits['items'];
}

type Row = readonly string[];

const shortDigest = 'sha256:'.length + 12;
const columnGap = 2;

/** An answer for a terminal of some width. */
export function tableOf({ counts, notEvaluated, images, containers }: FleetAnswer, width: number): string {
  const lines = [
    ...(images && images.length > 0 ? [...table(imageHead, images.map(imageRow), width), ''] : []),
    ...(containers.length > 0 ? [...table(containerHead, containers.map(containerRow), width), ''] : []),
    summaryOf(counts),
    ...cutLines('images', images?.length ?? counts.images, counts.images),
    ...cutLines('containers', containers.length, counts.containers ?? 0),
    ...(counts.unknown > 0 ? [`${counted(counts.unknown, 'image')} unknown: a version could not be compared`] : []),
    ...notEvaluated.map(({ message, count: many }) => `not evaluated: ${count(many)} ${printable(message)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** One line for each container, and one for each image without any. @see RFC 4180 */
export function csvOf({ images = [], containers }: FleetAnswer): string {
  const run = new Set(containers.map(({ digest }) => digest));
  const idle = images.filter(({ digest }) => !run.has(digest));
  const rows = [
    [
      'digest',
      'repository',
      'tag',
      'cluster',
      'namespace',
      'workload',
      'pod',
      'container',
      'since',
      'until',
      'running',
      'packages',
      'in_use',
      'unknown',
    ],
    ...containers.map((each) => [
      ...[
        each.digest,
        each.repository,
        each.tag,
        each.cluster,
        each.namespace,
        workloadOf(each),
        each.pod,
        each.container,
      ],
      ...[each.since, each.until, String(each.isRunning), purlsOf(each), useOf(each), String(each.isUnknown)],
    ]),
    ...idle.map((each) => [
      ...[each.digest, each.repository, each.tag, null, null, null, null, null],
      ...[
        each.places[0]?.since ?? null,
        each.places[0]?.until ?? null,
        'false',
        purlsOf(each),
        useOf(each),
        String(each.isUnknown),
      ],
    ]),
  ];
  return rows.map(csvLine).join('');
}

/** One line for each image and each container, with its kind. */
export function ndjsonOf({ images = [], containers }: FleetAnswer): string {
  const lines = [
    ...images.map((image) => ({ kind: 'image', ...image })),
    ...containers.map((container) => ({ kind: 'container', ...container })),
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

const imageHead = ['IMAGE', 'DIGEST', 'TAGGED', 'RUNNING', 'PACKAGES', 'WHERE'];

function imageRow(image: ImageHits['items'][number]): Row {
  const { registry, repository, tag, digest, places, workloads, packages, paths, notes, isUnknown, isMitigated } =
    image;
  const [place] = places;
  const running = workloads?.reduce((sum, each) => sum + each.running, 0);
  return [
    repository === null ? '(never pushed)' : `${registry}/${repository}${tag === null ? '' : `:${tag}`}`,
    digest.slice(0, shortDigest),
    place === undefined ? '-' : place.isCurrent ? 'now' : `until ${place.until === null ? '?' : minuteOf(place.until)}`,
    running === undefined ? 'unknown' : count(running),
    packagesOf(packages, isUnknown) + (isMitigated ? ' (mitigated)' : ''),
    [...paths, ...notes].slice(0, 3).join(', '),
  ];
}

const containerHead = ['CLUSTER', 'NAMESPACE', 'POD', 'CONTAINER', 'IMAGE', 'PACKAGES', 'IN USE', 'SINCE', 'UNTIL'];

function containerRow(container: ContainerHits['items'][number]): Row {
  const {
    cluster,
    namespace,
    pod,
    container: name,
    repository,
    tag,
    digest,
    packages,
    isUnknown,
    since,
    until,
  } = container;
  return [
    cluster ?? '-',
    namespace ?? '-',
    pod ?? '-',
    name ?? '-',
    repository === null ? digest.slice(0, shortDigest) : `${repository}${tag === null ? '' : `:${tag}`}`,
    packagesOf(packages, isUnknown),
    useOf(container),
    minuteOf(since),
    until === null ? 'running' : minuteOf(until),
  ];
}

function packagesOf(packages: ImageHits['items'][number]['packages'], isUnknown: boolean): string {
  const names = packages.slice(0, 2).map(({ purl }) => nameOf(purl));
  const more = packages.length > 2 ? [`and ${packages.length - 2} more`] : [];
  return [...names, ...more].join(', ') + (isUnknown ? ' (unknown)' : '');
}

/** `libssl3@3.0.11-1` of `pkg:deb/debian/libssl3@3.0.11-1?arch=amd64`. */
function nameOf(purl: string): string {
  return purl.replace(/^pkg:[^/]+\//, '').replace(/[?#][^]*/, '');
}

function useOf({ packages }: { packages: ImageHits['items'][number]['packages'] }): string {
  if (packages.some(({ inUse }) => inUse === true)) return 'yes';
  return packages.length > 0 && packages.every(({ inUse }) => inUse === false) ? 'not seen' : 'unknown';
}

function purlsOf({ packages }: { packages: ImageHits['items'][number]['packages'] }): string {
  return packages.map(({ purl }) => purl).join(' ');
}

function workloadOf({ workloadKind, workload }: ContainerHits['items'][number]): string | null {
  return workload === null ? null : `${workloadKind}/${workload}`;
}

function summaryOf({ images, tagged, repositories, containers, pods, running, workloads }: BlastCounts): string {
  const head = `${counted(images, 'image')} (${count(tagged)} with a current tag) in ${counted(repositories, 'repository', 'repositories')}`;
  if (containers === null || workloads === null) return `${head}; no sensor reports containers`;
  const ran = `${counted(containers, 'container')} (${count(running ?? 0)} running) in ${counted(pods ?? 0, 'pod')}`;
  return `${head}; ${ran} of ${counted(workloads, 'workload')}`;
}

function cutLines(what: string, shown: number, total: number): string[] {
  return shown < total ? [`the first ${count(shown)} of ${count(total)} ${what} are shown`] : [];
}

/** The last columns lose most where a terminal is narrow. */
function table(head: Row, rows: readonly Row[], width: number): string[] {
  const shown = rows.map((row) => row.map((cell) => printable(cell)));
  const widths = head.map((title, column) => Math.max(title.length, ...shown.map((row) => row[column]!.length)));
  return [head, ...shown].map((row) => {
    const line = row
      .map((cell, column) => cell.padEnd(widths[column]! + columnGap))
      .join('')
      .trimEnd();
    return line.length <= width || !process.stdout.isTTY ? line : `${line.slice(0, width - 1)}…`;
  });
}
