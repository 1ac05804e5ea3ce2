import { shown } from '../check.js';
import { isSensitivePath, runtimeSocketAt } from '../host-path.js';
import type { ImageCheck, ImageFileCheck } from './image-facts.js';

const maxListed = 50;

export const setuidFiles: ImageFileCheck = {
  id: 'image-setuid-files',
  title: 'The image has set-uid or set-gid programs',
  severity: 'low',
  reason: 'Each of them runs as its owner for whoever starts it; a hole in one makes anybody root.',
  fix: 'Remove the bits in the last step: find / -xdev -perm /6000 -type f -exec chmod a-s {} +, and run with no-new-privileges.',
  reference: 'CIS Docker Benchmark 1.6, 4.8',
  *find({ setuidFiles }) {
    const count = setuidFiles.length;
    if (count === 0) return;
    yield {
      title: `The image has ${count} set-uid or set-gid ${count === 1 ? 'program' : 'programs'}`,
      place: 'set-uid',
      details: {
        count,
        files: setuidFiles
          .toSorted()
          .slice(0, maxListed)
          .map((path) => shown(path)),
      },
    };
  },
  passes: [{ setuidFiles: [] }],
  fails: [{ setuidFiles: ['usr/bin/passwd'] }, { setuidFiles: ['usr/bin/su', 'usr/bin/mount'] }],
};

/** Programs that give whoever starts them a shell or any file. @see https://gtfobins.github.io/#+suid */
const escapes = new Set(
  (
    'ash awk bash busybox cp cpulimit csh curl dash dd docker emacs env ed expect find flock gawk gdb ionice jq ksh less lua make ' +
    'mawk more mv nano nawk nice node nohup perl php python ruby rsync sed setarch sh socat stdbuf strace tar taskset tclsh tee ' +
    'timeout unshare vi vim watch wget xargs zsh nmap chroot install ln chmod chown systemctl'
  ).split(' '),
);

export const setuidEscape: ImageFileCheck = {
  id: 'image-setuid-escape',
  title: 'A set-uid program gives everybody the rights of its owner',
  severity: 'critical',
  reason:
    'A shell, an interpreter or a tool that copies files is made to be root for anybody by this bit: a classic back door.',
  fix: 'Remove the bit, and find out which layer set it.',
  reference: 'https://attack.mitre.org/techniques/T1548/001/',
  *find({ setuidFiles }) {
    for (const path of setuidFiles) {
      const name = path.slice(path.lastIndexOf('/') + 1).replace(/[\d.]{1,10}$/, '');
      if (escapes.has(name))
        yield { title: `${shown(path)} is set-uid or set-gid`, place: shown(path), details: { file: shown(path) } };
    }
  },
  passes: [{ setuidFiles: ['usr/bin/passwd', 'usr/bin/su', 'usr/bin/sudo', 'usr/lib/openssh/ssh-keysign'] }],
  fails: [{ setuidFiles: ['bin/bash'] }, { setuidFiles: ['usr/bin/python3.11'] }, { setuidFiles: ['usr/bin/find'] }],
};

export const sudoInstalled: ImageFileCheck = {
  id: 'image-sudo-installed',
  title: 'The image has sudo',
  severity: 'low',
  reason: 'It is set-uid root: whoever gets into the container has one more way up.',
  fix: 'Remove it; to step down at start use gosu, su-exec or setpriv.',
  reference: 'https://docs.docker.com/build/building/best-practices/#user',
  *find({ hasSudo }) {
    if (hasSudo) yield { title: 'The image has sudo', place: 'sudo' };
  },
  passes: [{ hasSudo: false }],
  fails: [{ hasSudo: true }],
};

export const runtimeSocketVolume: ImageCheck = {
  id: 'image-runtime-socket-volume',
  title: 'The image wants the socket of a container runtime',
  severity: 'high',
  reason: 'Who may speak to that socket starts containers as root on the host.',
  fix: 'Remove the volume; build images with a daemonless builder.',
  reference: 'CIS Docker Benchmark 1.6, 5.32',
  *find({ config: { volumes = [] } }) {
    for (const path of volumes) {
      if (runtimeSocketAt(path))
        yield { title: `The image has a volume at ${shown(path)}`, place: shown(path), field: 'config.Volumes' };
    }
  },
  passes: [{ config: { volumes: ['/data', '/var/lib/postgresql/data'] } }],
  fails: [
    { config: { volumes: ['/var/run/docker.sock'] } },
    { config: { volumes: ['/run/containerd/containerd.sock/'] } },
  ],
};

export const sensitiveVolume: ImageCheck = {
  id: 'image-system-volume',
  title: 'The image has a volume over a directory of the system',
  severity: 'low',
  reason:
    'What is written there outlives the container and is seen by the next one; a full volume hides the files of the image.',
  fix: 'Give data a directory of its own, such as /data.',
  reference: 'CIS Docker Benchmark 1.6, 5.6',
  *find({ config: { volumes = [] } }) {
    for (const path of volumes) {
      if (isSensitivePath(path))
        yield { title: `The image has a volume at ${shown(path)}`, place: shown(path), field: 'config.Volumes' };
    }
  },
  passes: [{ config: { volumes: ['/data', '/var/lib/mysql', '/etc/nginx/conf.d'] } }],
  fails: [{ config: { volumes: ['/etc'] } }, { config: { volumes: ['/'] } }, { config: { volumes: ['/proc/'] } }],
};
