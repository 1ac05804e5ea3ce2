import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { pathOf } from '@tidewaiter/testkit';

import { runIn, temporaryFolder } from '../tidewaiter.js';
import { type Cluster, kube } from './kubernetes.js';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');

/** Builds the project's own image; `--single` adds the three servers. Returns its archive. */
export async function ownImage(name: string, ...options: '--single'[]): Promise<string> {
  // The launcher builds the bundle that goes into the image.
  await runIn(temporaryFolder(), '--version');
  const folder = temporaryFolder();
  const layout = join(folder, 'image');
  const args = [...options, '--name', name, '--out', layout];
  await run(process.execPath, [join(root, 'tools/build-image.mjs'), ...args], { cwd: root });
  await run('tar', ['-C', layout, '-cf', join(folder, 'image.tar'), '.']);
  return join(folder, 'image.tar');
}

/** Makes an image of busybox that runs a command. Returns its archive. */
export async function busyboxImage(name: string, ...command: string[]): Promise<string> {
  const archive = join(temporaryFolder(), 'busybox.tar');
  await run('python3', [join(dirname(kube.path), 'mkimage.py'), name, pathOf('busybox')!, archive, ...command]);
  return archive;
}

/** Loads an image into the containerd of the node, which cannot pull it. */
export async function loadImage({ folder }: Cluster, archive: string): Promise<void> {
  const socket = join(folder, 'node', 'containerd.sock');
  await run('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'import', archive]);
}
