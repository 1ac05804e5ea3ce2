import { clientKindOf, clientOf } from './client.js';

describe('clientOf', () => {
  it('returns the program without its version', () => {
    expect(clientOf('kubectl/v1.31.0 (linux/amd64)')).toBe('kubectl');
    expect(clientOf('')).toBeNull();
  });
});

describe('clientKindOf', () => {
  it.each([
    ['kubectl/v1.33.4 (linux/amd64)', 'command'],
    ['Helm/3.18.4', 'command'],
    ['Python-urllib/3.12', 'http'],
    ['Mozilla/5.0 (X11; Linux x86_64)', 'http'],
    ['', 'http'],
    ['OpenAPI-Generator/32.0.1/python', 'sdk'],
    ['peirates/v0.0.0', 'attack'],
    ['kubectl-operator/v1', 'program'],
    ['velero-server/v1.15.0', 'program'],
    [null, null],
  ])('of %j is %s', (userAgent, kind) => {
    expect(clientKindOf(userAgent)).toBe(kind);
  });
});
