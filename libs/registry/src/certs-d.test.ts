import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hostCertificates } from './certs-d.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidewaiter-certs-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(folder: string, files: Record<string, string>): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, folder, name), text);
}

const places = () => [join(root, 'own'), join(root, 'system')];
const host = 'registry.example.com:5000';

describe('hostCertificates', () => {
  it("reads authorities and a client's key pair", () => {
    put(`system/${host}`, { 'ca.crt': 'A', 'more.crt': 'B', 'client.cert': 'C', 'client.key': 'K', README: '-' });
    const { ca, client } = hostCertificates(host, places());
    expect([ca, client?.certificate, client?.key.reveal()]).toEqual(['A\nB', 'C', 'K']);
  });

  it('uses the first folder only', () => {
    put(`system/${host}`, { 'ca.crt': 'system', 'client.cert': 'C', 'client.key': 'K' });
    put(`own/${host}`, { 'ca.crt': 'own' });
    expect(hostCertificates(host, places())).toEqual({ ca: 'own' });
  });

  it.each(['registry.example.com', 'example.com:5000', '../system', '..', '.', '', 'a/b'])(
    'returns nothing for %j if only another host has certificates',
    (other) => {
      put(`system/${host}`, { 'ca.crt': 'A' });
      put('system', { 'ca.crt': 'A' });
      expect(hostCertificates(other, places())).toEqual({});
    },
  );

  it.each(['client.cert', 'client.key'])('rejects a lone %s', (name) => {
    put(`own/${host}`, { [name]: 'X' });
    expect(() => hostCertificates(host, places())).toThrow(expect.objectContaining({ code: 'CERTS_D' }));
  });

  it('rejects unreadable files', () => {
    put(`own/${host}/ca.crt`, {});
    expect(() => hostCertificates(host, places())).toThrow(expect.objectContaining({ code: 'CERTS_D' }));
  });
});
