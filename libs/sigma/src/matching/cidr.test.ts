import * as fc from 'fast-check';

import { isInNetwork, NetworkSet, parseNetwork } from './cidr.js';
import type { Network } from './cidr.js';

const byte = fc.constantFrom(0, 1, 10, 127, 128, 192, 255);
const address = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
const network = fc
  .tuple(
    fc.oneof(address, fc.constantFrom('::1', 'fd00::', '2001:db8::1')),
    fc.constantFrom('', '/0', '/1', '/8', '/9', '/16', '/24', '/32'),
  )
  .map(([host, length]) => parseNetwork(`${host}${length}`))
  .filter((each): each is Network => typeof each !== 'string');

describe('isInNetwork', () => {
  it('holds what one of its networks holds', () => {
    fc.assert(
      fc.property(
        fc.array(network, { maxLength: 20 }),
        fc.oneof(address, fc.constantFrom('::1', 'fd00::2', 'x', '')),
        (networks, text) => {
          expect(new NetworkSet(networks).has(text)).toBe(networks.some((each) => isInNetwork(text, each)));
        },
      ),
    );
  });
});
