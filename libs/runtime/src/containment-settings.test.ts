import { generateKeyPairSync } from 'node:crypto';

import { parseSettings, readSettings } from './settings.js';

const pem = (type: 'ed25519' | 'x25519') =>
  generateKeyPairSync(type as 'ed25519')
    .privateKey.export({ format: 'pem', type: 'pkcs8' })
    .toString();
const settingsOf = (text: string, key = pem('ed25519'), service?: string) =>
  parseSettings(
    `containment:\n  signingKeyFile: key.pem\n${text}`,
    () => key,
    () => [],
    service,
  ).containment;

describe('containmentSettings', () => {
  it('signs nothing without a key', () => {
    expect(readSettings(undefined).containment).toMatchObject({ signingKey: undefined, automatic: [] });
  });

  it('makes a rule a dry run for critical incidents unless it says more', () => {
    const { automatic, signingKey } = settingsOf('  automatic: [{ name: miners, action: isolate }]');
    expect(automatic).toEqual([
      {
        name: 'miners',
        action: 'isolate',
        mode: 'dry-run',
        severity: 'critical',
        rules: [],
        namespaces: [],
        clusters: [],
      },
    ]);
    expect(signingKey?.asymmetricKeyType).toBe('ed25519');
  });

  it('gives the key to the services that sign alone', () => {
    const isKnown = (service: string) => settingsOf('', pem('ed25519'), service).signingKey !== undefined;
    const services = ['ingest', 'scanner', 'detector', 'notifier', 'console'];
    expect(services.filter(isKnown)).toEqual(['detector', 'console']);
  });

  it.each([
    ['a key of another kind', '', pem('x25519')],
    ['no key', '', 'text'],
    ['a time that agents refuse', '  validFor: 2h', pem('ed25519')],
    [
      'two rules of one name',
      '  automatic: [{ name: a, action: label }, { name: a, action: isolate }]',
      pem('ed25519'),
    ],
    ['an action that is not known', '  automatic: [{ name: a, action: exec }]', pem('ed25519')],
  ])('rejects %s, without quoting it', (_, text, key) => {
    expect(() => settingsOf(text, key)).toThrow(
      expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.not.stringContaining('PRIVATE') }),
    );
  });

  it('rejects rules without a key', () => {
    expect(() => parseSettings('containment: { automatic: [{ name: a, action: label }] }', () => '')).toThrow(
      'containment.automatic: needs containment.signingKeyFile',
    );
  });
});
