import { readCapabilities } from './capabilities.js';

describe('readCapabilities', () => {
  /** Attribute values that setcap wrote, read from files on a Linux machine. */
  it.each([
    ['0100000200200000000000000000000000000000', ['cap_net_raw'], [], true],
    ['0000000200040000000000000000000000000000', ['cap_net_bind_service'], [], false],
    [
      '010000020000200000000000c001000000000000',
      ['cap_sys_admin', 'cap_perfmon', 'cap_bpf', 'cap_checkpoint_restore'],
      [],
      true,
    ],
    ['0100000280000000800000000000000000000000', ['cap_setuid'], ['cap_setuid'], true],
    ['010000018000000000000000', ['cap_setuid'], [], true],
  ])('parses %s as %j', (hex, permitted, inheritable, isEffective) => {
    expect(readCapabilities(hex)).toEqual({ permitted, inheritable, isEffective });
  });

  it('parses the root user id of a namespace', () => {
    expect(readCapabilities('0100000380000000000000000000000000000000e8030000')).toMatchObject({
      permitted: ['cap_setuid'],
      rootId: 1000,
    });
  });

  it.each([
    '',
    '01',
    '01000002',
    '0100000480000000000000000000000000000000',
    '0100000280000000000000000000000000',
    '00'.repeat(24),
  ])('rejects %j', (hex) => {
    expect(readCapabilities(hex)).toBeUndefined();
  });

  it('names unknown capabilities by number', () => {
    expect(readCapabilities('0100000200000000000000000000008000000000')?.permitted).toEqual(['cap_63']);
  });
});
