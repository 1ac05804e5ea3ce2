import { adminPortsOf, dataPortsOf } from '../ports.js';
import { stepsExample, type ImageCheck } from './image-facts.js';

export const adminPort: ImageCheck = {
  id: 'image-admin-port',
  title: 'Administration port exposed by image',
  severity: 'medium',
  reason: 'A stolen or guessed key opens the container, and these ports are scanned constantly.',
  fix: 'Remove the port and its server; use docker exec or kubectl exec.',
  reference: 'CIS Docker Benchmark 1.6, 5.7 and 5.8',
  *find({ config }) {
    for (const specification of config.exposedPorts) {
      for (const { port, service } of adminPortsOf(specification)) {
        yield {
          title: `The image exposes port ${port} (${service})`,
          place: String(port),
          field: 'config.ExposedPorts',
        };
      }
    }
  },
  passes: [{ config: { exposedPorts: ['80/tcp', '443/tcp', '8080/tcp', '2222/tcp', 'x'] } }],
  fails: [
    { config: { exposedPorts: ['22/tcp'] } },
    { config: { exposedPorts: ['80/tcp', '2375/tcp'] } },
    { config: { exposedPorts: ['20-25/tcp'] } },
    { config: { exposedPorts: ['23'] } },
    { config: { exposedPorts: ['3389/tcp'] } },
    { config: { exposedPorts: ['5900'] } },
  ],
};

export const dataPort: ImageCheck = {
  id: 'image-data-port',
  title: 'Database port exposed by image',
  severity: 'low',
  reason: 'Data stores without authentication answer every client that reaches them.',
  fix: 'Publish it only to the network that needs it, with authentication and TLS.',
  reference: 'CIS Docker Benchmark 1.6, 5.8',
  *find({ config }) {
    for (const specification of config.exposedPorts) {
      for (const { port, service } of dataPortsOf(specification)) {
        yield {
          title: `The image exposes port ${port} (${service})`,
          place: String(port),
          field: 'config.ExposedPorts',
        };
      }
    }
  },
  passes: [{ config: { exposedPorts: ['80/tcp', '22/tcp'] } }],
  fails: [
    { config: { exposedPorts: ['6379/tcp'] } },
    { config: { exposedPorts: ['9200/tcp', '9300/tcp'] } },
    { config: { exposedPorts: ['27017'] } },
  ],
};

export const sshServer: ImageCheck = {
  id: 'image-ssh-server',
  title: 'SSH or remote shell server started',
  severity: 'medium',
  reason: 'Containers are accessed through the runtime; a login service adds keys, passwords and a port to attack.',
  fix: 'Start only the program and use docker exec or kubectl debug.',
  reference: 'CIS Docker Benchmark 1.6, 5.7',
  *find({ config: { entrypoint, cmd } }) {
    const server = serverIn([...entrypoint, ...cmd]);
    if (server !== undefined)
      yield { title: `The image starts ${server}`, place: server, field: 'config.Entrypoint, config.Cmd' };
  },
  passes: [{ config: { entrypoint: ['/app'], cmd: ['--sshd=off'] } }, { config: { cmd: ['ssh', 'example.com'] } }],
  fails: [
    { config: { cmd: ['/usr/sbin/sshd', '-D'] } },
    { config: { entrypoint: ['/bin/sh', '-c', 'service ssh start && /app'] } },
    { config: { entrypoint: ['tini', '--'], cmd: ['dropbear', '-F'] } },
  ],
};

/** Login service that a start command runs. */
export function serverIn(words: readonly string[]): string | undefined {
  for (const word of words.slice(0, 100)) {
    const text = word.slice(0, 4000);
    const found = /(?:^|[\s;&|/])(sshd|dropbear|telnetd|in\.telnetd|rshd|x11vnc|vncserver|xrdp)(?:$|[\s;&|])/.exec(
      text,
    )?.[1];
    if (found !== undefined) return found;
    if (/(?:^|[\s;&|/])(?:service|rc-service) sshd? (?:re)?start/.test(text)) return 'sshd';
  }
  return undefined;
}

export const addRemote: ImageCheck = {
  id: 'image-add-remote',
  title: 'Remote file added without checksum',
  severity: 'medium',
  reason: 'The content is not verified: the server or a man in the middle decides what is in the image.',
  fix: 'Use ADD --checksum=sha256:…, or download and compare in one RUN.',
  reference: 'CIS Docker Benchmark 1.6, 4.9',
  *find({ steps }) {
    for (const { instruction, text } of steps) {
      const host = instruction === 'ADD' ? remoteHost(text) : undefined;
      if (host !== undefined && !text.includes('--checksum=')) {
        yield {
          title: `A build step adds a file from ${host} without a checksum`,
          place: host,
          instruction: 'ADD',
          field: 'history',
        };
      }
    }
  },
  passes: [
    stepsExample('ADD rootfs.tar.xz / # buildkit', 'COPY https.conf /etc/ # buildkit'),
    stepsExample('ADD --checksum=sha256:aa https://example.com/a /a # buildkit'),
    stepsExample('/bin/sh -c #(nop) ADD file:abc in / '),
  ],
  fails: [
    stepsExample('ADD https://example.com/a.tgz /a # buildkit'),
    stepsExample('/bin/sh -c #(nop) ADD https://example.com/a in /a'),
  ],
};

/** Host of the first URL in the words of an ADD. */
export function remoteHost(text: string): string | undefined {
  const [, host] = /(?:^|[\s"[,])(?:https?|ftp|git|ssh):\/\/(?:[^\s/@"]{1,200}@)?([^\s/:"]{1,253})/i.exec(text) ?? [];
  return host ?? /(?:^|[\s"[,])git@([^\s/:"]{1,253}):/.exec(text)?.[1];
}
