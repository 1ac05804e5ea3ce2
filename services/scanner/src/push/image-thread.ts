/** The thread of {@link ImageThreads}: does one task after the other. */
import { parentPort } from 'node:worker_threads';

import { assembleImage } from './image-assembly.js';
import type { ImageTask } from './image-threads.js';
import { compareDocument } from './sbom-document.js';

parentPort!.on('message', (task: ImageTask) =>
  parentPort!.postMessage('sbom' in task ? compareDocument(task.sbom) : assembleImage(task.image)),
);
