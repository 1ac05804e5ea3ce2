import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { PageHead, TabLinks } from '../../parts/page.js';
import { EmptyState } from '../../parts/states.js';
import { ReachAnswer } from './reach-answer.js';
import { type Condition, conditionNames, conditions, reachQuery } from './reach-question.js';
import { UpgradeList } from './upgrade-list.js';
import { VulnerabilityList } from './vulnerability-list.js';

const route = getRouteApi('/vulnerabilities');

/** Are we exposed: which images hold something, and where they run. */
export function VulnerabilitiesPage() {
  const { q, sort, by = 'vulnerability', value, running, ...search } = route.useSearch();
  const tab = search.tab ?? (value === undefined ? 'list' : 'search');
  return (
    <>
      <PageHead
        title="Vulnerabilities"
        about="What the images have that a tag points to or that run, and where"
        actions={<Link to="/report">Report</Link>}
      />
      <TabLinks
        label="Views of vulnerabilities"
        chosen={tab}
        tabs={[
          { id: 'list', title: 'By vulnerability' },
          { id: 'fixes', title: 'By fix' },
          { id: 'search', title: 'Search the fleet' },
        ]}
      />
      {tab === 'list' && <VulnerabilityList q={q} sort={sort} />}
      {tab === 'fixes' && <UpgradeList q={q} sort={sort} />}
      {tab === 'search' && <FleetSearch by={by} value={value} running={running} />}
    </>
  );
}

interface SearchProps {
  by: Condition;
  value: string | undefined;
  running: 'true' | undefined;
}

function FleetSearch({ by, value, running }: SearchProps) {
  return (
    <>
      <QuestionForm key={`${by} ${value}`} by={by} value={value ?? ''} running={running} />
      {value === undefined ? (
        <EmptyState title="Are we exposed?">
          <p>
            Ask for a vulnerability, a package with a version range, a file, a base image, a secret or a signer. The key{' '}
            <kbd>/</kbd> searches for names from every page.
          </p>
        </EmptyState>
      ) : (
        <ReachAnswer query={reachQuery(by, value, running)} />
      )}
    </>
  );
}

interface FormProps {
  by: Condition;
  value: string;
  running: 'true' | undefined;
}

function QuestionForm({ by, value, running }: FormProps) {
  const { navigate } = useRouter();
  const id = useId();
  const [question, setQuestion] = useState<FormProps>({ by, value, running });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({
      to: '/vulnerabilities',
      search: { ...question, tab: 'search', value: question.value.trim() || undefined },
    });
  };
  return (
    <form className="filters" role="search" onSubmit={submit}>
      <span className="filter">
        <label htmlFor={`${id}by`}>Search by</label>
        <select
          id={`${id}by`}
          value={question.by}
          onChange={({ target }) => setQuestion({ ...question, by: target.value as Condition })}
        >
          {conditionNames.map((name) => (
            <option key={name} value={name}>
              {conditions[name][0]}
            </option>
          ))}
        </select>
      </span>
      <span className="filter wide">
        <label htmlFor={`${id}value`}>{conditions[question.by][0]}</label>
        <input
          id={`${id}value`}
          type="search"
          spellCheck={false}
          placeholder={conditions[question.by][1]}
          value={question.value}
          onChange={({ target }) => setQuestion({ ...question, value: target.value })}
        />
      </span>
      <label className="check">
        <input
          type="checkbox"
          checked={question.running === 'true'}
          onChange={({ target }) => setQuestion({ ...question, running: target.checked ? 'true' : undefined })}
        />
        only running images
      </label>
      <Button type="submit" className="primary">
        Search
      </Button>
    </form>
  );
}
