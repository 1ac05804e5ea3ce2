import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describeWith, sharedData } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { factsFromFile } from './facts-file.js';

const digest = `sha256:${'a'.repeat(64)}`;

describe('factsFromFile', () => {
  it('parses an empty document as unknown facts', () => {
    const { facts, policy, cluster } = factsFromFile({});
    expect([facts.image(digest), cluster, policy.builderNamespaces]).toEqual([null, null, []]);
  });

  it('names each wrong key and no value', () => {
    const read = () =>
      factsFromFile({ images: { [digest]: { tag: 7, pushed: 'secret' } }, policy: { admins: 'alice' } });
    expect(read).toThrow(expect.objectContaining({ code: 'FACTS_INVALID' }));
    expect(read).toThrow(/images\.sha256:a+\.tag.*\n.*pushed.*\n.*policy\.admins/);
    expect(read).not.toThrow(/alice/);
  });

  it('skips images without a digest as key, and rejects workloads with a malformed key', () => {
    expect(factsFromFile({ images: { latest: {} } }).facts.image('latest')).toBeNull();
    expect(() => factsFromFile({ workloads: { api: {} } })).toThrow(/namespace\/Kind\/name/);
  });

  it.each([
    [{ signed: true, verified: true }, { present: true }, [true, true]],
    [{ signed: true, verified: false }, { present: true }, [false, null]],
    [{ signed: true }, { present: true, verified: false }, [true, false]],
    [undefined, undefined, [null, null]],
  ])('parses signature %j and provenance %j as %j', (signature, provenance, expected) => {
    const image = factsFromFile({ images: { [digest]: { signature, provenance } } }).facts.image(digest);
    expect([image?.signed, image?.provenanceVerified]).toEqual(expected);
  });

  it('accepts keys with a meaning in JavaScript', () => {
    const json = JSON.parse(
      `{"images":{"${digest}":{"files":{"__proto__":{"package":"p"},"/constructor":{"package":"q"}}}},
      "policy":{"sa_usual_sources":{"__proto__":["10.0.0.0/8"],"constructor":["10.0.0.0/8"]}}}`,
    ) as unknown;
    const { facts, policy } = factsFromFile(json);
    expect(facts.image(digest)?.files.get('/constructor')).toEqual({ sha256: null, package: 'q' });
    expect(facts.image(digest)?.files.get('constructor')).toBeNull();
    expect(Object.keys(policy.serviceAccountSources)).toContain('constructor');
  });

  it('parses or rejects any JSON', () => {
    const keys = fc.constantFrom(
      'images',
      'workloads',
      'policy',
      digest,
      'files',
      '/x',
      'secrets',
      'admins',
      'a/b/c',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.object({ key: keys, maxDepth: 5 }), (json) => {
        try {
          const { facts } = factsFromFile(json);
          expect(facts.image(digest)?.digest ?? digest).toBe(digest);
        } catch (error) {
          expect(error).toMatchObject({ code: 'FACTS_INVALID' });
        }
      }),
    );
  });

  const detection = sharedData('detection');

  describeWith(detection)('the facts of storylines and probes', () => {
    const folder = join(detection.path, 'storylines');
    const files = readdirSync(folder).filter((name) => name.endsWith('.facts.json'));
    const documents = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as FactsDocument);
    const probes = readFileSync(join(detection.path, 'technique-probes.jsonl'), 'utf8').trim().split('\n');
    documents.push(...probes.map((line) => (JSON.parse(line) as { facts: FactsDocument }).facts));

    it('parses every image, file, workload and policy key of the shared facts', () => {
      for (const document of documents) {
        const { facts, policy } = factsFromFile(document);
        for (const [key, image] of Object.entries(document.images)) {
          const known = facts.image(key)!;
          for (const [path, file] of Object.entries(image.files))
            expect(known.files.get(path)).toMatchObject({ package: file.package });
          expect([...known.vulnerabilities.values()].flat()).toHaveLength(image.vulnerabilities.length);
          expect(known.secrets).toHaveLength(image.secrets.length);
        }
        for (const key of Object.keys(document.workloads)) {
          const [namespace, kind, name] = key.split('/') as [string, string, string];
          expect(facts.workload({ cluster: document.cluster, namespace, kind, name })).not.toBeNull();
        }
        // Each key of a document changes the empty policy.
        const plain = JSON.stringify(factsFromFile({}).policy);
        for (const [key, value] of Object.entries(document.policy)) {
          const isApplied = JSON.stringify(factsFromFile({ policy: { [key]: value } }).policy) !== plain;
          expect([key, isApplied]).toEqual([key, true]);
        }
        expect(policy).toBeDefined();
      }
      expect(documents.length).toBeGreaterThan(70);
    });
  });

  interface FactsDocument {
    cluster: string;
    images: Record<
      string,
      { files: Record<string, { package: string | null }>; vulnerabilities: unknown[]; secrets: unknown[] }
    >;
    workloads: Record<string, unknown>;
    policy: Record<string, unknown>;
  }
});
