import { receiver } from '../receiver.js';
import { readDependencyTrack } from './config.js';

/** Dependency-Track, by uploads of bills of materials. */
export const dependencyTrack = receiver({
  kind: 'dependency_track',
  read: readDependencyTrack,
  isForPrograms: true,
  isForImages: true,
  sender: async () => (await import('./send.js')).dependencyTrackSender,
});
