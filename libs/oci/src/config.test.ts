import * as fc from 'fast-check';

import { imageLayers, parseImageConfig } from './config.js';
import type { ImageManifest } from './manifest.js';
import { mediaTypes } from './media-types.js';

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;

function config(document: unknown) {
  return parseImageConfig(Buffer.from(JSON.stringify(document)));
}

function manifestOf(...digits: string[]): ImageManifest {
  const layers = digits.map((digit) => ({ mediaType: mediaTypes.ociLayerGzip, digest: digestOf(digit), size: 7 }));
  const own = { mediaType: mediaTypes.ociConfig, digest: digestOf('f'), size: 2 };
  return { kind: 'manifest', mediaType: mediaTypes.ociManifest, config: own, layers, annotations: {} };
}

describe('parseImageConfig', () => {
  it('reads the fields of a config', () => {
    const read = config({
      os: 'linux',
      architecture: 'arm',
      variant: 'v7',
      created: '2024-01-01T00:00:00Z',
      rootfs: { type: 'layers', diff_ids: [digestOf('1')] },
      history: [{ created_by: 'ADD rootfs /' }, { created_by: 'ENV A=1', empty_layer: true }],
      config: {
        User: '65532',
        Env: ['A=1'],
        Entrypoint: ['/app'],
        Cmd: null,
        Labels: { maintainer: 'me' },
        ExposedPorts: { '80/tcp': {}, '443/tcp': {} },
      },
    });
    expect(read).toMatchObject({
      platform: 'linux/arm/v7',
      created: '2024-01-01T00:00:00Z',
      diffIds: [digestOf('1')],
      history: [
        { createdBy: 'ADD rootfs /', emptyLayer: false },
        { createdBy: 'ENV A=1', emptyLayer: true },
      ],
      user: '65532',
      env: ['A=1'],
      entrypoint: ['/app'],
      cmd: [],
      exposedPorts: ['443/tcp', '80/tcp'],
    });
    expect({ ...read.labels }).toEqual({ maintainer: 'me' });
  });

  it('reads members in any spelling, and rejects two of one name', () => {
    const rootfs = { Diff_IDs: [digestOf('1')] };
    expect(config({ rootfs, Config: { env: ['A=1'] } })).toMatchObject({ diffIds: [digestOf('1')], env: ['A=1'] });
    // Go merges both objects, and reports the user of the first one.
    const twice = Buffer.from('{"config":{"User":"root"},"config":{}}');
    expect(() => parseImageConfig(twice)).toThrow(expect.objectContaining({ code: 'MANIFEST_AMBIGUOUS' }));
    expect(() => config({ config: { User: '1', user: '0' } })).toThrow('two spellings');
  });

  it('has every text, of whatever field, exactly once or more', () => {
    const field = fc.stringMatching(/^[A-Za-z_]{1,12}$/);
    const value = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string({ maxLength: 8 }),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(field, tie('any'), { maxKeys: 3 }),
      ),
    })).any;
    const secret = 'correct horse';
    const places = fc.constantFrom('author', 'comment', 'container', 'docker_version', 'config', 'x-vendor');
    fc.assert(
      fc.property(places, field, value, fc.nat(), (top, name, any, at) => {
        const wrapped = [[secret], { [name]: secret }, { [name]: { Test: ['CMD', secret] } }][at % 3];
        const read = config({ rootfs: {}, [top]: { [name]: any, planted: wrapped } });
        expect(read.otherTexts!.some(({ text }) => text.includes(secret))).toBe(true);
      }),
    );
  });

  it.each([
    ['Healthcheck', { Healthcheck: { Test: ['CMD-SHELL', 'x'] } }, 'config.Healthcheck.Test[1]'],
    ['OnBuild', { OnBuild: ['RUN x'] }, 'config.OnBuild[0]'],
    ['Volumes', { Volumes: { '/x': {} } }, 'config.Volumes'],
    ['StopSignal', { StopSignal: 'x' }, 'config.StopSignal'],
    ['a label of 70,000 characters', { Labels: { a: 'x'.repeat(70_000) } }, 'config.Labels.a'],
  ])('names the place of a text in %s', (_, run, place) => {
    expect(config({ rootfs: {}, config: run }).otherTexts!.map((each) => each.place)).toContain(place);
  });

  it('leaves out what its own fields have, and reads any depth', () => {
    const run = { Env: ['A=1'], Cmd: ['a', 'b'], Entrypoint: ['c', 'd'], Labels: { e: 'f' } };
    const read = config({
      os: 'linux',
      created: 'now',
      rootfs: { diff_ids: [] },
      history: [{ created_by: 'g' }],
      config: run,
    });
    expect(
      read.otherTexts!.map(({ text }) => text).filter((text) => !['config', 'rootfs', 'Labels'].includes(text)),
    ).toEqual([]);
    const deep = `{"rootfs": {}, "a": ${'['.repeat(100_000)}"x"${']'.repeat(100_000)}}`;
    expect(parseImageConfig(Buffer.from(deep)).otherTexts?.map(({ text }) => text)).toContain('x');
  });

  it('drops fields of a wrong type and cuts long texts', () => {
    const read = config({
      os: 7,
      history: 'none',
      config: {
        Env: ['A=1', 2, null],
        ExposedPorts: { '80\0\ud800': {} },
        Labels: { a: 1, b: 'x'.repeat(70_000) },
        Cmd: 'sh',
      },
    });
    expect(read).toMatchObject({ platform: 'unknown/unknown', history: [], env: ['A=1'], cmd: [], entrypoint: [] });
    expect(read.exposedPorts).toEqual(['80\uFFFD\uFFFD']);
    expect(Object.keys(read.labels)).toEqual(['b']);
    expect(read.labels['b']).toHaveLength(65_536);
  });

  it('keeps labels free of prototypes and of unstorable text', () => {
    const bytes = Buffer.from(
      '{"__proto__":{"polluted":1},"config":{"Labels":{"__proto__":"x","a":"\\u0000\\ud800"}}}',
    );
    const { labels } = parseImageConfig(bytes);
    expect(Object.keys(labels)).toEqual(['__proto__', 'a']);
    expect(labels['a']).toBe('\uFFFD\uFFFD');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    'null',
    'not json',
    '[]',
    '"text"',
    `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    '{"rootfs":{"diff_ids":["x"]}}',
    '{"rootfs":{"diff_ids":{}}}',
  ])('rejects the config %.20s', (text) => {
    expect(() => parseImageConfig(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('rejects a config above its limit', () => {
    const bytes = Buffer.alloc(5 << 20, ' ');
    expect(() => parseImageConfig(bytes)).toThrow(expect.objectContaining({ limit: 'maxConfigBytes' }));
  });

  describe('imageLayers', () => {
    const rootfs = { diff_ids: [digestOf('1'), digestOf('2')] };

    it('pairs blobs with diffIDs and the steps that made layers', () => {
      const history = [{ created_by: 'ADD' }, { created_by: 'ENV', empty_layer: true }, { created_by: 'RUN' }];
      const layers = imageLayers(manifestOf('a', 'b'), config({ rootfs, history }));
      expect(layers.map((layer) => [layer.index, layer.digest, layer.diffId, layer.createdBy])).toEqual([
        [0, digestOf('a'), digestOf('1'), 'ADD'],
        [1, digestOf('b'), digestOf('2'), 'RUN'],
      ]);
    });

    it('assigns no steps if the history has another length', () => {
      const layers = imageLayers(manifestOf('a', 'b'), config({ rootfs, history: [{ created_by: 'ADD' }] }));
      expect(layers.some((layer) => 'createdBy' in layer)).toBe(false);
    });

    it('rejects a config with fewer diffIDs than the manifest has layers', () => {
      const mismatch = () => imageLayers(manifestOf('a', 'b', 'c'), config({ rootfs }));
      expect(mismatch).toThrow(expect.objectContaining({ code: 'LAYER_COUNT_MISMATCH' }));
    });
  });
});
