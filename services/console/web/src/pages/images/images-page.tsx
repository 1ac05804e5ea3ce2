import { getRouteApi, Link } from '@tanstack/react-router';

import { PageHead, TabLinks } from '../../parts/page.js';
import { PushList } from './push-list.js';
import { RepositoryList } from './repository-list.js';

const route = getRouteApi('/images');

/** Images that registries announced: by push, or by repository with its tags. */
export function ImagesPage() {
  const { tab = 'pushes', state, q, sort } = route.useSearch();
  return (
    <>
      <PageHead
        title="Images"
        about="Pushes with their verdict, and the newest image of each tag"
        actions={
          <Link to="/compare" className="button">
            Compare two images
          </Link>
        }
      />
      <TabLinks
        label="Views of images"
        chosen={tab}
        tabs={[
          { id: 'pushes', title: 'Pushes' },
          { id: 'repositories', title: 'Repositories' },
        ]}
      />
      {tab === 'pushes' ? <PushList state={state} q={q} sort={sort} /> : <RepositoryList q={q} />}
    </>
  );
}
