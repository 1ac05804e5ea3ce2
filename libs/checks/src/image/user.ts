import type { ImageCheck } from './image-facts.js';

const userReference = 'CIS Docker Benchmark 1.6, 4.1';

export const rootUser: ImageCheck = {
  id: 'image-root-user',
  title: 'Image runs as root',
  severity: 'medium',
  reason:
    'An attacker who compromises the program is root in the container, one kernel or runtime vulnerability away from the host.',
  fix: 'Set a USER other than root as the last one of the build, preferably as a number.',
  reference: userReference,
  *find({ config: { user } }) {
    if (user !== undefined && isRoot(user)) {
      yield {
        title: `Image runs as root: its user is ${JSON.stringify(user.slice(0, 64))}`,
        place: 'user',
        field: 'config.User',
      };
    }
  },
  passes: [{ config: { user: '65532' } }, { config: { user: 'nonroot:root' } }, { config: { user: '1000:0' } }],
  fails: [
    { config: { user: 'root' } },
    { config: { user: '0' } },
    { config: { user: '0:0' } },
    { config: { user: 'root:app' } },
    { config: { user: '00' } },
  ],
};

export const noUser: ImageCheck = {
  id: 'image-no-user',
  title: 'Image without USER runs as root',
  severity: 'medium',
  reason: rootUser.reason,
  fix: rootUser.fix,
  reference: userReference,
  *find({ config: { user } }) {
    // `:app` sets only a group: the user is still root.
    if (user === undefined || user.trim() === '' || user.startsWith(':')) {
      yield { title: 'Image without USER runs as root', place: 'user', field: 'config.User' };
    }
  },
  passes: [{ config: { user: 'app' } }, { config: { user: 'root' } }],
  fails: [{ config: { user: '' } }, { config: { user: ':app' } }],
};

/** Whether a `USER` is root, with or without a group. */
export function isRoot(user: string): boolean {
  const [name = ''] = user.trim().split(':', 1);
  return /^(?:root|0{1,10}|ContainerAdministrator)$/i.test(name);
}
