import { shown } from '../check.js';
import { isSensitivePath, runtimeSocketAt } from '../host-path.js';
import { isAbsolute } from '../image/build.js';
import { serverIn } from '../image/network.js';
import { isRoot } from '../image/user.js';
import { adminPortsOf, dataPortsOf, type PortUse } from '../ports.js';
import { seenAt, shippedSteps, stageLabel, type DockerfileCheck } from './dockerfile-check.js';
import type { DockerfileFacts, StageInstruction } from './stages.js';

/** Last step that sets a setting of the built image. */
function lastStep(file: DockerfileFacts, keyword: string): StageInstruction | undefined {
  return shippedSteps(file, keyword).findLast(({ isOnBuild }) => !isOnBuild);
}

const rootReason =
  'An attacker who compromises the program is root in the container, one kernel or runtime vulnerability away from the host.';
const userReference = 'CIS Docker Benchmark 1.6, 4.1';

export const rootUser: DockerfileCheck = {
  id: 'dockerfile-root-user',
  title: 'Image runs as root',
  severity: 'medium',
  reason: rootReason,
  fix: 'End the last stage with a USER other than root, preferably as a number.',
  reference: userReference,
  *find(file) {
    const step = lastStep(file, 'USER');
    const [user] = step?.words ?? [];
    if (step && user?.isKnown && isRoot(user.text)) yield seenAt(step, 'Image runs as root', 'root');
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
  title: 'Dockerfile without USER',
  severity: 'medium',
  reason: `Most base images run as root. ${rootReason}`,
  fix: rootUser.fix,
  reference: userReference,
  *find(file) {
    if (lastStep(file, 'USER') || runsAsUser(file)) return;
    yield {
      title: 'Dockerfile without USER: the image runs as the user of its base, usually root',
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

/** Base images that are known to set a user. */
function runsAsUser({ shipped }: DockerfileFacts): boolean {
  const base = shipped[0]?.base.text ?? '';
  return /(?:non-?root|unprivileged|rootless)/i.test(base) || base.startsWith('cgr.dev/');
}

export const adminPort: DockerfileCheck = {
  id: 'dockerfile-admin-port',
  title: 'Administration port exposed by image',
  severity: 'medium',
  reason: 'A stolen or guessed key opens the container, and these ports are scanned constantly.',
  fix: 'Remove the port and its server; use docker exec or kubectl exec.',
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
  title: 'Database port exposed by image',
  severity: 'low',
  reason: 'Data stores without authentication answer every client that reaches them.',
  fix: 'Publish it only to the network that needs it, with authentication and TLS.',
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
  title: 'Image without health check',
  severity: 'negligible',
  reason: 'A runtime without its own probes does not detect that the program hangs.',
  fix: 'Add HEALTHCHECK; in Kubernetes, which ignores it, use probes.',
  reference: 'CIS Docker Benchmark 1.6, 4.6',
  *find(file) {
    const step = lastStep(file, 'HEALTHCHECK');
    if (!step || /^none$/i.test(step.text.trim())) {
      yield {
        title: 'Image without health check',
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
  title: 'Relative working directory (WORKDIR)',
  severity: 'low',
  reason: 'The result depends on the base image, so a change of the base moves files and scripts.',
  fix: 'Use an absolute path.',
  reference: 'https://docs.docker.com/reference/build-checks/workdir-relative-path/',
  *find(file) {
    for (const { steps } of file.stages) {
      // After an absolute path, relative ones lead to a known place.
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
  title: 'Volume for container runtime socket',
  severity: 'high',
  reason: 'Access to that socket allows starting containers as root on the host.',
  fix: 'Remove the volume; build images with a daemonless builder.',
  reference: 'CIS Docker Benchmark 1.6, 5.32',
  find: (file) => volumes(file, runtimeSocketAt),
  passes: ['FROM a:1\nVOLUME /data', 'FROM a:1\nVOLUME ["/data", "/cache"]'],
  fails: ['FROM a:1\nVOLUME /var/run/docker.sock', 'FROM a:1\nVOLUME ["/data", "/run/containerd/containerd.sock"]'],
};

export const systemVolume: DockerfileCheck = {
  id: 'dockerfile-system-volume',
  title: 'Volume over system directory',
  severity: 'low',
  reason: 'Data there outlives the container and is visible to the next one, and the volume hides files of the image.',
  fix: 'Use a separate directory for data, such as /data.',
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
  title: 'SSH or remote shell server started',
  severity: 'medium',
  reason: 'Containers are accessed through the runtime; a login service adds keys, passwords and a port to attack.',
  fix: 'Start only the program and use docker exec or kubectl debug.',
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
  title: 'Entrypoint in shell form',
  severity: 'negligible',
  reason: 'The shell is process 1 and does not forward signals: stopping takes ten seconds and ends in a kill.',
  fix: 'Use the exec form: ENTRYPOINT ["/app"].',
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
  title: 'Multiple CMD or ENTRYPOINT instructions',
  severity: 'negligible',
  reason: 'Only the last one takes effect.',
  fix: 'Keep one CMD and one ENTRYPOINT per stage.',
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
  title: 'Deprecated MAINTAINER instruction',
  severity: 'negligible',
  reason: 'The instruction is deprecated; tools read the author from labels.',
  fix: 'Use LABEL org.opencontainers.image.authors=….',
  reference: 'https://docs.docker.com/reference/build-checks/maintainer-deprecated/',
  *find({ stages }) {
    for (const step of stages.flatMap(({ steps }) => steps)) {
      if (step.keyword === 'MAINTAINER') yield seenAt(step, 'Deprecated MAINTAINER instruction', 'maintainer');
    }
  },
  passes: ['FROM a:1\nLABEL maintainer=me'],
  fails: ['FROM a:1\nMAINTAINER me'],
};
