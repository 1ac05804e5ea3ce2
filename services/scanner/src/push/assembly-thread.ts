/** The thread of {@link AssemblyThreads}: assembles one image after the other. */
import { parentPort } from 'node:worker_threads';

import { type AssemblyInput, assembleImage } from './image-assembly.js';

parentPort!.on('message', (input: AssemblyInput) => parentPort!.postMessage(assembleImage(input)));
