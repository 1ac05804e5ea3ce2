import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';

import { ApiProblem } from '../api/problem.js';
import { StampImage } from './stamp.js';

/** Placeholder of text that is being read. */
export function Skeleton({ lines = 6 }: { lines?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} />
      ))}
    </div>
  );
}

interface EmptyProps {
  title: string;
  /** Whether it is all that the page shows. */
  isPage?: boolean;
  children?: ReactNode;
}

/** Empty list: says so, and teaches the next step. */
export function EmptyState({ title, isPage = false, children }: EmptyProps) {
  const Heading = isPage ? 'h1' : 'h2';
  return (
    <div className="empty">
      {isPage && <title>{`${title} · Tidewaiter`}</title>}
      <StampImage size={56} />
      <Heading>{title}</Heading>
      {children}
    </div>
  );
}

interface ProblemProps {
  error: Error;
  retry?: (() => void) | undefined;
  /** Whether it is all that the page shows. */
  isPage?: boolean;
}

/** A read that failed, with its code and a way to try again, except for what does not exist. */
export function Problem({ error, retry, isPage = false }: ProblemProps) {
  const Heading = isPage ? 'h1' : 'h2';
  const isMissing = error instanceof ApiProblem && error.status === 404;
  return (
    <div className="failure" role="alert">
      {isPage && <title>{`${error.message} · Tidewaiter`}</title>}
      <Heading>{error.message}</Heading>
      {error instanceof ApiProblem && <code>{error.code}</code>}
      {retry && !isMissing && (
        <Button className="button" onPress={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

interface Read<Data> {
  data: Data | undefined;
  error: Error | null;
  refetch: () => unknown;
}

interface LoadedProps<Data> {
  read: Read<Data>;
  /** Whether it is all that the page shows. */
  isPage?: boolean;
  children: (data: Data) => ReactNode;
}

/** Answer of a query, or its placeholder or problem; old data outlives a failed refresh. */
export function Loaded<Data>({ read, isPage = false, children }: LoadedProps<Data>) {
  if (read.data !== undefined) return children(read.data);
  if (read.error !== null) return <Problem error={read.error} retry={() => void read.refetch()} isPage={isPage} />;
  return <Skeleton />;
}

/** A command or file to copy. */
export function Sample({ children }: { children: string }) {
  return (
    <pre className="sample" tabIndex={0}>
      {children}
    </pre>
  );
}
