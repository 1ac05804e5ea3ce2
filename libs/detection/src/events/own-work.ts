import { factField } from '@tidewaiter/facts';

import { type EventInputs, inside } from './event-inputs.js';
import { roleOfEvent } from './event-role.js';
import { throughMount } from './file-writers.js';
import type { TreeProcess } from './process-tree.js';
import { baseName, isInterpreter, isPassingPath } from './program.js';
import { isOwnCopy, isRuntime, isServer } from './session.js';
import { carrier, imageOf, isBelowPrograms, isBelowScript, isBelowStartScripts, isStartScript } from './start-chain.js';

/** Kinds of work that may explain the alerts of a rule, by its key `explained`. */
export const works = {
  'own-work': isOwnWork,
  'node-manager': isNodeManager,
  'node-work': (inputs: EventInputs) => isOwnWork(inputs) || isNodeManager(inputs),
  backup: isBackup,
  driver: isDriver,
  declared: isDeclaredCommand,
  'start-script': isPreparation,
  'own-script': isBelowScript,
} as const;
export type Work = keyof typeof works;

/** Programs whose arguments are names of packages. */
const installer = /^(?:apk|apt|apt-get|dpkg|dnf|microdnf|tdnf|yum|zypper|pacman)$/;
/** A shell, an interpreter or a downloader as an argument: `nsenter -t 1 -m -- bash`. */
const runsCarrier =
  /(?:[ /=](?:sh|bash|dash|ash|ksh|zsh|fish|busybox|python[\d.]*|perl|curl|wget|nc|ncat|socat)|\/(?:node|ruby|php))(?: (?!-e?c )|["']?$)/;

/**
 * Whether a process does the work for which its container was started: it is the declared command,
 * or what this starts directly, all from a known image. A server or an interpreter that starts
 * something may do so for an attacker, and so may a shell that `exec` opened.
 */
export function isOwnWork(inputs: EventInputs): boolean {
  const { observation, process, tree } = inputs;
  const seen = observation.process;
  if (process === null || seen === null || seen.executable === null) return false;
  if (observation.container === null || seen.inInitTree === false) return false;
  if (!isKnownImage(inputs) || isForeign(inputs)) return false;
  if (tree.suspicions(process, observation.timeMs).length > 0) return false;
  const parent = tree.parentOf(process);
  const starter = seen.parentExecutable ?? parent?.executable ?? null;
  const own = baseName(seen.executable);
  if (starter === null || (!installer.test(own) && runsCarrier.test(ownArguments(inputs)))) return false;
  if (isRuntime(starter) || isFirstCopy(starter, parent, inputs)) return true;
  const grandparent = parent && tree.parentOf(parent);
  const isInner = grandparent?.container === process.container;
  if (isInner && !isFirstCopy(grandparent.executable, grandparent, inputs)) return false;
  if (!isOfImage(starter, inputs)) return false;
  const by = baseName(starter);
  if (isShell(by)) return true;
  return !isServer(by) && !isInterpreter(by) && !isInterpreter(own) && !carrier.test(own);
}

/** Command line without the interpreter, where a script of the image starts the container. */
function ownArguments(inputs: EventInputs): string {
  const { observation, process } = inputs;
  const line = observation.process?.commandLine ?? '';
  const script = process?.script ?? null;
  const isDeclared = script !== null && inside(inputs).length === 1 && imageOf(inputs)?.files.get(script) != null;
  return isDeclared ? line.slice(line.indexOf(script) + script.length) : line;
}

/** Programs that copy data into a repository of backups, or from a database. */
const backupProgram =
  /^(?:restic|rustic|borg|borgmatic|kopia|duplicity|duplicacy|velero|velero-restic-restore-helper|wal-g|wal-e|pgbackrest|barman(?:-cloud-[a-z-]+)?|pbm(?:-agent)?|pg_dump(?:all)?|pg_basebackup|mongodump|mysqldump|mysqlsh|mariadb-dump|mydumper|xtrabackup|mariabackup|xbcloud|clickhouse-backup|medusa|etcdctl|etcdbr|etcdbrctl|k8up|stash|kanctl|kando)$/;
/** Clients of object stores, to which a declared command pipes a backup. */
const storeClient = /^(?:aws|s3cmd|s5cmd|mc|gsutil|gcloud|az|azcopy|rclone|swift|b2)$/;
const dump =
  /(?:^|[ /|;&("'])(?:pg_dump(?:all)?|pg_basebackup|mongodump|mysqldump|mariadb-dump|xtrabackup|mariabackup|snapshot save|--rdb)\b/;

/**
 * Whether a process makes the backups for which its container was started. A client of an object
 * store does so where the declared command dumps a database or runs a backup program, or where it
 * is that command, as an administrator has written it.
 */
export function isBackup(inputs: EventInputs): boolean {
  const { observation, process, tree } = inputs;
  if (process === null) return false;
  const name = baseName(process.script ?? process.executable ?? '');
  if (backupProgram.test(name) && (isHook(inputs) || isOfDatabase(inputs))) return true;
  if (!isOwnWork(inputs)) return false;
  if (backupProgram.test(name)) return true;
  if (!storeClient.test(name)) return false;
  if (dump.test(observation.process?.parentCommandLine ?? '') || isDeclaredCommand(inputs)) return true;
  return tree.hasSibling(process, (path) => backupProgram.test(baseName(path)) && isOfImage(path, inputs));
}

/** Databases, and the schedulers beside them, that start backup programs. */
const backupStarter = /^(?:postgres|postmaster|mysqld|mariadbd|mongod|patroni|cron|crond|supercronic)$/;

/**
 * Whether a database of the image, or its scheduler, makes the backup: all that leads to the
 * program is in the image, and none of it has raised an alert.
 */
function isOfDatabase(inputs: EventInputs): boolean {
  const { observation, process, tree } = inputs;
  if (process === null || observation.process?.inInitTree === false) return false;
  if (!isKnownImage(inputs) || isForeign(inputs) || tree.suspicions(process, observation.timeMs).length > 0)
    return false;
  const [, ...above] = inside(inputs).filter(({ executable }) => !isOwnCopy(executable ?? ''));
  if (!above.some(({ script, executable }) => backupStarter.test(baseName(script ?? executable ?? '')))) return false;
  return above.every(({ executable }) => executable !== null && isOfImage(executable, inputs));
}

/** Whether a controller has started a program of the image by `kubectl exec`. */
function isHook(inputs: EventInputs): boolean {
  const { observation, origins } = inputs;
  if (observation.process?.inInitTree !== false || origins.visitorOf(observation) !== 'controller') return false;
  const path = observation.process.executable ?? '';
  return (imageOf(inputs)?.files.get(path) ?? null) !== null;
}

/**
 * Whether a process is the program of the image with which its container starts, in a workload that
 * only identities changed which look after the cluster. They may deploy a foreign image, too: one
 * that is new explains nothing.
 */
function isDeclaredCommand(inputs: EventInputs): boolean {
  const { observation, origins, facts } = inputs;
  const workload = facts.workloadOf(observation);
  if (workload === null || inside(inputs).length !== 1 || observation.process?.inInitTree === false) return false;
  const path = observation.process?.executable ?? '';
  if (factField('Image.FirstSeen', observation, facts) === true) return false;
  if (!origins.isAdministered(observation.cluster, workload.namespace, workload.name)) return false;
  return (imageOf(inputs)?.files.get(path) ?? null) !== null;
}

/** Namespaces that OpenShift lets none but its administrators and operators use. */
const reservedNamespace = /^openshift-/;
/** Programs of CRI-O, by which the nodes of OpenShift start containers. */
const openShiftRuntime = /^(?:conmon|conmonrs|crio)$/;

/**
 * Whether the first program of a DaemonSet in a namespace of OpenShift does something itself: that
 * is how it configures its nodes. Elsewhere anyone may have made a namespace of that name.
 */
function isNodeManager(inputs: EventInputs): boolean {
  const { observation, process, tree, facts } = inputs;
  const workload = facts.workloadOf(observation);
  if (process?.executable == null || workload?.kind !== 'DaemonSet') return false;
  if (!reservedNamespace.test(workload.namespace) || isForeign(inputs)) return false;
  if (inside(inputs).length !== 1 || observation.process?.inInitTree === false) return false;
  if (tree.suspicions(process, observation.timeMs).length > 0 || isInterpreter(baseName(process.executable)))
    return false;
  const isOnOpenShift = tree
    .ancestors(process)
    .some(({ executable }) => executable !== null && openShiftRuntime.test(baseName(executable)));
  return isOnOpenShift && (imageOf(inputs)?.files.get(process.executable) ?? null) !== null;
}

/** Programs that link or sign the kernel modules that a driver container builds. */
const moduleBuilder = /^(?:ld|ld\.bfd|ld\.lld|ld\.gold|make|sign-file|objcopy|strip|xz|gzip|zstd|cp|install|dkms)$/;

/**
 * Whether a node agent loads the driver for which it was started: a module that the image has, or
 * that a tool chain or the agent itself has put there.
 */
export function isDriver(inputs: EventInputs): boolean {
  const { observation, process, tree, writers } = inputs;
  if (process === null || roleOfEvent(inputs) !== 'agent' || !isAgentsWork(inputs)) return false;
  const module = modulePath.exec(observation.process?.commandLine ?? '')?.[1];
  const image = imageOf(inputs);
  if (module === undefined || image === null) return false;
  if (image.files.get(module) !== null) return true;
  const writer = writers.writerOf(observation, module)?.executables[0];
  if (writer === undefined) return !isPassingPath(module);
  const isAgent = writer === tree.parentOf(process)?.executable && !isInterpreter(baseName(writer));
  return (isAgent || moduleBuilder.test(baseName(writer))) && image.files.get(writer) !== null;
}

/** Whether the agent does something itself, or a program of its image that it starts does. */
function isAgentsWork(inputs: EventInputs): boolean {
  if (isOwnWork(inputs)) return true;
  const { observation, process, tree } = inputs;
  const isSuspected = process === null || tree.suspicions(process, observation.timeMs).length > 0;
  return !isSuspected && isKnownImage(inputs) && isBelowPrograms(inputs);
}

const modulePath = / (\/[^ ]+\.ko(?:\.(?:xz|gz|zst))?)(?: |$)/;

/** Time after the start of a container within which its start script prepares it. */
const preparationS = 3 * 60;

/**
 * Whether a start script of the image prepares its container: it makes accounts, and writes
 * crontabs and keys. A script that is new, or came by a moved tag, may be an attacker's, and so may
 * what it reads from a configuration that another application has changed.
 */
function isPreparation(inputs: EventInputs): boolean {
  const { observation, process, tree, origins, facts } = inputs;
  const ask = (name: string) => factField(name, observation, facts);
  const age = ask('Container.AgeSeconds');
  if (process?.executable == null || typeof age !== 'number' || age > preparationS) return false;
  if (['Image.FirstSeen', 'Image.TagMoved', 'Image.EntrypointChanged'].some((name) => ask(name) === true)) return false;
  if (isForeign(inputs) || tree.suspicions(process, observation.timeMs).length > 0) return false;
  if (origins.isReconfigured(observation.cluster, observation.pod?.namespace ?? '')) return false;
  const words = [observation.file?.path ?? '', ...(observation.process?.commandLine ?? '').split(/[\s>"']+/)];
  if (words.some((word) => throughMount(word) !== null)) return false;
  if (isStartScript(inputs)) return true;
  const name = baseName(process.executable);
  if (isServer(name) || carrier.test(name) || !isBelowStartScripts(inputs)) return false;
  const programs = isInterpreter(name) ? [process.executable, process.script] : [process.executable];
  return programs.every((path) => path !== null && imageOf(inputs)?.files.get(path) !== null);
}

/** Whether the program is the runtime's copy of itself before the container's first program. */
export function isFirstCopy(
  program: string | null,
  copy: TreeProcess | null | undefined,
  { tree }: EventInputs,
): boolean {
  if (program === null || !copy || !isOwnCopy(program)) return false;
  return tree.parentOf(copy)?.container !== copy.container;
}

/** Whether an identity that does not look after the cluster has changed what the container runs. */
export function isForeign({ observation, origins, facts }: EventInputs): boolean {
  const workload = facts.workloadOf(observation);
  return workload !== null && origins.isForeign(observation.cluster, workload.namespace, workload.name);
}

/**
 * Whether the image has the program, or nothing has written it in the container and it ran before
 * it was watched or starts the container: an operator has put that on a volume.
 */
function isOfImage(program: string, inputs: EventInputs): boolean {
  const { observation, process, tree, writers } = inputs;
  const image = imageOf(inputs);
  if (image === null || image.files.get(program) !== null) return image !== null;
  const wasSeen = (process && tree.parentOf(process)?.startedMs) != null;
  const isFirst = inside(inputs).at(-1)?.executable === program;
  return (isFirst || !wasSeen) && !isPassingPath(program) && writers.writerOf(observation, program) === null;
}

const isShell = (name: string): boolean => /^(?:sh|bash|dash|ash|busybox|tini|dumb-init)$/.test(name);

/** Whether the program is in an image that is no newcomer of unknown origin. */
function isKnownImage({ observation, facts }: EventInputs): boolean {
  const fact = (name: string, about = observation) => factField(name, about, facts);
  // For an event about a file, `File.InImage` is about that file.
  if (fact('File.InImage', { ...observation, file: null }) !== true || fact('Image.FirstSeen') === true) return false;
  return !(fact('Image.PublicRegistry') === true && fact('Image.Signed') === false);
}
