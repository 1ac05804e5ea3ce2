import { shown } from '../check.js';
import { isSensitivePath, runtimeSocketAt } from '../host-path.js';
import { isAbsolute } from '../image/build.js';
import { serverIn } from '../image/network.js';
import { isRoot } from '../image/user.js';
import { adminPortsOf, dataPortsOf, type PortUse } from '../ports.js';
import { seenAt, shippedSteps, stageLabel, type DockerfileCheck } from './dockerfile-check.js';
import type { DockerfileFacts, StageInstruction } from './stages.js';

/** The step that has the last word on a setting of the built image. */
function lastStep(file: DockerfileFacts, keyword: string): StageInstruction | undefined {
  return shippedSteps(file, keyword).findLast(({ isOnBuild }) => !isOnBuild);
}

const rootReason =
  'Who breaks into the program is root in the container, and one hole of the kernel or runtime away from the host.';
const userReference = 'CIS Docker Benchmark 1.6, 4.1';

export const rootUser: DockerfileCheck = {
  id: 'dockerfile-root-user',
  title: 'The image runs as root',
  severity: 'medium',
  reason: rootReason,
  fix: 'End the last stage with a USER other than root, best as a number.',
  reference: userReference,
  *find(file) {
    const step = lastStep(file, 'USER');
    const [user] = step?.words ?? [];
    if (step && user?.isKnown && isRoot(user.text)) yield seenAt(step, 'The image runs as root', 'root');
  },
  passes: [
    'FROM a:1\nUSER app',
    'FROM a:1\nUSER root\nRUN make\nUSER 1000:0',
    'FROM a:1 AS build\nUSER root\nFROM b:1\nUSER app',
    'FROM a:1\nARG UID\nUSER $UID',
    'FROM a:1',
    'FROM a:1 AS base\nUSER app\nFROM base',
  ],
  fails: [
    'FROM a:1\nUSER root',
    'FROM a:1\nUSER app\nuser 0:0',
    'FROM a:1\nARG UID=0\nUSER ${UID}',
    'FROM a:1 AS base\nUSER root\nFROM base\nRUN make',
    'FROM a:1\nENV NAME=root\nUSER \\\n# why not\n  $NAME',
  ],
};

export const noUser: DockerfileCheck = {
  id: 'dockerfile-no-user',
  title: 'The file sets no user, so the image runs as its base does',
  severity: 'medium',
  reason: `Most bases leave it at root. ${rootReason}`,
  fix: rootUser.fix,
  reference: userReference,
  *find(file) {
    if (lastStep(file, 'USER') || runsAsUser(file)) return;
    yield {
      title: 'The file sets no user, so the image runs as its base does, which is mostly root',
      place: 'user',
      line: file.final.line,
      instruction: 'FROM',
      confidence: file.shipped[0]?.image?.repository === 'scratch' ? 'certain' : 'likely',
    };
  },
  passes: [
    'FROM a:1\nUSER app',
    'FROM gcr.io/distroless/static:nonroot',
    'FROM cgr.dev/chainguard/node:latest',
    'FROM a:1 AS base\nUSER 5\nFROM base AS b\nFROM b',
    'FROM nginxinc/nginx-unprivileged:1',
  ],
  fails: ['FROM a:1', 'FROM scratch\nCOPY a /a', 'FROM a:1 AS build\nUSER app\nFROM b:1', 'FROM a:1\nONBUILD USER app'],
};

/** Bases that are known to set a user. */
function runsAsUser({ shipped }: DockerfileFacts): boolean {
  const base = shipped[0]?.base.text ?? '';
  return /(?:non-?root|unprivileged|rootless)/i.test(base) || base.startsWith('cgr.dev/');
}

export const adminPort: DockerfileCheck = {
  id: 'dockerfile-admin-port',
  title: 'The image exposes a port for administration',
  severity: 'medium',
  reason: 'Such ports hand over the machine to whoever has, guesses or steals a key, and they are scanned for all day.',
  fix: 'Remove the port and its server; enter containers through the runtime.',
  reference: 'CIS Docker Benchmark 1.6, 5.7 and 5.8',
  find: (file) => exposed(file, adminPortsOf),
  passes: ['FROM a:1\nEXPOSE 80 443/tcp', 'FROM a:1 AS b\nEXPOSE 22\nFROM c:1', 'FROM a:1\nARG PORT\nEXPOSE $PORT'],
  fails: [
    'FROM a:1\nEXPOSE 22',
    'FROM a:1\nARG PORT=2375\nEXPOSE 80 ${PORT}/tcp',
    'FROM a:1\nEXPOSE 20-23',
    'FROM a:1\nEXPOSE 80 \\\n  3389',
  ],
};

export const dataPort: DockerfileCheck = {
  id: 'dockerfile-data-port',
  title: 'The image exposes the port of a data store',
  severity: 'low',
  reason: 'Stores answer anybody who reaches them unless they are set up with a login.',
  fix: 'Publish it to the network that needs it alone, with a login and TLS.',
  reference: 'CIS Docker Benchmark 1.6, 5.8',
  find: (file) => exposed(file, dataPortsOf),
  passes: ['FROM a:1\nEXPOSE 80'],
  fails: ['FROM a:1\nEXPOSE 6379', 'FROM a:1\nEXPOSE 9200/tcp'],
};

function* exposed(file: DockerfileFacts, portsOf: (specification: string) => PortUse[]) {
  for (const step of shippedSteps(file, 'EXPOSE')) {
    for (const { port, service } of step.words.flatMap(({ text }) => portsOf(text))) {
      yield seenAt(step, `The image exposes port ${port} (${service})`, String(port));
    }
  }
}

export const noHealthcheck: DockerfileCheck = {
  id: 'dockerfile-no-healthcheck',
  title: 'The image has no health check',
  severity: 'negligible',
  reason: 'A runtime without probes of its own does not see that the program hangs.',
  fix: 'Add HEALTHCHECK, or use the probes of Kubernetes, which does not read it.',
  reference: 'CIS Docker Benchmark 1.6, 4.6',
  *find(file) {
    const step = lastStep(file, 'HEALTHCHECK');
    if (!step || /^none$/i.test(step.text.trim())) {
      yield {
        title: 'The image has no health check',
        place: 'healthcheck',
        line: step?.line ?? file.final.line,
        instruction: 'HEALTHCHECK',
      };
    }
  },
  passes: [
    'FROM a:1\nHEALTHCHECK --interval=5s CMD curl -f http://localhost/',
    'FROM a:1 AS base\nHEALTHCHECK CMD ["/ok"]\nFROM base',
  ],
  fails: ['FROM a:1', 'FROM a:1\nHEALTHCHECK NONE', 'FROM a:1 AS b\nHEALTHCHECK CMD /ok\nFROM c:1'],
};

export const relativeWorkdir: DockerfileCheck = {
  id: 'dockerfile-relative-workdir',
  title: 'A working directory is relative',
  severity: 'low',
  reason:
    'Where it ends depends on the base, so a change of the base moves files and the scripts that are found there.',
  fix: 'Write the working directory from the root on.',
  reference: 'https://docs.docker.com/reference/build-checks/workdir-relative-path/',
  *find(file) {
    for (const { steps } of file.stages) {
      // After an absolute one the relative ones lead to a known place.
      let isSettled = false;
      for (const step of steps.filter(({ keyword }) => keyword === 'WORKDIR')) {
        const [folder] = step.words;
        if (!folder || isAbsolute(folder.text)) isSettled = true;
        else if (!isSettled)
          yield seenAt(step, `The working directory ${shown(folder.text, 100)} is relative`, shown(folder.text, 100));
      }
    }
  },
  passes: [
    'FROM a:1\nWORKDIR /app',
    'FROM a:1\nWORKDIR /app\nWORKDIR src',
    'FROM a:1\nENV HOME=/h\nWORKDIR $HOME/app',
    'FROM a:1\nARG D\nWORKDIR ${D}',
    '# escape=`\nFROM a:1\nWORKDIR C:\\app',
  ],
  fails: ['FROM a:1\nWORKDIR app', 'FROM a:1\nARG D=src\nWORKDIR ${D}/x', 'FROM a:1\nWORKDIR ./app'],
};

export const runtimeSocketVolume: DockerfileCheck = {
  id: 'dockerfile-runtime-socket-volume',
  title: 'The image wants the socket of a container runtime',
  severity: 'high',
  reason: 'Who may speak to that socket starts containers as root on the host.',
  fix: 'Remove the volume; build images with a daemonless builder.',
  reference: 'CIS Docker Benchmark 1.6, 5.32',
  find: (file) => volumes(file, runtimeSocketAt),
  passes: ['FROM a:1\nVOLUME /data', 'FROM a:1\nVOLUME ["/data", "/cache"]'],
  fails: ['FROM a:1\nVOLUME /var/run/docker.sock', 'FROM a:1\nVOLUME ["/data", "/run/containerd/containerd.sock"]'],
};

export const systemVolume: DockerfileCheck = {
  id: 'dockerfile-system-volume',
  title: 'The image has a volume over a directory of the system',
  severity: 'low',
  reason:
    'What is written there outlives the container and is seen by the next one; a full volume hides the files of the image.',
  fix: 'Give data a directory of its own, such as /data.',
  reference: 'CIS Docker Benchmark 1.6, 5.6',
  find: (file) => volumes(file, isSensitivePath),
  passes: ['FROM a:1\nVOLUME /var/lib/mysql /data', 'FROM a:1 AS b\nVOLUME /etc\nFROM c:1'],
  fails: ['FROM a:1\nVOLUME /etc', 'FROM a:1\nVOLUME ["/"]', 'FROM a:1\nENV D=/root\nVOLUME $D'],
};

function* volumes(file: DockerfileFacts, isBad: (path: string) => boolean) {
  for (const step of shippedSteps(file, 'VOLUME')) {
    for (const { text } of step.words)
      if (isBad(text)) yield seenAt(step, `The image has a volume at ${shown(text)}`, shown(text));
  }
}

export const sshServer: DockerfileCheck = {
  id: 'dockerfile-ssh-server',
  title: 'The image starts a server for remote shells',
  severity: 'medium',
  reason: 'A container is entered through its runtime; a login service adds keys, passwords and a port to attack.',
  fix: 'Start the program alone and use docker exec or kubectl debug.',
  reference: 'CIS Docker Benchmark 1.6, 5.7',
  *find(file) {
    for (const keyword of ['ENTRYPOINT', 'CMD']) {
      const step = lastStep(file, keyword);
      const server = step && serverIn(step.json ?? [step.text]);
      if (server !== undefined) yield seenAt(step!, `The image starts ${server}`, server);
    }
  },
  passes: [
    'FROM a:1\nCMD ["/app"]',
    'FROM a:1\nCMD /usr/sbin/sshd -D\nCMD /app',
    'FROM a:1\nCMD ["ssh", "example.com"]',
  ],
  fails: ['FROM a:1\nCMD ["/usr/sbin/sshd", "-D"]', 'FROM a:1\nENTRYPOINT service ssh start && /app'],
};

export const shellStart: DockerfileCheck = {
  id: 'dockerfile-shell-start',
  title: 'The program is started through a shell',
  severity: 'negligible',
  reason: 'The shell is process 1 and passes no signals on: stopping takes ten seconds and ends in a kill.',
  fix: 'Use the JSON form: ENTRYPOINT ["/app"].',
  reference: 'https://docs.docker.com/reference/build-checks/json-args-recommended/',
  *find(file) {
    const step = lastStep(file, 'ENTRYPOINT') ?? lastStep(file, 'CMD');
    if (step && !step.json && step.text !== '' && !/^exec\s/.test(step.text))
      yield seenAt(step, `${step.keyword} starts the program through a shell`, 'shell');
  },
  passes: [
    'FROM a:1\nCMD ["/app"]',
    'FROM a:1\nENTRYPOINT exec /app',
    'FROM a:1',
    'FROM a:1\nENTRYPOINT ["/app"]\nCMD x',
  ],
  fails: ['FROM a:1\nCMD /app', "FROM a:1\nENTRYPOINT ['/app']"],
};

export const repeatedStart: DockerfileCheck = {
  id: 'dockerfile-repeated-start',
  title: 'A stage says more than once what it starts',
  severity: 'negligible',
  reason: 'Only the last one counts; what the others were for does not happen.',
  fix: 'Keep one CMD and one ENTRYPOINT in each stage.',
  reference: 'https://docs.docker.com/reference/build-checks/multiple-instructions-disallowed/',
  *find({ stages }) {
    for (const stage of stages) {
      for (const keyword of ['CMD', 'ENTRYPOINT', 'HEALTHCHECK']) {
        const steps = stage.steps.filter((step) => step.keyword === keyword && !step.isOnBuild);
        if (steps.length > 1)
          yield seenAt(steps[0]!, `${stageLabel(stage)} has ${steps.length} ${keyword}`, 'repeated');
      }
    }
  },
  passes: ['FROM a:1\nENTRYPOINT ["/app"]\nCMD ["x"]', 'FROM a:1 AS b\nCMD x\nFROM b\nCMD y'],
  fails: ['FROM a:1\nCMD x\nCMD y', 'FROM a:1\nENTRYPOINT ["a"]\nENTRYPOINT ["b"]'],
};

export const maintainer: DockerfileCheck = {
  id: 'dockerfile-maintainer',
  title: 'The file uses MAINTAINER',
  severity: 'negligible',
  reason: 'The instruction is deprecated, and tools look for people in labels.',
  fix: 'Use LABEL org.opencontainers.image.authors=….',
  reference: 'https://docs.docker.com/reference/build-checks/maintainer-deprecated/',
  *find({ stages }) {
    for (const step of stages.flatMap(({ steps }) => steps)) {
      if (step.keyword === 'MAINTAINER') yield seenAt(step, 'MAINTAINER is deprecated', 'maintainer');
    }
  },
  passes: ['FROM a:1\nLABEL maintainer=me'],
  fails: ['FROM a:1\nMAINTAINER me'],
};
