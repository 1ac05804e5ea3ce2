import { createHash } from 'node:crypto';

import * as fc from 'fast-check';

import { fake } from './rules/fake.js';
import { findSecrets, searchWindow, SecretSearch, type FileSecrets } from './secret-search.js';

const key = Buffer.alloc(32, 7);
const mib = 1024 * 1024;

/** Different secrets of one kind. */
const token = (index: number): string => `dop_v1_${createHash('sha256').update(String(index)).digest('hex')}`;

function search(path: string, pieces: Iterable<Buffer>): FileSecrets {
  const file = new SecretSearch(path, key);
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    file.write(lent);
    lent.fill(0);
  }
  return file.end();
}

function* cut(content: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let turn = 0; at < content.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    yield content.subarray(at, at + size);
    at += size;
  }
}

const pem = [
  '-----BEGIN EC PRIVATE KEY-----',
  'MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49',
  'AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q',
  'EKTcWGekdmdDPsHloRNtsiCa697B2O9IFA==',
  '-----END EC PRIVATE KEY-----',
].join('\n');

describe('SecretSearch', () => {
  it('gives the same for any pieces', () => {
    const words = fc.constantFrom('\n', `ghp_${fake(36)}`, `password = "${fake(20)}"`, pem, 'AKIA', ' ', '\u00e9');
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom<BufferEncoding>('utf8', 'utf16le'),
        (parts, sizes, encoding) => {
          const text = parts.join('');
          const content = Buffer.from(encoding === 'utf8' ? text : `\ufeff${text}`, encoding);
          // The encoding is known by the first two bytes.
          const pieces = [content.subarray(0, 2), ...cut(content.subarray(2), sizes)];
          expect(search('srv/x', pieces)).toEqual(findSecrets({ path: 'srv/x', content }, key));
        },
      ),
      { numRuns: 100 },
    );
  });

  describe('a file larger than its window', () => {
    const bytes = 3 * searchWindow.bytes + 12_345;
    // Not a divisor of the window, so that places around its ends are hit in every way.
    const step = 50_021;

    function planted(secretOf: (index: number) => string, filler = '.') {
      const content = Buffer.alloc(bytes, filler);
      const lines: number[] = [];
      let newlines = 0;
      for (let at = 1_000, index = 0; at + 500 < bytes; at += step, index += 1) {
        const text = `\n${secretOf(index)}\n`;
        content.write(text, at, 'latin1');
        lines.push(newlines + 2);
        newlines += text.split('\n').length - 1;
      }
      return { content, lines };
    }

    it('has every secret once, with its line', () => {
      const { content, lines } = planted(token);
      const { sightings, damage } = search('srv/x.sql', cut(content, [65_536]));
      expect(damage).toBeUndefined();
      expect(sightings.map(({ line }) => line)).toEqual(lines);
      expect(new Set(sightings.map(({ fingerprint }) => fingerprint)).size).toBe(lines.length);
      expect(findSecrets({ path: 'srv/x.sql', content }, key).sightings).toEqual(sightings);
    });

    it('has secrets of several lines across the ends of windows', () => {
      const { content, lines } = planted((index) => (index % 2 === 0 ? pem : token(index)));
      const { sightings } = search('srv/x', cut(content, [262_144]));
      const keys = sightings.filter(({ rule }) => rule !== 'digitalocean-pat');
      expect(keys).toHaveLength(1);
      expect(sightings.length - 1).toBe(Math.floor(lines.length / 2));
    });

    it('has every entry of a list', () => {
      const { content, lines } = planted((index) => `db:5432:*:app:${token(index).slice(-20)}`, '#');
      const { sightings } = search('root/.pgpass', cut(content, [65_536]));
      expect(sightings.map(({ line }) => line)).toEqual(lines);
    });

    it('is one key store, or none', () => {
      const head = Buffer.from('03d9a29a67fb4bb5', 'hex');
      const store = Buffer.concat([head, Buffer.alloc(bytes, 1), head]);
      expect(search('srv/a.kdbx', cut(store, [65_536])).sightings).toHaveLength(1);
      const other = Buffer.alloc(bytes, 1);
      for (let at = 4_096; at < bytes - 8; at += 4_096) head.copy(other, at);
      expect(search('srv/a.kdbx', cut(other, [65_536])).sightings).toEqual([]);
    });

    it('skips zeros without losing what follows them', () => {
      const token = Buffer.from(`\nghp_${fake(36)}\n`);
      const pieces = [Buffer.from('text\n'), ...Array.from({ length: 64 }, () => Buffer.alloc(mib)), token];
      expect(search('srv/x', pieces).sightings).toMatchObject([{ rule: 'github-pat', line: 3 }]);
    });
  });

  describe('limits', () => {
    it('grow with the file, so that a long list of names is read to its end', () => {
      const line = Buffer.from(`${'x'.repeat(360)}\npassword = null\n`);
      const content = Buffer.concat([
        ...Array.from({ length: 170_000 }, () => line),
        Buffer.from(`T=ghp_${fake(36)}\n`),
      ]);
      const { sightings, damage } = search('srv/x', cut(content, [262_144]));
      expect([sightings.map(({ rule }) => rule), damage]).toEqual([['github-pat'], undefined]);
    });

    it('of one rule leave the others to the rest of the file', () => {
      const log = Buffer.from('INFO request served status=200 token=null user=42 password=null\n'.repeat(4_000));
      const pieces = [...Array.from({ length: 80 }, () => log), Buffer.from(`T=ghp_${fake(36)}\n`)];
      expect(search('srv/app.log', pieces).sightings).toMatchObject([{ rule: 'github-pat', line: 320_001 }]);
    });

    it('end the search of a hostile file with a reason that has its size', () => {
      const bait = Buffer.from('password=Ab1! '.repeat(75_000));
      const { damage } = search(
        'srv/x',
        Array.from({ length: 20 }, () => bait),
      );
      expect(damage).toBe('file of 21000000 bytes has too many words that may begin a secret to examine all of them');
    });

    it('are about different secrets, not about repeated ones', () => {
      const repeated = Buffer.from(`ghp_${fake(36)}\n`.repeat(50_000));
      const pieces = [...Array.from({ length: 12 }, () => repeated), Buffer.from(`dop_v1_${fake(64, 'hex')}\n`)];
      expect(search('srv/x', pieces).sightings.map(({ rule }) => rule)).toEqual(['github-pat', 'digitalocean-pat']);
    });
  });
});
