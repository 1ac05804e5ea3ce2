/** Converts ordinary command lines into events of process starts. */
import { createHash } from 'node:crypto';

import { recordOf } from '@tidewaiter/detection';
import type { RuntimeRecord } from '@tidewaiter/domain';

export interface OrdinaryLine {
  commandLine: string;
  parent: string;
  uid: string;
  where: 'host' | 'container' | 'build';
  source: string;
}

const cluster = 'ordinary';
const digests = { container: `sha256:${'c'.repeat(64)}`, build: `sha256:${'b'.repeat(64)}` };
const apartMs = 2 * 24 * 60 * 60_000;
const epochMs = Date.parse('2026-01-01T00:00:00Z');

export function readOrdinaryLines(tsv: string): OrdinaryLine[] {
  return tsv
    .split('\n')
    .slice(1)
    .filter(Boolean)
    .map((row) => {
      const [commandLine = '', parent = '', uid = '', where = '', source = ''] = row.split('\t');
      return {
        commandLine: commandLine.replaceAll(String.raw`\n`, '\n'),
        parent,
        uid,
        where: where as OrdinaryLine['where'],
        source,
      };
    });
}

/** Facts of a cluster whose images have every program that runs in it. */
export function ordinaryFacts(lines: readonly OrdinaryLine[]): unknown {
  const imageOf = (where: 'container' | 'build') => {
    const programs = lines.filter((line) => line.where === where).map((line) => programOf(line.commandLine).binary);
    const files = Object.fromEntries(programs.map((path) => [path, { sha256: hash(path), package: 'ordinary' }]));
    const about = { repository: `registry.example.com/ordinary/${where}`, tag: '1', digest: digests[where] };
    const config = { entrypoint: [], cmd: [], user: '', workdir: '/', env: [] };
    return { ...about, config, files, packages: [], vulnerabilities: [], secrets: [], previous_digests: [] };
  };
  return {
    format: 'tidewaiter-storyline-facts/1',
    cluster,
    images: { [digests.container]: imageOf('container'), [digests.build]: imageOf('build') },
    workloads: {},
    policy: { builder_namespaces: ['builds'] },
  };
}

/** A line as Tetragon reports it, alone in its time, process tree and container. */
export function ordinaryRecord(line: OrdinaryLine, index: number): RuntimeRecord {
  const at = new Date(epochMs + index * apartMs).toISOString();
  const place = line.where === 'host' ? {} : podOf(line.where, index);
  const process = (name: string, text: string) => ({
    exec_id: Buffer.from(`${name}:${index}`).toString('base64'),
    pid: 1_000 + index,
    uid: /^\d+$/.test(line.uid) ? Number(line.uid) : line.uid === 'root' ? 0 : 1_000,
    cwd: '/',
    ...programOf(text),
    flags: 'execve clone',
    start_time: at,
    auid: 4_294_967_295,
    ...place,
  });
  const parent = { ...process('parent', line.parent), parent_exec_id: Buffer.from('init').toString('base64') };
  const child = { ...process('child', line.commandLine), parent_exec_id: parent.exec_id };
  const event = {
    process_exec: { process: child, parent },
    node_name: `node-${index}`,
    time: at,
    cluster_name: cluster,
  };
  return recordOf({ id: `line-${index}`, at, source: 'tetragon', event }, cluster);
}

function programOf(text: string): { binary: string; arguments: string } {
  const [binary = ''] = text.split(' ', 1);
  return { binary, arguments: text.slice(binary.length + 1) };
}

function podOf(where: 'container' | 'build', index: number) {
  const namespace = where === 'build' ? 'builds' : 'shop';
  const id = hash(`${where}-${index}`);
  const name = `registry.example.com/ordinary/${where}`;
  const image = { id: `${name}@${digests[where]}`, name: `${name}:1` };
  const container = { id: `containerd://${id}`, name: 'main', image, start_time: '2025-12-01T00:00:00Z', pid: 7 };
  const workload = { workload: `work-${index}`, workload_kind: 'Deployment' };
  return { pod: { namespace, name: `work-${index}-5d4f-x`, container, ...workload }, docker: id.slice(0, 31) };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
