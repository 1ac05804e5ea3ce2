import type { IncidentDetail } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { counted, dotted } from '../../parts/words.js';
import { type ProcessBranch, processBranches } from './process-branches.js';
import { RuleLink } from './rule-link.js';

/** Acts of one process that are shown; the evidence below has all. */
const maxActs = 5;

/** Processes that the evidence names, below the parents that started them. */
export function ProcessSection({ incident: { processes, rules } }: { incident: IncidentDetail }) {
  const branches = processBranches(processes);
  if (branches.length === 0) return null;
  return (
    <Section title="Process tree" note={counted(processes.length, 'process', 'processes')}>
      <div className="process-tree" role="region" aria-label="Process tree" tabIndex={0}>
        <Branches branches={branches} rules={rules} />
      </div>
    </Section>
  );
}

type Rules = IncidentDetail['rules'];

function Branches({ branches, rules }: { branches: readonly ProcessBranch[]; rules: Rules }) {
  return (
    <ul>
      {branches.map(({ process, children }) => (
        <li key={process.id}>
          <ProcessLine process={process} rules={rules} />
          {children.length > 0 && <Branches branches={children} rules={rules} />}
        </li>
      ))}
    </ul>
  );
}

function ProcessLine({ process, rules }: { process: ProcessBranch['process']; rules: Rules }) {
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
            <Moment at={at} /> <RuleLink title={rule} rules={rules} />{' '}
            {text !== commandLine && <small className="quiet">{text}</small>}
          </li>
        ))}
        {acts.length > maxActs && (
          <li className="quiet">{counted(acts.length - maxActs, 'more event')} in the evidence</li>
        )}
      </ul>
    </>
  );
}
