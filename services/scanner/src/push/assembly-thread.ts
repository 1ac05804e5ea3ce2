/** The thread of {@link AssemblyThreads}: assembles one image and ends. */
import { parentPort, workerData } from 'node:worker_threads';

import { type AssemblyInput, assembleImage, type ImageAssembly } from './image-assembly.js';

const assembly: ImageAssembly = assembleImage(workerData as AssemblyInput);
parentPort!.postMessage(assembly);
