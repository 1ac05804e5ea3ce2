import { readBuildFacts } from './build-facts.js';

const commit = '3'.repeat(40);
const builder = 'https://builder.example.com/v1';

describe('readBuildFacts', () => {
  it.each([
    [
      'SLSA v0.2 of a workflow',
      {
        builder: { id: builder },
        invocation: {
          configSource: {
            uri: 'git+https://git.example.com/shop/app@refs/tags/v1',
            digest: { sha1: commit },
            entryPoint: '.ci/release.yml',
          },
        },
        metadata: { buildStartedOn: '2026-01-01T00:00:00Z', buildFinishedOn: '2026-01-01T00:05:00+01:00' },
        materials: [{ uri: 'pkg:docker/golang@1.22', digest: { sha256: 'a'.repeat(64) } }],
      },
      { builder, source: 'https://git.example.com/shop/app', revision: commit, builtAt: '2026-01-01T00:05:00+01:00' },
    ],
    [
      'SLSA v0.2 whose sources are among the materials',
      {
        builder: { id: builder },
        materials: [
          { uri: 'pkg:npm/x@1', digest: { sha256: 'a'.repeat(64) } },
          { uri: 'git+ssh://git@git.example.com/shop/app.git@refs/heads/main', digest: { sha1: commit } },
        ],
      },
      { builder, source: 'ssh://git@git.example.com/shop/app', revision: commit, builtAt: null },
    ],
    [
      'BuildKit, v0.2, from a repository',
      {
        builder: { id: '' },
        invocation: {
          configSource: {
            uri: 'https://git.example.com/shop/app.git#main',
            digest: { sha1: commit },
            entryPoint: 'Dockerfile',
          },
        },
        metadata: { buildFinishedOn: '2026-01-01T00:05:00.123456789Z' },
      },
      {
        builder: null,
        source: 'https://git.example.com/shop/app',
        revision: commit,
        builtAt: '2026-01-01T00:05:00.123456789Z',
      },
    ],
    [
      'BuildKit, v0.2, from a folder',
      {
        builder: { id: builder },
        invocation: { configSource: { entryPoint: 'Dockerfile' } },
        metadata: {
          'https://mobyproject.org/buildkit@v1#metadata': {
            vcs: { source: 'https://git.example.com/shop/app.git', revision: commit },
          },
        },
      },
      { builder, source: 'https://git.example.com/shop/app', revision: commit, builtAt: null },
    ],
    [
      'BuildKit, v1, from a folder',
      {
        buildDefinition: { externalParameters: { configSource: { path: 'Dockerfile' } }, resolvedDependencies: [] },
        runDetails: {
          builder: { id: builder },
          metadata: { buildkit_metadata: { vcs: { source: 'https://git.example.com/shop/app', revision: commit } } },
        },
      },
      { builder, source: 'https://git.example.com/shop/app', revision: commit, builtAt: null },
    ],
    [
      'SLSA v1 that names its sources and no commit',
      {
        buildDefinition: { externalParameters: { source: 'git+https://git.example.com/shop/app@refs/heads/main' } },
        runDetails: { builder: { id: builder }, metadata: { startedOn: '2026-01-01T00:00:00Z' } },
      },
      { builder, source: 'https://git.example.com/shop/app', revision: null, builtAt: '2026-01-01T00:00:00Z' },
    ],
    ['nothing', {}, { builder: null, source: null, revision: null, builtAt: null }],
    [
      'what is no text',
      { builder: { id: 7 }, metadata: { buildFinishedOn: 'soon' }, materials: [null, 3, { uri: {}, digest: 'x' }] },
      { builder: null, source: null, revision: null, builtAt: null },
    ],
  ])('parses %s', (_, predicate, facts) => {
    expect(readBuildFacts(predicate)).toEqual(facts);
  });
});
