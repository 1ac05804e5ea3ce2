import { shown } from '../check.js';
import { isSensitivePath, runtimeSocketAt } from '../host-path.js';
import type { ImageCheck, ImageFileCheck } from './image-facts.js';

const maxListed = 50;

export const setuidFiles: ImageFileCheck = {
  id: 'image-setuid-files',
  title: 'Setuid or setgid programs in image',
  severity: 'low',
  reason: 'Each of them runs as its owner for every user; a vulnerability in one leads to root.',
  fix: 'Remove the bits in the last step: find / -xdev -perm /6000 -type f -exec chmod a-s {} +, and run with no-new-privileges.',
  reference: 'CIS Docker Benchmark 1.6, 4.8',
  *find({ setuidFiles }) {
    const count = setuidFiles.length;
    if (count === 0) return;
    yield {
      title: `The image has ${count} setuid or setgid ${count === 1 ? 'program' : 'programs'}`,
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

/**
 * Programs that give their caller a shell or access to any file. @see
 * https://gtfobins.github.io/#+suid
 */
const escapes = new Set(
  (
    'ash awk bash busybox cp cpulimit csh curl dash dd docker emacs env ed expect find flock gawk gdb ionice jq ksh less lua make ' +
    'mawk more mv nano nawk nice node nohup perl php python ruby rsync sed setarch sh socat stdbuf strace tar taskset tclsh tee ' +
    'timeout unshare vi vim watch wget xargs zsh nmap chroot install ln chmod chown systemctl'
  ).split(' '),
);

export const setuidEscape: ImageFileCheck = {
  id: 'image-setuid-escape',
  title: 'Setuid shell, interpreter or copy tool',
  severity: 'critical',
  reason:
    'With this bit, a shell, an interpreter or a tool that copies files makes every user root: a classic backdoor.',
  fix: 'Remove the bit, and find out which layer set it.',
  reference: 'https://attack.mitre.org/techniques/T1548/001/',
  *find({ setuidFiles }) {
    for (const path of setuidFiles) {
      const name = path.slice(path.lastIndexOf('/') + 1).replace(/[\d.]{1,10}$/, '');
      if (escapes.has(name))
        yield { title: `${shown(path)} is setuid or setgid`, place: shown(path), details: { file: shown(path) } };
    }
  },
  passes: [{ setuidFiles: ['usr/bin/passwd', 'usr/bin/su', 'usr/bin/sudo', 'usr/lib/openssh/ssh-keysign'] }],
  fails: [{ setuidFiles: ['bin/bash'] }, { setuidFiles: ['usr/bin/python3.11'] }, { setuidFiles: ['usr/bin/find'] }],
};

export const sudoInstalled: ImageFileCheck = {
  id: 'image-sudo-installed',
  title: 'sudo installed in image',
  severity: 'low',
  reason: 'sudo is setuid root, which gives an intruder one more way to escalate privileges.',
  fix: 'Remove it; to drop privileges at startup use gosu, su-exec or setpriv.',
  reference: 'https://docs.docker.com/build/building/best-practices/#user',
  *find({ hasSudo }) {
    if (hasSudo) yield { title: 'sudo installed in image', place: 'sudo' };
  },
  passes: [{ hasSudo: false }],
  fails: [{ hasSudo: true }],
};

export const runtimeSocketVolume: ImageCheck = {
  id: 'image-runtime-socket-volume',
  title: 'Volume for container runtime socket',
  severity: 'high',
  reason: 'Access to that socket allows starting containers as root on the host.',
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
  title: 'Volume over system directory',
  severity: 'low',
  reason: 'Data there outlives the container and is visible to the next one, and the volume hides files of the image.',
  fix: 'Use a separate directory for data, such as /data.',
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
