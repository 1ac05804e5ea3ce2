/**
 * Rate of evaluated runtime events, and delay until an event is an incident. The first part is one
 * thread without servers: from the bytes of a message to the result, in CPU seconds; the second is
 * ingest and detector as processes on real servers. See README.md.
 */
import { parseArgs } from 'node:util';

import { engineBench } from './detector-engine.ts';
import { systemBench } from './detector-system.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    case: { type: 'string', default: '' },
    events: { type: 'string', default: '200000' },
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '60' },
  },
});

let isFine = true;
if (values.only !== 'system') isFine = engineBench(Number(values.events), values.case) && isFine;
if (values.only !== 'engine') isFine = (await systemBench(Number(values.rate), Number(values.seconds))) && isFine;
process.exitCode = isFine ? 0 : 1;
