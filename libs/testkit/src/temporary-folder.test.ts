import { executableMemory } from './temporary-folder.js';

describe('executableMemory', () => {
  it.each([
    ['tmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0', true],
    ['tmpfs /dev/shm tmpfs rw,nosuid,nodev,noexec 0 0', false],
    ['/dev/vda /dev/shm ext4 rw 0 0', false],
    ['tmpfs /dev/shm/other tmpfs rw 0 0', false],
    // The later mount hides the earlier one.
    ['tmpfs /dev/shm tmpfs rw 0 0\nshm /dev/shm tmpfs rw,noexec 0 0', false],
    ['', false],
  ])('of the mounts %p is %p', (mounts, isFit) => {
    expect(executableMemory(`proc /proc proc rw 0 0\n${mounts}\n`)).toBe(isFit);
  });
});
