/**
 * Cost of reading layers in processes of their own: layers and megabytes a second, and the time of
 * the first layer, beside another build of the sandbox or the program's own process. See README.md.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

import { analyzeLayer, type LayerOptions } from '@tidewaiter/analyzers';
import { LayerProcesses } from '@tidewaiter/sandbox';

import { uniqueLayer } from './images.ts';

interface Pool {
  analyze: (open: () => AsyncIterable<Uint8Array>, options: LayerOptions) => Promise<unknown>;
  close: () => Promise<void>;
}

const concurrency = 2;
const chunkBytes = 64 * 1024;
const options: LayerOptions = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  secretKey: Buffer.alloc(32, 1),
  isInspected: true,
};

/** Measures of one run; milliseconds, and layers or megabytes a second. */
interface Figures {
  cold: number;
  warm: number;
  layers: number;
  megabytes: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      layers: { type: 'string', default: '200' },
      against: { type: 'string' },
    },
  });
  const other = values.against === undefined ? ownProcess : await poolOf(values.against);
  const pools: Record<string, () => Pool> = { other, processes: () => new LayerProcesses(concurrency) };
  const small = Array.from({ length: Number(values.layers) }, () => uniqueLayer(randomUUID()));
  const large = packages();
  console.log(`load average ${loadavg()[0]?.toFixed(1)}; large layer: ${Math.round(large.tarBytes / 1e6)} MB`);
  const all: Record<string, Figures[]> = { other: [], processes: [] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const order = Object.entries(pools);
    if (round % 2 === 1) order.reverse();
    for (const [name, open] of order) all[name]!.push(await measure(open, small, large));
  }
  for (const [name, figures] of Object.entries(all)) console.log(name.padEnd(10), mediansOf(figures));
}

async function measure(open: () => Pool, small: readonly Buffer[], large: Packed): Promise<Figures> {
  const pool = open();
  const cold = await timeOf(pool.analyze(blobOf(small[0]!), options));
  const warm = await timeOf(pool.analyze(blobOf(small[1]!), options));
  const smallMs = await timeOf(readAll(pool, small));
  const largeMs = await timeOf(readAll(pool, [large.blob, large.blob]));
  await pool.close();
  return {
    cold,
    warm,
    layers: (1_000 * small.length) / smallMs,
    megabytes: (2 * large.tarBytes) / 1_000 / largeMs,
  };
}

async function readAll(pool: Pool, blobs: readonly Buffer[]): Promise<void> {
  const rest = blobs.values();
  const loop = async () => {
    for (const blob of rest) await pool.analyze(blobOf(blob), options);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}

function blobOf(bytes: Buffer): () => AsyncGenerator<Uint8Array> {
  return async function* () {
    // Copies, as chunks of a registry's answer are.
    for (let at = 0; at < bytes.length; at += chunkBytes) yield new Uint8Array(bytes.subarray(at, at + chunkBytes));
  };
}

function ownProcess(): Pool {
  return { analyze: analyzeLayer, close: async () => undefined };
}

/** A compiled sandbox, by the path of the module that has its pool. */
async function poolOf(path: string): Promise<() => Pool> {
  const module = (await import(resolve(path))) as Record<string, unknown>;
  const Other = Object.values(module).find((each) => typeof each === 'function') as new (size: number) => Pool;
  return () => new Other(concurrency);
}

interface Packed {
  blob: Buffer;
  tarBytes: number;
}

/** A layer of real files: npm packages of this repository. */
function packages(): Packed {
  const folder = join(import.meta.dirname, '../node_modules');
  const names = ['@nestjs', 'typeorm', 'fastify', 'zod', 'ioredis', 'bullmq', 'oxlint', 'jest', 'rxjs', 'ajv'];
  const tar = execFileSync('tar', ['-cf', '-', '-C', folder, ...names], { maxBuffer: 1024 ** 3 });
  return { blob: gzipSync(tar, { level: 6 }), tarBytes: tar.length };
}

async function timeOf(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return performance.now() - started;
}

function mediansOf(figures: readonly Figures[]): string {
  const median = (name: keyof Figures) => {
    const sorted = figures.map((each) => each[name]).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)]!.toFixed(1);
  };
  return `first layer ${median('cold')} ms, second ${median('warm')} ms, ${median('layers')} small layers/s, ${median('megabytes')} MB/s`;
}

await main();
