import type { IncidentDetail } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { counted, dotted } from '../../parts/words.js';
import { type ProcessBranch, processBranches } from './process-branches.js';

/** Acts of one process that are shown; the evidence below has all. */
const maxActs = 5;

/** Processes that the evidence names, below the parents that started them. */
export function ProcessSection({ processes }: { processes: IncidentDetail['processes'] }) {
  const branches = processBranches(processes);
  if (branches.length === 0) return null;
  return (
    <Section title="Process tree" note={counted(processes.length, 'process', 'processes')}>
      <div className="process-tree" role="region" aria-label="Process tree" tabIndex={0}>
        <Branches branches={branches} />
      </div>
    </Section>
  );
}

function Branches({ branches }: { branches: readonly ProcessBranch[] }) {
  return (
    <ul>
      {branches.map(({ process, children }) => (
        <li key={process.id}>
          <ProcessLine process={process} />
          {children.length > 0 && <Branches branches={children} />}
        </li>
      ))}
    </ul>
  );
}

function ProcessLine({ process }: { process: ProcessBranch['process'] }) {
  const { executable, commandLine, pid, user, where, acts } = process;
  const isProgramNamed = executable !== null && commandLine !== null && !commandLine.startsWith(executable);
  return (
    <>
      <code className="wrap">{commandLine ?? executable ?? 'unknown program'}</code>{' '}
      <small className="quiet">
        {dotted(isProgramNamed && executable, pid !== null && `pid ${pid}`, user && `as ${user}`, where)}
      </small>
      {acts.length === 0 && <small className="quiet"> known as a parent alone</small>}
      <ul className="acts">
        {acts.slice(0, maxActs).map(({ event, at, rule, text }) => (
          <li key={`${event} ${rule}`}>
            <Moment at={at} /> {rule} {text !== commandLine && <small className="quiet">{text}</small>}
          </li>
        ))}
        {acts.length > maxActs && (
          <li className="quiet">{counted(acts.length - maxActs, 'more event')} in the evidence</li>
        )}
      </ul>
    </>
  );
}
