import { type ObservedProcess, unknownProcess } from '@tidewaiter/domain';

import type { TreeProcess } from './process-tree.js';
import { scriptOf } from './program.js';
import { sessionOf } from './session.js';

/** Creates a chain from command lines, the root first. */
function chainOf(...lines: string[]): TreeProcess[] {
  return lines.toReversed().map((line) => {
    const [, inside, command = ''] = /^(in a container: )?(.*)$/s.exec(line)!;
    const space = command.indexOf(' ');
    const executable = space < 0 ? command : command.slice(0, space);
    const observed: ObservedProcess = { ...unknownProcess(), executable, commandLine: command };
    return { executable, script: scriptOf(observed), container: inside ? 'c1' : null } as TreeProcess;
  });
}

const systemd = '/usr/lib/systemd/systemd --switched-root';
const login = ['/usr/sbin/sshd -D', '/usr/sbin/sshd -D -R', '/bin/bash'];

describe('sessionOf', () => {
  it.each([
    [
      'Debian’s unattended upgrade',
      systemd,
      '/bin/sh /usr/lib/apt/apt.systemd.daily install',
      '/usr/bin/python3.13 /usr/bin/unattended-upgrade',
      '/usr/bin/dpkg --configure cron',
      '/bin/sh /var/lib/dpkg/info/cron.postinst configure',
      '/usr/sbin/adduser --system cron',
    ],
    [
      'a scriptlet of RPM',
      systemd,
      '/usr/bin/python3 /usr/bin/dnf-automatic',
      '/bin/sh /var/tmp/rpm-tmp.Xa1 1',
      '/usr/sbin/useradd -r chrony',
    ],
    [
      'zypper of an administrator',
      ...login,
      '/usr/bin/sudo zypper up',
      '/usr/bin/zypper up',
      '/usr/bin/rpm -U x.rpm',
      '/usr/sbin/groupadd x',
    ],
    [
      'a preinst that dpkg runs from its own folder',
      '/usr/sbin/cron -f',
      '/bin/sh -c apt-get -y upgrade',
      '/usr/bin/apt-get -y upgrade',
      '/usr/bin/dpkg --unpack x.deb',
      '/var/lib/dpkg/tmp.ci/preinst upgrade',
    ],
    ['Flatcar', systemd, '/usr/sbin/update_engine -foreground', '/usr/bin/mount /dev/sda4 /tmp/a'],
  ])('recognizes the package manager in %s', (_, ...chain) => {
    expect(sessionOf(chainOf(...chain))).toBe('package-manager');
  });

  it.each([
    [
      'configuration',
      systemd,
      '/usr/bin/python3.12 /usr/bin/cloud-init modules',
      '/bin/bash /var/lib/cloud/instance/scripts/part-001',
      '/usr/sbin/useradd x',
    ],
    ['configuration', systemd, '/opt/chef/embedded/bin/ruby /usr/bin/chef-client -i 1800', '/usr/sbin/useradd x'],
    [
      'configuration',
      systemd,
      '/usr/bin/amazon-ssm-agent',
      '/usr/bin/ssm-agent-worker',
      '/usr/bin/ssm-document-worker x',
      '/bin/sh -c x',
      '/usr/sbin/useradd x',
    ],
    ['runtime', systemd, '/usr/bin/kubelet --config=x', '/usr/bin/mount -t tmpfs tmpfs /x'],
    ['runtime', systemd, '/usr/bin/containerd', '/opt/cni/bin/calico', '/opt/cni/bin/calico-ipam'],
    [
      'runtime',
      systemd,
      '/usr/bin/containerd-shim-runc-v2 -id a',
      '/usr/sbin/runc create a',
      '/memfd:runc_cloned:/proc/self/exe (deleted) init',
    ],
    ['runtime', systemd, '/usr/bin/conmon -b x', '/usr/bin/crun create a', '/proc/self/exe init'],
    ['admin', ...login, '/usr/bin/sudo useradd x', '/usr/sbin/useradd x'],
    [
      'admin',
      '/usr/sbin/sshd -D',
      '/usr/sbin/sshd -D -R',
      '/bin/sh -c x',
      '/usr/bin/sudo -H',
      '/usr/bin/python3.12 /home/ops/.ansible/tmp/a/AnsiballZ_user.py',
      '/usr/sbin/useradd x',
    ],
    ['admin', '/usr/sbin/agetty tty1', '/bin/login -p', '/bin/bash'],
    ['schedule', systemd, '/usr/sbin/crond -n', '/bin/sh -c "curl x | sh"', '/usr/bin/curl x'],
    ['service', systemd, '/usr/sbin/nginx', '/bin/sh -c id'],
  ])('is %s for %s, … %s', (session, ...chain) => {
    expect(sessionOf(chainOf(...chain))).toBe(session);
  });

  it.each([
    [
      'container',
      'a package manager below a container',
      'in a container: /bin/sh',
      '/usr/bin/nsenter -t 1 -a',
      '/usr/bin/apt-get install x',
      '/usr/sbin/useradd x',
    ],
    [
      'container',
      'a login below a container',
      'in a container: /tmp/x',
      '/usr/sbin/sshd -R',
      '/bin/bash',
      '/usr/sbin/useradd x',
    ],
    [
      'planted',
      'a program in a folder for passing files, started by cron',
      '/usr/sbin/cron -f',
      '/bin/sh -c x',
      '/tmp/.x/update',
      '/usr/sbin/useradd x',
    ],
    ['planted', 'a program of that kind in a login', ...login, '/dev/shm/k', '/usr/sbin/useradd x'],
    [
      'planted',
      'a copy in memory that a shell made',
      systemd,
      '/bin/bash',
      '/memfd:runc_cloned:/proc/self/exe (deleted) init',
    ],
    [
      'planted',
      'a copy in memory by a runc that is none',
      ...login,
      '/tmp/runc create a',
      '/memfd:runc_cloned:/proc/self/exe init',
    ],
    [
      'planted',
      'a program in the storage of a container',
      systemd,
      '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/812/fs/cmd',
    ],
    [
      'service',
      'a package manager that a web server started',
      systemd,
      '/usr/sbin/nginx',
      '/bin/sh -c x',
      '/usr/bin/dpkg -i x.deb',
      '/usr/sbin/useradd x',
    ],
    [
      'planted',
      'a package manager outside of the folders of packages',
      ...login,
      '/tmp/apt-get install x',
      '/usr/sbin/useradd x',
    ],
    [
      'service',
      'a server that was started by hand',
      systemd,
      ...login,
      '/usr/sbin/nginx',
      '/bin/sh -c x',
      '/usr/sbin/useradd x',
    ],
    ['planted', 'a program in memory below a package manager', ...login, '/usr/bin/apt-get install x', '/memfd:x'],
  ])('is %s for %s', (session, _, ...chain) => {
    expect(sessionOf(chainOf(...chain))).toBe(session);
  });

  it('is planted where a container or a download wrote a program of the chain', () => {
    const chain = chainOf(...login, '/usr/local/bin/tool', '/usr/sbin/useradd x');
    expect(sessionOf(chain)).toBe('admin');
    expect(sessionOf(chain, (program) => program === '/usr/local/bin/tool')).toBe('planted');
  });

  it('is unknown where the chain is too deep to have its root', () => {
    const deep = Array.from({ length: 40 }, () => '/bin/sh');
    expect(sessionOf(chainOf(...login, ...deep).slice(0, 33))).toBeUndefined();
  });

  it('is unknown where the chain names nothing', () => {
    expect(sessionOf(chainOf('/usr/local/bin/agent', '/bin/sh -c x'))).toBeUndefined();
  });
});
