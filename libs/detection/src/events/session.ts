import { maxDepth, type TreeProcess } from './process-tree.js';
import { baseName, isPassingPath } from './program.js';

/**
 * Origin of a process on a node, by the chain of its ancestors:
 *
 * - `container`: it descends from a process in a container, so that it has escaped
 * - `planted`: it descends from a program in memory or in a folder for passing files, or from one
 *   that a container or a download wrote
 * - `package-manager`, `configuration` (cloud-init, Chef …), `runtime` (containerd, kubelet, CNI),
 *   `admin` (a login): the known ways in which nodes change
 * - `schedule`, `service`: cron, systemd; what they start is not known
 */
export type Session =
  | 'container'
  | 'planted'
  | 'package-manager'
  | 'configuration'
  | 'runtime'
  | 'admin'
  | 'schedule'
  | 'service';

const kinds = {
  'package-manager': [
    'apt apt-get aptitude apt.systemd.daily unattended-upgrade unattended-upgrades unattended-upgr dpkg packagekitd',
    'rpm dnf dnf5 dnf-3 dnf-automatic yum yum-cron microdnf tdnf rpm-ostree rpm-ostreed ostree bootc zypper transactional-update',
    'pacman apk snap snapd flatpak flatpak-system-helper update_engine xbps-install emerge nix-daemon swupd needrestart',
  ],
  configuration: [
    'cloud-init cloud-final cloud-config ignition afterburn combustion coreos-installer chef-client cinc-client chef-solo',
    'puppet puppet-agent salt-minion salt-call cf-agent cf-execd ansible-pull ansible-playbook amazon-ssm-agent',
    'ssm-agent-worker ssm-document-worker waagent google_guest_agent google_guest_agent_manager',
    'google_metadata_script_runner kubeadm nodeadm machine-config-daemon',
  ],
  runtime: [
    'containerd containerd-shim containerd-shim-runc-v1 containerd-shim-runc-v2 dockerd docker-proxy docker-init runc crun',
    'youki runsc conmon conmonrs crio podman kubelet kubelite k3s k3s-server k3s-agent rke2 buildkitd buildkit-runc',
    'cri-dockerd nvidia-container-runtime nvidia-container-runtime-hook nvidia-ctk',
  ],
  admin: [
    'sshd sshd-session sshd-auth dropbear login agetty getty mingetty sulogin gdm-session-worker lightdm sddm-helper',
    'ssm-session-worker machinectl systemd-logind mosh-server teleport cockpit-bridge cockpit-session',
  ],
  schedule: ['cron crond anacron atd fcron run-parts systemd-cron'],
  init: ['systemd systemd-executor init openrc openrc-run runit runsv s6-supervise s6-svscan upstart'],
  /** Programs that only run others on behalf of who started them. */
  wrapper: [
    'sh bash dash ash ksh zsh fish busybox env nice ionice nohup setsid timeout flock chrt stdbuf xargs sudo su doas',
    'runuser setpriv systemd-run systemctl start-stop-daemon chronic perl debconf frontend tmux screen script',
  ],
} as const;

type Kind = keyof typeof kinds;

const kindByName: ReadonlyMap<string, Kind> = new Map(
  Object.entries(kinds).flatMap(([kind, lines]) =>
    lines.flatMap((line) => line.split(' ').map((name) => [name, kind as Kind] as const)),
  ),
);

/** Folders of packages. The same name elsewhere is another program. */
const systemFolder =
  /^\/(?:usr\/|opt\/|s?bin\/|lib(?:exec|64)?\/|snap\/|nix\/store\/|etc\/init\.d\/|var\/lib\/rancher\/)/;

/** Whether another process than the package manager or a login wrote a program of the chain. */
export type IsPlanted = (program: string) => boolean;

/**
 * Returns the session of a process outside of containers; undefined where the chain names no known
 * one. `chain` has the process first, then its ancestors.
 */
export function sessionOf(chain: readonly TreeProcess[], isPlanted: IsPlanted = () => false): Session | undefined {
  // The root of a deeper chain is unknown, and an attacker can make one.
  if (chain.length > maxDepth) return undefined;
  const isEscaped = chain.some(({ container }) => container !== null);
  if (isEscaped) return 'container';
  const steps = chain.map((process, index) => stepOf(process, chain[index + 1], isPlanted));
  // No package and no tool of administration runs from memory.
  if (steps.includes('memory')) return 'planted';
  // A package manager or a configuration tool answers for what it starts, from wherever that runs.
  for (const kind of ['package-manager', 'configuration'] as const) {
    const at = steps.indexOf(kind);
    if (at >= 0 && steps.slice(at + 1).every(isTrusted)) return kind;
  }
  if (steps.includes('planted')) return 'planted';
  const [runtime, admin] = [steps.lastIndexOf('runtime'), steps.lastIndexOf('admin')];
  if (runtime >= 0 && steps.slice(runtime + 1).every(isTrusted)) return 'runtime';
  if (admin >= 0 && steps.slice(admin + 1).every(isTrusted) && !steps.slice(0, admin).includes('server')) {
    return 'admin';
  }
  if (steps.includes('schedule')) return 'schedule';
  return steps.includes('init') ? 'service' : undefined;
}

type Step = Kind | 'memory' | 'planted' | 'server' | 'other';

function stepOf(process: TreeProcess, parent: TreeProcess | undefined, isPlanted: IsPlanted): Step {
  const { executable, script } = process;
  if (executable === null) return 'other';
  if (isRuntimeCopy(executable, parent?.executable ?? null)) return 'runtime';
  if (inMemory.test(executable)) return 'memory';
  if (isPassingPath(executable) || isPlanted(executable)) return 'planted';
  const program = script ?? executable;
  const name = baseName(program);
  // Falco reports a parent by its name alone.
  const kind = systemFolder.test(program) || !program.includes('/') ? kindByName.get(name) : undefined;
  if (kind !== undefined) return kind;
  if (script !== null && maintainerScript.test(script) && !isPlanted(script)) return 'package-manager';
  if (script !== null && initScript.test(script) && !isPlanted(script)) return 'init';
  // A shell with a script of its own: a script is trusted as far as who started it.
  if (script !== null && kindByName.get(baseName(executable)) === 'wrapper') {
    return isPassingPath(script) || isPlanted(script) ? 'planted' : 'wrapper';
  }
  return server.test(name) ? 'server' : 'other';
}

/** Scripts of packages that dpkg runs, in folders that only it writes. */
const maintainerScript = /^\/var\/lib\/dpkg\/(?:info\/[^/]+|tmp\.ci\/)\.?(?:pre|post)(?:inst|rm)$/;
const initScript = /^\/etc\/(?:init\.d|rc\d?\.d)\/[^/]+$/;

const inMemory = /^(?:\/?memfd:|\/(?:proc\/(?:self|\d+)|dev)\/fd\/)/;

/** Servers that run for long and take requests, wherever they were started from. */
const server =
  /^(?:nginx|apache2|httpd|caddy|lighttpd|haproxy|php-fpm[\d.]*|java|node|gunicorn|uwsgi|postgres|mysqld|mariadbd|mongod|redis-server|etcd|vsftpd|named)$/;

const trusted: ReadonlySet<Step> = new Set<Step>([
  'package-manager',
  'configuration',
  'runtime',
  'admin',
  'schedule',
  'init',
  'wrapper',
]);

/** Whether a program starts containers; a path must be one of packages. */
export function isRuntime(program: string): boolean {
  if (program.includes('/') && !systemFolder.test(program)) return false;
  return kindByName.get(baseName(program)) === 'runtime';
}

export function isServer(name: string): boolean {
  return server.test(name);
}

function isTrusted(step: Step): boolean {
  return trusted.has(step);
}

/** Runtimes that start the first process of a container, alone or within a builder. */
const lowRuntime = /^(?:runc|crun|youki|buildkit-runc|crio-runc|nvidia-container-runtime)$/;
/** Executables under which a runtime runs a protected copy of itself. */
const ownCopy = /^(?:\/?memfd:(?:runc|crun|youki|libcrun)[^/]*(?:\/|$)|\/proc\/self\/(?:exe|fd\/\d+)$|\/dev\/fd\/\d+$)/;

export function isOwnCopy(executable: string): boolean {
  return ownCopy.test(executable);
}

/**
 * Whether a process is the copy of itself in memory that runc and crun run before the container's
 * entry point (CVE-2019-5736), by name and parent together: a name alone can be chosen.
 */
export function isRuntimeCopy(executable: string | null, by: string | null): boolean {
  if (executable === null || by === null || !isOwnCopy(executable)) return false;
  return (lowRuntime.test(baseName(by)) && !isPassingPath(by)) || /^\/?memfd:(?:runc|crun|youki|libcrun)/.test(by);
}
