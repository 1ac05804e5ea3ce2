import type { PushDetail } from '../../api/types.js';

/** Reasons for which a push does not pass now: of its gates, and of its findings and content. */
export function reasonsOf({ result, reasons, policies }: Pick<PushDetail, 'result' | 'reasons' | 'policies'>): {
  ofGates: PushDetail['policies'];
  ofFindings: string[];
} {
  if (result === 'pass') return { ofGates: [], ofFindings: [] };
  const gates = policies.filter(({ mode }) => mode === 'enforce');
  const isOfGate = (reason: string) => gates.some(({ name }) => reason.startsWith(`${name}: `));
  return {
    // A gate without a result does not matter where something failed.
    ofGates: gates.filter((gate) => gate.result === result),
    ofFindings: reasons.filter((reason) => !isOfGate(reason)),
  };
}
