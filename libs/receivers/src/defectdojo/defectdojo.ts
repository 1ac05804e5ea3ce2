import { receiver } from '../receiver.js';
import { readDefectDojo } from './config.js';

/** DefectDojo, by imports of findings. */
export const defectdojo = receiver({
  kind: 'defectdojo',
  read: readDefectDojo,
  isForPrograms: true,
  isForImages: true,
  sender: async () => (await import('./send.js')).defectDojoSender,
});
