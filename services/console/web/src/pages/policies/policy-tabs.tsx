import { Link } from '@tanstack/react-router';

const tabs = [
  ['/policies/exceptions', 'Exceptions'],
  ['/policies/gates', 'Gates'],
  ['/policies/signers', 'Signers'],
  ['/policies/silences', 'Silences'],
  ['/policies/routes', 'Routes'],
  ['/policies/channels', 'Channels'],
  ['/policies/messages', 'Messages'],
  ['/policies/reports', 'Reports'],
  ['/policies/rules', 'Detection rules'],
] as const;

export function PolicyTabs() {
  return (
    <nav className="tabs" aria-label="Views of policies">
      {tabs.map(([path, title]) => (
        <Link key={path} to={path} activeOptions={{ includeSearch: false }}>
          {title}
        </Link>
      ))}
    </nav>
  );
}
