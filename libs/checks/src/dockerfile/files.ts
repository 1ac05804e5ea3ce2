import { shown } from '../check.js';
import { remoteHost } from '../image/network.js';
import { opensToAll } from '../shell/privileges.js';
import { allSteps, seenAt, shippedSteps, type DockerfileCheck } from './dockerfile-check.js';
import type { StageInstruction } from './stages.js';

export const addRemote: DockerfileCheck = {
  id: 'dockerfile-add-remote',
  title: 'ADD of remote file without checksum',
  severity: 'medium',
  reason: 'The content is not verified: the server or a man in the middle decides what is in the image.',
  fix: 'Use ADD --checksum=sha256:…, a commit of a repository, or download and compare in one RUN.',
  reference: 'CIS Docker Benchmark 1.6, 4.9',
  *find(file) {
    for (const step of allSteps(file, 'ADD')) {
      if (step.flags.has('checksum')) continue;
      for (const source of sourcesOf(step)) {
        // A repository at a commit is immutable.
        if (/#[0-9a-f]{40}\b/.test(source)) continue;
        const host = remoteHost(source);
        if (host !== undefined)
          yield seenAt(step, `ADD downloads a file from ${shown(host)} without a checksum`, shown(host));
      }
    }
  },
  passes: [
    'FROM a:1\nADD app.tar.gz /',
    'FROM a:1\nADD --checksum=sha256:aa https://example.com/a /a',
    `FROM a:1\nADD https://github.com/a/b.git#${'a'.repeat(40)} /b`,
    'FROM a:1\nCOPY https.conf /etc/',
  ],
  fails: [
    'FROM a:1\nADD https://example.com/a.tgz /a',
    'FROM a:1\nADD ["http://example.com/a", "/a"]',
    'FROM a:1\nARG V=1\nADD --chown=app https://example.com/$V.tgz /a',
    'FROM a:1\nADD git@github.com:a/b.git /b',
    'FROM a:1\nENV URL=https://example.com/a\nADD ${URL} /a',
    'FROM a:1\nONBUILD ADD https://example.com/a /a',
  ],
};

export const addInsteadOfCopy: DockerfileCheck = {
  id: 'dockerfile-add-instead-of-copy',
  title: 'ADD instead of COPY for local files',
  severity: 'negligible',
  reason: 'ADD unpacks archives and downloads URLs, so a renamed source changes its behavior.',
  fix: 'Use COPY for files of the build context.',
  reference: 'CIS Docker Benchmark 1.6, 4.9',
  *find(file) {
    for (const step of allSteps(file, 'ADD')) {
      const sources = sourcesOf(step);
      const isPlain = (source: string) =>
        remoteHost(source) === undefined &&
        !/\.(?:tar|tgz|tbz2?|txz|tzst|gz|bz2|xz|zst)(?:[.*]|$)/i.test(source) &&
        !/[$*]|^<</.test(source);
      if (step.heredocs.length === 0 && sources.length > 0 && sources.every(isPlain))
        yield seenAt(step, `ADD instead of COPY for ${shown(sources[0]!, 100)}`, shown(sources[0]!, 100));
    }
  },
  passes: [
    'FROM a:1\nADD rootfs.tar.xz /',
    'FROM a:1\nCOPY a /a',
    'FROM a:1\nADD --checksum=sha256:aa https://example.com/a /a',
    'FROM a:1\nADD <<EOF /a\nx\nEOF',
  ],
  fails: ['FROM a:1\nADD . /app', 'FROM a:1\nADD package.json yarn.lock /app/'],
};

/** Words of ADD and COPY except the last, which is the target. */
function sourcesOf({ words }: StageInstruction): string[] {
  return words.slice(0, -1).map(({ text }) => text);
}

const secretFiles =
  /(?:^|\/)(?:\.env(?:\.(?!example$|sample$|template$|dist$)[\w-]{1,30})?|\.npmrc|\.pypirc|\.netrc|_netrc|\.git-credentials|\.pgpass|\.my\.cnf|\.htpasswd|id_(?:rsa|dsa|ecdsa|ed25519)|[\w.-]{1,100}\.(?:pfx|p12|jks|keystore|kdbx|ppk)|[\w.-]{0,100}(?:private|priv|server|tls|ssl|client|ca)[\w.-]{0,40}\.key|kubeconfig|\.dockercfg|\.terraformrc|terraform\.tfstate|service[-_]account[\w-]{0,40}\.json|\.vault-token|\.ssh|\.aws|\.kube|\.gnupg|\.docker)\/?$|\.(?:aws\/credentials|kube\/config|docker\/config\.json)$/i;

export const secretFileCopied: DockerfileCheck = {
  id: 'dockerfile-secret-file-copied',
  title: 'Secret file copied into image',
  severity: 'high',
  reason: 'It remains in its layer for everyone who pulls the image, even if a later step deletes it.',
  fix: 'Use RUN --mount=type=secret in the build and mount the file at startup.',
  reference: 'https://docs.docker.com/build/building/secrets/',
  *find(file) {
    for (const step of shippedSteps(file, 'ADD', 'COPY')) {
      if (step.flags.has('from') || step.heredocs.length > 0) continue;
      for (const source of sourcesOf(step)) {
        if (secretFiles.test(source.slice(0, 1000)))
          yield seenAt(step, `${step.keyword} puts ${shown(source, 100)} into the image`, shown(source, 100));
      }
    }
  },
  passes: [
    'FROM a:1\nCOPY .env.example /app/',
    'FROM a:1\nCOPY src/environment.ts /app/',
    'FROM a:1 AS b\nCOPY .npmrc .\nFROM c:1',
    'FROM a:1\nRUN --mount=type=secret,id=npmrc,target=/app/.npmrc npm ci',
    'FROM a:1\nCOPY id_rsa.pub /a',
    'FROM a:1\nCOPY --from=b:1 /.env /x',
  ],
  fails: [
    'FROM a:1\nCOPY .env /app/',
    'FROM a:1\nCOPY ["keys/id_rsa", "/root/.ssh/"]',
    'FROM a:1\nADD .npmrc .pypirc /root/',
    'FROM a:1\nCOPY .aws/credentials /root/.aws/',
    'FROM a:1\nCOPY --chown=app certs/server.key /etc/',
    'FROM a:1\nCOPY .env.production /app/.env',
  ],
};

export const copyWorldWritable: DockerfileCheck = {
  id: 'dockerfile-copy-world-writable',
  title: 'World-writable files copied',
  severity: 'medium',
  reason: 'Every process in the container can replace files that others read or execute.',
  fix: 'Give ownership to the one user that needs it: COPY --chown=app --chmod=755.',
  reference: 'https://cwe.mitre.org/data/definitions/732.html',
  *find(file) {
    for (const step of shippedSteps(file, 'ADD', 'COPY')) {
      const mode = step.flags.get('chmod')?.at(-1) ?? '';
      if (opensToAll(mode))
        yield seenAt(step, `${step.keyword} gives files the mode ${shown(mode, 20)}`, shown(mode, 20));
    }
  },
  passes: ['FROM a:1\nCOPY --chmod=755 a /a', 'FROM a:1\nCOPY --chmod=$MODE a /a'],
  fails: ['FROM a:1\nCOPY --chmod=777 a /a', 'FROM a:1\nADD --chown=app --chmod=0666 a.tar /a'],
};
