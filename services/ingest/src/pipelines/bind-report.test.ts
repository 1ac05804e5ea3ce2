import { TidewaiterError } from '@tidewaiter/domain';
import { readDocument } from '@tidewaiter/pipeline-documents';

import { bindReport, maxSubjects, type Reporter } from './bind-report.js';

const digestOf = (hex: string) => `sha256:${hex.repeat(64).slice(0, 64)}`;
const reporter: Reporter = { connection: 'ci', repositories: ['*'], proven: {} };
const document = (value: object) => readDocument(Buffer.from(JSON.stringify(value)));

const sbom = document({ bomFormat: 'CycloneDX', specVersion: '1.6' });
const run = (more: object = {}) => document({ image: 'shop/app:1', digest: digestOf('a'), run: { id: '7' }, ...more });
const statement = (...digests: string[]) =>
  document({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/provenance/v1',
    subject: digests.map((digest) => ({ name: 'app', digest: { sha256: digest.slice('sha256:'.length) } })),
    predicate: { runDetails: { builder: { id: 'https://ci.example.com' } } },
  });

const codeOf = (bind: () => unknown): string => {
  try {
    bind();
  } catch (error) {
    if (error instanceof TidewaiterError) return error.code;
    throw error;
  }
  return 'bound';
};

describe('bindReport', () => {
  it('binds an SBOM to the image that the request names', () => {
    const query = { digest: digestOf('a'), repository: 'registry.example.com/shop/app', tag: '1.0' };
    expect(bindReport(sbom, query, reporter)).toMatchObject([
      {
        connection: 'ci',
        imageDigest: digestOf('a'),
        registry: 'registry.example.com',
        repository: 'shop/app',
        tag: '1.0',
      },
    ]);
  });

  it('binds a statement to each of its subjects, or to the one that the request names', () => {
    const both = statement(digestOf('a'), digestOf('b'));
    expect(bindReport(both, {}, reporter).map(({ imageDigest }) => imageDigest)).toEqual([
      digestOf('a'),
      digestOf('b'),
    ]);
    expect(bindReport(both, { digest: digestOf('b') }, reporter)).toMatchObject([{ imageDigest: digestOf('b') }]);
  });

  it.each([
    ['an SBOM without an image', () => bindReport(sbom, {}, reporter), 'DIGEST_MISSING'],
    ['a statement without a subject', () => bindReport(statement(), {}, reporter), 'DIGEST_MISSING'],
    ['a digest that is none', () => bindReport(sbom, { digest: 'sha256:1' }, reporter), 'DIGEST_INVALID'],
    [
      'a statement about another image',
      () => bindReport(statement(digestOf('a')), { digest: digestOf('b') }, reporter),
      'SUBJECT_MISMATCH',
    ],
    ['a run of another image', () => bindReport(run(), { digest: digestOf('b') }, reporter), 'SUBJECT_MISMATCH'],
    ['a run of which nothing is said', () => bindReport(run({ run: {} }), {}, reporter), 'RUN_MISSING'],
    ['a repository that is none', () => bindReport(run(), { repository: 'A/../b' }, reporter), 'REPOSITORY_INVALID'],
    ['a tag that is none', () => bindReport(run(), { tag: 'a b' }, reporter), 'TAG_INVALID'],
    [
      'more subjects than the limit',
      () =>
        bindReport(
          statement(...Array.from({ length: maxSubjects + 1 }, (_, at) => digestOf((at + 16).toString(16)))),
          {},
          reporter,
        ),
      'TOO_MANY_SUBJECTS',
    ],
  ])('refuses %s', (_, bind, code) => {
    expect(codeOf(bind)).toBe(code);
  });

  it.each([
    [{}, 'bound'],
    [{ repository: 'shop/other' }, 'bound'],
    [{ repository: 'shopping/app' }, 'REPOSITORY_DENIED'],
    [{ repository: 'registry.example.com/shop/app' }, 'bound'],
    [{ repository: 'shop/app', tag: '2' }, 'bound'],
  ])('limits a pipeline to its own repositories: %j', (query, code) => {
    expect(codeOf(() => bindReport(run(), query, { ...reporter, repositories: ['shop/*'] }))).toBe(code);
  });

  it('requires the repository if a pipeline is limited to some', () => {
    const narrow = { ...reporter, repositories: ['shop/*'] };
    expect(codeOf(() => bindReport(sbom, { digest: digestOf('a') }, narrow))).toBe('REPOSITORY_DENIED');
  });

  it('prefers facts of the token to those of the document, and lists them', () => {
    const proven = { revision: 'c0ffee', actor: 'octocat', attempt: null };
    const [report] = bindReport(run({ run: { id: '7', revision: 'beef' } }), {}, { ...reporter, proven });
    expect(report).toMatchObject({
      run: { id: '7', revision: 'c0ffee', actor: 'octocat' },
      proven: ['revision', 'actor'],
    });
  });

  it('needs no document where the token has the facts', () => {
    const proven = { revision: 'c0ffee' };
    expect(bindReport(run({ run: undefined }), {}, { ...reporter, proven })).toMatchObject([{ run: proven }]);
  });

  it('gives equal reports the same key, and other runs or images another', () => {
    const keyOf = (...[of, query, by = reporter]: [ReturnType<typeof document>, Record<string, string>?, Reporter?]) =>
      bindReport(of, query ?? {}, by)[0]?.reportKey;
    expect(keyOf(run())).toBe(keyOf(run()));
    const others = [
      keyOf(run()),
      keyOf(run(), { tag: '2' }),
      keyOf(run(), {}, { ...reporter, proven: { id: '8' } }),
      keyOf(sbom, { digest: digestOf('a') }),
      keyOf(sbom, { digest: digestOf('b') }),
    ];
    expect(new Set(others).size).toBe(others.length);
  });
});
