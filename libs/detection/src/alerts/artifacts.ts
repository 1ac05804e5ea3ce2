import type { IncidentArtifact, Observation } from '@tidewaiter/domain';
import { factField, type FactContext } from '@tidewaiter/facts';

/**
 * Artifacts to search for in the rest of the fleet: the same file, package, destination, secret or
 * identity.
 */
export function artifactsOf(observation: Observation, facts: FactContext): IncidentArtifact[] {
  const { activity, process, file, network, request } = observation;
  const ask = (name: string) => {
    const value = factField(name, observation, facts);
    return typeof value === 'string' ? value : null;
  };
  const found: [IncidentArtifact['kind'], string | null | undefined][] = [
    ['sha256', process?.sha256],
    [
      'path',
      activity === 'exec' || activity === 'load' || activity === 'file' ? (file?.path ?? process?.executable) : null,
    ],
    ['package', ask('File.Package')],
    ['destination', activity === 'connect' ? (network?.hostname ?? network?.destinationIp) : null],
    ['secret', ask('Secret.Fingerprint')],
    ['identity', request?.user],
  ];
  for (const { fingerprint } of observation.secrets ?? []) found.push(['secret', fingerprint]);
  return found.flatMap(([kind, value]) => (value ? [{ kind, value }] : []));
}
