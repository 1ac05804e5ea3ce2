import { shown } from '../check.js';
import type { CommandRule } from '../shell/command-rule.js';
import { commandRules } from '../shell/command-rules.js';
import { isDownload } from '../shell/downloads.js';
import { hasOption, optionValue, subcommand } from '../shell/options.js';
import { isShell, type Command, type ShellPipeline, type Script } from '../shell/parse.js';
import { allSteps, seenAt, shippedSteps, type DockerfileCheck } from './dockerfile-check.js';
import type { StageInstruction } from './stages.js';

/**
 * Rules about the content of the image: they apply only to stages that the final image is built
 * from.
 */
const onlyShipped = new Set([
  'key-made-in-build',
  'package-cache',
  'passwordless-root',
  'set-uid',
  'ssh-server-installed',
  'sudo',
  'world-writable',
]);

/** Checks of every command in RUN. */
export const commandChecks: readonly DockerfileCheck[] = commandRules.map(commandCheck);

function commandCheck({ stem, find, passes, fails, ...info }: CommandRule): DockerfileCheck {
  const stepsOf = onlyShipped.has(stem) ? shippedSteps : allSteps;
  return {
    ...info,
    id: `dockerfile-${stem}`,
    *find(file) {
      for (const step of stepsOf(file, 'RUN')) {
        for (const what of step.script ? find(step.script) : []) {
          if (stem !== 'package-cache' || !isCacheMounted(step)) yield seenAt(step, `${info.title}: ${what}`, what);
        }
      }
    },
    passes: [
      ...passes.map((script) => `FROM a:1\nRUN ${script}`),
      ...(onlyShipped.has(stem) ? fails.map((script) => `FROM a:1 AS build\nRUN ${script}\nFROM b:1`) : []),
    ],
    fails: fails.flatMap((script) => [
      `FROM a:1\nRUN ${script}`,
      `FROM a:1\nRUN <<EOF\n${script}\nEOF`,
      `FROM a:1\nONBUILD RUN true && \\\n  # why\n  ${script}`,
    ]),
  };
}

function isCacheMounted({ flags }: StageInstruction): boolean {
  return (flags.get('mount') ?? []).some((mount) => mount.split(',').includes('type=cache'));
}

/** Rules for Dockerfiles only: in images, integrity findings report downloads that are run. */
const ownRules: readonly CommandRule[] = [
  {
    stem: 'download-and-run',
    title: 'Downloaded script executed in build (curl | sh)',
    severity: 'high',
    reason:
      'An attacker who controls the server or the connection runs commands as root in the build; the server can even answer builds differently than browsers.',
    fix: 'Download to a file, verify its checksum against one in this file, then run it.',
    reference: 'https://cwe.mitre.org/data/definitions/494.html',
    *find({ pipelines }) {
      for (const pipeline of pipelines) {
        const what = pipedDownload(pipeline) ?? pipeline.map(substitutedDownload).find((found) => found !== undefined);
        if (what !== undefined) yield what;
      }
    },
    passes: [
      'curl -fsSL https://example.com/a -o a && sha256sum -c a.sum && sh a',
      'curl https://example.com/a | tar xz',
      'curl https://example.com/key | gpg --dearmor > /k',
      'curl https://example.com/a | tee /etc/a',
      'VERSION=$(curl -s https://example.com/version)',
      'echo "curl https://example.com | sh"',
      'case $tool in curl|wget) sh a;; esac',
    ],
    fails: [
      'curl -fsSL https://example.com/install.sh | sh',
      'wget -qO- https://example.com/a | bash -s -- --yes',
      'curl -sL https://deb.nodesource.com/setup_20.x | sudo -E bash -',
      'bash <(curl -s https://example.com/a)',
      'sh -c "$(curl -fsSL https://example.com/a)"',
      'curl https://example.com/a.py | python3 -',
      '(curl https://example.com/a || wget -O- https://example.com/a) | sh',
      'eval "$(wget -qO- https://example.com/a)"',
      'curl https://example.com/a | tac | bash',
      '. <(curl https://example.com/a)',
    ],
  },
  {
    stem: 'download-without-checksum',
    title: 'Download without checksum verification',
    severity: 'low',
    reason: 'An attacker who compromises the server controls the content of the next image.',
    fix: 'Verify it in the same step: echo "<sha256>  file" | sha256sum -c, or check a signature.',
    reference: 'https://cwe.mitre.org/data/definitions/494.html',
    *find(script) {
      if (verifies(script)) return;
      for (const command of script.commands) if (keepsDownload(command, script)) yield `${command.name} to a file`;
    },
    passes: [
      'curl -fsSLo a https://example.com/a && echo "aa  a" | sha256sum -c -',
      'wget https://example.com/a && gpg --verify a.asc a',
      'curl -f http://localhost/health',
      'curl -fsSL https://example.com/version',
      'wget -q --spider https://example.com',
      'wget -qO - https://example.com/version',
      'curl -sSf -o /dev/null https://example.com',
      'curl -o a https://example.com/a && cosign verify-blob a',
    ],
    fails: [
      'curl -fsSL -o /usr/local/bin/a https://example.com/a',
      'wget https://example.com/a.tgz',
      'curl -LO https://example.com/a',
      'curl https://example.com/a | tar xz -C /opt',
      'wget -O /a https://example.com/a && chmod +x /a',
    ],
  },
  {
    stem: 'update-alone',
    title: 'Package list update in separate build step',
    severity: 'low',
    reason: 'The step is cached for months, and later steps install outdated versions with known vulnerabilities.',
    fix: 'Update and install in one RUN.',
    reference: 'https://docs.docker.com/build/building/best-practices/#apt-get',
    *find({ commands }) {
      const update = commands.find(
        ({ name, args }) => /^(?:apt-get|apt|apk)$/.test(name) && subcommand({ args }).verb === 'update',
      );
      const installs = commands.some(
        ({ name, args }) =>
          ['install', 'add', 'upgrade', 'dist-upgrade', 'full-upgrade', 'build-dep'].includes(
            subcommand({ args }).verb,
          ) && /^(?:apt-get|apt|apk|aptitude)$/.test(name),
      );
      if (update && !installs && commands.length < 4) yield `${update.name} update`;
    },
    passes: ['apt-get update && apt-get install -y curl', 'apk update && apk add curl', 'apt-get install -y curl'],
    fails: ['apt-get update', 'apk update', 'apt-get -qq update && true'],
  },
  {
    stem: 'question-in-build',
    title: 'Package installation without -y',
    severity: 'negligible',
    reason: 'The build waits for a confirmation and fails, or the workaround also skips warnings.',
    fix: 'Add -y.',
    reference: 'https://manpages.debian.org/apt-get.8',
    *find({ pipelines }) {
      for (const pipeline of pipelines) {
        const asks = pipeline.find((command) => isAsking(command));
        if (asks && pipeline[0]?.name !== 'yes') yield `${asks.name} install`;
      }
    },
    passes: [
      'apt-get install -y curl',
      'apt-get -qqy install curl',
      'apt-get install --yes curl',
      'apt-get install --assume-yes curl',
      'yes | apt-get install curl',
      'dnf -y install curl',
      'apt-get -qq install curl',
      'apt-get download curl',
    ],
    fails: ['apt-get update && apt-get install curl', 'yum install curl', 'apt install --no-install-recommends curl'],
  },
];

const interpreters = /^(?:python[\d.]{0,6}|perl|ruby|node|php|pwsh)$/;

function pipedDownload(pipeline: ShellPipeline): string | undefined {
  // Require arguments: `curl|wget)` is a pattern of `case`.
  const download = pipeline.findIndex((command) => isDownload(command) && command.args.length > 0);
  const runner = download < 0 ? undefined : pipeline.slice(download + 1).find((command) => runsInput(command));
  return runner && `${pipeline[download]!.name} | ${runner.name}`;
}

function runsInput(command: Command): boolean {
  if (isShell(command)) return !command.args.some((word) => /^-[a-z]{0,8}c$/.test(word));
  return interpreters.test(command.name) && command.args.every((word) => word === '-' || word === '/dev/stdin');
}

function substitutedDownload(command: Command): string | undefined {
  if (!isShell(command) && !['eval', 'source', '.'].includes(command.name) && !interpreters.test(command.name))
    return undefined;
  const word = [...command.args, ...command.substitutions].find((text) =>
    /^[$<]\(\s{0,8}(?:curl|wget)\s|^`\s{0,8}(?:curl|wget)\s/.test(text),
  );
  return word === undefined ? undefined : `${command.name} with ${word.includes('wget') ? 'wget' : 'curl'}`;
}

const verifiers = new Set([
  'sha256sum',
  'sha512sum',
  'sha384sum',
  'sha1sum',
  'md5sum',
  'shasum',
  'b2sum',
  'gpg',
  'gpgv',
  'cosign',
  'minisign',
  'rhash',
  'sha3sum',
  'gpg2',
  'slsa-verifier',
]);

function verifies({ commands }: Script): boolean {
  return commands.some(
    ({ name, args }) =>
      verifiers.has(name) ||
      (name === 'openssl' && args[0] === 'dgst') ||
      (name === 'gh' && args.includes('attestation')),
  );
}

/** Whether a download is saved to a file, directly or by a program that unpacks it. */
function keepsDownload(command: Command, { pipelines }: Script): boolean {
  if (!command.args.some((word) => /^(?:https?|ftp):\/\/(?!localhost|127\.)/.test(word))) return false;
  if (command.name === 'curl' && writesFile(command)) return true;
  if (command.name === 'wget' && !printsDownload(command)) return true;
  const pipeline = pipelines.find((commands) => commands.includes(command)) ?? [];
  return isDownload(command) && pipeline.some(({ name }) => /^(?:tar|bsdtar|unzip|gunzip|zcat|cpio)$/.test(name));
}

function writesFile(command: Command): boolean {
  if (optionValue(command, '-o', '--output') === '/dev/null') return false;
  return (
    hasOption(command, '--output', '--remote-name', '--remote-name-all') ||
    command.args.some((word) => /^-[a-zA-Z#]{0,10}[oO]/.test(word))
  );
}

/** Whether wget writes to standard output, or nothing at all: `--spider`, `-O -`, `-qO-`. */
function printsDownload(command: Command): boolean {
  if (hasOption(command, '--spider')) return true;
  if (['-', '/dev/null'].includes(optionValue(command, '-O', '--output-document') ?? '')) return true;
  return command.args.some(
    (word, index) => /^-[a-zA-Z]{0,8}O-?$/.test(word) && (word.endsWith('-') || command.args[index + 1] === '-'),
  );
}

function isAsking(command: Command): boolean {
  if (!/^(?:apt-get|apt|yum|dnf)$/.test(command.name) || subcommand(command).verb !== 'install') return false;
  if (command.assignments.some((text) => text.startsWith('APT_GET_OPTS='))) return false;
  return !command.args.some(
    (word) =>
      /^-(?:[a-z]{0,6}y[a-z]{0,6}|qq[a-z]{0,6}|-yes|-assumeyes|-assume-yes)$/.test(word) ||
      /^--?o?=?APT::Get::Assume-Yes=/i.test(word),
  );
}

export const ownCommandChecks: readonly DockerfileCheck[] = ownRules.map((rule) => ({
  ...rule,
  id: `dockerfile-${rule.stem}`,
  *find(file) {
    for (const step of allSteps(file, 'RUN')) {
      for (const what of step.script ? rule.find(step.script) : [])
        yield seenAt(step, `${rule.title}: ${shown(what, 120)}`, what);
    }
  },
  passes: rule.passes.map((script) => `FROM a:1\nRUN ${script}`),
  fails: rule.fails.flatMap((script) => [`FROM a:1\nRUN ${script}`, `FROM a:1\nRUN <<-"EOT"\n\t${script}\n\tEOT`]),
}));

export const insecureRun: DockerfileCheck = {
  id: 'dockerfile-insecure-run',
  title: 'Build step without sandbox (insecure or host network)',
  severity: 'high',
  reason:
    'With --security=insecure the step has full privileges on the build host; with --network=host also its network.',
  fix: 'Remove the flag.',
  reference: 'https://docs.docker.com/reference/dockerfile/#run---security',
  *find(file) {
    for (const step of allSteps(file, 'RUN')) {
      if (step.flags.get('security')?.includes('insecure'))
        yield seenAt(step, 'A build step runs with --security=insecure', 'security');
      if (step.flags.get('network')?.includes('host'))
        yield seenAt(step, 'A build step runs with --network=host', 'network');
    }
  },
  passes: ['FROM a:1\nRUN --network=none make', 'FROM a:1\nRUN make --security=insecure'],
  fails: ['FROM a:1\nRUN --security=insecure make', 'FROM a:1\nRUN --mount=type=cache,target=/c --network=host make'],
};
